//! A configuration that comes as a protobuf `Struct`, as JSON text.
//!
//! Envoy hands an inline `Struct` to the filter in protobuf's wire form, not as JSON. Its numbers
//! are binary64, so what may have been rounded on the way is refused instead of guessed.

use std::fmt::Write;

use crate::json::push_json_string;
use crate::protobuf::{Reader, Wire};

/// Deeper than any configuration, and than [`crate::json::MAX_DEPTH`] would accept afterwards.
const MAX_DEPTH: usize = 64;

/// The largest integer that binary64 still tells from its neighbours: 2^53 - 1.
const MAX_EXACT: f64 = 9_007_199_254_740_991.0;

/// The JSON text of a serialized `google.protobuf.Struct`; `None` when the bytes are not one.
///
/// # Errors
/// A number that the `Struct` cannot have kept exactly.
pub fn json_of_struct(bytes: &[u8]) -> Option<Result<String, String>> {
    let mut out = String::with_capacity(bytes.len());
    match message(bytes, Shape::Struct, MAX_DEPTH, &mut out) {
        Ok(()) => Some(Ok(out)),
        Err(Broken::Number(why)) => Some(Err(why)),
        Err(Broken::NotProtobuf) => None,
    }
}

enum Broken {
    NotProtobuf,
    Number(String),
}

#[derive(Clone, Copy)]
enum Shape {
    Struct,
    List,
}

fn message(bytes: &[u8], shape: Shape, depth: usize, out: &mut String) -> Result<(), Broken> {
    let depth = depth.checked_sub(1).ok_or(Broken::NotProtobuf)?;
    let mut reader = Reader::new(bytes);
    let (open, close) = match shape {
        Shape::Struct => ('{', '}'),
        Shape::List => ('[', ']'),
    };
    out.push(open);
    let mut first = true;
    while !reader.is_empty() {
        let Some((1, Wire::Bytes(item))) = reader.field() else {
            return Err(Broken::NotProtobuf);
        };
        if !std::mem::take(&mut first) {
            out.push(',');
        }
        match shape {
            Shape::Struct => entry(item, depth, out)?,
            Shape::List => value(item, depth, out)?,
        }
    }
    out.push(close);
    Ok(())
}

/// A map entry: key 1, value 2.
fn entry(bytes: &[u8], depth: usize, out: &mut String) -> Result<(), Broken> {
    let mut reader = Reader::new(bytes);
    let (mut key, mut held): (&[u8], &[u8]) = (&[], &[]);
    while !reader.is_empty() {
        match reader.field() {
            Some((1, Wire::Bytes(text))) => key = text,
            Some((2, Wire::Bytes(message))) => held = message,
            _ => return Err(Broken::NotProtobuf),
        }
    }
    let key = std::str::from_utf8(key).map_err(|_| Broken::NotProtobuf)?;
    push_json_string(out, key);
    out.push(':');
    value(held, depth, out)
}

/// A `Value`: exactly one of null 1, number 2, string 3, bool 4, struct 5, list 6.
fn value(bytes: &[u8], depth: usize, out: &mut String) -> Result<(), Broken> {
    let mut reader = Reader::new(bytes);
    let field = reader.field();
    if !reader.is_empty() {
        return Err(Broken::NotProtobuf);
    }
    match field {
        Some((1, Wire::Varint(0))) => out.push_str("null"),
        Some((2, Wire::Fixed64(bits))) => number(f64::from_bits(bits), out)?,
        Some((3, Wire::Bytes(text))) => {
            let text = std::str::from_utf8(text).map_err(|_| Broken::NotProtobuf)?;
            push_json_string(out, text);
        }
        Some((4, Wire::Varint(0))) => out.push_str("false"),
        Some((4, Wire::Varint(1))) => out.push_str("true"),
        Some((5, Wire::Bytes(inner))) => message(inner, Shape::Struct, depth, out)?,
        Some((6, Wire::Bytes(inner))) => message(inner, Shape::List, depth, out)?,
        _ => return Err(Broken::NotProtobuf),
    }
    Ok(())
}

fn number(number: f64, out: &mut String) -> Result<(), Broken> {
    if !number.is_finite() || number.abs() > MAX_EXACT {
        return Err(Broken::Number(format!(
            "the number {number:e} may have been rounded in a `Struct`: give the configuration as a `StringValue`"
        )));
    }
    // The shortest text that reads back to the same number. Writing to a `String` cannot fail.
    let _ = write!(out, "{number}");
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::unwrap_used,
        clippy::arithmetic_side_effects,
        clippy::cast_possible_truncation
    )]
    use super::*;

    fn field(number: u8, bytes: &[u8]) -> Vec<u8> {
        let mut out = vec![number << 3 | 2, bytes.len() as u8];
        out.extend_from_slice(bytes);
        out
    }

    fn pair(key: &str, value: &[u8]) -> Vec<u8> {
        field(1, &[field(1, key.as_bytes()), field(2, value)].concat())
    }

    fn num(n: f64) -> Vec<u8> {
        let mut out = vec![0x11];
        out.extend_from_slice(&n.to_bits().to_le_bytes());
        out
    }

    #[test]
    fn a_struct_becomes_the_json_that_it_was() {
        let list = field(1, &num(0.5))
            .into_iter()
            .chain(field(1, &field(3, b"x\n")))
            .collect::<Vec<_>>();
        let text = [
            pair("n", &num(1_048_576.0)),
            pair("b", &[0x20, 1]),
            pair("z", &[0x08, 0]),
            pair("l", &field(6, &list)),
            pair("o", &field(5, &pair("k", &field(3, b"v")))),
        ]
        .concat();
        assert_eq!(
            json_of_struct(&text).unwrap().unwrap(),
            r#"{"n":1048576,"b":true,"z":null,"l":[0.5,"x\n"],"o":{"k":"v"}}"#
        );
    }

    #[test]
    fn a_number_that_was_rounded_is_refused_and_other_bytes_are_no_struct() {
        assert!(
            json_of_struct(&pair("n", &num(9_007_199_254_740_993.0)))
                .unwrap()
                .is_err()
        );
        assert!(
            json_of_struct(&pair("n", &num(f64::INFINITY)))
                .unwrap()
                .is_err()
        );
        assert!(json_of_struct(b"{\"a\":1}").is_none());
        assert!(json_of_struct(b"\n{\"a\":1}").is_none());
    }
}
