//! What `validate.schema` lets pass, what it denies, and in which words.
#![allow(clippy::unwrap_used, clippy::panic, reason = "test")]

mod schema_cases;

use schema_cases::{CASES, WHOLE};
use toolgate_engine::config::{Faults, Field};
use toolgate_engine::json::parse;
use toolgate_engine::policy::schema::Schema;

fn compile(text: &str) -> Schema {
    let mut faults = Faults::default();
    let value = parse(text.as_bytes()).unwrap_or_else(|why| panic!("{text}: {why}"));
    let schema = Schema::compile(&Field::root(value), &mut faults);
    assert!(!faults.fatal(), "{text}: {:?}", faults.as_slice());
    schema.unwrap()
}

fn check(schema: &Schema, arguments: &str) -> Result<(), String> {
    schema.check(parse(arguments.as_bytes()).unwrap())
}

#[test]
fn keywords_mean_what_the_specification_says() {
    for (text, pass, fail) in CASES {
        let schema = compile(&format!(r#"{{"properties":{{"v":{text}}}}}"#));
        let answer = |value: &str| check(&schema, &format!(r#"{{"v":{value}}}"#));
        for value in *pass {
            assert_eq!(answer(value), Ok(()), "{text} and {value}");
        }
        for value in *fail {
            let why = answer(value).err();
            let why = why.unwrap_or_else(|| panic!("{text} and {value}"));
            assert!(
                why.contains(r#""v"#) || why.contains("\"v."),
                "{text} and {value}: {why}"
            );
        }
    }
}

#[test]
fn references_mean_what_the_specification_says() {
    for (text, pass, fail) in WHOLE {
        let schema = compile(text);
        for arguments in *pass {
            assert_eq!(check(&schema, arguments), Ok(()), "{text} and {arguments}");
        }
        for arguments in *fail {
            assert!(check(&schema, arguments).is_err(), "{text} and {arguments}");
        }
    }
}

#[test]
fn numbers_that_servers_may_read_as_one_are_refused_whichever_way_they_are_asked() {
    for (asks, value) in [
        (r#"{"const":1}"#, "1.00000000000000000001"),
        (
            r#"{"const":[{"a":1}]}"#,
            r#"[{"a":1.00000000000000000001}]"#,
        ),
        (r#"{"enum":["x",0,1]}"#, "1e-400"),
        (r#"{"exclusiveMinimum":0}"#, "1e-400"),
        (r#"{"exclusiveMaximum":100}"#, "99.99999999999999999999"),
        (r#"{"minimum":1}"#, "0.99999999999999999999"),
        (r#"{"maximum":9007199254740992}"#, "9007199254740993"),
    ] {
        for text in [
            asks.to_owned(),
            format!(r#"{{"not":{asks}}}"#),
            format!(r#"{{"anyOf":[true,{asks}]}}"#),
        ] {
            let schema = compile(&format!(r#"{{"properties":{{"v":{text}}}}}"#));
            assert!(
                check(&schema, &format!(r#"{{"v":{value}}}"#)).is_err(),
                "{text}"
            );
        }
    }
    let schema = compile(r#"{"properties":{"v":{"not":{"enum":[1,[1,{"a":2}]]}}}}"#);
    for told in [
        "0.30000000000000004",
        r#"[1.00000000000000000001,{"a":3}]"#,
        "[1]",
    ] {
        assert_eq!(
            check(&schema, &format!(r#"{{"v":{told}}}"#)),
            Ok(()),
            "{told}"
        );
    }
}

#[test]
fn numbers_are_exact_where_floats_are_not() {
    for (text, pass, fail) in [
        (
            r#"{"maximum":9007199254740992}"#,
            "9007199254740992",
            "9007199254740993",
        ),
        (
            r#"{"const":9007199254740993}"#,
            "9007199254740993",
            "9007199254740992",
        ),
        (r#"{"exclusiveMinimum":0.1}"#, "0.1000000000001", "0.1"),
        (r#"{"minimum":1e-400}"#, "1e-400", "1e-401"),
        (r#"{"multipleOf":0.1}"#, "0.3", "0.31"),
        (r#"{"multipleOf":0.01}"#, "19.99", "19.999"),
        (r#"{"type":"integer"}"#, "1e20", "100000000000000000000.5"),
        (
            r#"{"uniqueItems":true}"#,
            "[9007199254740992,9007199254740993]",
            "[1e1,10]",
        ),
    ] {
        let schema = compile(&format!(r#"{{"properties":{{"v":{text}}}}}"#));
        assert_eq!(
            check(&schema, &format!(r#"{{"v":{pass}}}"#)),
            Ok(()),
            "{text}"
        );
        assert!(
            check(&schema, &format!(r#"{{"v":{fail}}}"#)).is_err(),
            "{text}"
        );
    }
}

#[test]
fn a_denial_says_which_argument_and_what_would_be_right() {
    for (text, arguments, want) in [
        (
            r#"{"properties":{"amount":{"maximum":100}}}"#,
            r#"{"amount":101}"#,
            r#"argument "amount" must be at most 100"#,
        ),
        (
            r#"{"properties":{"amount":{"exclusiveMinimum":0}}}"#,
            r#"{"amount":0}"#,
            r#"argument "amount" must be more than 0"#,
        ),
        (
            r#"{"properties":{"amount":{"multipleOf":0.01}}}"#,
            r#"{"amount":0.001}"#,
            r#"argument "amount" must be a multiple of 0.01"#,
        ),
        (
            r#"{"properties":{"amount":{"maximum":100,"type":"number"}}}"#,
            r#"{"amount":"5"}"#,
            r#"argument "amount" must be a number, not a string"#,
        ),
        (
            r#"{"properties":{"n":{"type":["integer","null"]}}}"#,
            r#"{"n":1.5}"#,
            r#"argument "n" must be a whole number or null, not 1.5"#,
        ),
        (
            r#"{"properties":{"n":{"type":"integer"}}}"#,
            r#"{"n":[]}"#,
            r#"argument "n" must be a whole number, not an array"#,
        ),
        (
            r#"{"required":["to"]}"#,
            "{}",
            r#"argument "to" is missing"#,
        ),
        (
            r#"{"properties":{"to":{"properties":{"a":{}},"required":["a"]}}}"#,
            r#"{"to":{}}"#,
            r#"argument "to.a" is missing"#,
        ),
        (
            r#"{"properties":{"a":{},"b":{}},"additionalProperties":false}"#,
            r#"{"c":1}"#,
            r#"argument "c" is not allowed; allowed: "a", "b""#,
        ),
        (
            r#"{"additionalProperties":false}"#,
            r#"{"c":1}"#,
            r#"argument "c" is not allowed; allowed: none"#,
        ),
        (
            r#"{"properties":{"m":{"enum":["fast","slow",1e2]}}}"#,
            r#"{"m":"x"}"#,
            r#"argument "m" must be one of "fast", "slow", 1e2"#,
        ),
        (
            r#"{"properties":{"m":{"const":"fast"}}}"#,
            r#"{"m":"x"}"#,
            r#"argument "m" must be "fast""#,
        ),
        (
            r#"{"properties":{"s":{"minLength":1}}}"#,
            r#"{"s":""}"#,
            r#"argument "s" must be at least 1 character long"#,
        ),
        (
            r#"{"properties":{"s":{"maxLength":3}}}"#,
            r#"{"s":"abcd"}"#,
            r#"argument "s" must be at most 3 characters long"#,
        ),
        (
            r#"{"properties":{"s":{"pattern":"^[a-z]+$"}}}"#,
            r#"{"s":"A"}"#,
            r#"argument "s" must match the pattern ^[a-z]+$"#,
        ),
        (
            r#"{"properties":{"l":{"items":{"properties":{"id":{"type":"string"}}}}}}"#,
            r#"{"l":[{"id":"a"},{"id":7}]}"#,
            r#"argument "l[1].id" must be a string, not a number"#,
        ),
        (
            r#"{"properties":{"l":{"maxItems":2}}}"#,
            r#"{"l":[1,2,3]}"#,
            r#"argument "l" must have at most 2 items"#,
        ),
        (
            r#"{"properties":{"l":{"uniqueItems":true}}}"#,
            r#"{"l":["a","b","a"]}"#,
            r#"argument "l" must have items that all differ, and has "a" twice"#,
        ),
        (
            r#"{"properties":{"l":{"contains":{"const":"a"}}}}"#,
            r#"{"l":["b"]}"#,
            r#"argument "l" must have items of which at least 1 must be "a""#,
        ),
        (
            r#"{"properties":{"l":{"contains":{"type":"string","minLength":1},"maxContains":2}}}"#,
            r#"{"l":[]}"#,
            r#"argument "l" must have items of which at least 1 and at most 2 must fit what the policy asks for"#,
        ),
        (
            r#"{"minProperties":2}"#,
            r#"{"a":1}"#,
            "the arguments must have at least 2 members",
        ),
        (
            r#"{"propertyNames":{"pattern":"^[a-z]+$"}}"#,
            r#"{"Ab":1}"#,
            r#"the name of argument "Ab" must match the pattern ^[a-z]+$"#,
        ),
        (
            r#"{"not":{"required":["admin"]}}"#,
            r#"{"admin":1}"#,
            r#"the arguments must not have "admin""#,
        ),
        (
            r#"{"properties":{"p":{"not":{"enum":["/","/etc"]}}}}"#,
            r#"{"p":"/"}"#,
            r#"argument "p" must not be one of "/", "/etc""#,
        ),
        (
            r#"{"properties":{"p":{"not":{"type":"string","minLength":3}}}}"#,
            r#"{"p":"abc"}"#,
            r#"argument "p" has a form that the policy excludes"#,
        ),
        (
            r#"{"properties":{"to":{"anyOf":[{"type":"string"},{"type":"array"}]}}}"#,
            r#"{"to":1}"#,
            r#"argument "to" must be a string, not a number; or argument "to" must be an array, not a number"#,
        ),
        (
            r#"{"properties":{"n":{"oneOf":[{"multipleOf":2},{"multipleOf":3}]}}}"#,
            r#"{"n":6}"#,
            r#"argument "n" must fit exactly one of the alternatives, and fits several"#,
        ),
        (
            r#"{"if":{"properties":{"kind":{"const":"card"}}},"then":{"required":["number"]}}"#,
            r#"{"kind":"card"}"#,
            r#"argument "number" is missing"#,
        ),
        (
            r#"{"properties":{"Amount":{}},"required":["amount"]}"#,
            r#"{"aMOUNT":1}"#,
            r#"argument "aMOUNT" must be spelled "Amount""#,
        ),
        (
            r#"{"properties":{"x":{"additionalProperties":{"type":"string"}}}}"#,
            r#"{"x":{"a b":1}}"#,
            r#"argument "x["a b"]" must be a string, not a number"#,
        ),
        (
            r#"{"properties":{"n":{"minimum":1}}}"#,
            r#"{"n":1e309}"#,
            "the number 1e309 is too large for any server to read",
        ),
    ] {
        assert_eq!(
            check(&compile(text), arguments),
            Err(want.to_owned()),
            "{text}"
        );
    }
}

#[test]
fn a_message_stays_short_whatever_the_caller_sends() {
    let key = "k".repeat(100_000);
    let schemas = [
        r#"{"additionalProperties":false}"#,
        r#"{"propertyNames":{"maxLength":3}}"#,
        r#"{"additionalProperties":{"uniqueItems":true,"type":["array","integer"]}}"#,
        r#"{"additionalProperties":{"anyOf":[{"type":"string"},{"type":"null"},{"items":{"type":"string"},"type":"array"}]}}"#,
    ];
    let digits = format!("1.{}", "5".repeat(100_000));
    let values = [
        digits.clone(),
        format!(r#"["{key}","{key}"]"#),
        format!("[{digits}]"),
    ];
    for schema in schemas {
        for value in &values {
            let why = check(&compile(schema), &format!(r#"{{"{key}":{value}}}"#));
            if let Err(why) = why {
                assert!(
                    why.chars().count() < 600,
                    "{schema}: {} characters",
                    why.chars().count()
                );
            }
        }
    }
}
