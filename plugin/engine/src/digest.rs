//! The digest of what a JSON value means, whatever its spelling.

use sha2::{Digest, Sha256};

use crate::json::{Value, canonical};

/// The most work that one value's canonical form may be, in bytes looked at: enough for a document
/// of 1 MiB whose values stand 16 deep.
const MAX_WORK: usize = 16 << 20;

/// SHA-256 of a value's canonical form; `None` where that would be too much work.
pub(crate) fn digest(value: Value<'_>) -> Option<[u8; 32]> {
    let mut text = String::with_capacity(value.text().len());
    canonical::write(value, &mut MAX_WORK.clone(), &mut text).ok()?;
    Some(Sha256::digest(text.as_bytes()).into())
}
