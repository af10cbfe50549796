//! One spelling for all JSON values that are equal, so that equality is equality of texts.

use std::borrow::Cow;

use crate::json::{Kind, RawStr, Value, push_json_string};

use super::evaluate::{Unclear, Work};

/// Appends the spelling that a value shares with exactly the values that equal it: members sorted
/// by key, numbers by exact value, strings by code points, no white space.
///
/// # Errors
/// A number that binary64 cannot hold, or more work than is left.
pub(super) fn write(value: Value<'_>, work: &mut Work, out: &mut String) -> Result<(), Unclear> {
    work.spend(value.text().len())?;
    match value.kind() {
        Kind::Null | Kind::Bool => out.push_str(value.text()),
        Kind::String => {
            let text = value.raw_str().map(RawStr::decode).unwrap_or_default();
            push_json_string(out, &text);
        }
        Kind::Number => {
            let number = value.as_number().filter(|n| !n.overflows_binary64());
            let number = number.ok_or_else(|| Unclear::overflow(value))?;
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
            let mut members: Vec<(Cow<'_, str>, Value<'_>)> = value
                .members()
                .map(|(key, member)| (key.decode(), member))
                .collect();
            members.sort_unstable_by(|a, b| a.0.cmp(&b.0));
            out.push('{');
            for (key, member) in members {
                push_json_string(out, &key);
                out.push(':');
                write(member, work, out)?;
                out.push(',');
            }
            out.push('}');
        }
    }
    Ok(())
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
