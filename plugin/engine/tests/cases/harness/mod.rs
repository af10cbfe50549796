//! Reading case files and running them; see `../README.md`.

pub(crate) mod expect;
pub(crate) mod format;
pub(crate) mod native;
pub(crate) mod run;
