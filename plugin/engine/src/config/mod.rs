//! What people write: the policy document in all its dialects, and the plugin's configuration.
//!
//! Raw and typed, every fault collected with the JSON pointer of where it stands; no meaning yet
//! (that is [`crate::policy`]).

pub mod approvals;
pub mod approver;
pub mod audit;
pub mod condition;
mod fault;
pub mod global_limits;
mod keyword;
pub mod limit;
pub mod metrics;
mod origin;
pub mod pin;
pub mod plugin;
pub mod policy;
mod reader;
pub mod response;
pub mod sessions;
mod structure;
pub mod tool;
pub mod webhook;

pub use fault::{Fault, Faults, Severity};
pub use keyword::Keyword;
pub use keyword::hint;
pub use reader::below;
pub use reader::{Field, Object};
pub use structure::{Rounded, json_of_struct};
