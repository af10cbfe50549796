//! Finding a few bytes in a long text, eight at a time.

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

/// Whether `holds` at some offset of `text`, asked only where it could: where the end of a key in
/// `s` or `S` stands (`s"`), an escape (`\u`), a U+017F (`C5 BF`) or a zero byte, and now and then
/// elsewhere.
pub(super) fn any_hint(text: &[u8], holds: impl Fn(usize) -> bool) -> bool {
    let mut start = 0_usize;
    for window in text.windows(9).step_by(8) {
        let (Some(here), Some(next)) = (window.first_chunk::<8>(), window.last_chunk::<8>()) else {
            break;
        };
        let (here, next) = (u64::from_le_bytes(*here), u64::from_le_bytes(*next));
        let mut hints = zero_bytes(here)
            | equal_pairs(here | repeat(0x20), next, *b"s\"")
            | equal_pairs(here, next, *b"\\u")
            | equal_pairs(here, next, [0xC5, 0xBF]);
        while hints != 0 {
            let within = usize::try_from(hints.trailing_zeros() >> 3).unwrap_or_default();
            if holds(start.saturating_add(within)) {
                return true;
            }
            hints &= hints.wrapping_sub(1);
        }
        start = start.saturating_add(8);
    }
    (start..text.len()).any(holds)
}

/// The high bit of every byte that is zero; above the lowest such byte others may be marked too,
/// below it none is.
fn zero_bytes(word: u64) -> u64 {
    word.wrapping_sub(repeat(0x01)) & !word & repeat(0x80)
}

/// As [`zero_bytes`], of every byte of `word` that equals `byte`.
fn equal_bytes(word: u64, byte: u8) -> u64 {
    zero_bytes(word ^ repeat(byte))
}

/// As [`zero_bytes`], of every byte of `here` that equals the first of `pair` while the one of
/// `next` equals the second.
fn equal_pairs(here: u64, next: u64, [first, second]: [u8; 2]) -> u64 {
    zero_bytes((here ^ repeat(first)) | (next ^ repeat(second)))
}

const fn repeat(byte: u8) -> u64 {
    u64::from_le_bytes([byte; 8])
}

#[cfg(test)]
mod tests {
    #![allow(clippy::arithmetic_side_effects)]
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

    #[test]
    fn no_hint_is_missed_at_any_offset_among_its_neighbours() {
        for hint in [&b"s\""[..], b"S\"", b"\\u", &[0xC5, 0xBF], &[0]] {
            for len in hint.len()..28 {
                for at in 0..=len - hint.len() {
                    for filler in [b's', b'"', b'\\', b'u', 0xC5, 0xBF, 1, 0xFF, 0x80] {
                        let mut text = vec![filler; len];
                        text.splice(at..at + hint.len(), hint.iter().copied());
                        assert!(any_hint(&text, |offset| offset == at), "{hint:?} {text:?}");
                        assert!(!any_hint(&text, |offset| offset >= len));
                    }
                }
            }
        }
    }

    #[test]
    fn every_hint_of_a_word_is_asked() {
        let text = b"s\"S\"\\u\0\xC5\xBF".repeat(5);
        let hints = (0..text.len()).filter(|at| !matches!(at % 9, 1 | 3 | 5 | 8));
        for hint in hints {
            assert!(any_hint(&text, |offset| offset == hint), "{hint}");
        }
    }

    #[test]
    fn prose_gives_no_hints() {
        let prose = "\"tools\": \"no key\" \\n é "
            .repeat(9)
            .replace("s\"", "z\"");
        let tail = prose.len() - 8;
        assert!(!any_hint(prose.as_bytes(), |offset| offset < tail));
    }
}
