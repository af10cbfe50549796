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

/// RFC 4648 base 32, lower case, without padding, of at most 40 bytes.
pub(crate) fn base32(out: &mut String, bytes: &[u8]) {
    let mut text = [0u8; 64];
    let mut places = text.iter_mut();
    for five in bytes.chunks(5) {
        let mut held = 0u64;
        let mut characters = 0usize;
        for index in 0..5 {
            let byte = five.get(index).copied();
            held = (held << 8) | u64::from(byte.unwrap_or(0));
        }
        // 8 bits a byte, 5 bits a character.
        for _ in 0..five.len().saturating_mul(8).div_ceil(5) {
            let shift = 35usize.saturating_sub(characters.saturating_mul(5));
            characters = characters.saturating_add(1);
            if let Some(place) = places.next() {
                *place = character(held >> shift);
            }
        }
    }
    let length = 64usize.saturating_sub(places.len());
    let text = text.get(..length).unwrap_or_default();
    out.push_str(std::str::from_utf8(text).unwrap_or_default());
}

#[inline]
fn character(bits: u64) -> u8 {
    let index = usize::try_from(bits & 31).unwrap_or(0);
    ALPHABET.get(index).copied().unwrap_or(0)
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
