//! One response, one claim.

use toolgate_engine::json::Kind;
use toolgate_engine::mcp::list::{Filtered, Limits, ListError, filter};

use super::{Caller, LIMITS};

fn run(text: &str) -> Result<Filtered, ListError> {
    filter(text.as_bytes(), &mut Caller::default(), LIMITS)
}

pub(crate) fn result(inner: &str) -> String {
    format!(r#"{{"jsonrpc":"2.0","id":1,"result":{inner}}}"#)
}

/// What `inner` becomes as a result, for a shared or a private view.
#[track_caller]
fn check(inner: &str, private: bool, want: &str, want_removed: usize) {
    let mut caller = Caller {
        private,
        ..Caller::default()
    };
    let got = filter(result(inner).as_bytes(), &mut caller, LIMITS).unwrap();
    let want = if want == inner {
        Filtered::Unchanged
    } else {
        Filtered::Changed {
            text: result(want),
            removed: want_removed,
        }
    };
    assert_eq!(got, want, "{inner}");
}

#[test]
fn hidden_entries_go_with_one_comma_and_the_rest_stays_to_the_byte() {
    let cases = [
        (r#"{"tools":[]}"#, r#"{"tools":[]}"#, 0),
        (r#"{"tools":[ ]}"#, r#"{"tools":[ ]}"#, 0),
        (r#"{"tools":null}"#, r#"{"tools":null}"#, 0),
        (
            r#"{"tools":[{"name":"a"}]}"#,
            r#"{"tools":[{"name":"a"}]}"#,
            0,
        ),
        (r#"{"tools":[{"name":"hidden"}]}"#, r#"{"tools":[]}"#, 1),
        (
            "{\"tools\":[\n {\"name\":\"hidden\"} ,\n {\"name\":\"hidden2\"}\n]}",
            r#"{"tools":[]}"#,
            2,
        ),
        (
            r#"{"tools":[{"name":"hidden"},{"name":"b"}]}"#,
            r#"{"tools":[{"name":"b"}]}"#,
            1,
        ),
        (
            r#"{"tools":[{"name":"hidden"},{"name":"hidden"} , {"name":"b"}]}"#,
            r#"{"tools":[{"name":"b"}]}"#,
            2,
        ),
        (
            r#"{"tools":[{"name":"a"},{"name":"hidden"}]}"#,
            r#"{"tools":[{"name":"a"}]}"#,
            1,
        ),
        (
            r#"{"tools":[{"name":"a"}, {"name":"hidden"}, {"name":"b"}]}"#,
            r#"{"tools":[{"name":"a"}, {"name":"b"}]}"#,
            1,
        ),
        (
            r#"{"tools":[{"name":"hidden"},{"name":"a"},{"name":"hidden"},{"name":"hidden"}]}"#,
            r#"{"tools":[{"name":"a"}]}"#,
            3,
        ),
        (
            "{\"tools\": [\n  {\"name\": \"a\"},\n  {\"name\": \"hidden\"},\n  {\"name\": \"b\"}\n]}",
            "{\"tools\": [\n  {\"name\": \"a\"},\n  {\"name\": \"b\"}\n]}",
            1,
        ),
        (
            "{\"tools\": [\n  {\"name\": \"hidden\"},\n  {\"name\": \"b\"}\n]}",
            "{\"tools\": [\n  {\"name\": \"b\"}\n]}",
            1,
        ),
        // Escapes in the keys, in the names, and everything that a filter might tidy up.
        (
            r#"{"t\u006fols":[{"n\u0061me":"hi\u0064den"},{"n\u0061me":"\u0061"}]}"#,
            r#"{"t\u006fols":[{"n\u0061me":"\u0061"}]}"#,
            1,
        ),
        (
            r#"{"x":1.0e5,"nextCursor":"\u0041","tools":[{"name":"hidden"},{"z":1,"name":"a","n":1E2,"é":"\/"}],"_meta":{"tools":[{"name":"hidden"}]},"ttlMs":0}"#,
            r#"{"x":1.0e5,"nextCursor":"\u0041","tools":[{"z":1,"name":"a","n":1E2,"é":"\/"}],"_meta":{"tools":[{"name":"hidden"}]},"ttlMs":0}"#,
            1,
        ),
        // Several lists in one result; a template is judged by its own text.
        (
            r#"{"tools":[{"name":"hidden"}],"prompts":[{"name":"hidden"},{"name":"p"}],"resources":[{"uri":"hidden:x","name":"n"},{"uri":"u:x","name":"hidden"}],"resourceTemplates":[{"uriTemplate":"hidden:{x}","name":"hidden"}]}"#,
            r#"{"tools":[],"prompts":[{"name":"p"}],"resources":[{"uri":"u:x","name":"hidden"}],"resourceTemplates":[]}"#,
            4,
        ),
        // Not lists: they stand elsewhere.
        (
            r#"{"capabilities":{"tools":{},"prompts":{}}}"#,
            r#"{"capabilities":{"tools":{},"prompts":{}}}"#,
            0,
        ),
        (
            r#"{"structuredContent":{"Tools":[{"name":"hidden"}]}}"#,
            r#"{"structuredContent":{"Tools":[{"name":"hidden"}]}}"#,
            0,
        ),
        (
            r#"[[{"tools":[{"name":"hidden"}]}]]"#,
            r#"[[{"tools":[{"name":"hidden"}]}]]"#,
            0,
        ),
        (r#""tools""#, r#""tools""#, 0),
    ];
    for (inner, want, removed) in cases {
        check(inner, false, want, removed);
    }
}

#[test]
fn entries_that_cannot_be_told_by_one_name_are_cut_out() {
    for entry in [
        "7",
        "null",
        "\"a\"",
        "[]",
        r#"[{"name":"a"}]"#,
        "{}",
        r#"{"title":"a"}"#,
        r#"{"name":7}"#,
        r#"{"name":null}"#,
        r#"{"name":["a"]}"#,
        r#"{"name":{"name":"a"}}"#,
        r#"{"x":{"name":"a"}}"#,
        r#"{"Name":"a"}"#,
        r#"{"name":"a","Name":"b"}"#,
        r#"{"NAME":"b","name":"a"}"#,
        r#"{"name":"a","n\u0041me":{}}"#,
    ] {
        let list = format!(r#"{{"tools":[{{"name":"x"}},{entry}],"prompts":[{entry}]}}"#);
        check(&list, false, r#"{"tools":[{"name":"x"}],"prompts":[]}"#, 2);
    }
    for entry in [
        r#"{"name":"u:a"}"#,
        r#"{"uri":"a","URI":"b"}"#,
        "{\"ur\u{131}\":\"a\",\"uri\":\"a\"}",
    ] {
        check(
            &format!(r#"{{"resources":[{entry}]}}"#),
            false,
            r#"{"resources":[]}"#,
            1,
        );
    }
}

#[test]
fn a_private_view_is_never_cached_for_others() {
    for (inner, want) in [
        (
            r#"{"tools":[],"cacheScope":"public"}"#,
            r#"{"tools":[],"cacheScope":"private"}"#,
        ),
        (
            r#"{"cacheScope" : null , "tools":[]}"#,
            r#"{"cacheScope" : "private" , "tools":[]}"#,
        ),
        (
            r#"{"cacheScope":"private","tools":[]}"#,
            r#"{"cacheScope":"private","tools":[]}"#,
        ),
        (
            r#"{"cacheScope":"pr\u0069vate","tools":[]}"#,
            r#"{"cacheScope":"pr\u0069vate","tools":[]}"#,
        ),
        (
            r#"{"resultType":"complete","tools":[]}"#,
            r#"{"resultType":"complete","cacheScope":"private","tools":[]}"#,
        ),
        (
            r#"{"tools":[{"name":"a"}], "resultType": "complete" }"#,
            r#"{"tools":[{"name":"a"}], "resultType": "complete","cacheScope":"private" }"#,
        ),
        (
            r#"{"resources":[],"resultType":"complete","cacheScope":{"a":[]}}"#,
            r#"{"resources":[],"resultType":"complete","cacheScope":"private"}"#,
        ),
        // Of an older version, or no list: nothing is added.
        (r#"{"tools":[]}"#, r#"{"tools":[]}"#),
        (
            r#"{"resultType":"complete","content":[],"cacheScope":"public"}"#,
            r#"{"resultType":"complete","content":[],"cacheScope":"public"}"#,
        ),
    ] {
        check(inner, true, want, 0);
        check(inner, false, inner, 0);
    }
    check(
        r#"{"resultType":"complete","tools":[{"name":"hidden"},{"name":"a"}],"cacheScope":"public"}"#,
        true,
        r#"{"resultType":"complete","tools":[{"name":"a"}],"cacheScope":"private"}"#,
        1,
    );
    let twin = result(r#"{"tools":[],"CacheScope":"public"}"#);
    let mut private = Caller {
        private: true,
        ..Caller::default()
    };
    assert!(matches!(
        filter(twin.as_bytes(), &mut private, LIMITS),
        Err(ListError::LookAlike {
            known: "cacheScope",
            ..
        })
    ));
    assert_eq!(run(&twin), Ok(Filtered::Unchanged));
}

#[test]
fn what_some_client_would_read_as_a_list_is_refused() {
    for (text, known) in [
        (result(r#"{"Tools":[]}"#), "tools"),
        (
            result(r#"{"tools":[],"TOOLS":[{"name":"hidden"}]}"#),
            "tools",
        ),
        (result("{\"tool\u{17F}\":[]}"), "tools"),
        (result(r#"{"tool\u017f":[]}"#), "tools"),
        (result(r#"{"Prompts":[]}"#), "prompts"),
        (result(r#"{"re\u0053ources":[]}"#), "resources"),
        (r#"{"id":1,"Result":{"tools":[]}}"#.into(), "result"),
        (
            r#"{"id":1,"result":{},"RESULT":{"Tools":[]}}"#.into(),
            "result",
        ),
        (
            r#"[{"id":1,"result":{}},{"id":2,"re\u017fult":{"prompts":[]}}]"#.into(),
            "result",
        ),
    ] {
        match run(&text) {
            Err(ListError::LookAlike { known: got, .. }) => assert_eq!(got, known, "{text}"),
            other => panic!("{text}: {other:?}"),
        }
    }
    for (inner, kind) in [
        (r#"{"tools":{}}"#, Kind::Object),
        (r#"{"tools":{"0":{"name":"hidden"}}}"#, Kind::Object),
        (r#"{"prompts":"x"}"#, Kind::String),
        (r#"{"resources":7}"#, Kind::Number),
        (r#"{"tools":true}"#, Kind::Bool),
    ] {
        match run(&result(inner)) {
            Err(ListError::NotAnArray { kind: got, .. }) => assert_eq!(got, kind, "{inner}"),
            other => panic!("{inner}: {other:?}"),
        }
    }
    for text in [
        result(r#"{"tools":[],"tools":[{"name":"hidden"}]}"#),
        result(r#"{"tools":[],"t\u006fols":[{"name":"hidden"}]}"#),
        result(r#"{"tools":[{"name":"a","name":"hidden"}]}"#),
        result(r#"{"tools":[{"name":"hidden"}]}"#) + "x",
        format!("\u{FEFF}{}", result(r#"{"tools":[]}"#)),
        String::new(),
    ] {
        assert!(matches!(run(&text), Err(ListError::NotJson(_))), "{text}");
    }
}

#[test]
fn look_alikes_that_hold_no_list_pass() {
    for text in [
        result(r#"{"Tools":null,"PROMPTS":{"a":1},"Resources":"x"}"#),
        r#"{"id":1,"Result":{"content":[]}}"#.into(),
        r#"{"jsonrpc":"2.0","id":1,"method":"sampling/createMessage","params":{"tools":[{"name":"hidden"}]}}"#.into(),
        r#"{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}"#.into(),
        r#"{"jsonrpc":"2.0","id":1,"error":{"code":1,"message":"","data":{"tools":[{"name":"hidden"}]}}}"#.into(),
        r#"{"tools":[{"name":"hidden"}]}"#.into(),
        r#"[1,"result",[{"result":{"tools":[{"name":"hidden"}]}}],{}]"#.into(),
        "7".into(),
    ] {
        assert_eq!(run(&text), Ok(Filtered::Unchanged), "{text}");
    }
}

#[test]
fn every_response_of_a_batch_is_filtered() {
    let text = r#" [ {"id":1,"result":{"tools":[{"name":"hidden"}]}} , {"id":2,"result":{"content":[]}}, 7,
        {"id":3,"result":{"tools":[{"name":"a"},{"name":"hidden"}],"cacheScope":"public"}} ] "#;
    let want = r#" [ {"id":1,"result":{"tools":[]}} , {"id":2,"result":{"content":[]}}, 7,
        {"id":3,"result":{"tools":[{"name":"a"}],"cacheScope":"private"}} ] "#;
    let mut caller = Caller {
        private: true,
        ..Caller::default()
    };
    assert_eq!(
        filter(text.as_bytes(), &mut caller, LIMITS),
        Ok(Filtered::Changed {
            text: want.into(),
            removed: 2
        })
    );
}

#[test]
fn the_view_learns_every_definition_once_and_none_of_a_refused_text() {
    let tools = r#"{"tools":[{"name":"hidden","v":1},{"Name":"a"},{"n\u0061me":"b","inputSchema":{"name":7}},7]}"#;
    let mut caller = Caller::default();
    filter(result(tools).as_bytes(), &mut caller, LIMITS).unwrap();
    let want = [
        ("hidden".to_owned(), r#"{"name":"hidden","v":1}"#.to_owned()),
        (
            "b".to_owned(),
            r#"{"n\u0061me":"b","inputSchema":{"name":7}}"#.to_owned(),
        ),
    ];
    assert_eq!(caller.asked, want);

    for text in [
        result(r#"{"tools":[{"name":"a"}],"prompts":{}}"#),
        result(r#"{"tools":[{"name":"a"}],"tools":[]}"#),
        result(r#"{"tools":[{"name":"a"}]}"#) + "}",
    ] {
        let mut caller = Caller::default();
        filter(text.as_bytes(), &mut caller, LIMITS).unwrap_err();
        assert_eq!(caller.asked, [], "{text}");
    }
}

#[test]
fn beyond_a_limit_the_text_is_refused() {
    let text = result(r#"{"tools":[{"name":"a"},{"name":"b"}],"prompts":[{"name":"c"}]}"#);
    let at = |bytes, entries| {
        filter(
            text.as_bytes(),
            &mut Caller::default(),
            Limits { bytes, entries },
        )
    };
    assert_eq!(at(text.len(), 3), Ok(Filtered::Unchanged));
    assert_eq!(
        at(text.len() - 1, 3),
        Err(ListError::TooLong(text.len() - 1))
    );
    assert_eq!(at(text.len(), 2), Err(ListError::TooMany(2)));
}

#[test]
fn a_list_cut_short_at_any_byte_is_refused_whole() {
    let text = result(r#"{"tools":[{"name":"hidden"},{"name":"a"}],"nextCursor":"\u00e9é"}"#);
    for at in 0..text.len() {
        let cut = filter(&text.as_bytes()[..at], &mut Caller::default(), LIMITS);
        assert!(matches!(cut, Err(ListError::NotJson(_))), "{at}: {cut:?}");
    }
    assert!(matches!(
        run(&text),
        Ok(Filtered::Changed { removed: 1, .. })
    ));
}
