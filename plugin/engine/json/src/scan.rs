//! The single strict pass over unproven bytes.
#![expect(
    clippy::arithmetic_side_effects,
    reason = "every position is bounded by the length of the input, every depth by MAX_DEPTH"
)]

use super::fault::{Kind, Problem, SyntaxError, fault};
use super::keys::{Key, all_differ, differs};
use super::text::RawStr;
use super::token::{Text, expected, number, space, string, word};

/// Containers inside containers beyond this are refused (`mcp-wire.md`: servers differ from 200 on).
pub const MAX_DEPTH: usize = 128;

/// Told of keys and values as the scan proves them; depth 0 is the value itself, depth 1 its
/// members or elements.
///
/// What a sink is told is proven syntax, but not the end of the story: a later error refuses the
/// whole text.
pub trait Sink<'a> {
    /// The deepest depth that it is told of.
    fn deepest(&self) -> usize {
        MAX_DEPTH
    }
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
    fn deepest(&self) -> usize {
        0
    }
    fn key(&mut self, _: usize, _: RawStr<'_>) {}
    fn open(&mut self, _: usize, _: Kind) {}
    fn value(&mut self, _: usize, _: Kind, _: &str) {}
}

/// Proves `bytes` to be one JSON value in strict form, telling `sink` on the way.
///
/// # Errors
/// The first thing wrong; see [`Problem`].
pub fn scan<'a>(bytes: &'a [u8], sink: &mut dyn Sink<'a>) -> Result<(), SyntaxError> {
    if bytes.starts_with(b"\xEF\xBB\xBF") {
        return Err(fault(0, Problem::ByteOrderMark));
    }
    if u32::try_from(bytes.len()).is_err() {
        return Err(fault(0, Problem::TooLong));
    }
    let text = std::str::from_utf8(bytes).map_err(|e| fault(e.valid_up_to(), Problem::NotUtf8))?;
    let scanner = Scanner {
        text,
        deepest: sink.deepest(),
        sink,
        inside: Frame {
            kind: None,
            start: 0,
            keys_from: 0,
            seen: 0,
        },
        outside: Vec::with_capacity(8),
        keys: Vec::with_capacity(16),
    };
    scanner.run()
}

/// A container that is open.
struct Frame {
    /// `None` outside of everything.
    kind: Option<Kind>,
    start: usize,
    /// Where this object's keys begin in `Scanner::keys`.
    keys_from: usize,
    /// A bit for each key so far (see [`Key::bit`]): what has another bit was not there.
    seen: u64,
}

/// Positions are passed and returned, not kept, so that they stay in registers.
struct Scanner<'a, 's> {
    text: &'a str,
    sink: &'s mut dyn Sink<'a>,
    deepest: usize,
    /// The innermost open container, and those around it.
    inside: Frame,
    outside: Vec<Frame>,
    keys: Vec<Key>,
}

impl<'a> Scanner<'a, '_> {
    fn run(mut self) -> Result<(), SyntaxError> {
        let bytes = self.text.as_bytes();
        let mut pos = space(bytes, 0);
        if pos == bytes.len() {
            return Err(fault(pos, Problem::Empty));
        }
        loop {
            // A value is due at `pos`, in an object after its key.
            if self.inside.kind == Some(Kind::Object) {
                pos = self.member(pos)?;
            }
            let start = space(bytes, pos);
            let kind = match bytes.get(start) {
                Some(b'"') => {
                    pos = string(bytes, start)?.end + 1;
                    Kind::String
                }
                Some(b'{') => {
                    self.open(Kind::Object, start)?;
                    pos = space(bytes, start + 1);
                    if bytes.get(pos) != Some(&b'}') {
                        continue;
                    }
                    pos = self.close(Kind::Object, pos)?;
                    Kind::Object
                }
                Some(b'[') => {
                    self.open(Kind::Array, start)?;
                    pos = space(bytes, start + 1);
                    if bytes.get(pos) != Some(&b']') {
                        continue;
                    }
                    pos = self.close(Kind::Array, pos)?;
                    Kind::Array
                }
                Some(b'-' | b'0'..=b'9') => {
                    pos = number(bytes, start)?;
                    Kind::Number
                }
                Some(b't') => {
                    pos = word(bytes, start, b"true")?;
                    Kind::Bool
                }
                Some(b'f') => {
                    pos = word(bytes, start, b"false")?;
                    Kind::Bool
                }
                Some(b'n') => {
                    pos = word(bytes, start, b"null")?;
                    Kind::Null
                }
                _ => return Err(expected(bytes, start, "a JSON value")),
            };
            if self.outside.len() <= self.deepest && !matches!(kind, Kind::Object | Kind::Array) {
                self.tell(kind, start, pos);
            }
            // A value is complete: separators and closers until the next is due.
            loop {
                match (bytes.get(pos), self.inside.kind) {
                    (Some(b','), Some(_)) => {
                        pos += 1;
                        break;
                    }
                    (Some(b'}'), Some(Kind::Object)) => pos = self.close(Kind::Object, pos)?,
                    (Some(b']'), Some(Kind::Array)) => pos = self.close(Kind::Array, pos)?,
                    (Some(b' ' | b'\n' | b'\r' | b'\t'), _) => pos += 1,
                    (_, Some(Kind::Object)) => return Err(expected(bytes, pos, "`,` or `}`")),
                    (_, Some(_)) => return Err(expected(bytes, pos, "`,` or `]`")),
                    (None, None) => return Ok(()),
                    (Some(_), None) => return Err(fault(pos, Problem::Trailing)),
                }
            }
        }
    }

    fn tell(&mut self, kind: Kind, start: usize, end: usize) {
        // Both ends stand on ASCII, so this is never cut inside a character.
        let text = self.text.get(start..end).unwrap_or_default();
        self.sink.value(self.outside.len(), kind, text);
    }

    fn open(&mut self, kind: Kind, start: usize) -> Result<(), SyntaxError> {
        let depth = self.outside.len();
        if depth >= MAX_DEPTH {
            return Err(fault(start, Problem::TooDeep));
        }
        if depth <= self.deepest {
            self.sink.open(depth, kind);
        }
        let frame = Frame {
            kind: Some(kind),
            start,
            keys_from: self.keys.len(),
            seen: 0,
        };
        self.outside
            .push(std::mem::replace(&mut self.inside, frame));
        Ok(())
    }

    /// The innermost container ends at `pos`; gives the position after it.
    fn close(&mut self, kind: Kind, pos: usize) -> Result<usize, SyntaxError> {
        let Some(outer) = self.outside.pop() else {
            return Err(fault(pos, Problem::Trailing));
        };
        let frame = std::mem::replace(&mut self.inside, outer);
        if kind == Kind::Object {
            let keys = self.keys.get(frame.keys_from..).unwrap_or_default();
            all_differ(keys, self.text)?;
            self.keys.truncate(frame.keys_from);
        }
        if self.outside.len() <= self.deepest {
            self.tell(kind, frame.start, pos + 1);
        }
        Ok(pos + 1)
    }

    /// A key at `pos` and its colon; gives where the member's value is due.
    #[inline]
    fn member(&mut self, pos: usize) -> Result<usize, SyntaxError> {
        let bytes = self.text.as_bytes();
        let pos = match bytes.get(pos) {
            Some(b'"') => pos,
            _ => space(bytes, pos),
        };
        if bytes.get(pos) != Some(&b'"') {
            return Err(expected(bytes, pos, "a key in double quotes"));
        }
        let Text { end, escaped } = string(bytes, pos)?;
        let key = Key::at(pos + 1, end);
        // An escaped key may be any, and has all bits.
        let bit = if escaped { u64::MAX } else { key.bit(bytes) };
        if self.inside.seen & bit != 0 {
            let before = self.keys.get(self.inside.keys_from..).unwrap_or_default();
            differs(key, before, self.text)?;
        }
        self.inside.seen |= bit;
        self.keys.push(key);
        let depth = self.outside.len();
        if depth <= self.deepest {
            // Quotes stand on both sides, so this is never cut inside a character.
            let raw = self.text.get(pos + 1..end).unwrap_or_default();
            self.sink.key(depth, RawStr::scanned(raw, escaped));
        }
        let colon = match bytes.get(end + 1) {
            Some(b':') => end + 1,
            _ => space(bytes, end + 1),
        };
        if bytes.get(colon) != Some(&b':') {
            return Err(expected(bytes, colon, "`:`"));
        }
        Ok(colon + 1)
    }
}

#[cfg(test)]
mod tests;
