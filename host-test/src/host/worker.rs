//! A worker: a virtual machine and what became of it.

use super::exchange::Exchange;
use super::message::Request;
use super::upstream::Upstream;

/// A worker thread of the proxy. It can be driven from a thread of its own.
pub struct Worker {}

impl Worker {
    /// Sends one request through this worker.
    pub fn exchange(&mut self, request: &Request, upstream: &mut dyn Upstream) -> Exchange {
        let _ = (request, upstream);
        Exchange::default()
    }
}
