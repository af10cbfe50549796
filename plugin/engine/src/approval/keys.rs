//! The keys that seal approvals: the one in use, and the one before it while keys are exchanged.

use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::id::ApprovalId;

/// A seal: HMAC-SHA-256 (RFC 2104).
pub(super) type Seal = [u8; 32];

/// One key, or two while they are exchanged. Never shown, not even by `Debug`.
#[derive(Clone)]
pub struct Keys {
    current: Hmac<Sha256>,
    former: Option<Hmac<Sha256>>,
}

impl Keys {
    /// Seals are made with `current`; those made with `former` are still taken.
    pub fn new(current: &[u8; 32], former: Option<&[u8; 32]>) -> Self {
        Self {
            current: keyed(current),
            former: former.map(keyed),
        }
    }

    /// The seal of `parts` for a `purpose`; no two lists of parts, or purposes, are sealed alike.
    pub(super) fn seal(&self, purpose: &str, parts: &[&[u8]]) -> Seal {
        over(&self.current, purpose, parts)
            .finalize()
            .into_bytes()
            .into()
    }

    /// Whether `seal` is one that either key made. In constant time.
    pub(super) fn holds(&self, seal: &Seal, purpose: &str, parts: &[&[u8]]) -> bool {
        self.made(seal, purpose, parts)
    }

    /// Whether an id is the beginning of a seal that either key made.
    pub(super) fn holds_id(&self, id: &ApprovalId, purpose: &str, parts: &[&[u8]]) -> bool {
        self.made(&id.0, purpose, parts)
    }

    fn made(&self, start: &[u8], purpose: &str, parts: &[&[u8]]) -> bool {
        [Some(&self.current), self.former.as_ref()]
            .into_iter()
            .flatten()
            .any(|key| {
                let mac = over(key, purpose, parts);
                mac.verify_truncated_left(start).is_ok()
            })
    }
}

/// RFC 2104 fills a short key up with zeros to the hash's block of 64 bytes.
pub(super) fn keyed(key: &[u8; 32]) -> Hmac<Sha256> {
    let mut block = [0u8; 64];
    for (to, from) in block.iter_mut().zip(key) {
        *to = *from;
    }
    Hmac::new(&block.into())
}

fn over(key: &Hmac<Sha256>, purpose: &str, parts: &[&[u8]]) -> Hmac<Sha256> {
    let mut mac = key.clone();
    mac.update(b"toolgate/approval/1");
    for part in std::iter::once(purpose.as_bytes()).chain(parts.iter().copied()) {
        mac.update(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_le_bytes());
        mac.update(part);
    }
    mac
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Keys(..)")
    }
}
