//! What the engine's parser accepts, serde_json reads to the same structure.

use std::collections::BTreeMap;

use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::value::RawValue;

use toolgate_engine::json::{Kind, Value, parse};
use toolgate_engine::mcp::{Body, read_body};

use super::random::{Json, Style, arguments, object, string, style, text};

/// What serde_json makes of the same text must be the same thing. Numbers are compared as text:
/// neither side may have touched them.
fn same(value: Value<'_>, raw: &RawValue) -> Result<(), String> {
    let text = raw.get();
    let differs = |what: &str| Err(format!("{what}: {:?} and {text:?}", value.text()));
    match value.kind() {
        Kind::Object => {
            let Ok(members) = serde_json::from_str::<BTreeMap<String, Box<RawValue>>>(text) else {
                return differs("not an object");
            };
            let mut count = 0;
            for (key, member) in value.members() {
                count += 1;
                match members.get(key.decode().as_ref()) {
                    Some(raw) => same(member, raw)?,
                    None => return differs("a key is missing"),
                }
            }
            if count == members.len() {
                Ok(())
            } else {
                differs("other keys")
            }
        }
        Kind::Array => {
            let Ok(elements) = serde_json::from_str::<Vec<Box<RawValue>>>(text) else {
                return differs("not an array");
            };
            if value.elements().count() != elements.len() {
                return differs("other elements");
            }
            value
                .elements()
                .zip(&elements)
                .try_for_each(|(v, raw)| same(v, raw))
        }
        Kind::String => match serde_json::from_str::<String>(text) {
            Ok(string) if value.as_str().as_deref() == Some(string.as_str()) => Ok(()),
            other => differs(&format!("{other:?}")),
        },
        Kind::Number => {
            let digits = text.starts_with(|c: char| c == '-' || c.is_ascii_digit());
            if digits && text == value.text() {
                Ok(())
            } else {
                differs("another number")
            }
        }
        Kind::Bool => {
            let truth = serde_json::from_str::<bool>(text).ok();
            if truth.is_some() && truth == value.as_bool() {
                Ok(())
            } else {
                differs("another truth")
            }
        }
        Kind::Null => {
            if text == "null" {
                Ok(())
            } else {
                differs("not null")
            }
        }
    }
}

/// A message, mostly a proper tools/call.
fn message() -> impl Strategy<Value = Json> {
    let method = prop::sample::select(vec![
        "tools/call",
        "tools/call",
        "prompts/get",
        "ping",
        "x/y",
    ]);
    (
        method,
        arguments(),
        prop::sample::select(vec!["t", "é", "a\"b", ""]),
        0u8..8,
    )
        .prop_map(|(method, arguments, name, odd)| {
            let mut params = vec![
                ("name".to_owned(), string(name)),
                ("arguments".to_owned(), arguments),
            ];
            if odd == 1 {
                params.push(("uri".to_owned(), string("u:\u{1F600}")));
            }
            if odd == 2 {
                params.push(("_meta".to_owned(), object([("progressToken", text("1"))])));
            }
            object([
                ("jsonrpc", string("2.0")),
                ("id", text(if odd == 3 { "\"i\\u0064\"" } else { "7" })),
                ("method", string(method)),
                ("params", Json::Object(params)),
            ])
        })
}

/// One careless edit of a text.
type Slip = (prop::sample::Index, u8, u8);

fn slips() -> impl Strategy<Value = Vec<Slip>> {
    vec((any::<prop::sample::Index>(), 0u8..4, any::<u8>()), 0..3)
}

fn spoil(bytes: &mut Vec<u8>, slips: &[Slip]) {
    const LETTERS: &[u8] =
        b"\"\\{}[]:,0123456789.eE+-u \n\tntf/\xef\xbb\xbf\xc3\xa9\x00\x1f\x7f\xff";
    for (place, what, letter) in slips {
        if bytes.is_empty() {
            return;
        }
        let at = place.index(bytes.len());
        let letter = LETTERS[usize::from(*letter) % LETTERS.len()];
        match what {
            0 => {
                bytes.remove(at);
            }
            1 => bytes.insert(at, letter),
            2 => bytes[at] = letter,
            _ => {
                let piece: Vec<u8> = bytes[at..]
                    .iter()
                    .copied()
                    .take(usize::from(letter) % 24)
                    .collect();
                bytes.splice(at..at, piece);
            }
        }
    }
}

fn written(value: &Json, style: &mut Style, slips: &[Slip]) -> Vec<u8> {
    let mut bytes = value.write_in(style).into_bytes();
    spoil(&mut bytes, slips);
    bytes
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(12_000) })]

    #[test]
    fn what_the_parser_accepts_serde_json_reads_the_same(
        value in message(), style in style(), slips in slips(),
    ) {
        let mut style = style;
        let bytes = written(&value, &mut style, &slips);
        match parse(&bytes) {
            Err(_) => prop_assert!(!slips.is_empty(), "refused: {}", String::from_utf8_lossy(&bytes)),
            Ok(value) => {
                let raw: Result<Box<RawValue>, _> = serde_json::from_slice(&bytes);
                prop_assert!(raw.is_ok(), "{raw:?}: {}", String::from_utf8_lossy(&bytes));
                let result = same(value, &raw.unwrap());
                prop_assert!(result.is_ok(), "{result:?}");
            }
        }
    }

    #[test]
    fn what_a_body_says_serde_json_reads_the_same(
        value in message(), style in style(), slips in slips(),
    ) {
        let mut style = style;
        let bytes = written(&value, &mut style, &slips);
        let Ok(Body::Single(message)) = read_body(&bytes) else {
            return Ok(());
        };
        let members = |raw: &str| serde_json::from_str::<BTreeMap<String, Box<RawValue>>>(raw);
        let whole = std::str::from_utf8(&bytes).unwrap();
        let envelope = members(whole).unwrap();
        let string = |raw: Option<&Box<RawValue>>| raw.and_then(|r| serde_json::from_str::<String>(r.get()).ok());
        prop_assert_eq!(Some(message.method.as_ref().to_owned()), string(envelope.get("method")).or(Some(String::new())));
        prop_assert_eq!(message.id, envelope.get("id").map(|id| id.get()));
        let params = envelope.get("params").map(|p| members(p.get()).unwrap()).unwrap_or_default();
        prop_assert_eq!(message.params.name.as_deref().map(str::to_owned), string(params.get("name")));
        prop_assert_eq!(message.params.uri.as_deref().map(str::to_owned), string(params.get("uri")));
        match (message.params.arguments, params.get("arguments")) {
            (Some(ours), Some(theirs)) => {
                let result = same(ours, theirs);
                prop_assert!(result.is_ok(), "{result:?}");
            }
            (None, None) => {}
            other => prop_assert!(false, "{other:?}"),
        }
    }
}

#[test]
fn slips_leave_enough_that_is_accepted_and_enough_that_is_not() {
    use proptest::strategy::ValueTree;
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let (mut accepted, mut refused) = (0, 0);
    for _ in 0..1_000 {
        let (value, mut style, slips) = (message(), style(), slips())
            .new_tree(&mut runner)
            .unwrap()
            .current();
        match read_body(&written(&value, &mut style, &slips)) {
            Ok(_) => accepted += 1,
            Err(_) => refused += 1,
        }
    }
    assert!(
        accepted > 200 && refused > 200,
        "{accepted} accepted, {refused} refused"
    );
}
