//! How other programs read the bytes that the engine reads: readers that share no code with it, for the tests and
//! for the fuzz targets.
#![allow(
    dead_code,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::arithmetic_side_effects,
    reason = "test; not every test uses all of it"
)]

pub mod json;
pub mod list;
pub mod request;
pub mod stream;
