//! `global_limits` through the real filter and a scripted service: every answer, and none.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "test"
)]

#[path = "../common/toolgate.rs"]
mod toolgate;

mod asking;
mod failing;
mod service;

use host_test::{Exchange, Host, Reply, Request, Response, Settings};
use serde_json::{Value, json};
use service::Service;

/// Three calls a minute, counted by the service.
fn limits(max: u64) -> Value {
    json!({"default": "deny", "tools": {"pay": {"limits": [
        {"counter": "calls", "window": "minute", "max": max, "scope": "global"}]}}})
}

/// A plugin configuration whose limits the service counts, with further settings of these.
fn config(policy: &Value, settings: &Value) -> Value {
    let mut policy = policy.clone();
    policy["version"] = json!("1");
    let mut global = json!({"service": {"cluster": "limits"}, "limits": "all"});
    for (key, value) in settings.as_object().unwrap() {
        global[key] = value.clone();
    }
    json!({"server": "shop", "policy": policy, "global_limits": global})
}

fn start(config: &Value, service: &Service) -> Host {
    let hold = config["hold_headers"] != json!(false);
    let settings = Settings {
        plugin_config: config.to_string().into_bytes(),
        hold_allowed: hold,
        ..Settings::default()
    };
    let mut host = Host::start(toolgate::module(), &settings).unwrap();
    host.set_services(service.clone());
    host
}

fn body(tool: &str, arguments: &Value) -> Value {
    json!({"jsonrpc": "2.0", "id": 7, "method": "tools/call",
        "params": {"name": tool, "arguments": arguments}})
}

fn send(host: &mut Host, body: &Value) -> Exchange {
    let mut upstream = |_: &Request| -> Reply {
        let result = json!({"jsonrpc": "2.0", "id": 7, "result": {"content": []}});
        let response = Response::new(200).with_header("content-type", "application/json");
        response.with_body(result.to_string()).into()
    };
    let mut request = Request::post("/mcp", body.to_string());
    if body.is_array() {
        // The one version that has batches.
        request = request.with_header("mcp-protocol-version", "2025-03-26");
    }
    host.exchange(0, &request, &mut upstream)
}

fn call(host: &mut Host) -> Exchange {
    send(host, &body("pay", &json!({})))
}

/// Whether the call went on whole; if not, nothing of its body did.
fn passed(out: &Exchange) -> bool {
    assert_eq!(out.trapped, None);
    assert_eq!(out.problems, []);
    assert!(out.response_complete, "{out:?}");
    let went = out.upstream_complete;
    if !went {
        let seen = out.upstream.as_ref().map(|request| request.body.len());
        assert!(matches!(seen, None | Some(0)), "{out:?}");
    }
    went
}

/// What the caller reads.
fn reply(out: &Exchange) -> Value {
    serde_json::from_slice(&out.response.as_ref().unwrap().body()).unwrap()
}

fn record(out: &Exchange) -> Value {
    serde_json::from_slice(&out.filter_state["toolgate"]).unwrap()
}
