//! Approvals pass one call, once, and nothing else: the steps of a request over a store in memory.
#![allow(clippy::unwrap_used, clippy::panic)]

mod calls;
mod forgeries;
mod room;
mod steps;
mod support;
#[path = "../support/mod.rs"]
mod world;
