//! Writing JSON strings.

use std::fmt::{self, Write};

/// Appends `text` to `out` as a JSON string, quotes included.
pub fn push_json_string(out: &mut String, text: &str) {
    // Writing to a `String` cannot fail.
    let _ = write_json_string(out, text);
}

/// Writes `text` to `out` as a JSON string, quotes included.
///
/// # Errors
/// Only those of `out`.
pub fn write_json_string(out: &mut impl Write, text: &str) -> fmt::Result {
    out.write_char('"')?;
    let mut rest = text;
    // All of these are single bytes in UTF-8, and no part of a longer character.
    let special = |b: u8| matches!(b, 0..=0x1f | b'"' | b'\\' | 0x7f);
    while let Some(at) = rest.bytes().position(special) {
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
    let mut power = 1u64;
    while let Some(next) = power.checked_mul(10).filter(|next| *next <= number) {
        power = next;
    }
    while power > 0 {
        let digit = number.checked_div(power).and_then(|n| n.checked_rem(10));
        let digit = digit.and_then(|digit| u8::try_from(digit).ok());
        out.push(char::from(b'0'.saturating_add(digit.unwrap_or(0))));
        power = power.checked_div(10).unwrap_or(0);
    }
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
        for number in [0, 1, 9, 10, 99, 100, 12_345_678_901_234_567_890, u64::MAX] {
            let mut out = String::new();
            push_number(&mut out, number);
            assert_eq!(out, number.to_string());
        }
    }
}
