//! A configuration that comes as a protobuf `Struct`, as JSON text.
//!
//! Envoy hands an inline `Struct` to the filter in protobuf's wire form, not as JSON. Its numbers
//! are binary64, so what may have been rounded on the way is refused instead of guessed.

use std::fmt::Write;

use super::reader::below;
use crate::json::push_json_string;
use crate::protobuf::{Reader, Wire};

/// Deeper than any configuration, and than [`crate::json::MAX_DEPTH`] would accept afterwards.
const MAX_DEPTH: usize = 64;

/// The largest integer that binary64 still tells from its neighbours: 2^53 - 1.
const MAX_EXACT: f64 = 9_007_199_254_740_991.0;

/// Below this, binary64 tells every two fractions apart that have the same number of decimal places.
const MAX_FRACTION: f64 = 1e15;

/// A number that may have been rounded, and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rounded {
    /// JSON pointer of the number.
    pub pointer: String,
}

impl Rounded {
    /// What is wrong, and what would be right.
    pub const MESSAGE: &str = "this number may have been rounded in a `Struct`, which keeps integers up to 9007199254740991 and fractions of 15 digits: give the configuration as a `StringValue`";
}

/// The JSON text of a serialized `google.protobuf.Struct`; `None` when the bytes are not one.
///
/// # Errors
/// A number that the `Struct` cannot have kept exactly.
pub fn json_of_struct(bytes: &[u8]) -> Option<Result<String, Rounded>> {
    let mut out = String::with_capacity(bytes.len());
    match message(bytes, Shape::Struct, MAX_DEPTH, &mut out) {
        Ok(()) => Some(Ok(out)),
        Err(Broken::Number(rounded)) => Some(Err(rounded)),
        Err(Broken::NotProtobuf) => None,
    }
}

enum Broken {
    NotProtobuf,
    Number(Rounded),
}

impl Broken {
    /// As it is to what holds the broken value under `key`.
    fn under(self, key: &str) -> Self {
        match self {
            Self::Number(Rounded { pointer }) => Self::Number(Rounded {
                pointer: below("", key) + &pointer,
            }),
            Self::NotProtobuf => self,
        }
    }
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
    let mut index = 0_usize;
    while !reader.is_empty() {
        let Some((1, Wire::Bytes(item))) = reader.field() else {
            return Err(Broken::NotProtobuf);
        };
        if index > 0 {
            out.push(',');
        }
        match shape {
            Shape::Struct => entry(item, depth, out)?,
            Shape::List => {
                value(item, depth, out).map_err(|broken| broken.under(&index.to_string()))?;
            }
        }
        index = index.saturating_add(1);
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
    value(held, depth, out).map_err(|broken| broken.under(key))
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

/// Writes a number that nothing else was rounded to: an integer, or a fraction of at most 15 digits.
fn number(number: f64, out: &mut String) -> Result<(), Broken> {
    let mut scale = 1_u64;
    for places in 0_usize..=18 {
        let digits = (number.abs() * scale as f64).round_ties_even();
        let most = if places == 0 { MAX_EXACT } else { MAX_FRACTION };
        if digits > most || digits.is_nan() {
            break;
        }
        // Both are exact, so dividing them rounds as reading the decimal text does.
        if digits / scale as f64 == number.abs() {
            let sign = if number < 0.0 { "-" } else { "" };
            let digits = digits as u64;
            let whole = digits.checked_div(scale).unwrap_or(digits);
            let _ = write!(out, "{sign}{whole}");
            if places > 0 {
                let fraction = digits.checked_rem(scale).unwrap_or(0);
                let _ = write!(out, ".{fraction:0places$}");
            }
            return Ok(());
        }
        scale = scale.saturating_mul(10);
    }
    Err(Broken::Number(Rounded {
        pointer: String::new(),
    }))
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
    fn a_number_is_written_with_the_digits_that_it_was_given() {
        for text in [
            "0",
            "-1",
            "9007199254740991",
            "-9007199254740991",
            "0.1",
            "-0.3",
            "1.005",
            "2.675",
            "123456789.123456",
            "99999999999999.9",
            "0.999999999999999",
            "0.000000000000000001",
            "4.35",
            "112589990684.262",
        ] {
            let text = text.to_owned();
            let written = json_of_struct(&pair("n", &num(text.parse().unwrap())));
            assert_eq!(written.unwrap().unwrap(), format!("{{\"n\":{text}}}"));
        }
    }

    #[test]
    fn a_number_that_was_rounded_is_refused_where_it_stands() {
        for number in [
            9_007_199_254_740_992.0,
            -9_007_199_254_740_992.0,
            1e300,
            f64::INFINITY,
            f64::NAN,
            0.1 + 0.2,
            1.0 / 3.0,
            1e-19,
            f64::MIN_POSITIVE,
        ] {
            let list = [field(1, &num(1.0)), field(1, &num(number))].concat();
            let text = pair("a/b", &field(5, &pair("l", &field(6, &list))));
            let rounded = json_of_struct(&text).unwrap().unwrap_err();
            assert_eq!(rounded.pointer, "/a~1b/l/1", "{number}");
        }
    }

    #[test]
    fn other_bytes_are_no_struct() {
        assert!(json_of_struct(b"{\"a\":1}").is_none());
        assert!(json_of_struct(b"\n{\"a\":1}").is_none());
    }
}
