//! Counting: the root of the crate `toolgate-limit`, on which both the policy language and the engine build.

pub mod limit;
