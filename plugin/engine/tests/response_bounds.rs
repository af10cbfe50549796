//! Bounds on answers: over each of them the caller reads a clear error, and nothing of the answer; below, all is as it
//! was, wherever the answer was cut.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::arithmetic_side_effects,
    clippy::string_slice,
    reason = "test"
)]

mod support;

use support::{World, gate, post};
use toolgate_engine::exchange::{Exchange, ResponseHead, ResponseStep};

fn config(bounds: &str) -> String {
    format!(
        r#"{{"server":"s",{bounds}"policy":{{"version":"1","default":"allow","hide":["hidden*"],"prompts":{{"deny":["hidden*"]}},"resources":{{"deny":["hidden:*"]}}}}}}"#
    )
}

fn asked(config: &str, method: &str, content_type: &str) -> (World, Exchange) {
    let mut world = World::default();
    let body = format!(r#"{{"jsonrpc":"2.0","id":"i","method":"{method}"}}"#);
    let (_, mut exchange) = post(&gate(config), &mut world, &[], &body);
    let head = ResponseHead {
        status: 200,
        content_type: Some(content_type.as_bytes()),
        content_encoding: None,
    };
    let step = exchange.on_response_headers(&head);
    let streams = content_type == "text/event-stream";
    let want = if streams {
        ResponseStep::Stream
    } else {
        ResponseStep::Buffer
    };
    assert_eq!(step, want, "{method}");
    (world, exchange)
}

/// What a caller reads of a JSON answer.
fn json(config: &str, method: &str, answer: &str) -> String {
    let (mut world, mut exchange) = asked(config, method, "application/json");
    let replaced = exchange.on_response_body(answer.as_bytes(), &mut world);
    replaced.map_or(answer.to_owned(), |body| String::from_utf8(body).unwrap())
}

/// What a caller reads of a stream that comes in these pieces.
fn stream<'a>(config: &str, pieces: impl IntoIterator<Item = &'a [u8]>) -> String {
    let (mut world, mut exchange) = asked(config, "tools/list", "text/event-stream");
    let mut out = Vec::new();
    for piece in pieces {
        out.extend(exchange.on_response_chunk(piece, false, &mut world));
        let shown = String::from_utf8_lossy(&out);
        assert!(!shown.contains("hidden"), "{shown}");
    }
    out.extend(exchange.on_response_chunk(b"", true, &mut world));
    String::from_utf8(out).unwrap()
}

fn answer(key: &str, entries: &str) -> String {
    format!(
        r#"{{"jsonrpc":"2.0","id":"i","result":{{"x":[1.0],"{key}":[{entries}],"nextCursor":"c"}}}}"#
    )
}

const TOOLS: &str =
    r#"{"name":"hidden_a"}, {"name":"a","x": 1.0 },{"name":"hidd\u0065n"},{"name":"b"}"#;
const LEFT: &str = r#"{"name":"a","x": 1.0 },{"name":"b"}"#;

#[test]
fn over_a_bound_the_caller_reads_an_error_with_its_id_and_nothing_else() {
    let list = answer("tools", TOOLS);
    let at = list.len();
    for (bounds, fits) in [
        (format!(r#""max_list_bytes":{at},"#), true),
        (format!(r#""max_list_bytes":{},"#, at - 1), false),
        (r#""max_list_entries":4,"#.to_owned(), true),
        (r#""max_list_entries":3,"#.to_owned(), false),
        (r#""max_event_bytes":1,"#.to_owned(), true),
    ] {
        let got = json(&config(&bounds), "tools/list", &list);
        if fits {
            assert_eq!(got, answer("tools", LEFT), "{bounds}");
        } else {
            assert!(
                got.starts_with(r#"{"jsonrpc":"2.0","id":"i","error":{"code":-32603,"#),
                "{got}"
            );
            assert!(!got.contains("hidden") && !got.contains("\"a\""), "{got}");
        }
    }
    let event = format!("data: {list}\n\n");
    let longest = event.len() - 2;
    for (bounds, fits) in [
        (format!(r#""max_event_bytes":{longest},"#), true),
        (format!(r#""max_event_bytes":{},"#, longest - 1), false),
        (r#""max_list_entries":3,"#.to_owned(), false),
        (r#""max_list_bytes":1,"#.to_owned(), true),
    ] {
        let got = stream(&config(&bounds), event.as_bytes().chunks(7));
        if fits {
            assert_eq!(
                got,
                format!("data: {}\n\n", answer("tools", LEFT)),
                "{bounds}"
            );
        } else {
            assert!(
                got.contains(r#""id":"i","error":{"code":-32603,"#),
                "{bounds}: {got}"
            );
            assert!(!got.contains("\"a\""), "{bounds}: {got}");
        }
    }
}

#[test]
fn prompts_resources_and_templates_are_filtered_like_tools() {
    for (method, key, entries, left) in [
        (
            "prompts/list",
            "prompts",
            r#"{"name":"hidden"},{"name":"a"}"#,
            r#"{"name":"a"}"#,
        ),
        (
            "resources/list",
            "resources",
            r#"{"uri":"a","name":"n"},{"uri":"hidden:x"}"#,
            r#"{"uri":"a","name":"n"}"#,
        ),
        (
            "resources/templates/list",
            "resourceTemplates",
            r#"{"uriTemplate":"hidden:{id}"},{"uriTemplate":"a:{id}"},{"uriTemplat\u0065":"hidden:x"}"#,
            r#"{"uriTemplate":"a:{id}"}"#,
        ),
    ] {
        let want = answer(key, left);
        assert_eq!(json(&config(""), method, &answer(key, entries)), want);
        // A batch, and whatever method it answers.
        let batch = |list: &str| format!("[{list},{list}]");
        let got = json(&config(""), "x/unknown", &batch(&answer(key, entries)));
        assert_eq!(got, batch(&want));
        let event = format!("id: 4\r\ndata: {}\r\n\r\n", answer(key, entries));
        let got = stream(&config(""), [event.as_bytes()]);
        assert_eq!(got, format!("id: 4\r\ndata: {want}\r\n\r\n"));
    }
}

#[test]
fn a_list_split_at_every_two_bytes_is_the_same_list() {
    let list = answer("tools", TOOLS);
    let cut = list.find(r#","x""#).unwrap() + 1;
    for end in ["\n", "\r", "\r\n"] {
        let lines = [": c", "", "id: 1", "event: message"].join(end);
        let (first, second) = list.split_at(cut);
        let text = format!("{lines}{end}data: {first}{end}data:{second}{end}{end}: ping{end}{end}");
        let want = stream(&config(""), [text.as_bytes()]);
        assert!(
            want.starts_with(&lines) && !want.contains("hidden"),
            "{want:?}"
        );
        for kept in [r#"{"name":"b"}"#, "id: 1", ": ping", r#""nextCursor":"c""#] {
            assert!(want.contains(kept), "{want:?}");
        }
        let bytes = text.as_bytes();
        for at in 0..=bytes.len() {
            let (head, tail) = bytes.split_at(at);
            for again in (0..=tail.len()).step_by(23) {
                let (middle, tail) = tail.split_at(again);
                let got = stream(&config(""), [head, middle, tail]);
                assert_eq!(got, want, "cut at {at} and {again} after, of {text:?}");
            }
        }
    }
}

#[test]
fn an_endpoint_event_and_all_that_lists_nothing_stay_to_the_byte() {
    let text = "event: endpoint\ndata: /messages?session_id=1\n\nretry: 100\n\nevent: message\nid: 9\ndata: {\"jsonrpc\":\"2.0\",\"method\":\"notifications/progress\",\"params\":{\"progressToken\":1,\"progress\":5}}\n\nid\ndata\n\n";
    for chunk in [1, 3, text.len()] {
        assert_eq!(stream(&config(""), text.as_bytes().chunks(chunk)), text);
    }
}
