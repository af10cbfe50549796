//! The policy language: what people write, read with every fault, and what it compiles to.
//!
//! The root of a crate of its own, `toolgate-language`: most of it runs once, when a configuration is loaded, and so it is
//! built for size.

pub mod config;
pub mod glob;
pub mod pattern;
pub mod policy;
pub mod protobuf;

use toolgate_json as json;
use toolgate_limit::limit;
