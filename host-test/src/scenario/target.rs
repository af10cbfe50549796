//! Where a scenario runs: the module in this process, or a proxy that someone started.

pub(crate) mod in_process;
mod lasting;
pub(crate) mod paired;
pub(crate) mod via;

use host_test::{Request, Response};

use super::time::Seconds;

/// Something that requests can be sent through.
pub(crate) trait Target {
    /// Sets the clock that the policy reads.
    ///
    /// # Errors
    /// The clock cannot be set to this time, in words.
    fn set_clock(&mut self, to: Seconds) -> Result<(), String>;

    /// Sends one request and waits for all that comes of it.
    ///
    /// # Errors
    /// The target is out of reach or out of order, in words; not what a filter does.
    fn send(&mut self, request: &Request) -> Result<Seen, String>;

    /// Sends one request to the operators' listener; only the response is looked at.
    ///
    /// # Errors
    /// There is none, or it is out of reach, in words.
    fn ask_operators(&mut self, request: &Request) -> Result<Seen, String> {
        let _ = request;
        Err("there is no operators' listener".to_owned())
    }

    /// Whether its clock stands still between steps, so that waiting times are exact.
    fn exact_clock(&self) -> bool;
}

/// What came of one request.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    /// What the client received; `None` if it got no whole response.
    pub(crate) response: Option<Response>,
    /// The requests that the upstream received whole.
    pub(crate) upstream: Vec<Request>,
    /// The decision record as the filter wrote it.
    pub(crate) record: Option<String>,
    /// What went wrong that no proxy forgives: traps, hangs, lengths that lie.
    pub(crate) faults: Vec<String>,
    /// What the filter logged.
    pub(crate) logs: Vec<String>,
}
