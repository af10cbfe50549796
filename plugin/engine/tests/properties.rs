//! What must hold for every policy and every call, on random ones.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "tests"
)]

#[path = "properties/differential.rs"]
mod differential;
#[allow(dead_code, reason = "the cases use all of it")]
#[path = "cases/harness/mod.rs"]
mod harness;
#[path = "properties/language.rs"]
mod language;
#[path = "properties/random.rs"]
mod random;
