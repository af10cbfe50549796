//! Strict JSON: one pass over hostile bytes proves a text, later reads navigate what was proven.
//!
//! [`scan`] is the only place that meets unproven bytes. It refuses everything on which two JSON
//! readers could disagree: duplicate keys at any depth (compared after unescaping), lone
//! surrogates, trailing bytes, a byte order mark, invalid UTF-8, depth above [`MAX_DEPTH`].
//! A [`Value`] is text that passed; reading one never fails on syntax.

mod canonical;
mod fault;
pub mod fold;
mod keys;
pub mod number;
mod scan;
mod sort;
mod special;
mod text;
mod token;
mod value;
mod write;

pub use canonical::canonical;
pub use fault::{Kind, Problem, SyntaxError};
pub use number::Number;
pub use scan::{MAX_DEPTH, NoSink, Sink, scan};
pub use sort::sorted;
pub use text::{RawStr, cut, folds_to};
pub use value::{Elements, Members, Value, parse};
pub use write::{is_clean, push_clean, push_json_string, push_number, write_json_string};
