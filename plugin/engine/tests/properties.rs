//! What must hold for every policy and every call, on random ones.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "tests"
)]

#[path = "properties/differential.rs"]
mod differential;
#[path = "cases/harness/mod.rs"]
mod harness;
#[path = "properties/language.rs"]
mod language;
#[path = "cases/native.rs"]
mod native;
#[path = "oracle/mod.rs"]
mod oracle;
#[path = "properties/random.rs"]
mod random;
