//! The text under which a counter's state is stored: bounded, and free of anything callers send.

use super::id::CounterId;
use super::subject::Subject;

/// Names the layout of keys and the meaning of hashes; changes when either does.
const PREFIX: &str = "tg1/";

const ALPHABET: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";

/// The longest key, in bytes: the prefix, 26 characters of the counter, `/o`, 16 of the slot.
pub const KEY_BYTES_MAX: usize = 48;

/// Writes the key of `subject` under `counter` over what `key` held.
///
/// `tg1/<counter>/o<slot>` for a configured subject, `tg1/<counter>/s<set>` for a set.
pub(super) fn write(key: &mut String, counter: &CounterId, subject: &Subject) {
    key.clear();
    key.push_str(PREFIX);
    base32(key, counter.as_bytes());
    match subject {
        Subject::Own(slot) => {
            key.push_str("/o");
            base32(key, slot.as_bytes());
        }
        Subject::Open(slot) => {
            key.push_str("/s");
            base32(key, &slot.set.to_be_bytes());
        }
    }
}

/// RFC 4648 base 32, lower case, without padding.
pub(crate) fn base32(out: &mut String, bytes: &[u8]) {
    let (mut held, mut bits) = (0u32, 0u32);
    for byte in bytes {
        held = (held << 8) | u32::from(*byte);
        bits = bits.saturating_add(8);
        while bits >= 5 {
            bits = bits.saturating_sub(5);
            push(out, held.checked_shr(bits).unwrap_or(0));
        }
    }
    if bits > 0 {
        push(
            out,
            held.checked_shl(5u32.saturating_sub(bits)).unwrap_or(0),
        );
    }
}

fn push(out: &mut String, value: u32) {
    let index = usize::try_from(value & 31).unwrap_or(0);
    if let Some(character) = ALPHABET.get(index) {
        out.push(char::from(*character));
    }
}

#[cfg(test)]
mod tests {
    use super::base32;

    #[test]
    fn base32_agrees_with_the_vectors_of_rfc_4648() {
        for (bytes, text) in [
            ("", ""),
            ("f", "my"),
            ("fo", "mzxq"),
            ("foo", "mzxw6"),
            ("foob", "mzxw6yq"),
            ("fooba", "mzxw6ytb"),
            ("foobar", "mzxw6ytboi"),
        ] {
            let mut out = String::new();
            base32(&mut out, bytes.as_bytes());
            assert_eq!(out, text);
        }
    }
}
