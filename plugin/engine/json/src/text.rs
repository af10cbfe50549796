//! JSON strings as they stand in a proven text: decoding, and comparing what they decode to.

use std::borrow::Cow;

use super::fold::fold;

/// The characters between the quotes of a proven JSON string, escapes still in place.
#[derive(Clone, Copy, Debug)]
pub struct RawStr<'a> {
    raw: &'a str,
    escaped: bool,
    plain: bool,
}

impl<'a> RawStr<'a> {
    /// Wraps what stood between the quotes of a string that [`super::scan`] accepted.
    pub(crate) fn new(raw: &'a str) -> Self {
        Self::scanned(raw, raw.as_bytes().contains(&b'\\'))
    }

    /// As [`new`](Self::new), where it is known whether any escape stands in it.
    pub(super) fn scanned(raw: &'a str, escaped: bool) -> Self {
        let plain = !escaped && raw.is_ascii();
        Self {
            raw,
            escaped,
            plain,
        }
    }

    /// The characters as written, without the quotes.
    pub fn raw(self) -> &'a str {
        self.raw
    }

    /// Whether any escape stands in it, so that decoding has to copy.
    pub fn has_escape(self) -> bool {
        self.escaped
    }

    /// Whether it is all ASCII without escapes: to every reader a string of another length is another
    /// string, but for one that is not plain itself.
    pub fn is_plain(self) -> bool {
        self.plain
    }

    /// The string that the text means (RFC 8259 section 7).
    pub fn decode(self) -> Cow<'a, str> {
        if !self.has_escape() {
            return Cow::Borrowed(self.raw);
        }
        let mut out = String::with_capacity(self.raw.len());
        out.extend(self.chars());
        Cow::Owned(out)
    }

    /// The decoded characters, without allocating.
    pub fn chars(self) -> Chars<'a> {
        Chars {
            rest: self.raw.chars(),
        }
    }

    /// Whether the decoded string is exactly `other`.
    pub fn equals(self, other: &str) -> bool {
        if self.has_escape() {
            self.chars().eq(other.chars())
        } else {
            self.raw == other
        }
    }
}

/// The decoded characters of a [`RawStr`].
#[derive(Clone, Debug)]
pub struct Chars<'a> {
    rest: std::str::Chars<'a>,
}

impl Chars<'_> {
    fn hex4(&mut self) -> u32 {
        let mut unit = 0u32;
        for _ in 0..4 {
            let digit = self.rest.next().and_then(|c| c.to_digit(16)).unwrap_or(0);
            unit = (unit << 4) | digit;
        }
        unit
    }
}

impl Iterator for Chars<'_> {
    type Item = char;

    fn next(&mut self) -> Option<char> {
        let c = self.rest.next()?;
        if c != '\\' {
            return Some(c);
        }
        Some(match self.rest.next()? {
            'b' => '\u{8}',
            'f' => '\u{c}',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'u' => {
                let unit = self.hex4();
                if (0xD800..0xDC00).contains(&unit) {
                    // The scan proved that `\u` and a low surrogate follow.
                    self.rest.next();
                    self.rest.next();
                    let low = self.hex4();
                    let code = ((unit & 0x3FF) << 10) | (low & 0x3FF);
                    char::from_u32(code.wrapping_add(0x1_0000))
                        .unwrap_or(char::REPLACEMENT_CHARACTER)
                } else {
                    char::from_u32(unit).unwrap_or(char::REPLACEMENT_CHARACTER)
                }
            }
            escaped => escaped,
        })
    }
}

/// Whether `candidate` names the same key as `key` to a reader that folds case, as Go's
/// `encoding/json` does (also U+017F for `s` and U+212A for `k`), or to one that keeps strings as C
/// does and ends them at U+0000, exact equality included.
pub fn folds_to(candidate: RawStr<'_>, key: &str) -> bool {
    if candidate.is_plain() && key.is_ascii() {
        return candidate.raw().eq_ignore_ascii_case(key);
    }
    candidate
        .chars()
        .take_while(|c| *c != '\0')
        .flat_map(fold)
        .eq(key.chars().flat_map(fold))
}

/// The beginning of a text, at most `most` bytes of it, cut between characters.
pub fn cut(text: &str, most: usize) -> &str {
    let end = text.floor_char_boundary(most);
    text.get(..end).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_decode_to_what_they_mean() {
        let cases = [
            (r"plain", "plain"),
            (r"n\u0061me", "name"),
            (r"tools\/call", "tools/call"),
            (r#"\"\\\b\f\n\r\t"#, "\"\\\u{8}\u{c}\n\r\t"),
            (r"\ud83d\ude00", "\u{1F600}"),
            (r"\uD800\uDC00", "\u{10000}"),
            (r"\uDBFF\uDFFF", "\u{10FFFF}"),
            (r"\ud840\udc00", "\u{20000}"),
        ];
        for (raw, want) in cases {
            assert_eq!(RawStr::new(raw).decode(), want);
            assert!(RawStr::new(raw).equals(want));
        }
    }

    #[test]
    fn folding_knows_what_go_knows() {
        for (candidate, key) in [
            ("Name", "name"),
            ("param\u{17F}", "params"),
            ("to\u{212A}en", "token"),
            (r"N\u0061ME", "name"),
            (r"name\u0000x", "name"),
            ("ÄPFEL", "äpfel"),
            // To readers that map whole strings to upper case.
            ("claß", "class"),
        ] {
            assert!(folds_to(RawStr::new(candidate), key), "{candidate} {key}");
        }
        assert!(!folds_to(RawStr::new("names"), "name"));
    }
}
