//! Claims about counting: windows, reservations, stores that fail, tables, and interleavings.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::panic,
    reason = "tests"
)]

mod fixed;
mod identity;
mod interleavings;
mod open_table;
mod reference;
mod reservations;
mod sliding;
mod store_faults;
mod support;
