//! The decision record: what it says of each kind of request, and what it never says.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "test"
)]

mod support;

use serde_json::{Value, json};
use support::{World, gate, post};
use toolgate_engine::exchange::{RequestStep, ResponseHead};
use toolgate_engine::mcp::Headers;
use toolgate_engine::{Exchange, Gate};

use std::rc::Rc;

const NOW: u64 = 1_795_682_096_125_000_000;

fn call(tool: &str, arguments: &str) -> String {
    format!(
        r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{{"name":"{tool}","arguments":{arguments}}}}}"#
    )
}

fn world() -> World {
    World {
        now: NOW,
        ..World::default()
    }
}

/// The record of one POST, and the exchange.
fn record_of(gate: &Rc<Gate>, world: &mut World, extra: &[(&str, &str)], body: &str) -> Value {
    let (_, mut exchange) = post(gate, world, extra, body);
    serde_json::from_str(exchange.take_record().unwrap()).unwrap()
}

fn limited(audit: &str) -> Rc<Gate> {
    gate(&format!(
        r#"{{"server":"shop","audit":{audit},"policy":{{"version":"1","default":"deny","tools":{{
            "refund":{{"limits":[{{"counter":"refunds","window":"hour","max":2,"scope":"global"}}]}}}}}}}}"#
    ))
}

#[test]
fn an_allowed_call_tells_who_asked_for_what_and_what_remains() {
    let gate = limited(
        r#"{"digest":"all","digest_key":"0123456789abcdef","arguments":{"refund":["amount","note"]}}"#,
    );
    let trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let headers = [("x-request-id", "abc"), ("traceparent", trace)];
    let body = call(
        "refund",
        r#"{"secret":"s3cr3t","amount":12.50,"note":{"x":1}}"#,
    );
    let mut record = record_of(&gate, &mut world(), &headers, &body);
    let hash = record["policy_hash"].take();
    assert_eq!(hash.as_str().unwrap().len(), 16);
    let digest = record["arguments"]["digest"].take();
    assert_eq!(digest.as_str().unwrap().len(), 64);
    assert_eq!(
        record,
        json!({
            "v": 1, "time": "2026-11-26T08:34:56.125Z", "outcome": "allow",
            "id": "abc", "trace": trace, "server": "shop",
            "policy": "(policy)", "policy_hash": null, "identity": "anonymous",
            "method": "tools/call", "tool": "refund",
            "limits": [{"rule": "/tools/refund/limits/refunds", "counter": "refunds",
                        "max": 2, "remaining": 1, "reset": 1504}],
            "arguments": {"bytes": 49, "digest": null, "names": ["amount", "note", "secret"],
                          "values": {"amount": 12.5}},
        })
    );
}

#[test]
fn a_limit_that_denies_tells_how_it_stands() {
    let (gate, mut world) = (limited("{}"), world());
    let mut last = Value::Null;
    for _ in 0..3 {
        last = record_of(&gate, &mut world, &[], &call("refund", "{}"));
    }
    assert_eq!(
        (&last["outcome"], &last["status"]),
        (&json!("deny"), &json!(200))
    );
    assert_eq!(
        last["limits"],
        json!([{"rule": "/tools/refund/limits/refunds", "counter": "refunds", "max": 2, "remaining": 0, "retry_after": 1504}])
    );
}

#[test]
fn equal_arguments_have_equal_digests_under_one_key_only() {
    let digest = |audit: &str, arguments: &str| {
        let record = record_of(
            &limited(audit),
            &mut world(),
            &[],
            &call("refund", arguments),
        );
        record["arguments"]["digest"].clone()
    };
    let key = r#"{"digest":"all","digest_key":"0123456789abcdef"}"#;
    let one = digest(key, r#"{"a":1,"b":[100]}"#);
    assert_eq!(one, digest(key, r#"{ "b" : [1e2], "\u0061": 1.0 }"#));
    assert_ne!(one, digest(key, r#"{"a":1,"b":[101]}"#));
    assert_ne!(
        one,
        digest(
            r#"{"digest":"all","digest_key":"0123456789abcdeg"}"#,
            r#"{"a":1,"b":[100]}"#
        )
    );
    assert_ne!(one, digest(r#"{"digest":"all"}"#, r#"{"a":1,"b":[100]}"#));
    assert_eq!(digest(r#"{"digest":"none"}"#, "{}"), Value::Null);
}

#[test]
fn the_digest_is_hmac_sha_256_of_the_canonical_form() {
    let gate = limited(r#"{"digest":"all","digest_key":"0123456789abcdef"}"#);
    let record = record_of(
        &gate,
        &mut world(),
        &[],
        &call("refund", r#"{"b":"x","a":100}"#),
    );
    // printf '{"a":100,"b":"x"}' | openssl dgst -sha256 -hmac 0123456789abcdef
    assert_eq!(
        record["arguments"]["digest"],
        "e7a7ed665fae9ca8c064091589ba5b1195f7e3080b0d8f2e2e4e50002d42ee4b"
    );
}

#[test]
fn sampling_drops_no_denial() {
    let (gate, mut world) = (limited(r#"{"allowed_every":3}"#), world());
    let mut kept = Vec::new();
    for tool in ["refund", "other"].repeat(7) {
        let (step, mut exchange) = post(&gate, &mut world, &[], &call(tool, "{}"));
        let denied = matches!(step, RequestStep::Reply(_));
        let record = exchange.take_record().map(str::to_owned);
        assert!(record.is_some() || !denied, "{tool}");
        kept.extend(record.filter(|_| !denied));
        // Every decision is counted.
        assert_eq!(exchange.take_series().len(), 1);
        assert_eq!(exchange.take_last_record(&mut world), None);
    }
    assert_eq!(kept.len(), 1);
    assert!(kept[0].contains(r#""sampled":3"#), "{kept:?}");
}

#[test]
fn sampling_counts_what_is_allowed_in_its_order_whatever_it_is_of() {
    let gate = gate(
        r#"{"audit":{"allowed_every":2},"policy":{"version":"1","default":"deny","tools":{"pay":{},"dry":{
            "deny_if":[{"conditions":[],"mode":"shadow"}]}}}}"#,
    );
    let mut world = world();
    let list = r#"{"jsonrpc":"2.0","id":1,"method":"tools/list"}"#;
    let bodies = [
        list.to_owned(),
        call("dry", "{}"),
        call("other", "{}"),
        call("pay", "{}"),
    ];
    let mut kept = Vec::new();
    for body in bodies.iter().cycle().take(12) {
        let (_, mut exchange) = post(&gate, &mut world, &[], body);
        let record = exchange
            .take_record()
            .map(|r| serde_json::from_str::<Value>(r).unwrap());
        kept.push(record.map_or(json!(0), |record| {
            let every = record.get("sampled").cloned();
            every.unwrap_or(json!(1))
        }));
    }
    // The first and each second after it; in step with the traffic, no call of `pay` is ever among them.
    let round = json!([2, 1, 1, 0]);
    assert_eq!(
        Value::from(kept),
        Value::from(
            [&round, &round, &round]
                .map(|r| r.as_array().unwrap().clone())
                .concat()
        )
    );
}

#[test]
fn a_credential_is_never_in_a_record() {
    let token = "tok-3f9a-not-to-be-seen";
    for identity in [r#"{"bearer":true}"#, r#"{"header":"x-key"}"#] {
        let gate = gate(&format!(
            r#"{{"identity":[{identity}],"policy":{{"version":"1","default":"allow"}}}}"#
        ));
        let bearer = format!("Bearer {token}");
        let headers = [
            ("authorization", bearer.as_str()),
            ("x-key", token),
            ("cookie", token),
        ];
        let (_, mut exchange) = post(
            &gate,
            &mut world(),
            &headers,
            &call("a", r#"{"k":"tok-3f9a-not-to-be-seen"}"#),
        );
        let record = exchange.take_record().unwrap();
        assert!(!record.contains("tok-"), "{record}");
        assert!(record.contains(r#""caller":"digest:"#), "{record}");
        for series in exchange.take_series() {
            assert!(!series.as_str().contains("tok-"));
        }
    }
}

#[test]
fn a_batch_has_one_record_with_each_decision() {
    let (gate, mut world) = (limited("{}"), world());
    let body = format!("[{},{}]", call("refund", r#"{"a":1}"#), call("other", "{}"));
    let headers = [("mcp-protocol-version", "2025-03-26")];
    let record = record_of(&gate, &mut world, &headers, &body);
    assert_eq!(
        (&record["outcome"], &record["method"]),
        (&json!("deny"), &json!("batch"))
    );
    let batch = record["batch"].as_array().unwrap();
    assert_eq!(batch.len(), 2, "{record}");
    assert_eq!(
        (&batch[0]["outcome"], &batch[0]["tool"]),
        (&json!("allow"), &json!("refund"))
    );
    assert_eq!(
        (&batch[1]["outcome"], &batch[1]["rule"]),
        (&json!("deny"), &json!("(default deny)"))
    );
}

#[test]
fn what_is_malformed_or_never_whole_is_recorded_with_its_cause() {
    let (gate, mut world) = (limited("{}"), world());
    for (body, cause) in [("{", "not_json"), ("{}", "not_mcp"), ("7", "not_mcp")] {
        let record = record_of(&gate, &mut world, &[], body);
        assert_eq!(
            (&record["outcome"], &record["cause"]),
            (&json!("reject"), &json!(cause)),
            "{body}"
        );
    }
    let mut exchange = Exchange::new(Rc::clone(&gate));
    let pairs = [
        (":method", "POST"),
        ("content-type", "application/json"),
        ("x-request-id", "r1"),
    ];
    let headers: Headers<'_> = pairs
        .iter()
        .map(|(n, v)| (n.as_bytes(), v.as_bytes()))
        .collect();
    let step = exchange.on_request_headers(&headers, false, &mut world);
    assert_eq!(step, RequestStep::AwaitBody);
    let record: Value =
        serde_json::from_str(&exchange.take_last_record(&mut world).unwrap()).unwrap();
    assert_eq!(
        (&record["outcome"], &record["cause"], &record["id"]),
        (&json!("reject"), &json!("incomplete"), &json!("r1"))
    );
    assert!(
        exchange.take_series()[0]
            .as_str()
            .contains("rule=incomplete")
    );
}

#[test]
fn hidden_entries_are_added_to_the_record_at_the_end() {
    let (gate, mut world) = (limited("{}"), world());
    let list = r#"{"jsonrpc":"2.0","id":1,"method":"tools/list"}"#;
    let (_, mut exchange) = post(&gate, &mut world, &[], list);
    assert!(!exchange.take_record().unwrap().contains("hidden"));
    exchange.on_response_headers(&ResponseHead {
        status: 200,
        content_type: Some(b"application/json"),
        content_encoding: None,
    });
    let answer = r#"{"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"refund"},{"name":"x"},{"name":"y"}]}}"#;
    exchange.on_response_body(answer.as_bytes(), &mut world);
    let record: Value =
        serde_json::from_str(&exchange.take_last_record(&mut world).unwrap()).unwrap();
    assert_eq!(
        (&record["outcome"], &record["hidden"]),
        (&json!("allow"), &json!(2))
    );
}

#[test]
fn series_have_labels_of_the_policy_only() {
    let gate = gate(
        r#"{"metrics":{"tools":1,"callers":true},"policy":{"version":"1","default":"allow","tools":{"a":{},"b":{},"c_*":{}}}}"#,
    );
    for (tool, label) in [
        ("a", "a"),
        ("b", "(other)"),
        ("c_1", "(other)"),
        ("evil;tool=x", "(unlisted)"),
        ("z", "(unlisted)"),
    ] {
        let (_, mut exchange) = post(&gate, &mut world(), &[], &call(tool, "{}"));
        let series = exchange.take_series();
        let want = format!(";method=tools/call;tool={label};");
        assert!(series[0].as_str().contains(&want), "{series:?}");
        assert!(
            series[0].as_str().ends_with(";caller=(anonymous)"),
            "{series:?}"
        );
    }
}

#[test]
fn what_a_batch_took_is_told_call_by_call_once_and_only_when_it_goes_on() {
    let batch = |tools: &[&str]| {
        format!(
            "[{}]",
            tools
                .iter()
                .map(|tool| call(tool, "{}"))
                .collect::<Vec<_>>()
                .join(",")
        )
    };
    let version = [("mcp-protocol-version", "2025-03-26")];
    let (gate, mut world) = (limited("{}"), world());
    for (body, remaining) in [
        (batch(&["refund", "other"]), &[][..]),
        (batch(&["refund", "refund"]), &[1, 0]),
        (batch(&["refund"]), &[]),
    ] {
        let (_, mut exchange) = post(&gate, &mut world, &version, &body);
        let uses = exchange.take_uses();
        let told: Vec<u64> = uses.iter().map(|used| used.remaining).collect();
        assert_eq!(told, remaining, "{body}");
        assert!(exchange.take_uses().is_empty());
    }
}
