//! Random responses, read back as the most lenient clients read them.

use proptest::prelude::*;
use serde_json::value::RawValue;
use toolgate_engine::mcp::list::{Filtered, ListError, filter, may_hold_list};

use super::oracle::list::shows_hidden;
use super::{Caller, LIMITS};

/// Keys and names that matter, spelled in the ways that matter, and some that do not.
fn key() -> impl Strategy<Value = String> {
    prop::sample::select(vec![
        "result",
        "RESULT",
        "re\u{17F}ult",
        "tools",
        "Tools",
        "t\\u006Fols",
        "tool\\u017f",
        "tool\u{17F}",
        "prompts",
        "resources",
        "resource\\u0053",
        "name",
        "Name",
        "n\\u0061me",
        "uri",
        "Uri",
        "x",
        "cacheScope",
        "resultType",
        "too",
        "\\\"tools",
        "a\\\\",
        "\u{212A}",
        "\\u003c",
    ])
    .prop_map(str::to_owned)
}

fn space() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec!["", "", "", " ", "\n\t"])
}

fn json(depth: u32) -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("7".to_owned()),
        Just("null".to_owned()),
        Just(r#""a""#.to_owned()),
        Just(r#""hidden""#.to_owned()),
        Just(r#""hi\u0064den""#.to_owned()),
        key().prop_map(|key| format!("\"{key}\"")),
    ];
    leaf.prop_recursive(depth, 40, 4, |inner| {
        let member = (key(), space(), inner.clone())
            .prop_map(|(key, space, value)| format!("{space}\"{key}\"{space}:{value}{space}"));
        let list = prop::collection::vec((space(), inner), 0..4)
            .prop_map(|all| all.into_iter().map(|(s, v)| format!("{s}{v}{s}")).collect::<Vec<_>>());
        prop_oneof![
            3 => prop::collection::vec(member, 0..4).prop_map(|all| format!("{{{}}}", all.join(","))),
            1 => list.prop_map(|all| format!("[{}]", all.join(","))),
        ]
    })
}

/// Responses whose lists hold anything.
fn response() -> impl Strategy<Value = String> {
    let entry = prop_oneof![
        2 => (key(), json(1)).prop_map(|(key, value)| format!(r#"{{"name":"a","{key}":{value}}}"#)),
        2 => Just(r#"{"name":"hidden","x":1}"#.to_owned()),
        2 => Just(r#"{"uri":"u","name":"hidden"}"#.to_owned()),
        1 => json(2),
    ];
    let list = prop::collection::vec((space(), entry), 0..5).prop_map(|all| {
        let all: Vec<_> = all.into_iter().map(|(s, e)| format!("{s}{e}{s}")).collect();
        format!("[{}]", all.join(","))
    });
    let member = (key(), prop_oneof![3 => list, 1 => json(1)])
        .prop_map(|(key, value)| format!("\"{key}\":{value}"));
    let result =
        prop::collection::vec(member, 0..4).prop_map(|all| format!("{{{}}}", all.join(",")));
    let message = (
        prop_oneof![4 => Just("result".to_owned()), 1 => key()],
        result,
    )
        .prop_map(|(key, result)| format!(r#"{{"id":1,"{key}":{result}}}"#))
        .boxed();
    prop_oneof![
        4 => message.clone(),
        1 => prop::collection::vec(message, 0..3).prop_map(|all| format!("[{}]", all.join(","))),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2000) })]

    #[test]
    fn what_the_pre_check_waves_through_needs_no_filter(text in prop_oneof![response(), json(4)], private: bool) {
        if !may_hold_list(text.as_bytes()) {
            let mut caller = Caller { private, ..Caller::default() };
            let filtered = filter(text.as_bytes(), &mut caller, LIMITS);
            prop_assert!(matches!(filtered, Ok(Filtered::Unchanged) | Err(ListError::NotJson(_))), "{filtered:?}");
            prop_assert!(!shows_hidden(&text));
        }
    }

    #[test]
    fn no_reader_finds_a_hidden_name(text in response(), private: bool) {
        let mut caller = Caller { private, ..Caller::default() };
        match filter(text.as_bytes(), &mut caller, LIMITS) {
            Ok(Filtered::Unchanged) => prop_assert!(!shows_hidden(&text)),
            Ok(Filtered::Changed { text: out, .. }) => {
                prop_assert!(!shows_hidden(&out), "{out}");
                let again = filter(out.as_bytes(), &mut caller, LIMITS);
                prop_assert_eq!(again, Ok(Filtered::Unchanged), "{}", out);
            }
            Err(_) => {}
        }
    }

    #[test]
    fn kept_entries_and_all_around_the_list_stay_to_the_byte(
        entries in prop::collection::vec((space(), any::<bool>(), json(2)), 0..6),
        around in json(2),
    ) {
        let all: Vec<String> = entries.iter().map(|(space, hidden, value)| {
            let name = if *hidden { "hidden" } else { "a" };
            format!("{space}{{\"x\":[{value}],\"name\":\"{name}\"}}{space}")
        }).collect();
        let before = format!(r#"{{"y":[{around}],"id":"\u0041","result":{{"z":[{around}],"tools":"#);
        let after = format!(r#","nextCursor":"c","q":[{around}] }} }}"#);
        let text = format!("{before}[{}]{after}", all.join(","));
        let hidden = entries.iter().filter(|(_, hidden, _)| *hidden).count();
        match filter(text.as_bytes(), &mut Caller::default(), LIMITS) {
            Ok(Filtered::Unchanged) => prop_assert_eq!(hidden, 0),
            Ok(Filtered::Changed { text: out, removed }) => {
                prop_assert_eq!(removed, hidden);
                let list = out.strip_prefix(&before).and_then(|rest| rest.strip_suffix(&after)).unwrap();
                let got: Vec<Box<RawValue>> = serde_json::from_str(list).unwrap();
                let got: Vec<&str> = got.iter().map(|raw| raw.get()).collect();
                let want: Vec<&str> = all.iter().zip(&entries).filter(|(_, e)| !e.1).map(|(t, _)| t.trim()).collect();
                if want.is_empty() {
                    prop_assert_eq!(list, "[]");
                }
                prop_assert_eq!(got, want);
            }
            // A duplicate key in the random values.
            Err(error) => prop_assert!(matches!(error, ListError::NotJson(_)), "{error}"),
        }
    }

    #[test]
    fn arbitrary_bytes_are_taken(mut text in response().prop_map(String::into_bytes), at: prop::sample::Index, bytes: [u8; 2], random: Vec<u8>) {
        let at = at.index(text.len());
        text.splice(at..(at + 1).min(text.len()), bytes);
        for text in [text, random] {
            if !may_hold_list(&text) {
                prop_assert!(!shows_hidden(&String::from_utf8_lossy(&text)));
            }
            if let Ok(Filtered::Changed { text, .. }) = filter(&text, &mut Caller::default(), LIMITS) {
                prop_assert!(!shows_hidden(&text));
            }
        }
    }
}
