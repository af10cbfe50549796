//! The policy engine of Toolgate: bytes of MCP in, decisions out; no host, no clock, no I/O.

pub mod admin;
pub mod caller;
pub mod decide;
pub mod denial;
mod digest;
pub mod exchange;
pub mod gate;
pub mod global;
pub mod learned;
pub mod mcp;
pub mod ratelimit;
pub mod record;
pub mod series;
pub mod session;
pub mod surroundings;
pub mod trace;

pub use toolgate_approval::approval;
pub use toolgate_json as json;
pub use toolgate_language::{config, glob, pattern, pin, policy, protobuf};
use toolgate_limit::base32;
pub use toolgate_limit::limit;

pub use exchange::Exchange;
pub use gate::Gate;
pub use surroundings::Surroundings;
pub use trace::Trace;
