//! What a tool may do, judged from its definition alone: a category, a risk, signals, and the words,
//! arguments and annotations that led there.
//!
//! The judgement is deterministic and knows no tool by name: it reads names and descriptions with a
//! lexicon of verbs and a little grammar. Everything that a server says of its tools is a claim. A
//! claim can make a verdict worse; the few that can make it better are named in the reasons.
//!
//! ```
//! use toolgate_risk::{Category, Risk, Tool, classify};
//!
//! let verdict = classify(&Tool { name: "delete_branch", ..Tool::default() });
//! assert_eq!((verdict.category, verdict.risk), (Category::Destructive, Risk::Critical));
//! assert_eq!(verdict.reasons[0].to_string(), "name: `delete` is a destructive verb");
//! ```

mod annotation;
mod classify;
mod description;
mod lexicon;
mod name;
mod poison;
mod reason;
mod schema;
mod signal;
mod tool;
mod verdict;
mod words;

pub use classify::classify;
pub use reason::{Reason, Source};
pub use signal::{Signal, SignalKind};
pub use tool::Tool;
pub use verdict::{Category, Risk, Verdict};
