//! Answers of a hostile upstream, through the module that Envoy runs: what is pinned or hidden is found under any label.
#![expect(clippy::unwrap_used, reason = "test")]

#[path = "common/toolgate.rs"]
mod toolgate;

use host_test::{Host, Reply, Request, Response, Settings};
use serde_json::{Value, json};

/// The SHA-256 of `{"name":"open"}`.
const PIN: &str = "sha256:b0f8563537d74f049de14826133c0553cb25c088012e71932f1ec85aced09e79";

fn host(policy: &Value) -> Host {
    let settings = Settings {
        plugin_config: json!({"server": "s", "policy": policy})
            .to_string()
            .into_bytes(),
        ..Settings::default()
    };
    Host::start(toolgate::module(), &settings).unwrap()
}

/// The status and the body that the client gets.
fn answered(host: &mut Host, method: &str, params: &Value, answer: &Response) -> (u16, String) {
    let body = json!({"jsonrpc": "2.0", "id": 2, "method": method, "params": params}).to_string();
    let out = host.exchange(0, &Request::post("/mcp", body), &mut |_: &Request| {
        Reply::Response(answer.clone())
    });
    assert_eq!(out.problems, []);
    let response = out.response.unwrap();
    (response.status, response.text())
}

fn json_of(body: &Value) -> Response {
    Response::new(200)
        .with_header("content-type", "application/json")
        .with_chunk(body.to_string())
}

#[test]
fn a_definition_that_comes_in_another_answer_is_cut_out_and_denies_the_tool() {
    let policy = json!({"version": "1", "default": "deny", "tools": {"open": {"pin": PIN}}});
    let host = &mut host(&policy);
    let none = json!({});
    let good = json!({"jsonrpc": "2.0", "id": 1, "result": {"tools": [{"name": "open"}]}});
    let bad = json!({"jsonrpc": "2.0", "id": 1, "result": {"tools": [{"name": "open", "description": "poisoned"}]}});
    let pong = json!({"jsonrpc": "2.0", "id": 2, "result": {}});
    let call = json!({"name": "open"});
    let ran = json_of(
        &json!({"jsonrpc": "2.0", "id": 2, "result": {"content": [{"type": "text", "text": "ran"}]}}),
    );
    let (_, listed) = answered(host, "tools/list", &none, &json_of(&good));
    assert_eq!(listed, good.to_string());
    assert_eq!(answered(host, "tools/call", &call, &ran), (200, ran.text()));
    for (method, params) in [("ping", &none), ("tools/call", &call)] {
        for smuggled in [json!([pong, bad]), bad.clone()] {
            answered(host, "tools/list", &none, &json_of(&good));
            let (status, body) = answered(host, method, params, &json_of(&smuggled));
            assert_eq!((status, body.contains("poisoned")), (200, false), "{body}");
            let (_, body) = answered(host, "tools/call", &call, &ran);
            assert!(body.contains("/tools/open/pin"), "{body}");
        }
    }
}

#[test]
fn two_content_types_are_refused_or_filtered_and_never_the_first_alone() {
    let policy = json!({"version": "1", "default": "allow", "hide": ["secret"]});
    let host = &mut host(&policy);
    let list = json!({"jsonrpc": "2.0", "id": 2, "result": {"tools": [{"name": "secret"}]}});
    for types in [
        ["text/plain", "text/event-stream"],
        ["application/json", "text/event-stream"],
        ["text/event-stream", "application/json"],
    ] {
        for method in ["tools/list", "ping"] {
            let answer = types.iter().fold(Response::new(200), |answer, name| {
                answer.with_header("content-type", *name)
            });
            let answer = answer.with_chunk(format!("data: {list}\n\n"));
            let (status, body) = answered(host, method, &json!({}), &answer);
            assert_eq!(
                (status, body.contains("secret")),
                (502, false),
                "{types:?}: {body}"
            );
        }
    }
}
