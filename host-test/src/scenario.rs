//! Scenarios: a file beside a policy that says who calls what, when, and what must happen.

pub(crate) mod check;
pub(crate) mod client;
pub(crate) mod config;
pub(crate) mod model;
pub(crate) mod read;
pub(crate) mod reply;
pub(crate) mod run;
pub(crate) mod server;
pub(crate) mod target;
pub(crate) mod time;
pub(crate) mod transcript;
