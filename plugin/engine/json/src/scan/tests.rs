//! What the scan accepts and refuses.

use super::*;

fn check(text: &[u8]) -> Result<(), Problem> {
    scan(text, &mut NoSink).map_err(|e| e.problem)
}

#[test]
fn strict_json_is_accepted() {
    for text in [
        "null",
        " true ",
        "-0.5e+10",
        "\"\"",
        "[]",
        "{}",
        "[1,2,[3]]",
        "0",
        "1E5",
        r#"{"a":{"b":[{"c":null}]},"d":"\ud83d\ude00\/"}"#,
        "\t\r\n{\"a\" : 1 , \"b\" : 2}\n",
        r#"{"a":1,"A":2,"":3}"#,
        r#"{"long string that needs more than eight bytes":"and some ünïcode"}"#,
    ] {
        assert_eq!(check(text.as_bytes()), Ok(()), "{text}");
    }
}

#[test]
fn everything_else_is_refused() {
    use Problem::*;
    let dup = |k: &str| DuplicateKey(k.into());
    let cases: &[(&[u8], Problem)] = &[
        (b"", Empty), (b"  ", Empty), (b"\xEF\xBB\xBF{}", ByteOrderMark), (b"\"\xff\"", NotUtf8),
        (b"{\"a\":1}x", Trailing), (b"{}{}", Trailing), (b"[1,]", Expected("a JSON value")),
        (b"{\"a\":1,}", Expected("a key in double quotes")), (b"{a:1}", Expected("a key in double quotes")),
        (b"{\"a\" 1}", Expected("`:`")), (b"[1 2]", Expected("`,` or `]`")), (b"{\"a\":1 2}", Expected("`,` or `}`")),
        (b"[1}", Expected("`,` or `]`")), (b"{\"a\":1]", Expected("`,` or `}`")), (b"[", EndOfText), (b"{", EndOfText),
        (b"{\"a\"", EndOfText), (b"{\"a\":", EndOfText), (b"\"abc", EndOfText), (b"\"\\", EndOfText), (b"\"\\u12", EndOfText),
        (b"01", Trailing), (b"-", EndOfText), (b"-a", Expected("a digit")), (b"1.", EndOfText), (b"1.e5", Expected("a digit")),
        (b"1e", EndOfText), (b"+1", Expected("a JSON value")), (b".5", Expected("a JSON value")), (b"NaN", Expected("a JSON value")),
        (b"Infinity", Expected("a JSON value")), (b"nul", Expected("a JSON value")), (b"// c\n1", Expected("a JSON value")),
        (b"\"\n\"", ControlCharacter), (b"\"a\0\"", ControlCharacter), (b"\"aaaaaaaaaaaa\x1f\"", ControlCharacter),
        (b"\"\\x\"", BadEscape), (b"\"\\u12G4\"", BadEscape), (b"\"\\uD800\"", LoneSurrogate), (b"\"\\uDC00\"", LoneSurrogate),
        (b"\"\\uD800\\u0041\"", LoneSurrogate), (b"\"\\uD800\\n\"", LoneSurrogate),
        (b"{\"a\":1,\"a\":2}", dup("a")), (b"{\"name\":1,\"n\\u0061me\":2}", dup("name")),
        (b"[[{\"x\":{\"k\":1,\"k\":1}}]]", dup("k")), (b"\x00{}", Expected("a JSON value")),
        (b"{\"a\":1,\"b\":1,\"c\":1,\"d\":1,\"e\":1,\"f\":1,\"g\":1,\"h\":1,\"i\":1,\"\\u0061\":1}", dup("a")),
        (b"{\"a\":1,\"b\":1,\"c\":1,\"d\":1,\"e\":1,\"f\":1,\"g\":1,\"h\":1,\"i\":1,\"i\":1}", dup("i")),
        (b"{\"a\":1,\"b\":1,\"c\":1,\"d\":1,\"e\":1,\"f\":1,\"g\":1,\"h\":1,\"h\":1}", dup("h")),
    ];
    for (text, problem) in cases {
        assert_eq!(
            check(text),
            Err(problem.clone()),
            "{}",
            String::from_utf8_lossy(text)
        );
    }
}

#[test]
fn depth_is_bounded_exactly() {
    let nested = |n: usize| format!("{}{}", "[".repeat(n), "]".repeat(n));
    assert_eq!(check(nested(MAX_DEPTH).as_bytes()), Ok(()));
    assert_eq!(
        check(nested(MAX_DEPTH + 1).as_bytes()),
        Err(Problem::TooDeep)
    );
    assert_eq!(
        check("[".repeat(1_000_000).as_bytes()),
        Err(Problem::TooDeep)
    );
}

#[test]
fn every_special_byte_is_seen_at_every_offset() {
    for at in 0..24 {
        for byte in (0..=0x1Fu8).chain([b'"', b'\\']) {
            let mut text = vec![b'"'];
            text.extend(std::iter::repeat_n(b'a', at));
            text.push(byte);
            text.extend(std::iter::repeat_n(b'a', 30));
            text.push(b'"');
            assert!(check(&text).is_err(), "byte {byte:#x} at {at}");
        }
    }
}
