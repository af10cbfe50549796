//! MCP on the wire: bytes to messages, strictly; what HTTP must say about them; replies.
//!
//! Knows the protocol and no policy.

pub mod agree;
pub mod answer;
pub mod head;
pub mod list;
pub mod listen;
pub mod message;
pub mod method;
mod mirror;
pub mod reply;
pub mod round_trip;
pub mod sse;
pub mod uri;

pub use agree::{Era, agree};
pub use head::{Head, Headers};
pub use message::{Body, Message, Role, read_body};
pub use reply::{Rejection, Reply};
pub use round_trip::RoundTrip;
