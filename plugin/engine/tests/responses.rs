//! Answers on their way back: what a caller may not call, it does not see, whatever the framing.
#![expect(clippy::unwrap_used, clippy::panic, reason = "test")]

mod support;

use support::{World, gate, post};
use toolgate_engine::exchange::{Exchange, Interest, RequestStep, ResponseHead, ResponseStep};

const POLICY: &str = r#"{"server":"s","policy":{"version":"1","default":"deny","hide":["secret"],"tools":{"open":{},"secret":{},"asked":{"validate":{"required_args":true}}}}}"#;
const LIST: &str = r#"{"jsonrpc":"2.0","id":1,"method":"tools/list"}"#;
const FETCH: &str = r#"{"jsonrpc":"2.0","id":1,"method":"tasks/result","params":{"taskId":"t"}}"#;
const ANSWER: &str = r#"{"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"secret"}, {"name":"open","x":1.0},{"name":"other"},{"name":"asked","inputSchema":{"required":["a"]}}],"nextCursor":"n"}}"#;
const SEEN: &str = r#"{"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"open","x":1.0},{"name":"asked","inputSchema":{"required":["a"]}}],"nextCursor":"n"}}"#;

fn listed(world: &mut World) -> Exchange {
    asked(world, LIST)
}

fn asked(world: &mut World, request: &str) -> Exchange {
    let (step, exchange) = post(&gate(POLICY), world, &[], request);
    let RequestStep::Forward {
        strip_accept_encoding,
    } = step
    else {
        panic!("{step:?}");
    };
    assert!(strip_accept_encoding, "a compressed list could not be read");
    exchange
}

fn head(content_type: &str) -> ResponseHead<'_> {
    ResponseHead {
        status: 200,
        content_type: Some(content_type.as_bytes()),
        content_encoding: None,
    }
}

#[test]
fn a_list_holds_what_may_be_called_and_nothing_else() {
    // A task's result is the answer to whatever request began it.
    for request in [LIST, FETCH] {
        let mut world = World::default();
        let mut exchange = asked(&mut world, request);
        assert_eq!(
            exchange.on_response_headers(&head("application/json")),
            ResponseStep::Buffer
        );
        let body = exchange.on_response_body(ANSWER.as_bytes(), &mut world);
        assert_eq!(String::from_utf8(body.unwrap()).unwrap(), SEEN);
    }
}

#[test]
fn an_event_leaves_when_it_is_whole_and_without_what_is_hidden() {
    let stream = format!(": hello\r\n\r\nevent: message\r\nid: 7\r\ndata: {ANSWER}\r\n\r\n");
    let want = format!(": hello\r\n\r\nevent: message\r\nid: 7\r\ndata: {SEEN}\r\n\r\n");
    for cut in 0..stream.len() {
        let mut world = World::default();
        let mut exchange = listed(&mut world);
        let step = exchange.on_response_headers(&head("text/event-stream"));
        assert_eq!(step, ResponseStep::Stream);
        let (first, second) = stream.as_bytes().split_at(cut);
        let mut out = exchange.on_response_chunk(first, false, &mut world);
        assert!(!String::from_utf8_lossy(&out).contains("secret"));
        out.extend(exchange.on_response_chunk(second, true, &mut world));
        assert_eq!(String::from_utf8(out).unwrap(), want, "cut at {cut}");
    }
}

#[test]
fn what_cannot_be_read_is_refused_and_not_passed_on() {
    let mut world = World::default();
    let gzip = ResponseHead {
        content_encoding: Some(b"gzip"),
        ..head("application/json")
    };
    let utf16 = head("application/json; charset=utf-16");
    for refused in [gzip, utf16] {
        let step = listed(&mut world).on_response_headers(&refused);
        let ResponseStep::Refuse(reply) = step else {
            panic!("{step:?}");
        };
        assert_eq!(reply.status, 502);
    }
    let twice =
        r#"{"jsonrpc":"2.0","id":1,"result":{"tools":[]},"result":{"tools":[{"name":"secret"}]}}"#;
    let mut exchange = listed(&mut world);
    exchange.on_response_headers(&head("application/json; charset=UTF-8"));
    let body = exchange
        .on_response_body(twice.as_bytes(), &mut world)
        .unwrap();
    let body = String::from_utf8(body).unwrap();
    assert!(
        body.contains(r#""id":1,"error":{"code":-32603"#) && !body.contains("secret"),
        "{body}"
    );
}

#[test]
fn a_list_teaches_what_calls_require() {
    let mut world = World::default();
    let call = |world: &mut World, arguments: &str| {
        let body = format!(
            r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{{"name":"asked","arguments":{arguments}}}}}"#
        );
        matches!(
            post(&gate(POLICY), world, &[], &body).0,
            RequestStep::Forward { .. }
        )
    };
    assert!(!call(&mut world, r#"{"a":1}"#), "nothing is known yet");
    let mut exchange = listed(&mut world);
    exchange.on_response_headers(&head("application/json"));
    exchange.on_response_body(ANSWER.as_bytes(), &mut world);
    assert!(call(&mut world, r#"{"a":1}"#));
    assert!(!call(&mut world, r#"{"a":null}"#));
    assert!(!call(&mut world, r#"{"A":1,"a":1}"#));
    assert!(!call(&mut world, "{}"));
}

#[test]
fn nothing_is_looked_at_where_nothing_is_hidden() {
    let mut world = World::default();
    let open = gate(r#"{"server":"s","policy":{"version":"1","default":"allow"}}"#);
    let (step, mut exchange) = post(&open, &mut world, &[], LIST);
    assert_eq!(
        step,
        RequestStep::Forward {
            strip_accept_encoding: false
        }
    );
    assert_eq!(exchange.interest(), Interest::Nothing);
    assert_eq!(
        exchange.on_response_headers(&head("application/json")),
        ResponseStep::Pass
    );
}

#[test]
fn a_stranger_opens_no_stream_but_may_ask_what_a_browser_must_ask() {
    let granted = gate(
        r#"{"server":"s","identity":[{"bearer":true}],"policies":{"p":{"version":"1","default":"allow"}},"grants":{"a":{"token_sha256":"ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb","policy":"p"}}}"#,
    );
    let mut world = World::default();
    for (method, token, want) in [
        ("GET", None, Err(403)),
        ("DELETE", Some("Bearer b"), Err(403)),
        ("GET", Some("Bearer a"), Ok(())),
        ("OPTIONS", None, Ok(())),
    ] {
        let pairs = [(":method", Some(method)), ("authorization", token)];
        let headers = pairs
            .iter()
            .filter_map(|(name, value)| Some((name.as_bytes(), (*value)?.as_bytes())))
            .collect();
        let mut exchange = Exchange::new(std::rc::Rc::clone(&granted));
        let got = match exchange.on_request_headers(&headers, true, &mut world) {
            RequestStep::Forward { .. } => Ok(()),
            RequestStep::Reply(reply) => Err(reply.status),
            RequestStep::AwaitBody | RequestStep::Ask(_) => panic!("nothing follows"),
        };
        assert_eq!(got, want, "{method} {token:?}");
    }
}

/// The step for an answer to a GET of a client that accepts these types.
fn step_of_get(policy: &str, accept: &str, answer: &ResponseHead<'_>) -> ResponseStep {
    let pairs = [(":method", "GET"), ("accept", accept)];
    let headers = pairs.map(|(name, value)| (name.as_bytes(), value.as_bytes()));
    let mut exchange = Exchange::new(gate(policy));
    let step =
        exchange.on_request_headers(&headers.into_iter().collect(), true, &mut World::default());
    assert!(matches!(step, RequestStep::Forward { .. }), "{step:?}");
    exchange.on_response_headers(answer)
}

fn refused(step: &ResponseStep) -> bool {
    matches!(step, ResponseStep::Refuse(reply) if reply.status == 502)
}

#[test]
fn no_content_type_lets_a_client_read_what_was_not_filtered() {
    let mut world = World::default();
    let call = r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"open"}}"#;
    // What one SDK or another takes for JSON or for events, and others do not.
    for unclear in [
        "text/event-streamx",
        "text/event-stream, text/plain",
        "text/event-stream,application/json",
        "text/plain; text/event-stream",
        "application/json; x=text/event-stream",
        "application/jsonx",
        "application/json, text/plain",
        "TEXT/EVENT-STREAM+json",
    ] {
        for request in [LIST, call] {
            let (_, mut exchange) = post(&gate(POLICY), &mut world, &[], request);
            assert!(!exchange.passes(Some(unclear.as_bytes())), "{unclear}");
            let step = exchange.on_response_headers(&head(unclear));
            assert!(refused(&step), "{unclear}: {step:?}");
        }
        let step = step_of_get(POLICY, "text/event-stream", &head(unclear));
        assert!(refused(&step), "{unclear}: {step:?}");
    }
    for clear in [
        "application/json; charset=utf-8",
        "Text/Event-Stream;charset=UTF-8",
    ] {
        let (_, mut exchange) = post(&gate(POLICY), &mut world, &[], LIST);
        let step = exchange.on_response_headers(&head(clear));
        assert!(
            matches!(step, ResponseStep::Buffer | ResponseStep::Stream),
            "{step:?}"
        );
    }
}

#[test]
fn who_asks_for_events_gets_events_or_json_or_an_error() {
    let none = ResponseHead {
        content_type: None,
        ..head("")
    };
    let status = |status| ResponseHead {
        status,
        ..head("text/plain")
    };
    for (accept, answer, passes) in [
        ("text/event-stream", &head("text/plain"), false),
        ("application/json, Text/Event-Stream", &none, false),
        ("text/event-stream", &status(202), false),
        ("text/event-stream", &status(405), true),
        ("text/html, */*", &head("text/html"), true),
    ] {
        let step = step_of_get(POLICY, accept, answer);
        assert_eq!(step == ResponseStep::Pass, passes, "{accept}: {step:?}");
        assert_eq!(refused(&step), !passes, "{accept}: {step:?}");
    }
}

/// `open` is pinned as `{"name":"open"}`.
const PINNED: &str = r#"{"server":"s","policy":{"version":"1","default":"deny","tools":{"open":{"pin":"sha256:b0f8563537d74f049de14826133c0553cb25c088012e71932f1ec85aced09e79"}}}}"#;
const PING: &str = r#"{"jsonrpc":"2.0","id":2,"method":"ping"}"#;
const SMUGGLED: &str = r#"[{"jsonrpc":"2.0","id":2,"result":{}},{"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"open","description":"changed"}]}}]"#;

#[test]
fn where_a_tool_is_pinned_no_answer_passes_unread() {
    let note = r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#;
    let untyped = ResponseHead {
        content_type: None,
        ..head("")
    };
    let failed = ResponseHead {
        status: 500,
        ..head("application/json")
    };
    for request in [PING, note, r#"{"jsonrpc":"2.0","id":2,"result":{}}"#] {
        for answer in [
            head("application/json"),
            head("text/plain"),
            untyped,
            failed,
        ] {
            let mut world = World::default();
            let (step, mut exchange) = post(&gate(PINNED), &mut world, &[], request);
            assert!(matches!(
                step,
                RequestStep::Forward {
                    strip_accept_encoding: true
                }
            ));
            assert_eq!(exchange.interest(), Interest::Headers);
            assert!(!exchange.passes(answer.content_type));
            let step = exchange.on_response_headers(&answer);
            assert_eq!(step, ResponseStep::Buffer, "{request}: {answer:?}");
            let body = exchange.on_response_body(SMUGGLED.as_bytes(), &mut world);
            let want = SMUGGLED.replace(r#"{"name":"open","description":"changed"}"#, "");
            assert_eq!(String::from_utf8(body.unwrap()).unwrap(), want);
        }
        let gzip = ResponseHead {
            content_encoding: Some(b"gzip"),
            ..head("application/json")
        };
        let part = ResponseHead {
            status: 206,
            ..head("application/json")
        };
        for answer in [gzip, part] {
            let (_, mut exchange) = post(&gate(PINNED), &mut World::default(), &[], request);
            assert!(
                refused(&exchange.on_response_headers(&answer)),
                "{answer:?}"
            );
        }
    }
    let step = step_of_get(PINNED, "*/*", &head("text/plain"));
    assert_eq!(step, ResponseStep::Buffer);
}

#[test]
fn a_changed_definition_in_another_answer_denies_the_calls() {
    let world = &mut World::default();
    let call = r#"{"jsonrpc":"2.0","id":3,"method":"tools/call","params":{"name":"open"}}"#;
    let listing = r#"{"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"open"}]}}"#;
    let gate = gate(PINNED);
    let runs = |world: &mut World| {
        let (step, _) = post(&gate, world, &[], call);
        matches!(step, RequestStep::Forward { .. })
    };
    for (request, body, after) in [(LIST, listing, true), (PING, SMUGGLED, false)] {
        let (_, mut exchange) = post(&gate, world, &[], request);
        exchange.on_response_headers(&head("application/json"));
        exchange.on_response_body(body.as_bytes(), world);
        assert_eq!(runs(world), after, "after {body}");
    }
}
