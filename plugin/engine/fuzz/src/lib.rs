//! What must hold for any bytes at all: each module checks one reader, and panics where a promise is broken.
//!
//! The targets in `targets/` feed it what libFuzzer thinks of, `tests/fuzz_seeds.rs` what is kept in `seeds/`.
#![allow(
    unreachable_pub,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::arithmetic_side_effects,
    reason = "a broken promise must stop the fuzzer"
)]

pub mod list;
#[path = "../../tests/oracle/mod.rs"]
pub mod oracle;
pub mod request;
pub mod stream;
#[path = "../../tests/support/mod.rs"]
pub mod support;
