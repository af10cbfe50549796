//! What a backslash introduces, inside and outside of a bracketed class.

use super::PatternError;
use super::class::{self, Class, LAST};
use super::scan::Scanner;

/// The end of a `\d`, `\D`, `\s`, `\S`, `\w` or `\W` whose backslash has been read: its set.
pub(super) fn perl_class(scanner: &mut Scanner<'_>, fold: bool) -> Option<Class> {
    let letter = scanner.peek()?;
    let set = class::perl(letter.to_ascii_lowercase())?;
    scanner.next();
    Some(maybe_negated(set, letter.is_ascii_uppercase(), fold))
}

/// A named set; a negated one is folded before it is negated, as in RE2.
pub(super) fn maybe_negated(set: &[(u32, u32)], negated: bool, fold: bool) -> Class {
    let class = Class::of(set);
    let class = if fold { class.folded() } else { class };
    if negated { class.negated() } else { class }
}

/// Refuses `\p` and `\P`, whose backslash, at `start`, has been read.
pub(super) fn refuse_unicode_class(
    scanner: &Scanner<'_>,
    start: usize,
) -> Result<(), PatternError> {
    if !matches!(scanner.peek(), Some('p' | 'P')) {
        return Ok(());
    }
    let message = "Unicode classes are not supported; write the ranges, like `[a-z\\x{DF}-\\x{F6}]`, \
                   or `[^\\x00-\\x7F]` for everything outside of ASCII";
    Err(scanner.error(start, message))
}

/// The end of an escape whose backslash, at `start`, has been read: the character it stands for.
pub(super) fn character(scanner: &mut Scanner<'_>, start: usize) -> Result<u32, PatternError> {
    let Some(c) = scanner.next() else {
        return Err(scanner.error(
            start,
            "the pattern ends in `\\`; write `\\\\` for a backslash",
        ));
    };
    match c {
        'a' => Ok(0x07),
        'f' => Ok(0x0C),
        't' => Ok(0x09),
        'n' => Ok(0x0A),
        'r' => Ok(0x0D),
        'v' => Ok(0x0B),
        'x' => hexadecimal(scanner, start),
        '0'..='7' => octal(scanner, start, c),
        // ASCII that is neither a letter nor a digit stands for itself.
        _ if c.is_ascii() && !c.is_ascii_alphanumeric() => Ok(c.into()),
        _ => Err(scanner.error(start, &unknown(c))),
    }
}

/// Up to three octal digits; a single one other than 0 would be a backreference.
fn octal(scanner: &mut Scanner<'_>, start: usize, first: char) -> Result<u32, PatternError> {
    let digit = |c: char| c.to_digit(8);
    if first != '0' && scanner.peek().and_then(digit).is_none() {
        return Err(scanner.error(start, &unknown(first)));
    }
    let mut value = digit(first).unwrap_or_default();
    for _ in 0..2 {
        let Some(next) = scanner.peek().and_then(digit) else {
            break;
        };
        scanner.next();
        value = value.saturating_mul(8).saturating_add(next);
    }
    Ok(value)
}

/// Two hexadecimal digits, or any number of them in braces.
fn hexadecimal(scanner: &mut Scanner<'_>, start: usize) -> Result<u32, PatternError> {
    let wrong = "`\\x` needs two hexadecimal digits or a code point up to 10FFFF in braces, like \
                 `\\x2F` or `\\x{1F600}`";
    let digits = if scanner.eat("{") {
        scanner.until("}")
    } else {
        scanner.two()
    };
    digits
        .filter(|digits| digits.chars().all(|c| c.is_ascii_hexdigit()))
        .map(|digits| digits.trim_start_matches('0'))
        .zip(digits)
        .and_then(|(significant, digits)| match (significant, digits) {
            ("", "") => None,
            ("", _) => Some(0),
            _ => u32::from_str_radix(significant, 16).ok(),
        })
        .filter(|value| *value <= LAST)
        .ok_or_else(|| scanner.error(start, wrong))
}

/// What to say of an escape that RE2 does not have.
fn unknown(c: char) -> String {
    let instead = match c {
        '1'..='9' => "RE2 has no backreferences",
        'k' | 'g' => "RE2 has no backreferences or subroutine calls",
        'b' => "in a class RE2 has no word boundary; write `\\x08` for a backspace",
        'Z' => "write `\\n?\\z` for the end of the text or the line feed before it",
        'G' | 'K' => "RE2 has no such position",
        'h' => "write `[\\t ]`",
        'H' => "write `[^\\t ]`",
        'V' => "write `[^\\n-\\r]`",
        'R' => "write `(?:\\r\\n|[\\n-\\r])`",
        'e' => "write `\\x1B`",
        'c' => "write the control character as `\\x01` to `\\x1F`",
        'u' | 'U' | 'N' => "write the code point as `\\x{1F600}`",
        'E' => "there is no `\\Q` before it",
        'Q' => "in a class each character is quoted alone, like `[\\]\\\\]`",
        'A' | 'z' | 'B' => "in a class RE2 has no positions",
        'C' => "in a class RE2 has no single bytes",
        'p' | 'P' | 'd' | 'D' | 's' | 'S' | 'w' | 'W' => "a class cannot be the end of a range",
        _ => "a letter is written without a backslash",
    };
    format!("`\\{c}` is not an escape of RE2: {instead}")
}
