//! What is taken, as which JSON, and what is refused, where.
#![expect(clippy::unwrap_used, clippy::panic, reason = "test")]

use super::*;

fn json(yaml: &str) -> String {
    to_json(yaml)
        .unwrap_or_else(|e| panic!("{yaml:?}: {e}"))
        .json
}

fn refusal(yaml: &str) -> String {
    match to_json(yaml) {
        Ok(taken) => panic!("{yaml:?} was taken: {}", taken.json),
        Err(error) => error.to_string(),
    }
}

#[test]
fn plain_scalars_follow_the_core_schema() {
    for (yaml, expected) in [
        ("~", "null"),
        ("null", "null"),
        ("Null", "null"),
        ("true", "true"),
        ("FALSE", "false"),
        ("yes", "\"yes\""),
        ("no", "\"no\""),
        ("on", "\"on\""),
        ("Off", "\"Off\""),
        ("tRuE", "\"tRuE\""),
        ("2026-01-05", "\"2026-01-05\""),
        ("2026-01-05T10:00:00Z", "\"2026-01-05T10:00:00Z\""),
        ("10:30", "\"10:30\""),
        ("1.2.3", "\"1.2.3\""),
        ("0x", "\"0x\""),
        ("0xZZ", "\"0xZZ\""),
        ("-", "[null]"),
        ("e5", "\"e5\""),
        ("5e", "\"5e\""),
        ("10 per minute", "\"10 per minute\""),
        ("é \u{1F600}", "\"é \u{1F600}\""),
    ] {
        assert_eq!(json(yaml), expected, "{yaml}");
    }
}

#[test]
fn numbers_keep_their_text() {
    for number in [
        "0",
        "-0",
        "7",
        "-12",
        "1.50",
        "1e5",
        "1E+05",
        "1e400",
        "-0.0e-0",
        "123456789012345678901234567890",
        "9007199254740993",
        "0.1000000000000000055511151231257827",
    ] {
        assert_eq!(json(number), number);
        assert_eq!(json(&format!("a: {number}")), format!("{{\"a\":{number}}}"));
    }
}

#[test]
fn numbers_that_json_cannot_spell_are_refused_with_the_right_spelling() {
    for (number, advice) in [
        ("0x1F", "write 31,"),
        ("-0x10", "write -16,"),
        ("0o17", "write 15,"),
        ("0b101", "write 5,"),
        ("1_000", "write 1000,"),
        ("+5", "write 5,"),
        (".5", "write 0.5,"),
        ("-.5e3", "write -0.5e3,"),
        ("5.", "write 5,"),
        ("007", "write 7,"),
        ("1_0.5", "write 10.5,"),
        (".inf", "no way to write it"),
        ("-.INF", "no way to write it"),
        (".NaN", "no way to write it"),
        (
            "0xffffffffffffffffffffffffffffffffff",
            "write it in decimal,",
        ),
    ] {
        let error = refusal(&format!("a:\n  - {number}"));
        assert!(error.starts_with("2:5: "), "{error}");
        assert!(error.contains(&format!("`{number}`")), "{error}");
        assert!(error.contains(advice), "{number}: {error}");
        assert_eq!(json(&format!("'{number}'")), format!("\"{number}\""));
    }
}

#[test]
fn quoted_and_block_scalars_are_strings() {
    assert_eq!(json("'12'"), "\"12\"");
    assert_eq!(json("\"null\""), "\"null\"");
    assert_eq!(json("\"a\\tb\\u00e9\\x00\""), "\"a\\tbé\\u0000\"");
    assert_eq!(json("|\n  1\n  2\n"), "\"1\\n2\\n\"");
    assert_eq!(json(">-\n  one\n  two\n"), "\"one two\"");
}

#[test]
fn collections_keep_the_order_of_the_file() {
    assert_eq!(
        json("b: 1\na:\n  - x\n  - {z: [], y: {}}\n  -\n'': 2\n"),
        r#"{"b":1,"a":["x",{"z":[],"y":{}},null],"":2}"#
    );
    assert_eq!(
        json("{\"a\": [1, true, null, \"x\"]}"),
        r#"{"a":[1,true,null,"x"]}"#
    );
    assert_eq!(json("---\na: 1\n...\n"), r#"{"a":1}"#);
    assert_eq!(json("\u{feff}a: 1\n"), r#"{"a":1}"#);
}

#[test]
fn what_two_readers_could_take_differently_is_refused() {
    for (yaml, start, part) in [
        ("", "1:1: ", "empty"),
        ("# only this\n", "1:1: ", "empty"),
        ("a: 1\n---\nb: 2\n", "2:1: ", "second document"),
        (
            "a: 1\nb: 2\na: 3\n",
            "3:1: ",
            "the key `a` stands twice; the first is at 1:1",
        ),
        ("{\"a\": 1, 'a': 2}", "1:10: ", "stands twice"),
        ("{\"\\u0061\": 1, a: 2}", "1:15: ", "stands twice"),
        ("a: &x 1\nb: *x\n", "1:", "anchors"),
        ("a: *x\n", "1:4: ", "aliases"),
        ("a: !!str 1\n", "1:", "tags"),
        ("a: ! 1\n", "1:", "tags"),
        ("a: !thing {b: 1}\n", "1:", "tags"),
        ("a:\n  <<: {b: 1}\n", "2:3: ", "merge keys"),
        (
            "1: a\n",
            "1:1: ",
            "the key `1` is a number, and keys are strings; write \"1\"",
        ),
        ("0x1: a\n", "1:1: ", "is a number"),
        ("true: a\n", "1:1: ", "is a boolean"),
        ("~: a\n", "1:1: ", "is null"),
        ("? [a]\n: b\n", "1:3: ", "a key must be a string"),
        ("? {a: b}\n: b\n", "1:3: ", "a key must be a string"),
        ("%YAML 1.1\n---\na: yes\n", "1:1: ", "directives"),
        ("a: [1, 2\n", "", ""),
        ("a: 'x\n", "", ""),
        ("a: \"\\ud800\"\n", "1:", ""),
        ("a:\n\tb: 1\n", "2:", ""),
        ("a: b: c\n", "1:", ""),
    ] {
        let error = refusal(yaml);
        assert!(error.starts_with(start), "{yaml:?}: {error}");
        assert!(error.contains(part), "{yaml:?}: {error}");
    }
    assert_eq!(json("'<<': 1"), r#"{"<<":1}"#);
    assert_eq!(json("'1': 1"), r#"{"1":1}"#);
}

#[test]
fn nesting_is_bounded() {
    let nested = |depth| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    assert_eq!(json(&nested(64)), nested(64));
    assert!(refusal(&nested(65)).contains("nested deeper than 64"));
    refusal(&nested(100_000));
    refusal(&"- ".repeat(20_000));
    refusal(&"a:\n".repeat(3));
}

#[test]
fn every_value_has_its_place() {
    let places = to_json("a:\n  - x\n  - b/c: {'~': 1}\n").unwrap().places;
    let value = |pointer| places.find(pointer).unwrap().value.to_string();
    assert_eq!(value(""), "1:1");
    assert_eq!(value("/a"), "2:3");
    assert_eq!(value("/a/0"), "2:5");
    assert_eq!(value("/a/1"), "3:5");
    assert_eq!(value("/a/1/b~1c/~0"), "3:16");
    let key = |pointer| places.find(pointer).unwrap().key.map(|at| at.to_string());
    assert_eq!(key("/a").as_deref(), Some("1:1"));
    assert_eq!(key("/a/1/b~1c").as_deref(), Some("3:5"));
    assert_eq!(key("/a/0"), None);
    assert_eq!(places.find("/a/2"), None);
}
