//! Units go back after the failures that `refund_on` names, once, and after no other.
#![expect(clippy::unwrap_used, clippy::panic, reason = "test")]

mod support;

use std::rc::Rc;

use support::{World, gate, post};
use toolgate_engine::Gate;
use toolgate_engine::exchange::{
    Exchange, Interest, MAX_ANSWER_BYTES, RequestStep, ResponseHead, ResponseStep,
};

const ERROR: &str = r#"{"jsonrpc":"2.0","id":7,"error":{"code":-32000,"message":"no"}}"#;
const IS_ERROR: &str = r#"{"jsonrpc":"2.0","id":7,"result":{"content":[],"isError":true}}"#;
const RESULT: &str = r#"{"jsonrpc":"2.0","id":7,"result":{"content":[],"isError":false}}"#;
const OTHER: &str = r#"{"jsonrpc":"2.0","id":8,"error":{"code":-32000,"message":"no"}}"#;

/// Two calls an hour, given back as `refund_on` says.
fn two(refund_on: &str) -> Rc<Gate> {
    gate(&format!(
        r#"{{"server":"s","policy":{{"version":"1","default":"allow","all_tools":{{"limits":[
            {{"counter":"c","window":"hour","max":2{refund_on}}}]}}}}}}"#
    ))
}

fn on(reasons: &str) -> Rc<Gate> {
    two(&format!(r#","refund_on":[{reasons}]"#))
}

fn body(id: &str) -> String {
    format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"tools/call","params":{{"name":"t"}}}}"#)
}

fn call(gate: &Rc<Gate>, world: &mut World) -> Option<Exchange> {
    let (step, exchange) = post(gate, world, &[], &body("7"));
    matches!(step, RequestStep::Forward { .. }).then_some(exchange)
}

/// How many calls more are admitted.
fn left(gate: &Rc<Gate>, world: &mut World) -> usize {
    std::iter::from_fn(|| call(gate, world)).count()
}

fn head(content_type: &str) -> ResponseHead<'_> {
    ResponseHead {
        status: 200,
        content_type: Some(content_type.as_bytes()),
        content_encoding: None,
    }
}

/// The upstream's whole answer, in two chunks.
fn answer(exchange: &mut Exchange, world: &mut World, kind: &str, text: &str, cut: usize) {
    exchange.on_response_status(200, world);
    let (first, second) = text.as_bytes().split_at(cut);
    match exchange.on_response_headers(&head(kind)) {
        ResponseStep::Pass => {}
        ResponseStep::Watch => {
            if exchange.on_response_seen(first, false, world) {
                exchange.on_response_seen(second, true, world);
            }
        }
        ResponseStep::Buffer => {
            assert!(exchange.on_response_body(text.as_bytes(), world).is_none())
        }
        ResponseStep::Stream => {
            exchange.on_response_chunk(first, false, world);
            exchange.on_response_chunk(second, true, world);
        }
        ResponseStep::Refuse(reply) => panic!("{reply:?}"),
    }
}

/// Calls once, lets the upstream answer, and counts what is left of two.
fn after(reasons: &str, kind: &str, text: &str) -> usize {
    let (gate, mut world) = (on(reasons), World::default());
    let mut exchange = call(&gate, &mut world).unwrap();
    answer(&mut exchange, &mut world, kind, text, text.len() / 2);
    left(&gate, &mut world)
}

#[test]
fn each_failure_gives_back_where_it_is_named_and_nowhere_else() {
    for (reasons, text, want) in [
        (r#""error""#, ERROR, 2),
        (r#""error""#, IS_ERROR, 1),
        (r#""is_error""#, ERROR, 1),
        (r#""is_error""#, IS_ERROR, 2),
        (r#""error","is_error""#, RESULT, 1),
        (r#""error","is_error""#, OTHER, 1),
        (r#""unreachable""#, ERROR, 1),
        ("", IS_ERROR, 1),
    ] {
        let json = after(reasons, "application/json", text);
        assert_eq!(json, want, "{reasons} {text}");
        let events = format!(": ping\n\nevent: message\ndata: {text}\n\n");
        let sse = after(reasons, "text/event-stream", &events);
        assert_eq!(sse, want, "{reasons} {text} in a stream");
    }
}

#[test]
fn an_answer_may_be_cut_anywhere() {
    let events = format!("data: {OTHER}\r\n\r\nid: 1\r\ndata: {ERROR}\r\n\r\n");
    for (kind, text) in [("application/json", ERROR), ("text/event-stream", &events)] {
        for cut in 0..=text.len() {
            let (gate, mut world) = (on(r#""error""#), World::default());
            let mut exchange = call(&gate, &mut world).unwrap();
            answer(&mut exchange, &mut world, kind, text, cut);
            assert_eq!(left(&gate, &mut world), 2, "{kind} cut at {cut}");
        }
    }
}

#[test]
fn an_event_gives_back_before_the_stream_ends() {
    let (gate, mut world) = (on(r#""error""#), World::default());
    let mut exchange = call(&gate, &mut world).unwrap();
    exchange.on_response_headers(&head("text/event-stream"));
    let event = format!("data: {ERROR}\n\n");
    let more = exchange.on_response_seen(event.as_bytes(), false, &mut world);
    assert!(!more, "nothing of the rest matters");
    assert_eq!(left(&gate, &mut world), 2);
}

#[test]
fn a_call_is_given_back_once_however_often_it_is_answered() {
    let both = r#""error","is_error""#;
    let batch = format!("[{ERROR},{ERROR},{IS_ERROR}]");
    let events = format!("data: {ERROR}\n\ndata: {IS_ERROR}\n\ndata: {batch}\n\n");
    for (kind, text) in [("application/json", &batch), ("text/event-stream", &events)] {
        let (gate, mut world) = (on(both), World::default());
        let mut first = call(&gate, &mut world).unwrap();
        let _second = call(&gate, &mut world).unwrap();
        answer(&mut first, &mut world, kind, text, 10);
        first.on_response_status(503, &mut world);
        assert_eq!(left(&gate, &mut world), 1, "{kind}");
    }
}

#[test]
fn the_first_answer_is_final() {
    let events = format!("data: {RESULT}\n\ndata: {ERROR}\n\n");
    assert_eq!(after(r#""error""#, "text/event-stream", &events), 1);
    let unclear = ERROR.replace(r#""error""#, r#""Error":1,"error""#);
    let events = format!("data: {unclear}\n\ndata: {ERROR}\n\n");
    assert_eq!(after(r#""error""#, "text/event-stream", &events), 1);
}

#[test]
fn what_cannot_be_read_alike_by_all_gives_nothing_back() {
    let twice = ERROR.replace(r#""error""#, r#""id":7,"error""#);
    let also = ERROR.replace(r#""error""#, r#""result":{},"error""#);
    let cut = ERROR.get(..ERROR.len() - 1).unwrap();
    for text in [twice.as_str(), &also, cut] {
        assert_eq!(after(r#""error""#, "application/json", text), 1, "{text}");
    }
    assert_eq!(
        after(r#""error""#, "application/json; charset=utf-16", ERROR),
        1
    );
    assert_eq!(after(r#""error""#, "text/html", ERROR), 1);
    let large = ERROR.replace("no", &"x".repeat(MAX_ANSWER_BYTES));
    assert_eq!(after(r#""error""#, "application/json", &large), 1);
    let events = format!("data: {large}\n\n");
    assert_eq!(after(r#""error""#, "text/event-stream", &events), 1);

    let (gate, mut world) = (on(r#""error""#), World::default());
    let mut exchange = call(&gate, &mut world).unwrap();
    let gzip = ResponseHead {
        content_encoding: Some(b"gzip"),
        ..head("application/json")
    };
    assert_eq!(exchange.on_response_headers(&gzip), ResponseStep::Pass);
}

#[test]
fn an_answer_that_never_ends_gives_nothing_back() {
    let (gate, mut world) = (on(r#""error""#), World::default());
    let mut exchange = call(&gate, &mut world).unwrap();
    exchange.on_response_headers(&head("application/json"));
    exchange.on_response_seen(ERROR.as_bytes(), false, &mut world);
    drop(exchange);
    assert_eq!(left(&gate, &mut world), 1);
}

#[test]
fn an_id_is_the_same_however_it_is_spelled() {
    for (sent, answered, want) in [
        (r#""a""#, r#""\u0061""#, 2),
        (r#""7""#, "7", 1),
        ("7", r#""7""#, 1),
    ] {
        let (gate, mut world) = (on(r#""error""#), World::default());
        let (_, mut exchange) = post(&gate, &mut world, &[], &body(sent));
        let text = ERROR.replace(":7", &format!(":{answered}"));
        answer(&mut exchange, &mut world, "application/json", &text, 3);
        assert_eq!(left(&gate, &mut world), want, "{sent} {answered}");
    }
}

/// What Envoy says of a reply, as seen in Envoy 1.40.
fn says(world: &mut World, details: &str, attempts: u64, flags: u64) {
    let mut set = |name: &str, value: Vec<u8>| world.properties.insert(name.to_owned(), value);
    set("response.code_details", details.into());
    set(
        "upstream.request_attempt_count",
        attempts.to_le_bytes().into(),
    );
    set("response.flags", flags.to_le_bytes().into());
}

#[test]
fn only_a_request_of_which_nothing_went_upstream_was_unreachable() {
    let reset = "upstream_reset_before_response_started{x}";
    for (details, attempts, flags, want) in [
        (reset, 1, 32, 2),                     // refused, connect timeout, TLS failed
        (reset, 1, 128, 2),                    // no room in the pool
        ("no_healthy_upstream", 1, 2, 2),      //
        ("cluster_not_found", 0, 1 << 24, 2),  //
        ("route_not_found", 0, 1 << 8, 2),     //
        ("local_rate_limited", 0, 1 << 11, 2), // a filter after this one
        (reset, 1, 64, 1),                     // the connection ended
        (reset, 1, 16, 1),                     // reset by the upstream
        (reset, 1, 32 | 64, 1),                //
        ("response_timeout", 1, 4, 1),         //
        (reset, 2, 32, 1),                     // the first attempt may have arrived
        ("via_upstream", 1, 0, 1),             // the upstream's own 503
        ("via_upstream", 0, 32, 1),            //
        ("", 0, 0, 1),                         //
    ] {
        let (gate, mut world) = (two(""), World::default());
        let mut exchange = call(&gate, &mut world).unwrap();
        assert_eq!(exchange.interest(), Interest::Status);
        says(&mut world, details, attempts, flags);
        exchange.on_response_status(503, &mut world);
        assert_eq!(
            left(&gate, &mut world),
            want,
            "{details} {attempts} {flags}"
        );
    }
    // A host that does not say.
    let (gate, mut world) = (two(""), World::default());
    call(&gate, &mut world)
        .unwrap()
        .on_response_status(503, &mut world);
    assert_eq!(left(&gate, &mut world), 1);
}

#[test]
fn where_something_is_hidden_the_status_settles_before_the_media_type_lets_pass() {
    let gate = gate(
        r#"{"server":"s","policy":{"version":"1","default":"deny","tools":{"t":{"limits":[
        {"counter":"c","window":"hour","max":2}]}}}}"#,
    );
    for (details, flags, want) in [("no_healthy_upstream", 2, 2), ("via_upstream", 0, 1)] {
        let mut world = World::default();
        let mut exchange = call(&gate, &mut world).unwrap();
        assert_eq!(exchange.interest(), Interest::StatusAndMediaType);
        says(&mut world, details, 1, flags);
        exchange.on_response_status(503, &mut world);
        assert!(exchange.passes(Some(b"text/plain")));
        assert!(!exchange.passes(Some(b"text/event-stream")));
        assert_eq!(exchange.take_last_record(&mut world).is_some(), want == 2);
        assert_eq!(left(&gate, &mut world), want, "{details}");
    }
}

#[test]
fn an_error_after_a_retry_of_the_proxys_gives_nothing_back() {
    let (gate, mut world) = (on(r#""error""#), World::default());
    let mut exchange = call(&gate, &mut world).unwrap();
    says(&mut world, "via_upstream", 2, 0);
    answer(&mut exchange, &mut world, "application/json", ERROR, 5);
    assert_eq!(left(&gate, &mut world), 1);
}

#[test]
fn each_element_of_a_batch_is_settled_by_its_own_answer() {
    let version = [("mcp-protocol-version", "2025-03-26")];
    for (ids, want) in [(["7", "8", "9"], 8), (["7", "7", "9"], 7)] {
        let gate = gate(
            r#"{"server":"s","policy":{"version":"1","default":"allow","tools":{"t":{"limits":[
            {"counter":"c","window":"hour","max":10,"refund_on":["error"]}]}}}}"#,
        );
        let mut world = World::default();
        let batch = format!("[{}]", ids.map(body).join(","));
        let (step, mut exchange) = post(&gate, &mut world, &version, &batch);
        assert!(matches!(step, RequestStep::Forward { .. }), "{step:?}");
        let answers = format!("[{RESULT},{OTHER},{ERROR}]");
        answer(&mut exchange, &mut world, "application/json", &answers, 9);
        assert_eq!(left(&gate, &mut world), want, "{ids:?}");
    }
}

#[test]
fn a_limit_that_does_not_ask_keeps_what_another_gives_back() {
    let gate = gate(
        r#"{"server":"s","policy":{"version":"1","default":"allow","tools":{"t":{"limits":[
        {"counter":"gives","window":"hour","max":1,"refund_on":["error"]},
        {"counter":"keeps","window":"day","max":3,"refund_on":[]},
        {"counter":"shadow","window":"hour","max":1,"refund_on":["error"],"mode":"shadow"}]}}}}"#,
    );
    let mut world = World::default();
    for _ in 0..3 {
        let mut exchange = call(&gate, &mut world).unwrap();
        let record = exchange.take_record().unwrap();
        assert!(
            !record.contains("shadow"),
            "it got its unit back too: {record}"
        );
        answer(&mut exchange, &mut world, "application/json", ERROR, 5);
    }
    assert!(call(&gate, &mut world).is_none());
}

#[test]
fn a_refund_after_the_window_gives_nothing_to_the_next() {
    let (gate, mut world) = (on(r#""error""#), World::default());
    let mut exchange = call(&gate, &mut world).unwrap();
    world.now += 3_600_000_000_000;
    assert_eq!(left(&gate, &mut world), 2);
    answer(&mut exchange, &mut world, "application/json", ERROR, 5);
    assert_eq!(left(&gate, &mut world), 0);
}

#[test]
fn nothing_is_looked_at_where_no_limit_was_charged() {
    let (gate, mut world) = (on(r#""error""#), World::default());
    let ping = r#"{"jsonrpc":"2.0","id":7,"method":"ping"}"#;
    let (_, exchange) = post(&gate, &mut world, &[], ping);
    assert_eq!(exchange.interest(), Interest::Nothing);
    let exchange = call(&on(""), &mut world).unwrap();
    assert_eq!(exchange.interest(), Interest::Nothing);
}

#[test]
fn lists_are_filtered_and_failures_given_back_in_the_same_pass() {
    let gate = gate(
        r#"{"server":"s","policy":{"version":"1","default":"deny","tools":{"t":{"limits":[
        {"counter":"c","window":"hour","max":2,"refund_on":["is_error"]}]}}}}"#,
    );
    for (kind, text) in [
        ("application/json", IS_ERROR.to_owned()),
        ("text/event-stream", format!("data: {IS_ERROR}\n\n")),
    ] {
        let mut world = World::default();
        let mut exchange = call(&gate, &mut world).unwrap();
        answer(&mut exchange, &mut world, kind, &text, 20);
        assert_eq!(left(&gate, &mut world), 2, "{kind}");
    }
}
