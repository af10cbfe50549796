//! The single strict pass over unproven bytes.
#![expect(
    clippy::arithmetic_side_effects,
    reason = "every position is bounded by the length of the input, every depth by MAX_DEPTH"
)]

use std::borrow::Cow;
use std::fmt;

use super::text::RawStr;

/// Containers inside containers beyond this are refused (`mcp-wire.md`: servers differ from 200 on).
pub const MAX_DEPTH: usize = 128;

/// Members up to this many are compared pairwise as they come; larger objects are sorted once.
const PAIRWISE: usize = 8;

/// What a JSON value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `{…}`
    Object,
    /// `[…]`
    Array,
    /// `"…"`
    String,
    /// A number, its text kept exactly.
    Number,
    /// `true` or `false`
    Bool,
    /// `null`
    Null,
}

impl Kind {
    /// With its article, for messages: `an object`.
    pub fn with_article(self) -> &'static str {
        match self {
            Kind::Object => "an object",
            Kind::Array => "an array",
            Kind::String => "a string",
            Kind::Number => "a number",
            Kind::Bool => "a boolean",
            Kind::Null => "null",
        }
    }
}

/// Why a text is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Problem {
    /// Nothing but white space.
    Empty,
    /// A byte order mark, which some servers skip and some do not.
    ByteOrderMark,
    /// Bytes that are not UTF-8.
    NotUtf8,
    /// A character that cannot stand here; what could is named.
    Expected(&'static str),
    /// The text ends inside a value.
    EndOfText,
    /// Bytes after the value.
    Trailing,
    /// A control character inside a string.
    ControlCharacter,
    /// An escape that JSON does not know.
    BadEscape,
    /// Half of a surrogate pair.
    LoneSurrogate,
    /// Deeper than [`MAX_DEPTH`].
    TooDeep,
    /// A key that stands twice in one object.
    DuplicateKey(String),
}

/// A refusal and where it was met.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyntaxError {
    /// Byte offset from the start of the text.
    pub offset: usize,
    /// What is wrong there.
    pub problem: Problem,
}

impl fmt::Display for SyntaxError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = self.offset;
        match &self.problem {
            Problem::Empty => write!(f, "empty text where a JSON value is expected"),
            Problem::ByteOrderMark => write!(f, "byte order mark at byte 0: send plain UTF-8"),
            Problem::NotUtf8 => write!(f, "invalid UTF-8 at byte {at}"),
            Problem::Expected(what) => write!(f, "expected {what} at byte {at}"),
            Problem::EndOfText => write!(f, "text ends inside a value at byte {at}"),
            Problem::Trailing => write!(f, "more text after the value at byte {at}"),
            Problem::ControlCharacter => {
                write!(f, "control character in a string at byte {at}: escape it")
            }
            Problem::BadEscape => write!(f, "unknown escape at byte {at}"),
            Problem::LoneSurrogate => write!(f, "lone surrogate at byte {at}"),
            Problem::TooDeep => write!(f, "nested deeper than {MAX_DEPTH} at byte {at}"),
            Problem::DuplicateKey(key) => write!(f, "duplicate key `{key}` at byte {at}"),
        }
    }
}

impl std::error::Error for SyntaxError {}

/// Told of every key and value as the scan proves it; depth 0 is the value itself, depth 1 its
/// members or elements.
///
/// What a sink is told is proven syntax, but not the end of the story: a later error refuses the
/// whole text.
pub trait Sink<'a> {
    /// A member's key; its value follows at the same depth.
    fn key(&mut self, depth: usize, key: RawStr<'a>);
    /// A container opens at this depth.
    fn open(&mut self, depth: usize, kind: Kind);
    /// A whole value (a scalar, or a container that closed), with its exact text.
    fn value(&mut self, depth: usize, kind: Kind, text: &'a str);
}

/// Wants to know nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoSink;

impl Sink<'_> for NoSink {
    fn key(&mut self, _: usize, _: RawStr<'_>) {}
    fn open(&mut self, _: usize, _: Kind) {}
    fn value(&mut self, _: usize, _: Kind, _: &str) {}
}

/// Proves `bytes` to be one JSON value in strict form, telling `sink` on the way.
///
/// # Errors
/// The first thing wrong; see [`Problem`].
pub fn scan<'a>(bytes: &'a [u8], sink: &mut impl Sink<'a>) -> Result<(), SyntaxError> {
    if bytes.starts_with(b"\xEF\xBB\xBF") {
        return Err(fault(0, Problem::ByteOrderMark));
    }
    let text = std::str::from_utf8(bytes).map_err(|e| fault(e.valid_up_to(), Problem::NotUtf8))?;
    let mut scanner = Scanner {
        text,
        bytes,
        pos: 0,
        frames: Vec::with_capacity(8),
        keys: Vec::with_capacity(16),
    };
    scanner.run(sink)
}

fn fault(offset: usize, problem: Problem) -> SyntaxError {
    SyntaxError { offset, problem }
}

/// An open container.
struct Frame {
    object: bool,
    start: usize,
    /// Where this object's keys begin in `Scanner::keys`.
    keys_from: usize,
}

struct Scanner<'a> {
    text: &'a str,
    bytes: &'a [u8],
    pos: usize,
    frames: Vec<Frame>,
    keys: Vec<RawStr<'a>>,
}

impl<'a> Scanner<'a> {
    fn run(&mut self, sink: &mut impl Sink<'a>) -> Result<(), SyntaxError> {
        self.space();
        if self.pos == self.bytes.len() {
            return Err(fault(self.pos, Problem::Empty));
        }
        loop {
            // A value is due at `pos`.
            if !self.begin(sink)? {
                continue;
            }
            // A value is complete: separators and closers until the next is due.
            loop {
                self.space();
                let Some(frame) = self.frames.last() else {
                    return if self.pos == self.bytes.len() {
                        Ok(())
                    } else {
                        Err(fault(self.pos, Problem::Trailing))
                    };
                };
                let object = frame.object;
                match self.peek() {
                    Some(b',') => {
                        self.pos += 1;
                        self.space();
                        if object {
                            self.member(sink)?;
                        }
                        break;
                    }
                    Some(b'}') if object => self.close(sink)?,
                    Some(b']') if !object => self.close(sink)?,
                    Some(_) if object => return Err(self.expected("`,` or `}`")),
                    Some(_) => return Err(self.expected("`,` or `]`")),
                    None => return Err(fault(self.pos, Problem::EndOfText)),
                }
            }
        }
    }

    /// Reads a scalar whole or opens a container; true when a value is complete.
    fn begin(&mut self, sink: &mut impl Sink<'a>) -> Result<bool, SyntaxError> {
        let start = self.pos;
        let kind = match self.peek() {
            Some(b'"') => {
                self.string()?;
                Kind::String
            }
            Some(b'{') => return self.open(true, sink),
            Some(b'[') => return self.open(false, sink),
            Some(b'-' | b'0'..=b'9') => {
                self.number()?;
                Kind::Number
            }
            Some(b't') => self.word("true", Kind::Bool)?,
            Some(b'f') => self.word("false", Kind::Bool)?,
            Some(b'n') => self.word("null", Kind::Null)?,
            Some(_) => return Err(self.expected("a JSON value")),
            None => return Err(fault(start, Problem::EndOfText)),
        };
        sink.value(self.frames.len(), kind, self.since(start));
        Ok(true)
    }

    fn open(&mut self, object: bool, sink: &mut impl Sink<'a>) -> Result<bool, SyntaxError> {
        if self.frames.len() >= MAX_DEPTH {
            return Err(fault(self.pos, Problem::TooDeep));
        }
        let kind = if object { Kind::Object } else { Kind::Array };
        sink.open(self.frames.len(), kind);
        self.frames.push(Frame {
            object,
            start: self.pos,
            keys_from: self.keys.len(),
        });
        self.pos += 1;
        self.space();
        match self.peek() {
            Some(b'}') if object => {
                self.close(sink)?;
                Ok(true)
            }
            Some(b']') if !object => {
                self.close(sink)?;
                Ok(true)
            }
            _ if object => {
                self.member(sink)?;
                Ok(false)
            }
            _ => Ok(false),
        }
    }

    fn close(&mut self, sink: &mut impl Sink<'a>) -> Result<(), SyntaxError> {
        self.pos += 1;
        let Some(frame) = self.frames.pop() else {
            return Err(fault(self.pos, Problem::Trailing));
        };
        if frame.object {
            let keys = self.keys.get_mut(frame.keys_from..).unwrap_or_default();
            if keys.len() > PAIRWISE
                && let Some(twice) = sorted_duplicate(keys)
            {
                let offset = offset_in(self.text, twice.raw());
                return Err(fault(offset, duplicate(twice)));
            }
            self.keys.truncate(frame.keys_from);
        }
        let kind = if frame.object {
            Kind::Object
        } else {
            Kind::Array
        };
        sink.value(self.frames.len(), kind, self.since(frame.start));
        Ok(())
    }

    /// A key and its colon; leaves `pos` where the member's value is due.
    fn member(&mut self, sink: &mut impl Sink<'a>) -> Result<(), SyntaxError> {
        let start = self.pos;
        match self.peek() {
            Some(b'"') => {}
            Some(_) => return Err(self.expected("a key in double quotes")),
            None => return Err(fault(start, Problem::EndOfText)),
        }
        let key = self.string()?;
        let from = self.frames.last().map_or(0, |f| f.keys_from);
        let before = self.keys.get(from..).unwrap_or_default();
        if before.len() < PAIRWISE && before.iter().any(|k| same(*k, key)) {
            return Err(fault(start, duplicate(key)));
        }
        self.keys.push(key);
        sink.key(self.frames.len(), key);
        self.space();
        match self.peek() {
            Some(b':') => self.pos += 1,
            Some(_) => return Err(self.expected("`:`")),
            None => return Err(fault(self.pos, Problem::EndOfText)),
        }
        self.space();
        Ok(())
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.pos).copied()
    }

    fn space(&mut self) {
        while let Some(b' ' | b'\n' | b'\r' | b'\t') = self.peek() {
            self.pos += 1;
        }
    }

    fn since(&self, start: usize) -> &'a str {
        // Both ends stand on ASCII, so this is never cut inside a character.
        self.text.get(start..self.pos).unwrap_or_default()
    }

    fn expected(&self, what: &'static str) -> SyntaxError {
        fault(self.pos, Problem::Expected(what))
    }

    fn word(&mut self, word: &'static str, kind: Kind) -> Result<Kind, SyntaxError> {
        let end = self.pos + word.len();
        if self.bytes.get(self.pos..end) != Some(word.as_bytes()) {
            return Err(self.expected("a JSON value"));
        }
        self.pos = end;
        Ok(kind)
    }

    /// RFC 8259 section 6, nothing wider: no leading zeros, no `+`, no NaN.
    fn number(&mut self) -> Result<(), SyntaxError> {
        if self.peek() == Some(b'-') {
            self.pos += 1;
        }
        if self.peek() == Some(b'0') {
            self.pos += 1;
        } else {
            self.digits()?;
        }
        if self.peek() == Some(b'.') {
            self.pos += 1;
            self.digits()?;
        }
        if let Some(b'e' | b'E') = self.peek() {
            self.pos += 1;
            if let Some(b'+' | b'-') = self.peek() {
                self.pos += 1;
            }
            self.digits()?;
        }
        Ok(())
    }

    fn digits(&mut self) -> Result<(), SyntaxError> {
        let start = self.pos;
        while let Some(b'0'..=b'9') = self.peek() {
            self.pos += 1;
        }
        if self.pos > start {
            Ok(())
        } else if self.pos == self.bytes.len() {
            Err(fault(start, Problem::EndOfText))
        } else {
            Err(self.expected("a digit"))
        }
    }

    /// A string from its opening quote; `pos` is left after the closing one.
    fn string(&mut self) -> Result<RawStr<'a>, SyntaxError> {
        self.pos += 1;
        let start = self.pos;
        loop {
            while let Some(eight) = self.bytes.get(self.pos..self.pos + 8) {
                let Ok(eight) = <[u8; 8]>::try_from(eight) else {
                    break;
                };
                if any_special(u64::from_le_bytes(eight)) {
                    break;
                }
                self.pos += 8;
            }
            match self.peek() {
                Some(b'"') => {
                    let raw = self.since(start);
                    self.pos += 1;
                    return Ok(RawStr::new(raw));
                }
                Some(b'\\') => self.escape()?,
                Some(0..=0x1F) => return Err(fault(self.pos, Problem::ControlCharacter)),
                Some(_) => self.pos += 1,
                None => return Err(fault(self.pos, Problem::EndOfText)),
            }
        }
    }

    fn escape(&mut self) -> Result<(), SyntaxError> {
        let at = self.pos;
        match self.bytes.get(at + 1) {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => {
                self.pos += 2;
                Ok(())
            }
            Some(b'u') => {
                let unit = self.unit(at)?;
                match unit {
                    0xD800..=0xDBFF => {
                        let low_at = at + 6;
                        let escaped = self.bytes.get(low_at..low_at + 2) == Some(b"\\u".as_slice());
                        if !escaped || !(0xDC00..=0xDFFF).contains(&self.unit(low_at)?) {
                            return Err(fault(at, Problem::LoneSurrogate));
                        }
                        self.pos += 12;
                    }
                    0xDC00..=0xDFFF => return Err(fault(at, Problem::LoneSurrogate)),
                    _ => self.pos += 6,
                }
                Ok(())
            }
            Some(_) => Err(fault(at, Problem::BadEscape)),
            None => Err(fault(at, Problem::EndOfText)),
        }
    }

    /// The four hexadecimal digits after the `\u` at `at`.
    fn unit(&self, at: usize) -> Result<u32, SyntaxError> {
        let digits = self.bytes.get(at + 2..at + 6).unwrap_or_default();
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
}

/// Whether any of eight bytes is a quote, a backslash or a control character.
fn any_special(eight: u64) -> bool {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = 0x8080_8080_8080_8080;
    let zero_in = |v: u64| v.wrapping_sub(ONES) & !v & HIGH;
    let control = eight.wrapping_sub(ONES * 0x20) & !eight & HIGH;
    (zero_in(eight ^ (ONES * 0x22)) | zero_in(eight ^ (ONES * 0x5C)) | control) != 0
}

fn same(a: RawStr<'_>, b: RawStr<'_>) -> bool {
    match (a.has_escape(), b.has_escape()) {
        (false, false) => a.raw() == b.raw(),
        (false, true) => b.equals(a.raw()),
        (true, false) => a.equals(b.raw()),
        (true, true) => a.chars().eq(b.chars()),
    }
}

/// Sorting keeps an object with very many keys at n log n, whatever keys an attacker picks.
fn sorted_duplicate<'a>(keys: &mut [RawStr<'a>]) -> Option<RawStr<'a>> {
    if keys.iter().any(|k| k.has_escape()) {
        let mut decoded: Vec<(Cow<'a, str>, RawStr<'a>)> =
            keys.iter().map(|k| (k.decode(), *k)).collect();
        decoded.sort_unstable_by(|a, b| a.0.cmp(&b.0));
        let mut pairs = decoded.iter().zip(decoded.iter().skip(1));
        pairs.find(|(a, b)| a.0 == b.0).map(|(_, b)| b.1)
    } else {
        keys.sort_unstable_by(|a, b| a.raw().cmp(b.raw()));
        let mut pairs = keys.iter().zip(keys.iter().skip(1));
        pairs.find(|(a, b)| a.raw() == b.raw()).map(|(_, b)| *b)
    }
}

fn duplicate(key: RawStr<'_>) -> Problem {
    // An attacker's megabyte key is not echoed whole.
    Problem::DuplicateKey(key.chars().take(64).collect())
}

fn offset_in(whole: &str, part: &str) -> usize {
    (part.as_ptr() as usize).saturating_sub(whole.as_ptr() as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &[u8]) -> Result<(), Problem> {
        scan(text, &mut NoSink).map_err(|e| e.problem)
    }

    #[test]
    fn strict_json_is_accepted() {
        for text in [
            "null",
            " true ",
            "-0.5e+10",
            "\"\"",
            "[]",
            "{}",
            "[1,2,[3]]",
            "0",
            "1E5",
            r#"{"a":{"b":[{"c":null}]},"d":"\ud83d\ude00\/"}"#,
            "\t\r\n{\"a\" : 1 , \"b\" : 2}\n",
            r#"{"a":1,"A":2,"":3}"#,
            r#"{"long string that needs more than eight bytes":"and some ünïcode"}"#,
        ] {
            assert_eq!(check(text.as_bytes()), Ok(()), "{text}");
        }
    }

    #[test]
    fn everything_else_is_refused() {
        use Problem::*;
        let dup = |k: &str| DuplicateKey(k.into());
        let cases: &[(&[u8], Problem)] = &[
            (b"", Empty), (b"  ", Empty), (b"\xEF\xBB\xBF{}", ByteOrderMark), (b"\"\xff\"", NotUtf8),
            (b"{\"a\":1}x", Trailing), (b"{}{}", Trailing), (b"[1,]", Expected("a JSON value")),
            (b"{\"a\":1,}", Expected("a key in double quotes")), (b"{a:1}", Expected("a key in double quotes")),
            (b"{\"a\" 1}", Expected("`:`")), (b"[1 2]", Expected("`,` or `]`")), (b"{\"a\":1 2}", Expected("`,` or `}`")),
            (b"[1}", Expected("`,` or `]`")), (b"{\"a\":1]", Expected("`,` or `}`")), (b"[", EndOfText), (b"{", EndOfText),
            (b"{\"a\"", EndOfText), (b"{\"a\":", EndOfText), (b"\"abc", EndOfText), (b"\"\\", EndOfText), (b"\"\\u12", EndOfText),
            (b"01", Trailing), (b"-", EndOfText), (b"-a", Expected("a digit")), (b"1.", EndOfText), (b"1.e5", Expected("a digit")),
            (b"1e", EndOfText), (b"+1", Expected("a JSON value")), (b".5", Expected("a JSON value")), (b"NaN", Expected("a JSON value")),
            (b"Infinity", Expected("a JSON value")), (b"nul", Expected("a JSON value")), (b"// c\n1", Expected("a JSON value")),
            (b"\"\n\"", ControlCharacter), (b"\"a\0\"", ControlCharacter), (b"\"aaaaaaaaaaaa\x1f\"", ControlCharacter),
            (b"\"\\x\"", BadEscape), (b"\"\\u12G4\"", BadEscape), (b"\"\\uD800\"", LoneSurrogate), (b"\"\\uDC00\"", LoneSurrogate),
            (b"\"\\uD800\\u0041\"", LoneSurrogate), (b"\"\\uD800\\n\"", LoneSurrogate),
            (b"{\"a\":1,\"a\":2}", dup("a")), (b"{\"name\":1,\"n\\u0061me\":2}", dup("name")),
            (b"[[{\"x\":{\"k\":1,\"k\":1}}]]", dup("k")), (b"\x00{}", Expected("a JSON value")),
            (b"{\"a\":1,\"b\":1,\"c\":1,\"d\":1,\"e\":1,\"f\":1,\"g\":1,\"h\":1,\"i\":1,\"\\u0061\":1}", dup("a")),
            (b"{\"a\":1,\"b\":1,\"c\":1,\"d\":1,\"e\":1,\"f\":1,\"g\":1,\"h\":1,\"i\":1,\"i\":1}", dup("i")),
            (b"{\"a\":1,\"b\":1,\"c\":1,\"d\":1,\"e\":1,\"f\":1,\"g\":1,\"h\":1,\"h\":1}", dup("h")),
        ];
        for (text, problem) in cases {
            assert_eq!(
                check(text),
                Err(problem.clone()),
                "{}",
                String::from_utf8_lossy(text)
            );
        }
    }

    #[test]
    fn depth_is_bounded_exactly() {
        let nested = |n: usize| format!("{}{}", "[".repeat(n), "]".repeat(n));
        assert_eq!(check(nested(MAX_DEPTH).as_bytes()), Ok(()));
        assert_eq!(
            check(nested(MAX_DEPTH + 1).as_bytes()),
            Err(Problem::TooDeep)
        );
        assert_eq!(
            check("[".repeat(1_000_000).as_bytes()),
            Err(Problem::TooDeep)
        );
    }

    #[test]
    fn every_special_byte_is_seen_at_every_offset() {
        for at in 0..24 {
            for byte in (0..=0x1Fu8).chain([b'"', b'\\']) {
                let mut text = vec![b'"'];
                text.extend(std::iter::repeat_n(b'a', at));
                text.push(byte);
                text.extend(std::iter::repeat_n(b'a', 30));
                text.push(b'"');
                assert!(check(&text).is_err(), "byte {byte:#x} at {at}");
            }
        }
    }
}
