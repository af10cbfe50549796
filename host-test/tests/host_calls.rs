//! Calls out of the guest, and all the rest that it can ask of its host.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "test")]

mod common;

use std::sync::{Arc, Mutex};

use common::{callbacks, ok, settings, start};
use host_test::{
    Exchange, GrpcCall, GrpcReply, HttpCall, HttpReply, MetricKind, Profile, Request, Response,
    Services, Settings,
};

/// Services that answer as the test says, and remember what they were asked.
#[derive(Clone)]
struct Scripted {
    http: HttpReply,
    grpc: GrpcReply,
    asked: Arc<Mutex<(Vec<HttpCall>, Vec<GrpcCall>)>>,
}

impl Services for Scripted {
    fn http(&mut self, call: &HttpCall) -> HttpReply {
        self.asked.lock().unwrap().0.push(call.clone());
        self.http.clone()
    }

    fn grpc(&mut self, call: &GrpcCall) -> GrpcReply {
        self.asked.lock().unwrap().1.push(call.clone());
        self.grpc.clone()
    }
}

fn scripted(http: HttpReply, grpc: GrpcReply) -> Scripted {
    Scripted {
        http,
        grpc,
        asked: Arc::default(),
    }
}

fn over_http(settings: &Settings, http: HttpReply) -> (Exchange, Vec<HttpCall>) {
    let services = scripted(http, GrpcReply::NoSuchUpstream);
    let mut host = start("calls", settings);
    host.set_services(services.clone());
    let out = host.exchange(0, &Request::post("/", "body"), &mut ok);
    let asked = services.asked.lock().unwrap().0.clone();
    (out, asked)
}

fn property<'a>(out: &'a Exchange, name: &str) -> &'a [u8] {
    out.filter_state.get(name).unwrap()
}

#[test]
fn an_http_answer_resumes_the_request() {
    for hold_allowed in [true, false] {
        let settings = Settings {
            hold_allowed,
            ..settings()
        };
        let answer = Response::new(200).with_body("fine");
        let (out, asked) = over_http(&settings, HttpReply::Response(answer));
        let call = asked.first().unwrap();
        assert_eq!(
            (&*call.upstream, &*call.body, call.timeout_ms),
            ("auth", &b"ask"[..], 1000)
        );
        assert_eq!(
            call.headers.first().unwrap(),
            &(":method".to_owned(), b"POST".to_vec())
        );
        assert_eq!(property(&out, "status"), b"200");
        assert_eq!(out.upstream.unwrap().body, b"body");
        assert_eq!(out.response.unwrap().status, 200);
        assert_eq!(out.problems, []);
    }
}

#[test]
fn another_http_answer_or_none_is_refused_by_the_guest() {
    let refused = Response::new(403).with_body("no");
    for (reply, status) in [
        (HttpReply::Response(refused), &b"403"[..]),
        (HttpReply::Failed, &b"reset"[..]),
    ] {
        let (out, _) = over_http(&settings(), reply);
        assert_eq!(property(&out, "status"), status);
        assert_eq!(out.response.unwrap().status, 401);
        assert_eq!(out.upstream, None);
    }
}

#[test]
fn a_call_to_nowhere_is_refused_at_once() {
    let (out, _) = over_http(&settings(), HttpReply::NoSuchUpstream);
    assert_eq!(out.response.unwrap().status, 401);
    assert!(out.filter_state.is_empty());
}

fn over_grpc(config: &str, grpc: GrpcReply) -> (Vec<Exchange>, Vec<GrpcCall>) {
    let services = scripted(HttpReply::Failed, grpc);
    let mut host = start(
        "grpc",
        &Settings {
            plugin_config: config.into(),
            ..settings()
        },
    );
    host.set_services(services.clone());
    let outs = (0..2)
        .map(|_| host.exchange(0, &Request::new("GET", "/"), &mut ok))
        .collect();
    let asked = services.asked.lock().unwrap().1.clone();
    (outs, asked)
}

#[test]
fn a_grpc_message_resumes_the_request() {
    for config in ["", "stream"] {
        let (outs, asked) = over_grpc(config, GrpcReply::Message(b"go".to_vec()));
        for out in outs {
            assert_eq!(property(&out, "message"), b"go");
            assert_eq!(out.response.unwrap().status, 200);
        }
        let call = asked.first().unwrap();
        assert_eq!(
            (&*call.upstream, &*call.service),
            (&b"limits"[..], "pkg.Limits")
        );
        assert_eq!((&*call.method, &*call.message), ("Should", &b"please"[..]));
        assert_eq!(call.timeout_ms, if config.is_empty() { 250 } else { 0 });
    }
}

#[test]
fn a_grpc_close_carries_its_code() {
    let (outs, _) = over_grpc("", GrpcReply::Closed(14, "down".to_owned()));
    for out in outs {
        assert_eq!(property(&out, "code"), [14]);
        assert_eq!(out.response.unwrap().status, 503);
        assert_eq!(out.upstream, None);
    }
}

/// What `phases.wat` found, by callback: status of a header read, pairs, status of a write.
fn phases(config: &str, request: &Request) -> String {
    let settings = Settings {
        plugin_config: config.into(),
        ..settings()
    };
    let out = start("phases", &settings).exchange(0, request, &mut ok);
    String::from_utf8(property(&out, "phases").to_vec()).unwrap()
}

#[test]
fn headers_are_out_of_reach_once_they_went_on() {
    // As seen in Envoy 1.40: single values are refused, all pairs read as empty.
    assert_eq!(phases("", &Request::post("/", "x")), "H0f0 B2e2 R2e2 L0f2 ");
}

#[test]
fn held_headers_stay_in_reach() {
    assert_eq!(
        phases("hold", &Request::post("/", "x")),
        "H0f0 B0f0 R0f0 L0f0 "
    );
    assert_eq!(phases("hold", &Request::new("GET", "/")), "H0f0 R2e2 L0f2 ");
}

#[test]
fn queues_metrics_properties_and_wasi_answer() {
    let settings = Settings {
        properties: vec![(
            vec!["who".to_owned(), "am".to_owned()],
            b"settings".to_vec(),
        )],
        environment: vec![("A".to_owned(), "b".to_owned())],
        ..settings()
    };
    let mut host = start("shared", &settings);
    let now = host.time();
    let first = host.exchange(0, &Request::new("GET", "/"), &mut ok);
    assert_eq!(first.trapped, None);
    assert_eq!(property(&first, "who.am"), b"settings");
    assert_eq!(property(&first, "environ"), b"A=b\0");
    assert_eq!(
        property(&first, "times"),
        [now.to_le_bytes(), now.to_le_bytes()].concat()
    );
    assert_eq!(property(&first, "statuses"), b"11212218");
    assert!(first.route_cache_cleared);
    assert_eq!(
        first.logs.first().unwrap().to_string(),
        "[error] worker 0: hello"
    );

    let mut request = Request::new("GET", "/");
    request.properties = vec![(vec!["who".to_owned(), "am".to_owned()], b"request".to_vec())];
    let second = host.exchange(0, &request, &mut ok);
    assert_eq!(property(&second, "who.am"), b"request");
    assert_ne!(property(&first, "random"), property(&second, "random"));

    let metrics = host.process().metrics();
    assert_eq!(
        (metrics["hits"].kind, metrics["hits"].value),
        (MetricKind::Counter, 4)
    );
    assert_eq!(metrics["sizes"].samples, [7, 7]);

    assert_eq!(host.process().queue("vm", "queue"), [b"que", b"que"]);
    host.take_logs();
    host.set_time(now);
    let told: Vec<String> = host.take_logs().into_iter().map(|line| line.text).collect();
    assert_eq!(told, ["que", "que"]);
    assert!(host.process().queue("vm", "queue").is_empty());

    let again = start("shared", &settings).exchange(0, &Request::new("GET", "/"), &mut ok);
    assert_eq!(
        property(&first, "random"),
        property(&again, "random"),
        "the seed decides"
    );
}

#[test]
fn nginx_gives_the_body_at_once_and_hides_a_spilled_one() {
    let settings = Settings {
        profile: Profile::Nginx,
        spill_limit: 8,
        request_chunk: 2,
        ..settings()
    };
    let mut host = start("body", &settings);
    let out = host.exchange(0, &Request::post("/", "abcdef"), &mut ok);
    assert_eq!(
        callbacks(&out, "request_body"),
        ["proxy_on_request_body(6, true) -> continue"]
    );
    assert_eq!(out.upstream.unwrap().body, b"new");
    // The guest insists on replacing what it cannot reach, and traps.
    let out = host.exchange(0, &Request::post("/", "abcdefghi"), &mut ok);
    assert_eq!(out.trapped.unwrap().callback, "proxy_on_request_body");
}

#[test]
fn nginx_deletes_with_a_null_value_and_tells_numbers_as_text() {
    for (profile, deleted, size) in [
        (Profile::Envoy, &b"0"[..], &6_i64.to_le_bytes()[..]),
        (Profile::Nginx, b"1", b"6"),
    ] {
        let settings = Settings {
            profile,
            ..settings()
        };
        let out = start("differs", &settings).exchange(0, &Request::post("/", "abcdef"), &mut ok);
        assert_eq!(
            out.filter_state.get("deleted").unwrap(),
            deleted,
            "{profile:?}"
        );
        assert_eq!(out.filter_state.get("size").unwrap(), size, "{profile:?}");
    }
}
