//! One spelling for all JSON values that are equal, so that equality is equality of texts.

use std::collections::BinaryHeap;

use crate::json::{Kind, RawStr, Value, push_json_string};

use super::work::{Stop, Work};

/// Appends the spelling that a value shares with exactly the values that equal it: members sorted
/// by key, numbers by exact value, strings by code points, no white space.
///
/// # Errors
/// A number that binary64 cannot hold, or more work than is left.
pub(super) fn write(value: Value<'_>, work: &mut Work, out: &mut String) -> Result<(), Stop> {
    work.spend(value.text().len())?;
    match value.kind() {
        Kind::Null | Kind::Bool => out.push_str(value.text()),
        Kind::String => write_string(value.raw_str(), out),
        Kind::Number => {
            let Some(number) = value.as_number().filter(|n| !n.overflows_binary64()) else {
                return work.overflow(value);
            };
            let mut digits = Vec::new();
            number.write_canonical(&mut digits);
            out.push_str(std::str::from_utf8(&digits).unwrap_or_default());
        }
        Kind::Array => {
            out.push('[');
            for element in value.elements() {
                write(element, work, out)?;
                out.push(',');
            }
            out.push(']');
        }
        Kind::Object => {
            let mut members = Vec::new();
            for (key, member) in value.members() {
                let mut text = String::new();
                write_string(Some(key), &mut text);
                text.push(':');
                write(member, work, &mut text)?;
                members.push(text);
            }
            out.push('{');
            for member in sorted(members) {
                out.push_str(&member);
                out.push(',');
            }
            out.push('}');
        }
    }
    Ok(())
}

#[inline(never)]
fn write_string(text: Option<RawStr<'_>>, out: &mut String) {
    let text = text.map(RawStr::decode).unwrap_or_default();
    push_json_string(out, &text);
}

/// Sorted texts. A heap sorts in n log n whatever the texts, and in a tenth of the code of `sort`.
pub(super) fn sorted(texts: Vec<String>) -> Vec<String> {
    BinaryHeap::from(texts).into_sorted_vec()
}
#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "test")]
    use super::*;
    use crate::json::parse;

    fn canonical(text: &str) -> Option<String> {
        let mut out = String::new();
        let value = parse(text.as_bytes()).unwrap();
        write(value, &mut Work::default(), &mut out).ok()?;
        Some(out)
    }

    #[test]
    fn equal_values_share_a_spelling_and_others_do_not() {
        for (a, b, equal) in [
            ("100", "1e2", true),
            ("1.0", "1", true),
            ("-0", "0", true),
            ("9007199254740992", "9007199254740993", false),
            (r#""a\u0062""#, r#""ab""#, true),
            (r#""\/""#, r#""/""#, true),
            (
                r#"{"a":1,"b":[2]}"#,
                r#"{ "b" : [2.0], "\u0061" : 1 }"#,
                true,
            ),
            (r#"{"a":1}"#, r#"{"A":1}"#, false),
            ("[1,[2]]", "[1,2]", false),
            ("[]", "{}", false),
            ("null", r#""null""#, false),
            ("0", "false", false),
            (r#"["a,","b"]"#, r#"["a",",b"]"#, false),
            (r#"{"a":{}}"#, r#"{"a":[]}"#, false),
        ] {
            let (x, y) = (canonical(a).unwrap(), canonical(b).unwrap());
            assert_eq!(x == y, equal, "{a} {b}: {x} {y}");
        }
        assert_eq!(canonical(r#"{"a":[1e400]}"#), None);
    }
}
