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
