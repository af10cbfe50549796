//! The policy as it is applied: validated, compiled, looked up at the same cost for 10 tools as
//! for 10,000.

mod catalog;
mod compile;
pub mod condition;
pub mod lint;
mod model;
pub mod path;
pub mod pseudo;
mod refund;
pub mod schema;
mod tools;
mod uri;

pub use compile::compile;
pub use model::{
    Approval, Check, Cost, Entry, Limit, Limits, Policy, Refunds, Required, Rule, Scope, Section,
};
pub use refund::Failure;
pub use tools::{Hidden, Listing, Names, ToolTable};
