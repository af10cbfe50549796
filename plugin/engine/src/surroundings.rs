//! What the engine asks of wherever it runs: counters, the time, and facts about the connection.

use crate::limit::{HashKey, Store};

/// The world around a request. Everything here may cost a call of the host, so the engine asks
/// only for what a rule needs.
pub trait Surroundings: Store {
    /// Nanoseconds since the Unix epoch, UTC.
    fn now(&mut self) -> u64;

    /// The secret that all workers share, for hashing what callers choose; `None` denies what
    /// needs it.
    fn hash_key(&mut self) -> Option<HashKey>;

    /// A property of the stream or connection, by Envoy's attribute path; `None` when unknown.
    fn property(&mut self, path: &[&str]) -> Option<Vec<u8>>;
}
