//! The identity of a counter: a stable hash of what it counts, and of nothing else.

use std::fmt;

use sha2::{Digest, Sha256};

use super::window::{Algorithm, Window};

/// Where in a policy a limit stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Section<'a> {
    /// Under `all_tools`.
    AllTools,
    /// Under this key of `tools`: a name, a glob or the wildcard, as written. All the tools that
    /// a glob matches share its counter.
    Tool(&'a str),
}

/// What makes two limits count in the same place.
///
/// Not part of it, so that a policy edit never resets a counter: `max`, the order of limits, the
/// scope, the policy's name or hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Identity<'a> {
    /// The upstream's name, so that two servers never share a counter.
    pub server: &'a str,
    /// The section that holds the limit.
    pub section: Section<'a>,
    /// The limit's `counter`.
    pub counter: &'a str,
    /// The limit's window.
    pub window: Window,
    /// The limit's algorithm.
    pub algorithm: Algorithm,
    /// A shadowed limit has a counter of its own and never charges the enforced one.
    pub shadow: bool,
}

/// A counter's 16-byte identity: SHA-256 of an unambiguous encoding of [`Identity`], truncated.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CounterId([u8; 16]);

impl CounterId {
    /// The identity of the counter described. Meant for when a policy is compiled, not per call.
    pub fn of(identity: &Identity<'_>) -> Self {
        let mut hash = Sha256::new();
        hash.update(b"toolgate/counter/1");
        text(&mut hash, identity.server);
        match identity.section {
            Section::AllTools => hash.update([0]),
            Section::Tool(key) => {
                hash.update([1]);
                text(&mut hash, key);
            }
        }
        text(&mut hash, identity.counter);
        hash.update(identity.window.seconds().get().to_le_bytes());
        hash.update([match identity.algorithm {
            Algorithm::Fixed => 0,
            Algorithm::Sliding => 1,
        }]);
        hash.update([u8::from(identity.shadow)]);
        Self(truncated(hash))
    }

    /// The 16 bytes.
    pub fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl fmt::Debug for CounterId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CounterId({:032x})", u128::from_be_bytes(self.0))
    }
}

/// The first `N` bytes of a SHA-256.
pub(super) fn truncated<const N: usize>(hash: Sha256) -> [u8; N] {
    let digest = hash.finalize();
    let mut out = [0; N];
    for (to, from) in out.iter_mut().zip(digest.iter()) {
        *to = *from;
    }
    out
}

/// Length first, so that no two lists of texts encode alike.
pub(super) fn text(hash: &mut Sha256, text: &str) {
    // A length is at most 2^64 on every target of the engine.
    hash.update(u64::try_from(text.len()).unwrap_or(u64::MAX).to_le_bytes());
    hash.update(text.as_bytes());
}
