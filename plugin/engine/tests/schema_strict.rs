//! Where `validate.schema` is stricter than the specification, so that a call cannot slip through.
#![allow(clippy::unwrap_used, clippy::panic, reason = "test")]

use toolgate_engine::config::{Faults, Field, Severity};
use toolgate_engine::json::parse;
use toolgate_engine::policy::schema::{MAX_BYTES, MAX_NESTING, MAX_NODES, MAX_PATTERNS, Schema};

fn compile(text: &str) -> (Option<Schema>, Faults) {
    let mut faults = Faults::default();
    let value = parse(text.as_bytes()).unwrap_or_else(|why| panic!("{text}: {why}"));
    let schema = Schema::compile(&Field::root(value), &mut faults);
    (schema, faults)
}

fn check(schema: &str, arguments: &str) -> Result<(), String> {
    let (schema, faults) = compile(schema);
    assert!(!faults.fatal(), "{:?}", faults.as_slice());
    schema.unwrap().check(parse(arguments.as_bytes()).unwrap())
}

/// The faults of one severity, as `pointer: message`.
fn faults(text: &str, severity: Severity) -> Vec<String> {
    let (_, faults) = compile(text);
    let of = faults.as_slice().iter().filter(|f| f.severity == severity);
    of.map(|f| format!("{}: {}", f.pointer, f.message))
        .collect()
}

#[test]
fn a_key_that_only_folds_to_a_name_denies_wherever_the_schema_looks() {
    for schema in [
        r#"{"properties":{"amount":{"maximum":5}}}"#,
        r#"{"required":["amount"]}"#,
        r#"{"not":{"required":["amount"]}}"#,
        r#"{"not":{"properties":{"amount":{"const":1}},"required":["amount"]}}"#,
        r#"{"anyOf":[true,{"required":["amount"]}]}"#,
        r#"{"anyOf":[{"required":["amount"]},true]}"#,
        r#"{"oneOf":[true,{"required":["amount"]}]}"#,
        r#"{"not":{"allOf":[false,{"required":["amount"]}]}}"#,
        r#"{"not":{"required":["other","amount"]}}"#,
        r#"{"if":{"required":["amount"]},"then":false}"#,
        r#"{"dependentRequired":{"amount":["x"]}}"#,
        r##"{"$ref":"#/$defs/a","$defs":{"a":{"properties":{"amount":true}}}}"##,
    ] {
        for key in ["Amount", "AMOUNT", "\\u0041mount", "aMount"] {
            let arguments = format!(r#"{{"{key}":1}}"#);
            let why = check(schema, &arguments).unwrap_err();
            assert!(
                why.ends_with(r#"must be spelled "amount""#),
                "{schema} {arguments}: {why}"
            );
        }
    }
    // Go also folds the long s and the Kelvin sign.
    let why = check(r#"{"required":["tasks"]}"#, "{\"ta\u{17f}\u{212a}s\":1}");
    assert!(why.unwrap_err().contains("must be spelled"));
    // Both spellings named: each is itself.
    let both = r#"{"properties":{"id":{"type":"string"},"ID":{"type":"string"}}}"#;
    assert_eq!(check(both, r#"{"id":"a","ID":"b"}"#), Ok(()));
}

#[test]
fn a_number_that_is_infinite_in_binary64_denies_wherever_the_schema_looks() {
    for schema in [
        r#"{"type":"number"}"#,
        r#"{"minimum":1}"#,
        r#"{"not":{"maximum":1}}"#,
        r#"{"not":{"const":1}}"#,
        r#"{"anyOf":[{"type":"number"},{"not":false,"maximum":1}]}"#,
        r#"{"if":{"maximum":1},"else":true}"#,
        r#"{"multipleOf":1}"#,
    ] {
        let schema = format!(r#"{{"properties":{{"v":{schema}}}}}"#);
        for number in ["1e309", "-1e400", "1e99999999999999999999999999999999"] {
            let why = check(&schema, &format!(r#"{{"v":{number}}}"#)).unwrap_err();
            assert!(why.contains("too large for any server"), "{schema}: {why}");
        }
        assert!(check(&schema, r#"{"v":1e309}"#).is_err());
    }
    let deep = r#"{"properties":{"v":{"not":{"const":[1]}}}}"#;
    assert!(check(deep, r#"{"v":[1e309]}"#).is_err());
    let unique = r#"{"properties":{"v":{"uniqueItems":true}}}"#;
    assert!(check(unique, r#"{"v":[1e309,1]}"#).is_err());
}

#[test]
fn everything_unsupported_is_refused_with_its_place() {
    for (text, pointer, part) in [
        (r#"{"format":"email"}"#, "/format", "use `pattern`"),
        (
            r#"{"properties":{"a/b":{"format":"uri"}}}"#,
            "/properties/a~1b/format",
            "use `pattern`",
        ),
        (
            r#"{"contentEncoding":"base64"}"#,
            "/contentEncoding",
            "use `pattern`",
        ),
        (
            r#"{"unevaluatedProperties":false}"#,
            "/unevaluatedProperties",
            "`additionalProperties`",
        ),
        (
            r#"{"unevaluatedItems":false}"#,
            "/unevaluatedItems",
            "`items`",
        ),
        (r#"{"$id":"https://example.com"}"#, "/$id", "`#/$defs/NAME`"),
        (r##"{"$anchor":"a"}"##, "/$anchor", "`#/$defs/NAME`"),
        (
            r##"{"$dynamicRef":"#a"}"##,
            "/$dynamicRef",
            "`#/$defs/NAME`",
        ),
        (r#"{"definitions":{}}"#, "/definitions", "`$defs`"),
        (
            r#"{"dependencies":{}}"#,
            "/dependencies",
            "`dependentRequired`",
        ),
        (
            r#"{"properties":{"a":{"nullable":true}}}"#,
            "/properties/a/nullable",
            "add `null`",
        ),
        (
            r#"{"maxLenght":3}"#,
            "/maxLenght",
            "did you mean `maxLength`?",
        ),
        (r#"{"Type":"object"}"#, "/Type", "did you mean `type`?"),
        (
            r#"{"x-internal":1}"#,
            "/x-internal",
            "supported: type enum const minimum",
        ),
        (
            r#"{"allOf":[{},{"anyOf":[{"zzz":1}]}]}"#,
            "/allOf/1/anyOf/0/zzz",
            "unknown keyword `zzz`",
        ),
        (
            r#"{"$defs":{"unused":{"zzz":1}}}"#,
            "/$defs/unused/zzz",
            "unknown keyword",
        ),
        (
            r#"{"$schema":"http://json-schema.org/draft-07/schema#"}"#,
            "/$schema",
            "2020-12",
        ),
        (
            r#"{"properties":{"a":{"$schema":"https://json-schema.org/draft/2020-12/schema"}}}"#,
            "/properties/a/$schema",
            "only at the root",
        ),
        (
            r#"{"properties":{"a":{"$defs":{}}}}"#,
            "/properties/a/$defs",
            "only at the root",
        ),
        (
            r#"{"type":"interger"}"#,
            "/type",
            "is not a type, did you mean `integer`?",
        ),
        (r#"{"type":["object","object"]}"#, "/type/1", "twice"),
        (r#"{"type":[]}"#, "/type", "not empty"),
        (r#"{"type":"array"}"#, "/type", "arguments are an object"),
        (r#"{"enum":[]}"#, "/enum", "not empty"),
        (r#"{"enum":3}"#, "/enum", "expected an array"),
        (r#"{"const":[1e400]}"#, "/const", "too large"),
        (
            r#"{"minimum":"1"}"#,
            "/minimum",
            "expected a number, found a string",
        ),
        (
            r#"{"exclusiveMinimum":true}"#,
            "/exclusiveMinimum",
            "expected a number",
        ),
        (r#"{"maximum":1e309}"#, "/maximum", "too large"),
        (r#"{"multipleOf":0}"#, "/multipleOf", "above 0"),
        (
            r#"{"multipleOf":1.234567890123456789}"#,
            "/multipleOf",
            "at most 18 digits",
        ),
        (r#"{"minLength":-1}"#, "/minLength", "integer of at least 0"),
        (r#"{"maxItems":1.5}"#, "/maxItems", "integer of at least 0"),
        (r#"{"pattern":"a(?=b)"}"#, "/pattern", "(at character"),
        (r#"{"pattern":3}"#, "/pattern", "expected a string"),
        (
            r#"{"patternProperties":{"(":{}}}"#,
            "/patternProperties/(",
            "(at character",
        ),
        (r#"{"properties":[]}"#, "/properties", "expected an object"),
        (
            r#"{"properties":{"a":3}}"#,
            "/properties/a",
            "a schema: an object, true or false",
        ),
        (r#"{"required":true}"#, "/required", "expected an array"),
        (r#"{"required":["a","a"]}"#, "/required/1", "twice"),
        (r#"{"required":[1]}"#, "/required/0", "expected a string"),
        (
            r#"{"properties":{"a":{"items":[{}]}}}"#,
            "/properties/a/items",
            "`prefixItems`",
        ),
        (r#"{"uniqueItems":"yes"}"#, "/uniqueItems", "true or false"),
        (r#"{"minContains":1}"#, "/minContains", "without `contains`"),
        (r#"{"then":{}}"#, "/then", "without `if`"),
        (r#"{"else":{}}"#, "/else", "without `if`"),
        (r#"{"allOf":[]}"#, "/allOf", "not empty"),
        (r#"{"anyOf":{}}"#, "/anyOf", "expected an array"),
        (r#"{"not":1}"#, "/not", "a schema"),
        (
            r##"{"$ref":"#/$defs/missing","$defs":{"missin":{}}}"##,
            "/$ref",
            "did you mean `#/$defs/missin`?",
        ),
        (
            r##"{"properties":{"a":{"$ref":"#/properties/b"}}}"##,
            "/properties/a/$ref",
            "leads nowhere",
        ),
        (
            r#"{"properties":{"a":{"$ref":"https://example.com/x"}}}"#,
            "/properties/a/$ref",
            "leads nowhere",
        ),
        (r##"{"$ref":"#"}"##, "/$ref", "circle"),
        (r##"{"allOf":[{"$ref":"#"}]}"##, "/allOf/0/$ref", "circle"),
        (
            r##"{"$defs":{"a":{"not":{"$ref":"#/$defs/b"}},"b":{"if":{"$ref":"#/$defs/a"}}}}"##,
            "/$defs/a/not/$ref",
            "circle",
        ),
        (
            r##"{"$defs":{"a":{"dependentSchemas":{"x":{"$ref":"#/$defs/a"}}}}}"##,
            "/$defs/a/dependentSchemas/x/$ref",
            "circle",
        ),
    ] {
        let found = faults(text, Severity::Error);
        let fits = |f: &String| f.starts_with(&format!("{pointer}: ")) && f.contains(part);
        assert!(found.iter().any(fits), "{text}: {found:?}");
    }
    assert_eq!(
        faults(r#"{"format":"a","zz":1,"minimum":"x"}"#, Severity::Error).len(),
        3
    );
    let (_, not_a_schema) = compile("3");
    assert!(not_a_schema.fatal());
}

#[test]
fn what_lets_more_pass_than_it_seems_is_warned_of() {
    for (text, want) in [
        (
            r#"{"properties":{"a":{"maximum":5}}}"#,
            Some("/properties/a/maximum: `maximum` lets everything pass that is not a number"),
        ),
        (
            r#"{"additionalProperties":{"pattern":"^a"}}"#,
            Some(
                "/additionalProperties/pattern: `pattern` lets everything pass that is not a string",
            ),
        ),
        (
            r#"{"properties":{"a":{"type":"string","maximum":5}}}"#,
            Some("/properties/a/maximum: `maximum` does nothing here"),
        ),
        (
            r#"{"properties":{"a":{"type":"integer","maximum":5}}}"#,
            None,
        ),
        (
            r#"{"properties":{"a":{"allOf":[{"type":"integer"},{"maximum":5}]}}}"#,
            None,
        ),
        (r#"{"properties":{"a":{"const":5}},"required":["a"]}"#, None),
        (
            r##"{"$defs":{"five":{"maximum":5}},"properties":{"a":{"type":"integer","$ref":"#/$defs/five"}}}"##,
            None,
        ),
    ] {
        let found = faults(text, Severity::Warning);
        match want {
            Some(want) => assert!(
                found.iter().any(|f| f.starts_with(want)),
                "{text}: {found:?}"
            ),
            None => assert_eq!(found, Vec::<String>::new(), "{text}"),
        }
    }
}

#[test]
fn a_schema_that_would_be_too_large_is_refused() {
    let nested = |depth: usize| {
        let inner = r#"{"properties":{"a":"#.repeat(depth);
        format!("{inner}{{}}{}", "}}".repeat(depth))
    };
    let many = |n: usize| format!(r#"{{"allOf":[{}]}}"#, vec!["{}"; n].join(","));
    let patterns = |n: usize| {
        let each: Vec<_> = (0..n).map(|i| format!(r#""a{i}":{{}}"#)).collect();
        format!(r#"{{"patternProperties":{{{}}}}}"#, each.join(","))
    };
    let long = |n: usize| format!(r#"{{"$comment":"{}"}}"#, "x".repeat(n - 15));
    for (text, fits) in [
        (nested(MAX_NESTING), true),
        (nested(MAX_NESTING + 1), false),
        (many(MAX_NODES - 1), true),
        (many(MAX_NODES), false),
        (many(MAX_NODES + 1_000), false),
        (patterns(MAX_PATTERNS), true),
        (patterns(MAX_PATTERNS + 1), false),
        (long(MAX_BYTES), true),
        (long(MAX_BYTES + 1), false),
    ] {
        let found = faults(&text, Severity::Error);
        assert_eq!(found.is_empty(), fits, "{} bytes: {found:?}", text.len());
    }
}

#[test]
fn a_check_that_would_take_too_long_denies() {
    // Every level asks the next twice: 2^31 checks.
    let mut defs = String::from(r#""d0":{"type":"string"}"#);
    for i in 1..=31 {
        let below = i - 1;
        defs += &format!(
            r##","d{i}":{{"anyOf":[{{"$ref":"#/$defs/d{below}"}},{{"$ref":"#/$defs/d{below}"}}]}}"##
        );
    }
    let schema =
        format!(r##"{{"$defs":{{{defs}}},"properties":{{"v":{{"$ref":"#/$defs/d31"}}}}}}"##);
    let why = check(&schema, r#"{"v":1}"#).unwrap_err();
    assert!(why.contains("too large to be checked"), "{why}");
    // Not even under `not`.
    let schema = schema
        .replace(r##"{"v":{"$ref"##, r##"{"v":{"not":{"$ref"##)
        .replace(r##"d31"}}}"##, r##"d31"}}}}"##);
    let why = check(&schema, r#"{"v":1}"#).unwrap_err();
    assert!(why.contains("too large to be checked"), "{why}");

    // One large value asked by many keywords, and many members looked up among many names.
    let names: Vec<_> = (0..1_000).map(|i| format!(r#""name-{i}":true"#)).collect();
    let schema = format!(r#"{{"properties":{{{}}}}}"#, names.join(","));
    let keys: Vec<_> = (0..100_000).map(|i| format!(r#""name+{i}":0"#)).collect();
    let why = check(&schema, &format!("{{{}}}", keys.join(","))).unwrap_err();
    assert!(why.contains("too large to be checked"), "{why}");
}

#[test]
fn large_but_ordinary_arguments_are_checked() {
    let schema = r#"{"properties":{"rows":{"type":"array","uniqueItems":true,"items":{"type":"object","properties":{"id":{"type":"integer","minimum":0},"name":{"type":"string","pattern":"^[a-z0-9 ]+$"}},"required":["id"],"additionalProperties":false}}}}"#;
    let rows: Vec<_> = (0..10_000)
        .map(|i| format!(r#"{{"id":{i},"name":"row number {i} of many"}}"#))
        .collect();
    let arguments = format!(r#"{{"rows":[{}]}}"#, rows.join(","));
    assert_eq!(check(schema, &arguments), Ok(()));
    let arguments = arguments.replace("row number 9999 ", "Row number 9999 ");
    let why = check(schema, &arguments).unwrap_err();
    assert!(
        why.starts_with(r#"argument "rows[9999].name" must match"#),
        "{why}"
    );
}

#[test]
fn recursion_ends_with_the_arguments_or_denies() {
    let schema = r##"{"$defs":{"tree":{"type":"array","items":{"$ref":"#/$defs/tree"}}},"properties":{"v":{"$ref":"#/$defs/tree"}}}"##;
    let nest = |depth: usize| format!(r#"{{"v":{}{}}}"#, "[".repeat(depth), "]".repeat(depth));
    assert_eq!(check(schema, &nest(120)), Ok(()));
    let slow = schema.replace(
        r##"{"$ref":"#/$defs/tree"}}},"##,
        r##"{"allOf":[{"allOf":[{"$ref":"#/$defs/tree"}]}]}}},"##,
    );
    assert_eq!(check(&slow, &nest(40)), Ok(()));
    let why = check(&slow, &nest(120)).unwrap_err();
    assert!(why.contains("nested too deeply"), "{why}");
}
