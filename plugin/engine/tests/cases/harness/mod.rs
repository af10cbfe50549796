//! Reading case files and running them; see `../README.md`.

pub mod expect;
pub mod format;
pub mod native;
pub mod run;
