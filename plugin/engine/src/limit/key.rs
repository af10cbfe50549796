//! The text under which a counter's state is stored: bounded, and free of anything callers send.

use super::id::CounterId;
use super::subject::Subject;

/// Names the layout of keys and the meaning of hashes; changes when either does.
const PREFIX: &str = "tg1/";

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
pub fn base32(out: &mut String, bytes: &[u8]) {
    debug_assert!(bytes.len() <= 40, "what is longer has no text here");
    // Behind the last five bytes three more are read.
    let mut padded = [0u8; 43];
    for (to, from) in padded.iter_mut().zip(bytes) {
        *to = *from;
    }
    let mut text = [0u8; 64];
    let starts = (0..bytes.len()).step_by(5);
    for (eight, start) in text.as_chunks_mut().0.iter_mut().zip(starts) {
        let held = padded.get(start..).and_then(<[u8]>::first_chunk);
        let held = u64::from_be_bytes(held.copied().unwrap_or_default());
        *eight = characters(held >> 24).to_be_bytes();
    }
    // 8 bits a byte, 5 bits a character.
    let length = bytes.len().saturating_mul(8).div_ceil(5);
    let text = text.get(..length).unwrap_or_default();
    out.push_str(std::str::from_utf8(text).unwrap_or_default());
}

/// The eight characters that 40 bits make, one a byte, all at once: halves of what is held are moved
/// apart until each byte has five bits, and of letters and digits each adds its own distance.
#[inline]
fn characters(forty: u64) -> u64 {
    const ONES: u64 = 0x0101_0101_0101_0101;
    let x = (forty & 0x0000_000F_FFFF) | ((forty & 0x00FF_FFF0_0000) << 12);
    let x = (x & 0x0000_03FF_0000_03FF) | ((x & 0x000F_FC00_000F_FC00) << 6);
    let x = (x & 0x001F_001F_001F_001F) | ((x & 0x03E0_03E0_03E0_03E0) << 3);
    // 26 and more are digits, `2` on: the high bit of a byte says so, and no sum leaves its byte.
    let digits = x.wrapping_add(ONES.wrapping_mul(0x80 - 26)) >> 7 & ONES;
    let letters = x.wrapping_add(ONES.wrapping_mul(0x61));
    letters.wrapping_sub(digits.wrapping_mul(0x61 + 26 - 0x32))
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

    #[test]
    fn every_character_stands_for_its_number() {
        // The numbers 0 to 31, five bits each.
        let bytes = [
            0x00, 0x44, 0x32, 0x14, 0xC7, 0x42, 0x54, 0xB6, 0x35, 0xCF, 0x84, 0x65, 0x3A, 0x56,
            0xD7, 0xC6, 0x75, 0xBE, 0x77, 0xDF,
        ];
        let mut out = String::new();
        base32(&mut out, &bytes);
        assert_eq!(out, "abcdefghijklmnopqrstuvwxyz234567");
    }
}
