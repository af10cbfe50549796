//! One text for all JSON values that are equal: RFC 8785 (JCS), but that numbers keep their exact value.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::fmt::Write as _;

use super::fault::Kind;
use super::number::Number;
use super::scan::{Sink, scan};
use super::sort::sorted;
use super::text::RawStr;
use super::value::Value;

/// The text that `value` shares with exactly the values that equal it: no white space, members
/// sorted by the UTF-16 units of their keys, strings and numbers in RFC 8785's one spelling.
///
/// A number is written as RFC 8785 writes it where binary64 holds its shortest decimal exactly as
/// it was meant, which is every number of up to 15 digits; unlike there it is never rounded, so
/// two numbers that differ have two spellings. Takes one pass, and time to sort.
pub fn canonical(value: Value<'_>) -> String {
    let mut writer = Writer {
        // Few are longer than what they are the canonical form of.
        out: String::with_capacity(value.text().len()),
        open: Vec::new(),
    };
    // The text of a value has been proven.
    let _ = scan(value.text().as_bytes(), &mut writer);
    writer.out
}

#[derive(Debug)]
struct Writer<'a> {
    out: String,
    /// The containers that are open, outermost first.
    open: Vec<Container<'a>>,
}

#[derive(Debug)]
struct Container<'a> {
    /// Where its inside begins.
    start: usize,
    /// Its members by key, with their places in the text; none of an array.
    members: Vec<Member<'a>>,
    /// Whether these are in order so far.
    sorted: bool,
    /// Whether it has an element or member.
    any: bool,
}

/// Ordered by key; no object has one twice.
#[derive(Debug)]
struct Member<'a> {
    key: Cow<'a, str>,
    start: usize,
    end: usize,
}

impl Ord for Member<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.key.encode_utf16().cmp(other.key.encode_utf16())
    }
}

impl PartialOrd for Member<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Member<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Member<'_> {}

impl Writer<'_> {
    /// A value or a key begins: in a container the one before it ends.
    fn separate(&mut self) {
        if let Some(container) = self.open.last_mut()
            && std::mem::replace(&mut container.any, true)
        {
            self.out.push(',');
        }
    }

    fn begin(&mut self) {
        let in_object = self.open.last().is_some_and(|c| !c.members.is_empty());
        if !in_object {
            self.separate();
        }
    }

    fn close(&mut self, end: char) {
        let Some(mut container) = self.open.pop() else {
            return;
        };
        if !container.sorted {
            let inside = self.out.split_off(container.start.min(self.out.len()));
            let members = std::mem::take(&mut container.members);
            for (n, member) in sorted(members).iter().enumerate() {
                if n > 0 {
                    self.out.push(',');
                }
                let from = member.start.saturating_sub(container.start);
                let to = member.end.saturating_sub(container.start);
                self.out.push_str(inside.get(from..to).unwrap_or_default());
            }
        }
        self.out.push(end);
    }
}

impl<'a> Sink<'a> for Writer<'a> {
    fn key(&mut self, _: usize, key: RawStr<'a>) {
        self.separate();
        let start = self.out.len();
        let key = key.decode();
        match &key {
            // Without an escape it is spelled in one way only.
            Cow::Borrowed(text) => {
                self.out.push('"');
                self.out.push_str(text);
                self.out.push('"');
            }
            Cow::Owned(text) => write_string(text, &mut self.out),
        }
        self.out.push(':');
        let Some(container) = self.open.last_mut() else {
            return;
        };
        let member = Member {
            key,
            start,
            end: start,
        };
        let in_order = container.members.last().is_none_or(|last| *last < member);
        container.sorted = container.sorted && in_order;
        container.members.push(member);
    }

    fn open(&mut self, _: usize, kind: Kind) {
        self.begin();
        self.out.push(if kind == Kind::Array { '[' } else { '{' });
        self.open.push(Container {
            start: self.out.len(),
            members: Vec::new(),
            sorted: true,
            any: false,
        });
    }

    fn value(&mut self, _: usize, kind: Kind, text: &'a str) {
        match kind {
            Kind::Object => self.close('}'),
            Kind::Array => self.close(']'),
            Kind::String if is_canonical(text) => {
                self.begin();
                self.out.push_str(text);
            }
            Kind::String => {
                self.begin();
                let value = Value::proven(kind, text).as_str().unwrap_or_default();
                write_string(&value, &mut self.out);
            }
            Kind::Number => {
                self.begin();
                write_number(text, &mut self.out);
            }
            Kind::Bool | Kind::Null => {
                self.begin();
                self.out.push_str(text);
            }
        }
        let end = self.out.len();
        if let Some(member) = self.open.last_mut().and_then(|c| c.members.last_mut()) {
            member.end = end;
        }
    }
}

/// Whether a string is spelled as RFC 8785 does: only `\u` and `\/` may have another spelling.
fn is_canonical(spelled: &str) -> bool {
    let spelled = spelled.as_bytes();
    let mut pairs = spelled.windows(2);
    !spelled.contains(&b'\\') || !pairs.any(|pair| matches!(pair, [b'\\', b'u' | b'/']))
}

/// The longest whole number that is spelled as it is whatever its digits, in bytes: binary64 holds it.
const EXACT_DIGITS: usize = 15;

/// A string by RFC 8785, section 3.2.2.2.
fn write_string(text: &str, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\u{8}' => out.push_str("\\b"),
            '\t' => out.push_str("\\t"),
            '\n' => out.push_str("\\n"),
            '\u{c}' => out.push_str("\\f"),
            '\r' => out.push_str("\\r"),
            c if c < ' ' => {
                // Writing to a `String` cannot fail.
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
}

/// A number as ECMAScript spells it (`Number::toString`), by its exact decimal value.
fn write_number(text: &str, out: &mut String) {
    let short = text.len() <= EXACT_DIGITS && text.bytes().all(|b| b.is_ascii_digit());
    if short {
        // Proven, so it has no leading zeros.
        out.push_str(text);
        return;
    }
    let Some(number) = Number::parse(text) else {
        return;
    };
    let mut exact = Vec::new();
    number.write_canonical(&mut exact);
    let exact = std::str::from_utf8(&exact).unwrap_or_default();
    let (significand, exponent) = exact.split_once('e').unwrap_or((exact, "0"));
    let digits = significand.trim_start_matches('-');
    out.push_str(significand.strip_suffix(digits).unwrap_or_default());
    let places = i64::try_from(digits.len()).ok();
    let point = places.and_then(|places| exponent.parse::<i64>().ok()?.checked_add(places));
    let (Some(places), Some(point)) = (places, point) else {
        // No reader of binary64 tells it from zero or infinity: it keeps a spelling of its own.
        out.push_str(digits);
        out.push('e');
        out.push_str(exponent);
        return;
    };
    let zeros = |count: i64| usize::try_from(count).unwrap_or_default();
    let split = |at: i64| digits.split_at_checked(zeros(at)).unwrap_or((digits, ""));
    match point {
        1..=21 if places <= point => {
            out.push_str(digits);
            out.extend(std::iter::repeat_n(
                '0',
                zeros(point.saturating_sub(places)),
            ));
        }
        1..=21 => {
            let (whole, fraction) = split(point);
            out.push_str(whole);
            out.push('.');
            out.push_str(fraction);
        }
        -5..=0 => {
            out.push_str("0.");
            out.extend(std::iter::repeat_n('0', zeros(point.saturating_neg())));
            out.push_str(digits);
        }
        _ => {
            let (first, rest) = split(1);
            out.push_str(first);
            if !rest.is_empty() {
                out.push('.');
                out.push_str(rest);
            }
            let exponent = point.saturating_sub(1);
            let sign = if exponent < 0 { "" } else { "+" };
            let _ = write!(out, "e{sign}{exponent}");
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "test")]
    use super::*;
    use crate::parse;

    fn of(text: &str) -> String {
        canonical(parse(text.as_bytes()).unwrap())
    }

    #[test]
    fn equal_values_share_a_text_and_others_do_not() {
        for (text, want) in [
            (
                r#" { "b" : [ 1.0 , {"y":1,"x":2} ] , "a" : "\u00e9\/" } "#,
                "{\"a\":\"é/\",\"b\":[1,{\"x\":2,\"y\":1}]}",
            ),
            ("[]", "[]"),
            ("{}", "{}"),
            (r#"{"a":{},"b":[[],{}]}"#, r#"{"a":{},"b":[[],{}]}"#),
            (
                r#"{"b":{},"a":[[],{}],"c":null}"#,
                r#"{"a":[[],{}],"b":{},"c":null}"#,
            ),
            (
                r#"[true,false,null,"",{"":""}]"#,
                r#"[true,false,null,"",{"":""}]"#,
            ),
            // RFC 8785, section 3.2.2.2 and 3.2.3.
            (
                r#"{"string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/", "literals": [null, true, false]}"#,
                "{\"literals\":[null,true,false],\"string\":\"€$\\u000f\\nA'B\\\"\\\\\\\\\\\"/\"}",
            ),
            (
                r#"{"\u20ac":"Euro Sign","\r":"Carriage Return","\ufb33":"Hebrew Letter Dalet With Dagesh","1":"One","\ud83d\ude00":"Emoji: Grinning Face","\u0080":"Control","\u00f6":"Latin Small Letter O With Diaeresis"}"#,
                "{\"\\r\":\"Carriage Return\",\"1\":\"One\",\"\u{80}\":\"Control\",\"ö\":\"Latin Small Letter O With Diaeresis\",\"€\":\"Euro Sign\",\"\u{1F600}\":\"Emoji: Grinning Face\",\"\u{fb33}\":\"Hebrew Letter Dalet With Dagesh\"}",
            ),
        ] {
            assert_eq!(of(text), want);
            assert_eq!(of(want), want, "its own text");
        }
    }

    #[test]
    fn numbers_are_spelled_as_ecmascript_does_and_never_rounded() {
        for (text, want) in [
            ("-0.0", "0"),
            ("100", "100"),
            ("1e2", "100"),
            ("-1.50", "-1.5"),
            ("0.002", "0.002"),
            ("0.000001", "0.000001"),
            ("0.0000001", "1e-7"),
            ("1.25e-7", "1.25e-7"),
            ("4.50", "4.5"),
            ("1E30", "1e+30"),
            ("333333333.33333329", "333333333.33333329"),
            ("123456789012345678901", "123456789012345678901"),
            ("100000000000000000000", "100000000000000000000"),
            ("1000000000000000000000", "1e+21"),
            ("1234567890123456789012", "1.234567890123456789012e+21"),
            ("9007199254740993", "9007199254740993"),
            ("1e99999999999999999999", "1e99999999999999999999"),
            ("10e99999999999999999998", "1e99999999999999999999"),
            ("1e-99999999999999999999", "1e-99999999999999999999"),
        ] {
            assert_eq!(of(text), want, "{text}");
        }
    }
}
