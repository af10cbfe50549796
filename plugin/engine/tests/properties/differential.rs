//! What the engine's parser accepts, serde_json reads to the same structure.

use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::value::RawValue;

use toolgate_engine::json::parse;
use toolgate_engine::mcp::read_body;

use super::oracle::{json::same, request::same_body};
use super::random::{Json, Style, arguments, object, string, style, text};

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
                let result = same(value, raw.unwrap().get());
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
        if let Ok(body) = read_body(&bytes) {
            let result = same_body(&body, &bytes);
            prop_assert!(result.is_ok(), "{result:?}");
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
