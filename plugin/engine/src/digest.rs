//! The digest of what a JSON value means, whatever its spelling.

use sha2::{Digest, Sha256};

use crate::json::{Value, canonical};

/// SHA-256 of a value's canonical text.
pub(crate) fn digest(value: Value<'_>) -> [u8; 32] {
    digest_of(&canonical(value))
}

/// The same of a text that is canonical already.
pub(crate) fn digest_of(canonical: &str) -> [u8; 32] {
    Sha256::digest(canonical.as_bytes()).into()
}
