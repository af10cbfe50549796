//! Refunds through the module that Envoy runs: what the engine promises survives the adapter.
#![expect(clippy::unwrap_used, reason = "test")]

#[path = "common/toolgate.rs"]
mod toolgate;

use host_test::{Host, Profile, Reply, Request, Response, Settings};
use serde_json::json;

const ERROR: &str = r#"{"jsonrpc":"2.0","id":1,"error":{"code":1,"message":"no"}}"#;
const RESULT: &str = r#"{"jsonrpc":"2.0","id":1,"result":{"content":[]}}"#;

fn host(hold: bool, profile: Profile, refund_on: &[&str]) -> Host {
    let limit = json!({"counter": "c", "window": "day", "max": 2, "refund_on": refund_on});
    let policy = json!({"version": "1", "default": "allow", "all_tools": {"limits": [limit]}});
    let plugin = json!({"server": "s", "hold_headers": hold, "policy": policy});
    let settings = Settings {
        plugin_config: plugin.to_string().into_bytes(),
        hold_allowed: hold,
        profile,
        ..Settings::default()
    };
    Host::start(toolgate::module(), &settings).unwrap()
}

/// One call that the upstream answers so; whether it got that far.
fn call(host: &mut Host, reply: &Reply) -> bool {
    let body = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "t"}});
    let mut reached = false;
    let request = Request::post("/mcp", body.to_string());
    let out = host.exchange(0, &request, &mut |_: &Request| {
        reached = true;
        reply.clone()
    });
    assert_eq!(out.problems, []);
    if let (true, Reply::Response(sent)) = (reached, reply) {
        assert_eq!(
            out.response.unwrap().body(),
            sent.body(),
            "it passes unchanged"
        );
    }
    reached
}

/// How many of the two units are left after one call with this answer.
fn left(host: &mut Host, reply: &Reply) -> usize {
    assert!(call(host, reply));
    let fine = Response::new(200).with_header("content-type", "application/json");
    let fine = Reply::Response(fine.with_body(RESULT));
    std::iter::repeat_with(|| call(host, &fine))
        .take_while(|reached| *reached)
        .count()
}

fn json_in(chunks: usize) -> Reply {
    let response = Response::new(200).with_header("content-type", "application/json");
    let size = ERROR.len().div_ceil(chunks);
    let pieces = ERROR.as_bytes().chunks(size);
    Reply::Response(pieces.fold(response, |response, piece| response.with_chunk(piece)))
}

fn event() -> Reply {
    let response = Response::new(200).with_header("content-type", "text/event-stream");
    Reply::Response(
        response
            .with_chunk(": hi\n\n")
            .with_chunk(format!("data: {ERROR}\n\n")),
    )
}

#[test]
fn an_error_gives_back_in_every_framing_and_passes_unchanged() {
    for hold in [true, false] {
        for reply in [json_in(1), json_in(5), event()] {
            let mut host = host(hold, Profile::Envoy, &["error"]);
            assert_eq!(left(&mut host, &reply), 2, "hold {hold} {reply:?}");
        }
    }
}

#[test]
fn only_what_was_never_sent_gives_back_as_unreachable() {
    for hold in [true, false] {
        let start = || host(hold, Profile::Envoy, &["unreachable", "error", "is_error"]);
        assert_eq!(left(&mut start(), &Reply::Unreachable), 2, "hold {hold}");
        assert_eq!(left(&mut start(), &Reply::Reset(None)), 1, "hold {hold}");
        let half = Response::new(200).with_header("content-type", "application/json");
        let half = half.with_chunk(ERROR);
        assert_eq!(
            left(&mut start(), &Reply::Reset(Some(half))),
            1,
            "hold {hold}"
        );
        let own = Reply::Response(Response::new(503).with_body("no"));
        assert_eq!(left(&mut start(), &own), 1, "hold {hold}");
    }
}

#[test]
fn a_host_that_does_not_say_what_it_sent_gives_nothing_back() {
    let mut host = host(true, Profile::Nginx, &["unreachable"]);
    assert_eq!(left(&mut host, &Reply::Unreachable), 1);
}

#[test]
fn an_answer_to_a_call_under_a_policy_that_hides_is_settled_and_read() {
    let list = r#"{"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"t"},{"name":"hidden"}]}}"#;
    let of = |status, media: Option<&str>, body: &str| {
        let mut response = Response::new(status).with_body(body.to_owned());
        if let Some(media) = media {
            response = response.with_header("content-type", media);
        }
        Reply::Response(response)
    };
    let events = format!("data: {list}\n\n");
    for hold in [true, false] {
        for (reply, status, hidden, left) in [
            (Reply::Unreachable, 503, true, 2),
            (of(503, Some("text/plain"), "no"), 503, true, 1),
            (of(200, Some("application/json"), RESULT), 200, true, 1),
            (of(204, None, ""), 204, true, 1),
            (of(200, Some("text/event-stream"), &events), 200, true, 1),
            (of(206, Some("text/event-stream"), &events), 502, true, 1),
            (
                of(200, Some("application/json, text/event-stream"), list),
                502,
                true,
                1,
            ),
        ] {
            let limit = json!({"counter": "c", "window": "day", "max": 2});
            let tools = json!({"t": {"limits": [limit]}});
            let policy = json!({"version": "1", "default": "deny", "tools": tools});
            let plugin = json!({"server": "s", "hold_headers": hold, "policy": policy});
            let settings = Settings {
                plugin_config: plugin.to_string().into_bytes(),
                hold_allowed: hold,
                ..Settings::default()
            };
            let mut host = Host::start(toolgate::module(), &settings).unwrap();
            let call =
                json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "t"}});
            let request = Request::post("/mcp", call.to_string());
            let out = host.exchange(0, &request, &mut |_: &Request| reply.clone());
            let response = out.response.unwrap();
            let body = String::from_utf8_lossy(&response.body()).into_owned();
            assert_eq!(response.status, status, "hold {hold} {reply:?}");
            assert_eq!(
                !body.contains("hidden"),
                hidden,
                "hold {hold} {reply:?}: {body}"
            );
            let fine = of(200, Some("application/json"), RESULT);
            let more = std::iter::repeat_with(|| {
                let mut reached = false;
                host.exchange(0, &request, &mut |_: &Request| {
                    reached = true;
                    fine.clone()
                });
                reached
            });
            let more = more.take_while(|reached| *reached).count();
            assert_eq!(more, left, "hold {hold} {reply:?}");
        }
    }
}
