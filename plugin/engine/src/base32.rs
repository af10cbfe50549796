//! RFC 4648 base 32 in lower case, without padding: bytes as text that ids are made of.

use crate::limit::base32;

const ALPHABET: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";

/// Appends `bytes` to `out`.
pub fn push(out: &mut String, bytes: &[u8]) {
    // 40 bytes are 64 characters without a rest.
    bytes.chunks(40).for_each(|part| base32(out, part));
}

/// The `N` bytes that `text` stands for; `None` unless it is exactly what [`push`] writes for them.
pub fn read<const N: usize>(text: &str) -> Option<[u8; N]> {
    let mut bytes = [0u8; N];
    let mut to = bytes.iter_mut();
    let (mut held, mut bits) = (0u32, 0u32);
    for digit in text.bytes() {
        let value = ALPHABET.iter().position(|known| *known == digit)?;
        held = (held << 5) | u32::try_from(value).ok()?;
        bits = bits.saturating_add(5);
        if bits >= 8 {
            bits = bits.saturating_sub(8);
            *to.next()? = u8::try_from(held.checked_shr(bits)? & 0xff).ok()?;
        }
    }
    let whole = to.next().is_none();
    let mut again = String::with_capacity(text.len());
    push(&mut again, &bytes);
    (whole && again == text).then_some(bytes)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::{push, read};

    /// How bytes become text, RFC 4648's vectors say of `limit::base32`; here it may be any number.
    #[test]
    fn what_is_written_is_read_again_however_long() {
        let bytes: [u8; 100] = std::array::from_fn(|n| u8::try_from(n).unwrap());
        let mut text = String::new();
        push(&mut text, &bytes);
        assert_eq!(text.len(), 160);
        assert_eq!(read(&text), Some(bytes));
    }

    #[test]
    fn only_the_one_spelling_of_the_right_length_is_read() {
        assert_eq!(read::<6>("mzxw6ytboi").unwrap(), *b"foobar");
        assert_eq!(read::<5>("mzxw6ytboi"), None);
        assert_eq!(read::<7>("mzxw6ytboi"), None);
        assert_eq!(read::<6>("MZXW6YTBOI"), None);
        assert_eq!(read::<6>("mzxw6ytboj"), None);
        assert_eq!(read::<6>("mzxw6ytbo1"), None);
        assert_eq!(read::<6>("mzxw6ytboi="), None);
    }
}
