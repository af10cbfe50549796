//! Strings, numbers and words at a position of unproven bytes.
#![expect(
    clippy::arithmetic_side_effects,
    reason = "every position is bounded by the length of the input"
)]

use super::fault::{Problem, SyntaxError, fault};
use super::special::special;

/// What could stand at `pos` and does not.
#[cold]
pub(super) fn expected(bytes: &[u8], pos: usize, what: &'static str) -> SyntaxError {
    match pos < bytes.len() {
        true => fault(pos, Problem::Expected(what)),
        false => fault(pos, Problem::EndOfText),
    }
}

/// The first position from `pos` on without white space.
#[inline]
pub(super) fn space(bytes: &[u8], mut pos: usize) -> usize {
    while let Some(b' ' | b'\n' | b'\r' | b'\t') = bytes.get(pos) {
        pos += 1;
    }
    pos
}

pub(super) fn word(bytes: &[u8], pos: usize, word: &'static [u8]) -> Result<usize, SyntaxError> {
    let end = pos + word.len();
    match bytes.get(pos..end) == Some(word) {
        true => Ok(end),
        false => Err(expected(bytes, pos, "a JSON value")),
    }
}

/// RFC 8259 section 6, nothing wider: no leading zeros, no `+`, no NaN.
pub(super) fn number(bytes: &[u8], mut pos: usize) -> Result<usize, SyntaxError> {
    if bytes.get(pos) == Some(&b'-') {
        pos += 1;
    }
    pos = match bytes.get(pos) {
        Some(b'0') => pos + 1,
        _ => digits(bytes, pos)?,
    };
    if bytes.get(pos) == Some(&b'.') {
        pos = digits(bytes, pos + 1)?;
    }
    if let Some(b'e' | b'E') = bytes.get(pos) {
        pos += 1;
        if let Some(b'+' | b'-') = bytes.get(pos) {
            pos += 1;
        }
        pos = digits(bytes, pos)?;
    }
    Ok(pos)
}

fn digits(bytes: &[u8], start: usize) -> Result<usize, SyntaxError> {
    let mut pos = start;
    while let Some(b'0'..=b'9') = bytes.get(pos) {
        pos += 1;
    }
    match pos > start {
        true => Ok(pos),
        false => Err(expected(bytes, pos, "a digit")),
    }
}

/// A string that was read.
pub(super) struct Text {
    /// Where its closing quote stands.
    pub(super) end: usize,
    pub(super) escaped: bool,
}

/// The string whose opening quote stands at `open`.
#[inline]
pub(super) fn string(bytes: &[u8], open: usize) -> Result<Text, SyntaxError> {
    let end = special(bytes, open + 1);
    if bytes.get(end) == Some(&b'"') {
        let escaped = false;
        return Ok(Text { end, escaped });
    }
    string_from(bytes, end)
}

/// The rest of a string, from its first escape on, or the fault in it.
#[inline(never)]
fn string_from(bytes: &[u8], mut pos: usize) -> Result<Text, SyntaxError> {
    let mut escaped = false;
    loop {
        match bytes.get(pos) {
            Some(b'"') => return Ok(Text { end: pos, escaped }),
            Some(b'\\') => {
                escaped = true;
                pos = special(bytes, escape(bytes, pos)?);
            }
            Some(_) => return Err(fault(pos, Problem::ControlCharacter)),
            None => return Err(fault(pos, Problem::EndOfText)),
        }
    }
}

/// The position after the escape at `at`.
fn escape(bytes: &[u8], at: usize) -> Result<usize, SyntaxError> {
    match bytes.get(at + 1) {
        Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => Ok(at + 2),
        Some(b'u') => match unit(bytes, at)? {
            0xD800..=0xDBFF => {
                let low_at = at + 6;
                let escaped = bytes.get(low_at..low_at + 2) == Some(b"\\u".as_slice());
                if !escaped || !(0xDC00..=0xDFFF).contains(&unit(bytes, low_at)?) {
                    return Err(fault(at, Problem::LoneSurrogate));
                }
                Ok(at + 12)
            }
            0xDC00..=0xDFFF => Err(fault(at, Problem::LoneSurrogate)),
            _ => Ok(at + 6),
        },
        Some(_) => Err(fault(at, Problem::BadEscape)),
        None => Err(fault(at, Problem::EndOfText)),
    }
}

/// The four hexadecimal digits after the `\u` at `at`.
fn unit(bytes: &[u8], at: usize) -> Result<u32, SyntaxError> {
    let digits = bytes.get(at + 2..at + 6).unwrap_or_default();
    if digits.len() < 4 {
        return Err(fault(at, Problem::EndOfText));
    }
    digits.iter().try_fold(0, |unit, b| {
        let digit = char::from(*b).to_digit(16);
        digit
            .map(|d| (unit << 4) | d)
            .ok_or_else(|| fault(at, Problem::BadEscape))
    })
}
