//! What a record says of arguments: a keyed digest, the names, and the values that are safe.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::shown::{push_message, push_shown};
use crate::json::{Kind, Value, canonical, push_number};

/// The most names of arguments that a record lists.
pub const MAX_NAMES: usize = 32;

/// The longest arguments that are digested and named, in bytes as sent: hashing takes several times
/// what reading does, and who sends what is denied should not have more of it for less.
const MAX_DIGESTED_BYTES: usize = 1 << 16;

/// The longest value that is recorded, in bytes as spelled.
pub const MAX_VALUE_BYTES: usize = 256;

/// Digests what must not be recorded, so that equal values can be told to be equal and nothing can
/// be guessed without the key: HMAC-SHA-256 (RFC 2104), in hexadecimal.
#[derive(Clone)]
pub struct Digester(Hmac<Sha256>);

impl std::fmt::Debug for Digester {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Digester(..)")
    }
}

impl Digester {
    /// With a secret of any length; `None` never happens, but is for the caller to bear.
    pub fn new(secret: &[u8]) -> Option<Self> {
        Hmac::new_from_slice(secret).ok().map(Self)
    }

    /// Appends the digest of all parts together.
    pub fn push(&self, parts: &[&[u8]], out: &mut String) {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let mut mac = self.0.clone();
        parts.iter().for_each(|part| mac.update(part));
        for byte in mac.finalize().into_bytes() {
            for half in [byte >> 4, byte & 15] {
                let digit = DIGITS.get(usize::from(half)).copied();
                out.push(char::from(digit.unwrap_or(b'?')));
            }
        }
    }
}

/// Appends what is recorded of a call's arguments, an object: their size, the values of those that
/// are `safe`, and with a digester the digest of their canonical form and their names in its order.
pub(super) fn push_arguments(
    arguments: Value<'_>,
    digester: Option<&Digester>,
    safe: &[String],
    out: &mut String,
) {
    out.push_str("{\"bytes\":");
    let size = arguments.text().len();
    push_number(out, u64::try_from(size).unwrap_or(u64::MAX));
    if let Some(digester) = digester.filter(|_| size <= MAX_DIGESTED_BYTES) {
        let text = canonical(arguments);
        out.push_str(",\"digest\":\"");
        digester.push(&[text.as_bytes()], out);
        out.push('"');
        push_names(Value::proven(Kind::Object, &text), out);
    }
    push_values(arguments, safe, out);
    out.push('}');
}

fn push_names(arguments: Value<'_>, out: &mut String) {
    out.push_str(",\"names\":[");
    let mut more: u64 = 0;
    for (n, (name, _)) in arguments.members().enumerate() {
        if n >= MAX_NAMES {
            more = more.saturating_add(1);
            continue;
        }
        if n > 0 {
            out.push(',');
        }
        push_shown(out, &name.decode());
    }
    out.push(']');
    if more > 0 {
        out.push_str(",\"more_names\":");
        push_number(out, more);
    }
}

fn push_values(arguments: Value<'_>, safe: &[String], out: &mut String) {
    let mut before = ",\"values\":{";
    for name in safe {
        let Some(value) = arguments.get(name) else {
            continue;
        };
        // What holds other values may hold some that nobody listed.
        let plain = !matches!(value.kind(), Kind::Object | Kind::Array);
        if !plain || value.text().len() > MAX_VALUE_BYTES {
            continue;
        }
        out.push_str(before);
        before = ",";
        push_message(out, name);
        out.push(':');
        match value.as_str() {
            // Written anew: how it was spelled is the caller's choice.
            Some(text) => push_message(out, &text),
            None => out.push_str(value.text()),
        }
    }
    if before == "," {
        out.push('}');
    }
}
