//! Finding the first of a few bytes in a long text, eight bytes at a time.

/// The offset of the first byte of `text` that is one of `needles`.
pub(in crate::mcp) fn first_of<const N: usize>(text: &[u8], needles: [u8; N]) -> Option<usize> {
    let (words, tail) = text.as_chunks::<8>();
    for (n, word) in words.iter().enumerate() {
        let word = u64::from_le_bytes(*word);
        let found = needles
            .iter()
            .fold(0, |found, needle| found | equal_bytes(word, *needle));
        if found != 0 {
            let within = usize::try_from(found.trailing_zeros() >> 3).unwrap_or_default();
            return Some(n.saturating_mul(8).saturating_add(within));
        }
    }
    tail.iter()
        .position(|byte| needles.contains(byte))
        .map(|at| text.len().saturating_sub(tail.len()).saturating_add(at))
}

/// The high bit of every byte of `word` that equals `byte`; above the lowest such byte others may
/// be marked too, below it none is.
fn equal_bytes(word: u64, byte: u8) -> u64 {
    const LOW: u64 = u64::from_le_bytes([0x01; 8]);
    const HIGH: u64 = u64::from_le_bytes([0x80; 8]);
    let zero_where_equal = word ^ u64::from_le_bytes([byte; 8]);
    zero_where_equal.wrapping_sub(LOW) & !zero_where_equal & HIGH
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_needle_is_found_at_every_offset_among_its_neighbours() {
        for len in 0..40 {
            for at in 0..len {
                // Neighbours by one, and by the sign bit, are what a word-wise test gets wrong.
                for filler in [b'"' - 1, b'"' + 1, b'"' | 0x80, 1, 0xFF] {
                    for needle in [b'"', 0, 0xC5] {
                        let mut text = vec![filler; len];
                        assert_eq!(first_of(&text, [b'"', 0, 0xC5]), None);
                        for slot in text.iter_mut().skip(at).step_by(2) {
                            *slot = needle;
                        }
                        assert_eq!(first_of(&text, [b'"', 0, 0xC5]), Some(at));
                    }
                }
            }
        }
        assert_eq!(first_of(b"", [b'"']), None);
    }
}
