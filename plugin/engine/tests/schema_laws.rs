//! What must hold of every schema and every value.
#![allow(clippy::unwrap_used, clippy::panic, reason = "test")]

use proptest::prelude::*;
use toolgate_engine::config::{Faults, Field};
use toolgate_engine::json::parse;
use toolgate_engine::policy::schema::Schema;

/// Whether a value of the argument `v` passes; `None` when the policy would be refused.
fn passes(schema: &str, value: &str) -> Option<bool> {
    let text =
        format!(r##"{{"properties":{{"v":{{"$ref":"#/$defs/s"}}}},"$defs":{{"s":{schema}}}}}"##);
    let mut faults = Faults::default();
    let schema = Schema::compile(&Field::root(parse(text.as_bytes()).ok()?), &mut faults);
    if faults.fatal() {
        return None;
    }
    let arguments = format!(r#"{{"v":{value}}}"#);
    Some(schema?.check(parse(arguments.as_bytes()).unwrap()).is_ok())
}

/// Values of few shapes, so that schemas and values often meet.
fn value() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("null".to_owned()),
        any::<bool>().prop_map(|b| b.to_string()),
        (-3i32..4).prop_map(|n| n.to_string()),
        (-3i32..4).prop_map(|n| format!("{n}.50")),
        "[ab]{0,3}".prop_map(|s| format!("\"{s}\"")),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(|v| format!("[{}]", v.join(","))),
            prop::collection::btree_map("[ab]{1,2}", inner, 0..3).prop_map(|m| {
                let members: Vec<_> = m.iter().map(|(k, v)| format!("\"{k}\":{v}")).collect();
                format!("{{{}}}", members.join(","))
            }),
        ]
    })
}

fn schema() -> impl Strategy<Value = String> {
    let types = prop::sample::select(vec![
        "null", "boolean", "integer", "number", "string", "array", "object",
    ]);
    let leaf = prop_oneof![
        Just("true".to_owned()),
        Just("false".to_owned()),
        types.prop_map(|t| format!(r#"{{"type":"{t}"}}"#)),
        value().prop_map(|v| format!(r#"{{"const":{v}}}"#)),
        prop::collection::vec(value(), 1..4)
            .prop_map(|v| format!(r#"{{"enum":[{}]}}"#, v.join(","))),
        (
            prop::sample::select(vec![
                "minimum",
                "maximum",
                "exclusiveMinimum",
                "exclusiveMaximum"
            ]),
            -2i32..3
        )
            .prop_map(|(k, n)| format!(r#"{{"{k}":{n}}}"#)),
        (
            prop::sample::select(vec![
                "minLength",
                "maxLength",
                "minItems",
                "maxItems",
                "minProperties",
                "maxProperties"
            ]),
            0u32..3
        )
            .prop_map(|(k, n)| format!(r#"{{"{k}":{n}}}"#)),
        (1u32..5).prop_map(|n| format!(r#"{{"multipleOf":{}}}"#, f64::from(n) / 2.0)),
        Just(r#"{"uniqueItems":true}"#.to_owned()),
        "[ab]".prop_map(|k| format!(r#"{{"required":["{k}"]}}"#)),
        "[ab]".prop_map(|k| format!(r#"{{"pattern":"^{k}"}}"#)),
    ];
    leaf.prop_recursive(3, 16, 3, |inner| {
        let two = (inner.clone(), inner.clone());
        let word = prop::sample::select(vec![
            "items",
            "contains",
            "not",
            "additionalProperties",
            "propertyNames",
        ]);
        prop_oneof![
            (word, inner.clone()).prop_map(|(k, s)| format!(r#"{{"{k}":{s}}}"#)),
            (
                prop::sample::select(vec!["allOf", "anyOf", "oneOf", "prefixItems"]),
                two.clone()
            )
                .prop_map(|(k, (a, b))| format!(r#"{{"{k}":[{a},{b}]}}"#)),
            two.clone().prop_map(|(a, b)| format!(
                r#"{{"properties":{{"a":{a}}},"additionalProperties":{b}}}"#
            )),
            two.clone().prop_map(|(a, b)| format!(
                r#"{{"patternProperties":{{"b":{a}}},"additionalProperties":{b}}}"#
            )),
            (inner, two).prop_map(|(c, (a, b))| format!(r#"{{"if":{c},"then":{a},"else":{b}}}"#)),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 1_000,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn logic_is_logic(a in schema(), b in schema(), v in value()) {
        let is = |schema: String| passes(&schema, &v).unwrap();
        let (pa, pb) = (is(a.clone()), is(b.clone()));
        prop_assert_eq!(is(format!(r#"{{"not":{a}}}"#)), !pa);
        prop_assert_eq!(is(format!(r#"{{"allOf":[{a},{b}]}}"#)), pa && pb);
        prop_assert_eq!(is(format!(r#"{{"anyOf":[{a},{b}]}}"#)), pa || pb);
        prop_assert_eq!(is(format!(r#"{{"oneOf":[{a},{b}]}}"#)), pa != pb);
        prop_assert_eq!(is(format!(r#"{{"if":{a},"then":{b}}}"#)), !pa || pb);
        prop_assert_eq!(is(format!(r#"{{"if":{a},"else":{b}}}"#)), pa || pb);
    }

    #[test]
    fn containers_ask_each_part(s in schema(), parts in prop::collection::vec(value(), 0..4)) {
        let each: Vec<bool> = parts.iter().map(|v| passes(&s, v).unwrap()).collect();
        let array = format!("[{}]", parts.join(","));
        let members: Vec<_> = parts.iter().enumerate().map(|(i, v)| format!("\"k{i}\":{v}")).collect();
        let object = format!("{{{}}}", members.join(","));
        let all = each.iter().all(|p| *p);
        prop_assert_eq!(passes(&format!(r#"{{"items":{s}}}"#), &array), Some(all));
        prop_assert_eq!(passes(&format!(r#"{{"additionalProperties":{s}}}"#), &object), Some(all));
        prop_assert_eq!(passes(&format!(r#"{{"patternProperties":{{"^k":{s}}}}}"#), &object), Some(all));
        prop_assert_eq!(passes(&format!(r#"{{"contains":{s}}}"#), &array), Some(each.iter().any(|p| *p)));
    }

    #[test]
    fn a_value_equals_itself_however_it_is_written(v in value(), w in value()) {
        let spaced = v.replace(':', " : ").replace(',', " ,\n").replace(".50", ".5e0").replace('b', "\\u0062");
        prop_assert_eq!(passes(&format!(r#"{{"const":{v}}}"#), &spaced), Some(true));
        prop_assert_eq!(passes(r#"{"uniqueItems":true}"#, &format!("[{v},{spaced}]")), Some(false));
        let same = passes(&format!(r#"{{"const":{v}}}"#), &w).unwrap();
        prop_assert_eq!(passes(&format!(r#"{{"const":{w}}}"#), &v), Some(same));
        prop_assert_eq!(passes(r#"{"uniqueItems":true}"#, &format!("[{v},{w}]")), Some(!same));
    }

    #[test]
    fn no_text_panics(schema in r#"[{}\[\]":,0-9a-z$#/.*+()-]{0,60}"#, v in value()) {
        let _ = passes(&schema, &v);
    }
}
