//! Reading values out of a proven text.

use std::borrow::Cow;

use super::fault::{Kind, SyntaxError};
use super::number::Number;
use super::scan::{NoSink, scan};
use super::special::special;
use super::text::RawStr;

/// A JSON value: its kind and its exact text, proven by [`scan`].
#[derive(Clone, Copy, Debug)]
pub struct Value<'a> {
    kind: Kind,
    text: &'a str,
}

/// Proves a whole text and gives the value in it.
///
/// # Errors
/// As [`scan`].
pub fn parse(bytes: &[u8]) -> Result<Value<'_>, SyntaxError> {
    scan(bytes, &mut NoSink)?;
    let text = std::str::from_utf8(bytes).unwrap_or_default().trim_ascii();
    Ok(Value::proven_text(text))
}

impl<'a> Value<'a> {
    /// A value that a [`super::Sink`] was told of.
    pub fn proven(kind: Kind, text: &'a str) -> Self {
        Self { kind, text }
    }

    fn proven_text(text: &'a str) -> Self {
        let kind = match text.as_bytes().first() {
            Some(b'{') => Kind::Object,
            Some(b'[') => Kind::Array,
            Some(b'"') => Kind::String,
            Some(b't' | b'f') => Kind::Bool,
            Some(b'n') | None => Kind::Null,
            Some(_) => Kind::Number,
        };
        Self { kind, text }
    }

    /// What it is.
    pub fn kind(self) -> Kind {
        self.kind
    }

    /// Its exact text, as spelled.
    pub fn text(self) -> &'a str {
        self.text
    }

    /// The string, still escaped; `None` when it is not a string.
    pub fn raw_str(self) -> Option<RawStr<'a>> {
        let inner = self.text.strip_prefix('"')?.strip_suffix('"')?;
        Some(RawStr::new(inner))
    }

    /// The decoded string; `None` when it is not a string.
    pub fn as_str(self) -> Option<Cow<'a, str>> {
        self.raw_str().map(RawStr::decode)
    }

    /// The boolean; `None` when it is not one.
    pub fn as_bool(self) -> Option<bool> {
        match self.text {
            "true" => Some(true),
            "false" => Some(false),
            _ => None,
        }
    }

    /// The number, exact; `None` when it is not one.
    pub fn as_number(self) -> Option<Number<'a>> {
        match self.kind {
            Kind::Number => Number::parse(self.text),
            _ => None,
        }
    }

    /// Whether it is `null`.
    pub fn is_null(self) -> bool {
        self.kind == Kind::Null
    }

    /// The members of an object in document order; none when it is not an object.
    pub fn members(self) -> Members<'a> {
        Members(Walk::inside(self, Kind::Object))
    }

    /// The elements of an array; none when it is not an array.
    pub fn elements(self) -> Elements<'a> {
        Elements(Walk::inside(self, Kind::Array))
    }

    /// The member called exactly `key`.
    pub fn get(self, key: &str) -> Option<Value<'a>> {
        self.members()
            .find(|(k, _)| k.equals(key))
            .map(|(_, value)| value)
    }
}

/// See [`Value::members`].
#[derive(Clone, Debug)]
pub struct Members<'a>(Walk<'a>);

impl<'a> Iterator for Members<'a> {
    type Item = (RawStr<'a>, Value<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        self.0.separator()?;
        let key = self.0.value()?.raw_str()?;
        self.0.separator()?;
        Some((key, self.0.value()?))
    }
}

/// See [`Value::elements`].
#[derive(Clone, Debug)]
pub struct Elements<'a>(Walk<'a>);

impl<'a> Iterator for Elements<'a> {
    type Item = Value<'a>;

    fn next(&mut self) -> Option<Self::Item> {
        self.0.separator()?;
        self.0.value()
    }
}

/// Steps through the inside of one proven container.
#[derive(Clone, Debug)]
struct Walk<'a> {
    rest: &'a str,
}

impl<'a> Walk<'a> {
    fn inside(value: Value<'a>, kind: Kind) -> Self {
        let inner = value
            .text
            .get(1..value.text.len().saturating_sub(1))
            .filter(|_| value.kind == kind);
        Self {
            rest: inner.unwrap_or_default(),
        }
    }

    /// Passes white space and the commas and colons that the scan proved to be in place.
    fn separator(&mut self) -> Option<()> {
        let between = |byte: &u8| matches!(byte, b',' | b':' | b' ' | b'\n' | b'\r' | b'\t');
        let passed = self.rest.bytes().position(|byte| !between(&byte))?;
        self.rest = self.rest.get(passed..)?;
        Some(())
    }

    fn value(&mut self) -> Option<Value<'a>> {
        let (text, rest) = self
            .rest
            .split_at_checked(value_len(self.rest.as_bytes()))?;
        self.rest = rest;
        Some(Value::proven_text(text))
    }
}

/// The length of the proven value at the start of `bytes`.
fn value_len(bytes: &[u8]) -> usize {
    match bytes.first() {
        Some(b'"') => string_end(bytes, 0),
        Some(b'{' | b'[') => container_end(bytes),
        _ => bytes
            .iter()
            .position(|b| matches!(b, b',' | b'}' | b']' | b' ' | b'\n' | b'\r' | b'\t'))
            .unwrap_or(bytes.len()),
    }
}

/// The position after the proven string whose opening quote stands at `open`.
fn string_end(bytes: &[u8], open: usize) -> usize {
    let mut at = open.saturating_add(1);
    loop {
        at = special(bytes, at);
        match bytes.get(at) {
            Some(b'\\') => at = at.saturating_add(2),
            Some(_) => return at.saturating_add(1),
            None => return bytes.len(),
        }
    }
}

fn container_end(bytes: &[u8]) -> usize {
    let mut depth = 0usize;
    let mut at = 0usize;
    while let Some(byte) = bytes.get(at) {
        at = match byte {
            b'"' => string_end(bytes, at),
            _ => at.saturating_add(1),
        };
        match byte {
            b'{' | b'[' => depth = depth.saturating_add(1),
            b'}' | b']' if depth <= 1 => return at,
            b'}' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    bytes.len()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn members_and_elements_are_found_whatever_stands_inside() {
        let text = br#" { "a" : [ 1 , "]}\"," , {"x":[]} ] , "b\u0063" : -1.5e3 , "d":{}, "e":"" , "f":null,"g":true } "#;
        let value = parse(text).unwrap();
        let members: Vec<_> = value
            .members()
            .map(|(k, v)| (k.decode().into_owned(), v.kind(), v.text()))
            .collect();
        assert_eq!(
            members,
            [
                ("a".into(), Kind::Array, r#"[ 1 , "]}\"," , {"x":[]} ]"#),
                ("bc".into(), Kind::Number, "-1.5e3"),
                ("d".into(), Kind::Object, "{}"),
                ("e".into(), Kind::String, "\"\""),
                ("f".into(), Kind::Null, "null"),
                ("g".into(), Kind::Bool, "true"),
            ]
        );
        let elements: Vec<_> = value
            .get("a")
            .unwrap()
            .elements()
            .map(Value::text)
            .collect();
        assert_eq!(elements, ["1", r#""]}\",""#, r#"{"x":[]}"#]);
        assert_eq!(value.get("g").unwrap().as_bool(), Some(true));
        assert!(value.elements().next().is_none());
    }
}
