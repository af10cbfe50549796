//! What a record says of arguments: a keyed digest, the names, and the values that are safe.

use std::collections::BinaryHeap;
use std::hash::Hasher;

use sha2::{Digest, Sha256};
use siphasher::sip128::{Hasher128, SipHasher24};

use super::shown::{SHOWN, push_shown};
use crate::json::{Kind, Value, canonical, push_json_string, push_number};

/// How much of arguments is brought into canonical form, in bytes; each counts once for every
/// value around it. What needs more is digested as it was spelled.
const MAX_WORK: usize = 1 << 18;

/// The most names of arguments that a record lists.
pub const MAX_NAMES: usize = 32;

/// The longest value that is recorded, in bytes as spelled.
pub const MAX_VALUE_BYTES: usize = 256;

/// Digests what must not be recorded, so that equal values can be told to be equal and nothing can
/// be guessed without the key: SipHash-2-4 with 128 bits, in hexadecimal. A tenth of the work of
/// SHA-256 in a module without SIMD, and every call pays for it.
#[derive(Clone, Copy)]
pub struct Digester([u8; 16]);

impl std::fmt::Debug for Digester {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Digester(..)")
    }
}

impl Digester {
    /// With a secret of any length, of which SHA-256's first half is the key.
    pub fn new(secret: &[u8]) -> Self {
        let hash: [u8; 32] = Sha256::digest(secret).into();
        Self(hash.first_chunk().copied().unwrap_or_default())
    }

    /// Appends the digest of all parts together.
    pub fn push(self, parts: &[&[u8]], out: &mut String) {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let mut hash = SipHasher24::new_with_key(&self.0);
        parts.iter().for_each(|part| hash.write(part));
        for byte in hash.finish128().as_bytes() {
            for half in [byte >> 4, byte & 15] {
                let digit = DIGITS.get(usize::from(half)).copied();
                out.push(char::from(digit.unwrap_or(b'?')));
            }
        }
    }
}

/// Appends what is recorded of a call's arguments, an object: their size, the values of those that
/// are `safe`, and with a digester the digest of their canonical form and their names in order.
pub(super) fn push_arguments(
    arguments: Value<'_>,
    digester: Option<&Digester>,
    safe: &[String],
    out: &mut String,
) {
    out.push_str("{\"bytes\":");
    let size = arguments.text().len();
    push_number(out, u64::try_from(size).unwrap_or(u64::MAX));
    if let Some(digester) = digester {
        let members = members(arguments);
        out.push_str(",\"digest\":\"");
        match canonical(&members, size) {
            Some(text) => digester.push(&[text.as_bytes()], out),
            None => {
                out.push_str("raw:");
                digester.push(&[arguments.text().as_bytes()], out);
            }
        }
        out.push('"');
        push_names(&members, out);
    }
    push_values(arguments, safe, out);
    out.push('}');
}

/// A top-level member in canonical form, and where its key with the colon ends. Ordered by the text.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Member {
    text: String,
    key: usize,
    whole: bool,
}

/// The members, sorted.
fn members(arguments: Value<'_>) -> Vec<Member> {
    let mut work = MAX_WORK;
    let one = |(key, value)| {
        let mut text = String::new();
        canonical::write_key(key, &mut text);
        let key = text.len();
        let whole = canonical::write(value, &mut work, &mut text).is_ok();
        Member { text, key, whole }
    };
    // A heap sorts in n log n whatever the names, and in a tenth of the code of `sort`.
    let heap: BinaryHeap<Member> = arguments.members().map(one).collect();
    heap.into_sorted_vec()
}

/// The arguments in canonical form, where all of it was written: as [`canonical::write`] spells them.
fn canonical(members: &[Member], size: usize) -> Option<String> {
    let mut text = String::with_capacity(size);
    let mut before = "{";
    for member in members {
        text.push_str(before);
        before = ",";
        text.push_str(member.whole.then_some(&member.text)?);
    }
    text.push_str(if members.is_empty() { "{}" } else { "}" });
    Some(text)
}

fn push_names(members: &[Member], out: &mut String) {
    out.push_str(",\"names\":[");
    for (n, member) in members.iter().take(MAX_NAMES).enumerate() {
        if n > 0 {
            out.push(',');
        }
        push_name(member, out);
    }
    out.push(']');
    let more = members.len().saturating_sub(MAX_NAMES);
    if more > 0 {
        out.push_str(",\"more_names\":");
        push_number(out, u64::try_from(more).unwrap_or(u64::MAX));
    }
}

fn push_name(member: &Member, out: &mut String) {
    let spelled = member.text.get(..member.key.saturating_sub(1));
    let spelled = spelled.unwrap_or("\"\"");
    if spelled.len() <= SHOWN {
        out.push_str(spelled);
    } else {
        let name = Value::proven(Kind::String, spelled).as_str();
        push_shown(out, &name.unwrap_or_default());
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
        push_json_string(out, name);
        out.push(':');
        match value.as_str() {
            // Written anew: how it was spelled is the caller's choice.
            Some(text) => push_json_string(out, &text),
            None => out.push_str(value.text()),
        }
    }
    if before == "," {
        out.push('}');
    }
}
