//! The webhook through the real filter: sent once for each request, signed, and never waited for.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "test")]

#[path = "common/toolgate.rs"]
mod toolgate;

use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use host_test::{
    Exchange, GrpcCall, GrpcReply, Host, HttpCall, HttpReply, MetricKind, Request, Response,
    Services, Settings,
};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

const SECRET: [u8; 32] = [7; 32];

/// Keeps what it is sent, and answers with this status; none is no answer.
#[derive(Clone)]
struct Receiver(Arc<Mutex<Vec<HttpCall>>>, Option<u16>);

impl Services for Receiver {
    fn http(&mut self, call: &HttpCall) -> HttpReply {
        self.0.lock().unwrap().push(call.clone());
        match self.1 {
            Some(404) => HttpReply::NoSuchUpstream,
            Some(status) => HttpReply::Response(Response::new(status)),
            None => HttpReply::Failed,
        }
    }

    fn grpc(&mut self, _: &GrpcCall) -> GrpcReply {
        GrpcReply::NoSuchUpstream
    }
}

fn start(answers: Option<u16>) -> (Host, Receiver) {
    let config = json!({
        "server": "shop",
        "approvals": {"keys": ["01".repeat(32)], "webhook": {"cluster": "hooks", "path": "/in", "key": "07".repeat(32), "timeout_ms": 500}},
        "policy": {"version": "1", "default": "deny", "tools": {"refund": {"approve_if": [
            {"conditions": [], "message": "A person, please.", "show_arguments": true}]}}}
    });
    let settings = Settings {
        plugin_config: config.to_string().into_bytes(),
        start_time: 1_767_607_200_000_000_000,
        ..Settings::default()
    };
    let mut host = Host::start(toolgate::module(), &settings).unwrap();
    let receiver = Receiver(Arc::default(), answers);
    host.set_services(receiver.clone());
    (host, receiver)
}

fn call(host: &mut Host, amount: u32) -> Exchange {
    let body = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "refund", "arguments": {"amount": amount}}});
    let request = Request::post("/mcp", body.to_string());
    let out = host.exchange(0, &request, &mut |_: &Request| Response::new(200).into());
    assert_eq!((&out.trapped, out.problems.as_slice()), (&None, &[][..]));
    // The answer is the same whatever becomes of the webhook.
    assert!(out.response.as_ref().unwrap().text().contains("apr_"));
    out
}

/// RFC 2104 over SHA-256.
fn hmac(key: &[u8], text: &[u8]) -> Vec<u8> {
    let pad = |byte: u8| -> Vec<u8> {
        let key = key.iter().copied().chain(std::iter::repeat(0));
        key.take(64).map(|b| b ^ byte).collect()
    };
    let inner = Sha256::digest([pad(0x36), text.to_vec()].concat());
    Sha256::digest([pad(0x5c), inner.to_vec()].concat()).to_vec()
}

fn counted(host: &Host, result: &str) -> u64 {
    let name = format!("toolgate_approval_webhooks_total;result={result}");
    let metrics = host.process().metrics();
    let found = metrics.iter().find(|(known, _)| **known == name);
    found.map_or(0, |(_, metric)| {
        assert_eq!(metric.kind, MetricKind::Counter);
        metric.value
    })
}

#[test]
fn a_request_is_announced_once_and_signed() {
    let (mut host, receiver) = start(Some(204));
    for _ in 0..3 {
        call(&mut host, 150);
    }
    let sent = receiver.0.lock().unwrap().clone();
    assert_eq!(sent.len(), 1);
    let header = |name: &str| {
        let found = sent[0].headers.iter().find(|(known, _)| known == name);
        String::from_utf8(found.unwrap().1.clone()).unwrap()
    };
    assert_eq!(
        (sent[0].upstream.as_str(), sent[0].timeout_ms),
        ("hooks", 500)
    );
    assert_eq!(
        (header(":method"), header(":path"), header(":authority")),
        ("POST".into(), "/in".into(), "hooks".into())
    );
    let text = String::from_utf8(sent[0].body.clone()).unwrap();
    let body: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(body["type"], "approval.requested");
    assert_eq!(body["data"]["id"], header("webhook-id").as_str());
    assert_eq!(body["data"]["tool"], "refund");
    assert_eq!(
        body["ends"].as_u64().unwrap(),
        body["asked"].as_u64().unwrap() + 1_800
    );
    assert!(!text.contains("amount"), "{text}");
    let signed = format!(
        "{}.{}.{text}",
        header("webhook-id"),
        header("webhook-timestamp")
    );
    let signature = STANDARD.encode(hmac(&SECRET, signed.as_bytes()));
    assert_eq!(header("webhook-signature"), format!("v1,{signature}"));
    assert_eq!((counted(&host, "sent"), counted(&host, "failed")), (1, 0));
    call(&mut host, 151);
    assert_eq!(receiver.0.lock().unwrap().len(), 2);
}

#[test]
fn a_receiver_that_fails_is_logged_and_counted_and_changes_nothing() {
    for (answers, why) in [
        (Some(500), "answered 500"),
        (None, "no answer"),
        (Some(404), "is there a cluster of that name?"),
    ] {
        let (mut host, _) = start(answers);
        call(&mut host, 150);
        assert_eq!(
            (counted(&host, "sent"), counted(&host, "failed")),
            (0, 1),
            "{why}"
        );
        let logs: Vec<String> = host.logs().iter().map(ToString::to_string).collect();
        assert!(logs.iter().any(|line| line.contains(why)), "{logs:?}");
        assert!(!logs.iter().any(|line| line.contains("0707")), "{logs:?}");
    }
}

#[test]
fn a_new_configuration_lets_what_is_under_way_end() {
    let (mut host, receiver) = start(Some(204));
    call(&mut host, 150);
    host.reconfigure(br#"{"policy":{"version":"1","default":"allow"}}"#)
        .unwrap();
    let body = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "x"}});
    let request = Request::post("/mcp", body.to_string());
    let out = host.exchange(0, &request, &mut |_: &Request| Response::new(200).into());
    assert!(out.trapped.is_none() && out.upstream.is_some());
    assert_eq!(receiver.0.lock().unwrap().len(), 1);
}
