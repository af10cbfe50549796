//! Why a text is not strict JSON, and where.

use std::fmt;

use super::scan::MAX_DEPTH;

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
    /// 4 GiB or longer.
    TooLong,
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
            Problem::TooLong => write!(f, "text of 4 GiB or more"),
            Problem::DuplicateKey(key) => write!(f, "duplicate key `{key}` at byte {at}"),
        }
    }
}

impl std::error::Error for SyntaxError {}

pub(super) fn fault(offset: usize, problem: Problem) -> SyntaxError {
    SyntaxError { offset, problem }
}
