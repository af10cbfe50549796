//! The reference of the policy language is true: its examples run, its schemas and its list of
//! messages agree with the engine.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::string_slice,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "tests"
)]

mod broken;
mod document;
mod engine;
mod examples;
mod line;
mod schema;
mod yaml;
