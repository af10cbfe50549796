//! What comes back from the upstream.

use toolgate_engine::exchange::{Interest, ResponseHead, ResponseStep};

use super::*;

const LIST: &str = r#"{"jsonrpc":"2.0","id":1,"result":{"resultType":"complete","tools":[{"name":"x"}],"cacheScope":"public"}}"#;

fn json_head(status: u16) -> ResponseHead<'static> {
    ResponseHead {
        status,
        content_type: Some(b"application/json"),
        content_encoding: None,
    }
}

#[test]
fn a_caller_who_may_see_all_does_not_fill_a_shared_cache() {
    let gate = gate(GRANTS);
    let mut world = World::default();
    let sent: [(&str, &[u8]); 1] = [("authorization", b"Bearer bar")];
    let (mut exchange, step) = send(&gate, &mut world, &sent, &asks("tools/list"));
    assert!(matches!(step, RequestStep::Forward { .. }));
    assert_eq!(
        exchange.on_response_headers(&json_head(200)),
        ResponseStep::Buffer
    );
    let body = exchange
        .on_response_body(LIST.as_bytes(), &mut world)
        .unwrap();
    assert!(
        String::from_utf8(body)
            .unwrap()
            .contains(r#""cacheScope":"private""#)
    );
}

#[test]
fn a_part_of_a_list_is_not_a_list() {
    let gate = policy(r#"{"version":"1","default":"allow","hide":["secret"]}"#);
    let mut world = World::default();
    let range: [(&str, &[u8]); 1] = [("range", b"bytes=60-")];
    let (mut exchange, _) = send(&gate, &mut world, &range, &asks("tools/list"));
    assert!(matches!(
        exchange.on_response_headers(&json_head(206)),
        ResponseStep::Refuse(_)
    ));
}

fn no_hold() -> Rc<Gate> {
    gate(&GRANTS.replacen('{', r#"{"hold_headers":false,"#, 1))
}

#[test]
fn without_hold_an_unknown_caller_opens_no_stream_by_announcing_a_body() {
    let gate = no_hold();
    for method in ["GET", "DELETE"] {
        let pairs: Pairs<'_> = vec![
            (":method", method.as_bytes()),
            ("authorization", b"Bearer wrong"),
        ];
        let mut exchange = Exchange::new(Rc::clone(&gate));
        let step = exchange.on_request_headers(&headers(&pairs), false, &mut World::default());
        assert!(matches!(step, RequestStep::Reply(_)), "{method}: {step:?}");
        assert!(exchange.take_record().unwrap().contains("(no policy)"));
    }
}

#[test]
fn without_hold_an_answer_that_comes_before_the_body_is_filtered() {
    let gate = no_hold();
    let listed = format!("event: message\ndata: {LIST}\n\n");
    for (method, token) in [("GET", "Bearer foo"), ("POST", "Bearer foo")] {
        let pairs: Pairs<'_> = vec![
            (":method", method.as_bytes()),
            ("content-type", b"application/json"),
            ("authorization", token.as_bytes()),
        ];
        let mut world = World::default();
        let mut exchange = Exchange::new(Rc::clone(&gate));
        let step = exchange.on_request_headers(&headers(&pairs), false, &mut world);
        assert_eq!(step, RequestStep::AwaitBody);
        assert_eq!(exchange.interest(), Interest::Headers, "{method}");
        let head = ResponseHead {
            status: 200,
            content_type: Some(b"text/event-stream"),
            content_encoding: None,
        };
        assert_eq!(exchange.on_response_headers(&head), ResponseStep::Stream);
        let out = exchange.on_response_chunk(listed.as_bytes(), true, &mut world);
        let out = String::from_utf8(out).unwrap();
        assert!(!out.contains(r#""name":"x""#), "{method}: {out}");
    }
}
