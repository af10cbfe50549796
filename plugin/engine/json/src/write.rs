//! Writing JSON strings and numbers.

use std::fmt::{self, Write};

use super::special::unclean;

/// Appends `text` to `out` as a JSON string, quotes included.
pub fn push_json_string(out: &mut String, text: &str) {
    if is_clean(text) {
        push_clean(out, text);
    } else {
        // Writing to a `String` cannot fail.
        let _ = write_json_string(out, text);
    }
}

/// Appends a text that [`is_clean`] as a JSON string.
pub fn push_clean(out: &mut String, text: &str) {
    out.reserve(text.len().saturating_add(2));
    out.push('"');
    out.push_str(text);
    out.push('"');
}

/// Whether all of the text is printable ASCII that JSON spells as it is.
pub fn is_clean(text: &str) -> bool {
    let (eights, rest) = text.as_bytes().as_chunks::<8>();
    // Padded with what is clean.
    let mut last = [b' '; 8];
    for (to, from) in last.iter_mut().zip(rest) {
        *to = *from;
    }
    let eights = eights.iter().chain(std::iter::once(&last));
    eights.fold(0, |found, eight| found | unclean(*eight)) == 0
}

/// Writes `text` to `out` as a JSON string, quotes included.
///
/// # Errors
/// Only those of `out`.
pub fn write_json_string(out: &mut impl Write, text: &str) -> fmt::Result {
    out.write_char('"')?;
    let mut rest = text;
    // All of these are single bytes in UTF-8, and no part of a longer character.
    let escaped = |b: u8| matches!(b, 0..=0x1f | b'"' | b'\\' | 0x7f);
    while let Some(at) = rest.bytes().position(escaped) {
        let (clean, tail) = rest.split_at_checked(at).unwrap_or((rest, ""));
        out.write_str(clean)?;
        let mut chars = tail.chars();
        match chars.next() {
            Some('"') => out.write_str("\\\"")?,
            Some('\\') => out.write_str("\\\\")?,
            Some('\n') => out.write_str("\\n")?,
            Some('\r') => out.write_str("\\r")?,
            Some('\t') => out.write_str("\\t")?,
            Some(c) => write!(out, "\\u{:04x}", u32::from(c))?,
            None => {}
        }
        rest = chars.as_str();
    }
    out.write_str(rest)?;
    out.write_char('"')
}

/// Appends a number in decimal, without the weight of `fmt`.
pub fn push_number(out: &mut String, number: u64) {
    let mut digits = [b'0'; 20];
    let mut places = digits.iter_mut().rev();
    let mut rest = number;
    // Nine digits at a time: dividing 32 bits by a constant is multiplying, dividing 64 bits is slow.
    while rest > u64::from(u32::MAX) {
        let mut group = (rest % 1_000_000_000) as u32;
        rest /= 1_000_000_000;
        for place in places.by_ref().take(9) {
            *place = b'0'.wrapping_add((group % 10) as u8);
            group /= 10;
        }
    }
    let mut rest = rest as u32;
    for place in places.by_ref() {
        *place = b'0'.wrapping_add((rest % 10) as u8);
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    let unused = places.len();
    let text = digits.get(unused..).unwrap_or_default();
    out.push_str(std::str::from_utf8(text).unwrap_or_default());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_reads_back() {
        for text in ["", "a", "\"\\\n\r\t\u{0}\u{1f}\u{7f}", "ünï\u{1F600}"] {
            let mut out = String::new();
            push_json_string(&mut out, text);
            let back: String = serde_json::from_str(&out).unwrap_or_default();
            assert_eq!(back, text, "{out}");
        }
    }

    #[test]
    fn numbers_are_written_as_rust_writes_them() {
        for number in [
            0,
            1,
            9,
            10,
            99,
            100,
            4_294_967_295,
            4_294_967_296,
            10_000_000_000,
            99_999_999_999,
            4_294_967_296_000_000_000,
            5_000_000_000_000_000_001,
            12_345_678_901_234_567_890,
            u64::MAX,
        ] {
            let mut out = String::new();
            push_number(&mut out, number);
            assert_eq!(out, number.to_string());
        }
    }
}
