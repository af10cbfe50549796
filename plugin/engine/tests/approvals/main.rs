//! Approvals pass one call, once, and nothing else: the steps of a request over a store in memory.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::type_complexity,
    reason = "test"
)]

mod calls;
mod forgeries;
mod records;
mod room;
mod steps;
mod support;
mod user;
#[path = "../support/mod.rs"]
mod world;
