//! A host that does not do what an allowed request needs: nothing goes on, and the record, the
//! metrics and the limits say so.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "test")]

#[path = "common/toolgate.rs"]
mod toolgate;

use host_test::{
    Exchange, Fault, GrpcCall, GrpcReply, Host, HttpCall, HttpReply, Request, Response, Services,
    Settings,
};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

const REMOVE: &str = "proxy_remove_header_map_value";

fn start(config: &Value, function: &str, nth: u64) -> Host {
    let hold = config["hold_headers"] != json!(false);
    let settings = Settings {
        plugin_config: config.to_string().into_bytes(),
        hold_allowed: hold,
        faults: vec![Fault {
            function: function.to_owned(),
            nth,
            status: 10,
        }],
        ..Settings::default()
    };
    Host::start(toolgate::module(), &settings).unwrap()
}

/// A caller whose token stays here, tools that are hidden, and two limits: units of one go back.
fn config(more: &Value) -> Value {
    let hash = Sha256::digest("secret-token");
    let hash: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
    let limits = json!([
        {"counter": "back", "window": "day", "max": 1},
        {"counter": "kept", "window": "day", "max": 2, "refund_on": []},
    ]);
    let mut config = json!({
        "server": "shop", "audit": {"allowed_every": 0},
        "identity": [{"bearer": true, "strip": true}],
        "grants": {"alice": {"token_sha256": hash, "policy": "p"}},
        "policies": {"p": {"version": "1", "default": "deny", "tools": {"pay": {"limits": limits}}}},
    });
    let all = config.as_object_mut().unwrap();
    all.extend(more.as_object().unwrap().clone());
    config
}

fn call() -> Value {
    json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "pay", "arguments": {"n": 1}}})
}

fn headers(request: Request) -> Request {
    request
        .with_header("authorization", "Bearer secret-token")
        .with_header("accept-encoding", "gzip")
        .with_header("x-mcp-tool", "other")
}

fn post(body: &Value) -> Request {
    headers(Request::post("/mcp", body.to_string()))
}

fn send(host: &mut Host, request: &Request) -> (Exchange, Value) {
    let out = host.exchange(0, request, &mut |_: &Request| Response::new(200).into());
    assert_eq!((&out.trapped, out.problems.as_slice()), (&None, &[][..]));
    let record = serde_json::from_slice(&out.filter_state["toolgate"]).unwrap();
    (out, record)
}

/// Nothing of it went on, and the record says why.
fn stopped((out, record): &(Exchange, Value), what: &str) {
    assert_eq!(out.upstream, None, "{what}");
    assert_eq!(out.response.as_ref().unwrap().status, 500, "{what}");
    let said = format!("the proxy did not {what}");
    assert_eq!(
        (
            &record["outcome"],
            &record["status"],
            &record["cause"],
            &record["message"]
        ),
        (
            &json!("reject"),
            &json!(500),
            &json!("not_forwarded"),
            &json!(said)
        )
    );
}

/// How much was counted under names that begin so.
fn counted(host: &Host, begin: &str) -> u64 {
    let metrics = host.process().metrics();
    let named = metrics.iter().filter(|(name, _)| name.starts_with(begin));
    named.map(|(_, metric)| metric.value).sum()
}

/// Each call is stopped, until the units that do not go back are used up.
fn stopped_each_time(mut host: Host, what: &str) {
    let request = post(&call());
    for remaining in [1, 0] {
        let seen = send(&mut host, &request);
        stopped(&seen, what);
        let record = &seen.1;
        let limits = |name: &str, max: u64, remaining: u64| json!({"rule": format!("/tools/pay/limits/{name}"), "counter": name, "max": max, "remaining": remaining});
        let mut charged = record["limits"].clone();
        for limit in charged.as_array_mut().unwrap() {
            limit.as_object_mut().unwrap().remove("reset").unwrap();
        }
        assert_eq!(
            charged,
            json!([limits("back", 1, 0), limits("kept", 2, remaining)])
        );
        assert_eq!(
            (
                &record["caller"],
                &record["policy"],
                &record["tool"],
                &record["refunded"]
            ),
            (&json!("alice"), &json!("p"), &json!("pay"), &json!(1)),
        );
        assert_eq!(record["arguments"]["names"], json!(["n"]));
    }
    let (out, record) = send(&mut host, &request);
    assert_eq!(out.upstream, None);
    assert_eq!(record["rule"], "/tools/pay/limits/kept");
    for (begin, times) in [
        (
            "toolgate_decisions_total;outcome=reject;method=tools/call;tool=pay;rule=not_forwarded;policy=p",
            2,
        ),
        ("toolgate_decisions_total;outcome=allow", 0),
        ("toolgate_decisions_total", 3),
        ("toolgate_refunded_total", 2),
    ] {
        assert_eq!(counted(&host, begin), times, "{what}: {begin}");
    }
}

#[test]
fn a_call_goes_on_only_as_it_must() {
    let export = config(&json!({"export_headers": true}));
    for (function, nth, what) in [
        (REMOVE, 1, "remove a credential from the request"),
        (REMOVE, 2, "remove accept-encoding from the request"),
        (REMOVE, 3, "remove x-mcp-tool from the request"),
        (
            "proxy_replace_header_map_value",
            1,
            "set x-mcp-tool of the request",
        ),
        (
            "proxy_call_foreign_function",
            1,
            "choose the request's route by x-mcp-tool",
        ),
    ] {
        stopped_each_time(start(&export, function, nth), what);
    }
    // Where nothing fails, the same call goes on.
    let mut host = start(&export, REMOVE, 4);
    let out = host.exchange(0, &post(&call()), &mut |_: &Request| {
        Response::new(200).into()
    });
    assert!(out.upstream_complete);
    assert_eq!(counted(&host, "toolgate_decisions_total;outcome=allow"), 1);
}

/// A service that is down.
struct Down;

impl Services for Down {
    fn http(&mut self, _: &HttpCall) -> HttpReply {
        HttpReply::NoSuchUpstream
    }

    fn grpc(&mut self, _: &GrpcCall) -> GrpcReply {
        GrpcReply::Closed(14, "unavailable".to_owned())
    }
}

#[test]
fn a_call_that_waited_is_told_as_what_became_of_it() {
    let limits = json!({"service": {"cluster": "limits"}, "limits": "all", "on_error": "local"});
    for (function, what) in [
        (REMOVE, "remove a credential from the request"),
        ("proxy_continue_stream", "let the request go on"),
    ] {
        let mut host = start(&config(&json!({"global_limits": limits})), function, 1);
        host.set_services(Down);
        let seen = send(&mut host, &post(&call()));
        stopped(&seen, what);
        assert_eq!(seen.1["tool"], "pay");
        assert_eq!(counted(&host, "toolgate_decisions_total;outcome=reject"), 1);
        assert_eq!(counted(&host, "toolgate_decisions_total"), 1);
    }
}

#[test]
fn a_batch_is_told_message_by_message() {
    let mut host = start(&config(&json!({})), REMOVE, 1);
    let ping = json!({"jsonrpc": "2.0", "id": 2, "method": "ping"});
    let batch = post(&json!([ping, call()])).with_header("mcp-protocol-version", "2025-03-26");
    let seen = send(&mut host, &batch);
    stopped(&seen, "remove a credential from the request");
    let record = &seen.1;
    assert_eq!(
        (&record["method"], &record["refunded"]),
        (&json!("batch"), &json!(1))
    );
    assert_eq!(record["batch"][0]["method"], "ping");
    assert_eq!(record["batch"][1]["tool"], "pay");
    assert_eq!(
        counted(
            &host,
            "toolgate_decisions_total;outcome=reject;method=batch;rule=not_forwarded"
        ),
        1
    );
    assert_eq!(counted(&host, "toolgate_decisions_total"), 1);
}

#[test]
fn headers_that_are_not_held_do_not_leave() {
    let config = config(&json!({"hold_headers": false}));
    for (nth, what) in [
        (1, "remove a credential from the request"),
        (2, "remove accept-encoding from the request"),
    ] {
        let mut host = start(&config, REMOVE, nth);
        let seen = send(&mut host, &post(&call()));
        stopped(&seen, what);
        assert_eq!(seen.1.get("tool"), None, "not read yet");
        let seen = send(&mut host, &headers(Request::new("GET", "/mcp")));
        stopped(&seen, what);
        assert_eq!(
            (&seen.1["method"], &seen.1["caller"]),
            (&json!("GET"), &json!("alice"))
        );
        assert_eq!(counted(&host, "toolgate_decisions_total;outcome=reject"), 2);
        assert_eq!(counted(&host, "toolgate_decisions_total"), 2);
    }
}

#[test]
fn an_approved_call_does_not_go_on_with_what_answered_our_question() {
    let config = json!({
        "server": "shop", "approvals": {"keys": ["01".repeat(32)]},
        "policy": {"version": "1", "default": "allow", "tools": {"refund": {"approve_if": [
            {"conditions": [], "message": "You, please.", "by": "user"}]}}},
    });
    let mut host = start(&config, "proxy_set_buffer_bytes", 1);
    let request = |more: Value| {
        let mut params = json!({"name": "refund", "_meta": {
            "io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientCapabilities": {"elicitation": {}},
        }});
        params
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        let body = json!({"jsonrpc": "2.0", "id": 7, "method": "tools/call", "params": params});
        Request::post("/mcp", body.to_string())
            .with_header("mcp-protocol-version", "2026-07-28")
            .with_header("mcp-method", "tools/call")
            .with_header("mcp-name", "refund")
    };
    let (out, _) = send(&mut host, &request(json!({})));
    let asked: Value = serde_json::from_slice(&out.response.unwrap().body()).unwrap();
    let state = &asked["result"]["requestState"];
    let answers = json!({"toolgate_approval": {"action": "accept", "content": {}}});
    let answered = request(json!({"inputResponses": answers, "requestState": state}));
    let seen = send(&mut host, &answered);
    stopped(
        &seen,
        "take the request's body without the answer to its question",
    );
    assert_eq!(seen.1["approval"]["state"], "used");
    assert_eq!(seen.1["tool"], "refund");
    assert_eq!(counted(&host, "toolgate_decisions_total;outcome=allow"), 0);
}
