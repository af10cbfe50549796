//! Reading case files and running them; see `../README.md`.
#![allow(
    dead_code,
    unreachable_pub,
    clippy::arithmetic_side_effects,
    reason = "shared by the tests of the engine and of the module; neither uses all of it"
)]

pub mod expect;
pub mod format;
pub mod run;
