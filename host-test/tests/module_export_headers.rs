//! `export_headers` through the real filter: `x-mcp-tool` is what is called, and never what a
//! client says.

#![expect(clippy::unwrap_used, reason = "test")]

#[path = "common/toolgate.rs"]
mod toolgate;

use host_test::{Exchange, Host, Request, Response, Settings};
use serde_json::json;

fn start(export: bool) -> Host {
    let config = json!({
        "export_headers": export,
        "policy": {"version": "1", "default": "deny", "tools": {"pay": {}, "grüß dich": {}}}
    });
    let settings = Settings {
        plugin_config: config.to_string().into_bytes(),
        ..Settings::default()
    };
    Host::start(toolgate::module(), &settings).unwrap()
}

fn send(host: &mut Host, request: &Request) -> Exchange {
    let out = host.exchange(0, request, &mut |_: &Request| Response::new(200).into());
    assert_eq!((&out.trapped, out.problems.as_slice()), (&None, &[][..]));
    out
}

fn post(method: &str, tool: &str) -> Request {
    let body = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": {"name": tool}});
    Request::post("/mcp", body.to_string())
}

/// Every value of the header that went upstream.
fn exported(out: &Exchange) -> Vec<String> {
    let request = out.upstream.as_ref().unwrap();
    let headers = request.headers.iter();
    let found = headers.filter(|(name, _)| name == "x-mcp-tool");
    found
        .map(|(_, value)| String::from_utf8(value.clone()).unwrap())
        .collect()
}

#[test]
fn a_call_carries_its_tool_whatever_the_client_sent() {
    let mut host = start(true);
    for sent in [&[][..], &["other"], &["other", "pay"], &["", "\u{1}"]] {
        let mut request = post("tools/call", "pay");
        for value in sent {
            request = request.with_header("X-Mcp-Tool", *value);
        }
        let out = send(&mut host, &request);
        assert_eq!(exported(&out), ["pay"], "{sent:?}");
        assert!(out.route_cache_cleared);
    }
    let out = send(&mut host, &post("tools/call", "grüß dich"));
    assert_eq!(exported(&out), ["gr%C3%BC%C3%9F%20dich"]);
}

#[test]
fn what_calls_no_tool_carries_none() {
    let mut host = start(true);
    for request in [
        Request::new("GET", "/mcp"),
        Request::new("DELETE", "/mcp"),
        post("tools/list", "pay"),
        post("ping", "pay"),
    ] {
        let out = send(&mut host, &request.with_header("x-mcp-tool", "pay"));
        assert_eq!(exported(&out), [""; 0]);
    }
    let trailers = post("tools/call", "pay").with_trailer("a", "b");
    assert_eq!(exported(&send(&mut host, &trailers)), ["pay"]);
}

#[test]
fn a_batch_of_calls_is_refused() {
    let mut host = start(true);
    let call =
        json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "pay"}});
    let ping = json!({"jsonrpc": "2.0", "id": 2, "method": "ping"});
    let batch = |messages: serde_json::Value| {
        let request = Request::post("/mcp", messages.to_string());
        request
            .with_header("mcp-protocol-version", "2025-03-26")
            .with_header("x-mcp-tool", "pay")
    };
    let out = send(&mut host, &batch(json!([ping, call])));
    assert_eq!(out.response.as_ref().unwrap().status, 400);
    assert_eq!(out.upstream, None);
    assert_eq!(
        exported(&send(&mut host, &batch(json!([ping, ping])))),
        [""; 0]
    );
}

#[test]
fn without_the_setting_the_header_is_the_clients_own() {
    let mut host = start(false);
    let out = send(
        &mut host,
        &post("tools/call", "pay").with_header("x-mcp-tool", "mine"),
    );
    assert_eq!(exported(&out), ["mine"]);
    assert!(!out.route_cache_cleared);
}
