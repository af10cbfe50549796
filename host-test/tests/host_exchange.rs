//! Exchanges through small guests: what each side sees, in Envoy's order and with its traps.

#![expect(clippy::unwrap_used, reason = "test")]

mod common;

use common::{callbacks, echo, ok, settings, start};
use host_test::{
    BodySequence, Client, Exchange, Next, Problem, Reply, Request, Response, Settings, Upstream,
};

#[test]
fn a_header_added_on_either_way_arrives() {
    let out = start("headers", &settings()).exchange(0, &Request::new("GET", "/a?b"), &mut ok);
    let upstream = out.upstream.unwrap();
    assert_eq!(upstream.header("x-guest"), Some(&b"seen"[..]));
    assert_eq!((&*upstream.method, &*upstream.path), ("GET", "/a?b"));
    assert!(!upstream.has_body);
    let response = out.response.unwrap();
    assert_eq!(response.header("x-guest"), Some(&b"seen"[..]));
    assert_eq!((response.status, response.text()), (200, "ok".to_owned()));
    assert!(out.upstream_complete && out.response_complete);
    assert_eq!(out.problems, []);
    assert!(out.fuel > 0 && out.host_calls.values().sum::<u64>() == 2 && out.bytes_copied == 22);
}

#[test]
fn header_values_need_not_be_text() {
    let request = Request::new("GET", "/").with_header("X-Raw", [0xff, 0xfe]);
    let out = start("headers", &settings()).exchange(0, &request, &mut ok);
    assert_eq!(
        out.upstream.unwrap().header("x-raw"),
        Some(&[0xff, 0xfe][..])
    );
}

/// The request's callbacks of `body.wat`, which holds the headers until it has seen all.
fn sequence(settings: &Settings, request: &Request) -> (Exchange, Vec<String>) {
    let out = start("body", settings).exchange(0, request, &mut echo);
    let callbacks = callbacks(&out, "request");
    (out, callbacks)
}

#[test]
fn http1_tells_the_end_without_new_data_and_sizes_add_up_while_paused() {
    let settings = Settings {
        request_chunk: 4,
        ..settings()
    };
    let (out, callbacks) = sequence(&settings, &Request::post("/", "abcdef"));
    assert_eq!(
        callbacks,
        [
            "proxy_on_request_headers(6, false) -> pause",
            "proxy_on_request_body(4, false) -> pause",
            "proxy_on_request_body(6, false) -> pause",
            "proxy_on_request_body(6, true) -> continue",
        ]
    );
    assert_eq!(out.upstream.unwrap().body, b"new");
    assert_eq!(out.response.unwrap().text(), "new");
    assert_eq!(out.problems, []);
}

#[test]
fn http2_tells_the_end_with_the_last_data() {
    let settings = Settings {
        request_chunk: 4,
        body_sequence: BodySequence::Http2,
        ..settings()
    };
    let (out, callbacks) = sequence(&settings, &Request::post("/", "abcdef"));
    assert_eq!(
        callbacks,
        [
            "proxy_on_request_headers(6, false) -> pause",
            "proxy_on_request_body(4, false) -> pause",
            "proxy_on_request_body(6, true) -> continue",
        ]
    );
    assert_eq!(out.upstream.unwrap().body, b"new");
}

#[test]
fn trailers_take_the_place_of_the_bodys_end() {
    let request = Request::post("/", "abcdef").with_trailer("x-sum", "1");
    let (out, callbacks) = sequence(&settings(), &request);
    assert_eq!(
        callbacks,
        [
            "proxy_on_request_headers(6, false) -> pause",
            "proxy_on_request_body(6, false) -> pause",
            "proxy_on_request_trailers(1, true) -> continue",
        ]
    );
    let upstream = out.upstream.unwrap();
    assert_eq!(upstream.body, b"new");
    assert_eq!(upstream.trailers, request.trailers);
    assert!(out.upstream_complete);
}

#[test]
fn an_empty_chunked_body_is_only_an_end() {
    let request = Request {
        has_body: true,
        ..Request::new("POST", "/")
    };
    let (out, callbacks) = sequence(&settings(), &request);
    assert_eq!(
        callbacks,
        [
            "proxy_on_request_headers(4, false) -> pause",
            "proxy_on_request_body(0, true) -> continue",
        ]
    );
    let upstream = out.upstream.unwrap();
    assert!(upstream.body.is_empty() && upstream.has_body);
}

#[test]
fn a_post_without_a_body_has_no_body_callback() {
    let (out, callbacks) = sequence(&settings(), &Request::new("POST", "/"));
    assert_eq!(callbacks, ["proxy_on_request_headers(4, true) -> continue"]);
    assert!(out.upstream_complete);
}

#[test]
fn a_stale_content_length_is_a_problem() {
    let settings = Settings {
        plugin_config: b"stale".to_vec(),
        ..settings()
    };
    let (out, _) = sequence(&settings, &Request::post("/", "abcdef"));
    let problem = Problem::RequestLength {
        claimed: "6".to_owned(),
        actual: 3,
    };
    assert_eq!(out.problems, [problem]);
}

#[test]
fn a_pause_in_the_headers_hangs_where_holding_is_not_allowed() {
    let settings = Settings {
        hold_allowed: false,
        ..settings()
    };
    let (out, callbacks) = sequence(&settings, &Request::post("/", "abcdef"));
    assert_eq!(callbacks, ["proxy_on_request_headers(6, false) -> pause"]);
    assert_eq!(out.problems, [Problem::Hang("proxy_on_request_headers")]);
    assert_eq!((out.upstream, out.response), (None, None));
}

#[test]
fn a_body_over_the_buffer_limit_is_answered_by_the_proxy_past_the_request() {
    let settings = Settings {
        buffer_limit: 10,
        request_chunk: 8,
        ..settings()
    };
    let (out, _) = sequence(&settings, &Request::post("/", "0123456789abcdef"));
    let response = out.response.unwrap();
    assert_eq!(
        (response.status, response.text()),
        (413, "Payload Too Large".to_owned())
    );
    assert!(!out.local_reply.unwrap().by_filter);
    assert_eq!(out.upstream, None);
    assert_eq!(callbacks(&out_of_limit(&settings), "response").len(), 2);
}

/// The same with a guest that looks at responses.
fn out_of_limit(settings: &Settings) -> Exchange {
    let request = Request::post("/", "0123456789abcdef");
    start("hold_all", settings).exchange(0, &request, &mut ok)
}

#[test]
fn a_paused_response_over_the_buffer_limit_becomes_a_500() {
    let settings = Settings {
        buffer_limit: 10,
        ..settings()
    };
    let mut upstream = |_: &Request| {
        Response::new(200)
            .with_chunk("012345")
            .with_chunk("6789")
            .with_chunk("abc")
            .into()
    };
    let out = start("hold_all", &settings).exchange(0, &Request::new("GET", "/"), &mut upstream);
    let response = out.response.unwrap();
    assert_eq!(
        (response.status, response.text()),
        (500, "Internal Server Error".to_owned())
    );
    assert_eq!(
        out.local_reply.unwrap().details,
        "response_payload_too_large"
    );
}

#[test]
fn a_local_reply_passes_the_response_callbacks_and_opens_no_connection() {
    let out = start("reply", &settings()).exchange(0, &Request::post("/", "{}"), &mut ok);
    assert_eq!(out.upstream, None);
    let response = out.response.unwrap();
    assert_eq!((response.status, response.text()), (403, "no".to_owned()));
    assert_eq!(response.header("x-why"), Some(&b"rule"[..]));
    assert_eq!(response.header("x-marked"), Some(&b"x"[..]));
    assert_eq!(response.header("content-length"), Some(&b"2"[..]));
    assert_eq!(response.header("content-type"), Some(&b"text/plain"[..]));
    let reply = out.local_reply.unwrap();
    assert!(reply.by_filter);
    assert_eq!(reply.details, "by_the_book");
    assert_eq!(out.filter_state.get("verdict").unwrap(), b"no");
    assert_eq!(out.logs.first().unwrap().text, "verdict");
    assert!(out.response_complete);
}

#[test]
fn a_local_reply_to_grpc_is_a_status_in_the_headers() {
    let mut request = Request::post("/", "xxxxx");
    request.headers = vec![("content-type".to_owned(), b"application/grpc".to_vec())];
    let response = start("reply", &settings())
        .exchange(0, &request, &mut ok)
        .response
        .unwrap();
    assert_eq!(response.status, 200);
    assert_eq!(response.header("grpc-status"), Some(&b"7"[..]));
    assert_eq!(response.header("grpc-message"), Some(&b"no"[..]));
    assert!(response.body().is_empty());
}

#[test]
fn a_streamed_response_leaves_piece_by_piece() {
    let mut upstream = |_: &Request| {
        Response::new(200)
            .with_chunk("data: 1\n\n")
            .with_chunk("data: 2\n\n")
            .into()
    };
    let out = start("headers", &settings()).exchange(0, &Request::new("GET", "/"), &mut upstream);
    assert_eq!(
        out.response.unwrap().chunks,
        [b"data: 1\n\n", b"data: 2\n\n"]
    );
}

#[test]
fn an_upstream_that_fails_is_answered_by_the_proxy() {
    let mut host = start("headers", &settings());
    let request = Request::new("GET", "/");
    let out = host.exchange(0, &request, &mut |_: &Request| Reply::Unreachable);
    assert_eq!(out.upstream, None);
    let response = out.response.unwrap();
    assert_eq!(response.status, 503);
    assert_eq!(
        response.header("x-guest"),
        Some(&b"seen"[..]),
        "it passes the filter"
    );

    let out = host.exchange(0, &request, &mut |_: &Request| Reply::Reset(None));
    assert_eq!(out.response.unwrap().status, 503);
    assert!(out.upstream.is_some());

    let half = Response::new(200).with_chunk("half");
    let out = host.exchange(0, &request, &mut |_: &Request| {
        Reply::Reset(Some(half.clone()))
    });
    assert_eq!(out.response.unwrap().text(), "half");
    assert!(!out.response_complete);
}

#[test]
fn a_head_request_has_no_body_in_its_answer() {
    let out = start("headers", &settings()).exchange(0, &Request::new("HEAD", "/"), &mut ok);
    assert_eq!(out.problems, []);
    assert_eq!(out.response.unwrap().body(), b"");
}

/// An upstream that leaves its response open, and a client that notes what it is told.
#[derive(Default)]
struct Sides {
    pieces: Vec<Next>,
    told: std::rc::Rc<std::cell::RefCell<Vec<String>>>,
}

impl Upstream for Sides {
    fn respond(&mut self, _: &Request) -> Reply {
        self.told.borrow_mut().push("asked".to_owned());
        Reply::Open(Response::new(200))
    }

    fn next(&mut self) -> Next {
        self.told.borrow_mut().push("next".to_owned());
        self.pieces.remove(0)
    }
}

impl Client for Sides {
    fn head(&mut self, head: Response) {
        self.told.borrow_mut().push(head.status.to_string());
    }

    fn piece(&mut self, piece: &[u8]) {
        let piece = String::from_utf8_lossy(piece).into_owned();
        self.told.borrow_mut().push(piece);
    }
}

#[test]
fn an_open_response_reaches_the_client_piece_by_piece() {
    let piece = |text: &str| Next::Piece(text.as_bytes().to_vec());
    for (last, complete) in [(Next::End, true), (Next::Reset, false)] {
        let mut upstream = Sides {
            pieces: vec![piece("one"), piece("two"), last],
            ..Sides::default()
        };
        let mut client = Sides {
            told: upstream.told.clone(),
            ..Sides::default()
        };
        let mut host = start("headers", &settings());
        let out = host.exchange_to(0, &Request::new("GET", "/"), &mut upstream, &mut client);
        assert_eq!(out.response_complete, complete);
        assert_eq!(
            *upstream.told.borrow(),
            ["asked", "200", "next", "one", "next", "two", "next"]
        );
    }
}
