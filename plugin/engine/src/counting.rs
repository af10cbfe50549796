//! Counting: the root of the crate `toolgate-limit`, on which both the policy language and the engine build.

pub mod base32;
pub mod limit;
