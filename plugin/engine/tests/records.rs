//! The record of what others do to a request: operators who decide, tools that change, answers that give units back.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "test"
)]

mod support;

use std::fmt::Write as _;
use std::rc::Rc;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use support::{World, gate, post};
use toolgate_engine::exchange::{RequestStep, ResponseHead};
use toolgate_engine::mcp::Headers;
use toolgate_engine::{Exchange, Gate};

const KEY: &str = "abababababababababababababababababababababababababababababababab";
const TOKEN: &str = "operator-token";

fn call(tool: &str, arguments: &str) -> String {
    format!(
        r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{{"name":"{tool}","arguments":{arguments}}}}}"#
    )
}

fn read(record: &str) -> Value {
    serde_json::from_str(record).unwrap()
}

fn operators() -> Rc<Gate> {
    let mut hash = String::new();
    for byte in Sha256::digest(TOKEN) {
        write!(hash, "{byte:02x}").unwrap();
    }
    gate(&format!(
        r#"{{"approvals":{{"keys":["{KEY}"]}},"admin":{{"operators":{{"ann":{{"token_sha256":"{hash}"}}}}}}}}"#
    ))
}

/// The record, and what is counted, of a request on the operators' listener.
fn operate(world: &mut World, method: &str, path: &str, token: &str) -> (Value, String) {
    let bearer = format!("Bearer {token}");
    let pairs = [
        (":method", method),
        (":path", path),
        ("authorization", &bearer),
    ];
    let headers: Headers<'_> = pairs
        .iter()
        .map(|(n, v)| (n.as_bytes(), v.as_bytes()))
        .collect();
    let mut exchange = Exchange::new(operators());
    let step = exchange.on_request_headers(&headers, true, world);
    assert!(matches!(step, RequestStep::Reply(_)), "{step:?}");
    let record = exchange.take_record().unwrap().to_owned();
    assert!(!record.contains(TOKEN), "{record}");
    let series = exchange.take_series();
    let names: Vec<&str> = series.iter().map(|s| s.as_str()).collect();
    assert_eq!(exchange.take_last_record(world), None);
    (read(&record), names.join(" "))
}

#[test]
fn an_approval_is_recorded_when_it_is_asked_for_given_and_used() {
    let gate = gate(&format!(
        r#"{{"server":"shop","approvals":{{"keys":["{KEY}"]}},"policy":{{"version":"1","default":"deny","tools":{{
            "pay":{{"approve_if":[{{"conditions":[{{"path":"args.n","op":"gt","value":1}}]}}]}}}}}}}}"#
    ));
    let mut world = World::default();
    let ask = |world: &mut World| {
        let (_, mut exchange) = post(&gate, world, &[], &call("pay", r#"{"n":2}"#));
        let counted = exchange.take_series()[1].as_str().to_owned();
        (read(exchange.take_record().unwrap()), counted)
    };
    let (asked, counted) = ask(&mut world);
    let id = asked["approval"]["id"].as_str().unwrap().to_owned();
    assert!(id.starts_with("apr_"), "{asked}");
    assert_eq!(
        (&asked["outcome"], &asked["approval"]["state"]),
        (&json!("deny"), &json!("requested"))
    );
    assert_eq!(
        counted,
        "toolgate_approvals_total;rule=/tools/pay/approve_if/0;policy=(policy);state=requested"
    );
    assert_eq!(ask(&mut world).0["approval"]["state"], "pending");

    let (seen, _) = operate(&mut world, "GET", "/approvals", TOKEN);
    assert_eq!(
        (&seen["outcome"], &seen["method"]),
        (&json!("allow"), &json!("GET"))
    );
    let (stranger, counted) = operate(&mut world, "POST", &format!("/approvals/{id}/approve"), "x");
    assert_eq!(
        (&stranger["outcome"], &stranger["rule"], &stranger["status"]),
        (&json!("deny"), &json!("(operators)"), &json!(401))
    );
    assert!(
        counted.contains("outcome=deny;method=POST;rule=(operators)"),
        "{counted}"
    );
    let (decided, counted) = operate(
        &mut world,
        "POST",
        &format!("/approvals/{id}/approve"),
        TOKEN,
    );
    assert_eq!(
        (
            &decided["outcome"],
            &decided["method"],
            &decided["identity"],
            &decided["caller"]
        ),
        (
            &json!("allow"),
            &json!("approve"),
            &json!("operator"),
            &json!("ann")
        )
    );
    assert_eq!(
        decided["approval"],
        json!({"state": "approved", "id": id, "by": "ann"})
    );
    assert!(
        counted.contains("toolgate_approvals_total;state=approved"),
        "{counted}"
    );

    let (used, _) = ask(&mut world);
    assert_eq!(used["outcome"], "allow");
    assert_eq!(
        used["approval"],
        json!({"state": "used", "id": id, "by": "ann"})
    );
    // Used once: the next call has to ask anew.
    assert_eq!(ask(&mut world).0["approval"]["state"], "requested");
}

/// The record at the end of a tools/list that the upstream answers with these tools.
fn listed(gate: &Rc<Gate>, tools: &str) -> (Option<Value>, Vec<String>) {
    let mut world = World::default();
    let list = r#"{"jsonrpc":"2.0","id":1,"method":"tools/list"}"#;
    let (_, mut exchange) = post(gate, &mut world, &[], list);
    exchange.take_record();
    exchange.on_response_headers(&ResponseHead {
        status: 200,
        content_type: Some(b"application/json"),
        content_encoding: None,
    });
    let answer = format!(r#"{{"jsonrpc":"2.0","id":1,"result":{{"tools":{tools}}}}}"#);
    exchange.on_response_body(answer.as_bytes(), &mut world);
    let series = exchange.changed_series();
    (
        exchange.take_last_record(&mut world).map(|r| read(&r)),
        series.iter().map(|s| s.as_str().to_owned()).collect(),
    )
}

fn pinned(audit: &str, mode: &str) -> Rc<Gate> {
    let pin = "0".repeat(64);
    let mut tools = String::new();
    for name in ["pay", "move"] {
        write!(
            tools,
            r#""{name}":{{"pin":"sha256:{pin}","mode":"{mode}"}},"#
        )
        .unwrap();
    }
    gate(&format!(
        r#"{{"audit":{audit},"policy":{{"version":"1","default":"deny","tools":{{{tools}"read":{{}}}}}}}}"#
    ))
}

const CHANGED: &str = r#"[{"name":"pay"},{"name":"move"},{"name":"read"}]"#;

#[test]
fn pinned_tools_that_changed_are_all_named_and_counted() {
    let (record, series) = listed(&pinned("{}", "enforce"), CHANGED);
    let record = record.unwrap();
    assert_eq!(record["rule"], "/tools/pay/pin");
    let changed = record["changed"].as_array().unwrap();
    let rules: Vec<&str> = changed
        .iter()
        .map(|c| c["rule"].as_str().unwrap())
        .collect();
    assert_eq!(rules, ["/tools/pay/pin", "/tools/move/pin"]);
    assert_eq!(record["hidden"], 2);
    assert_eq!(
        series[1],
        "toolgate_pins_changed_total;rule=/tools/move/pin;policy=(policy)"
    );
    let (record, _) = listed(&pinned("{}", "shadow"), CHANGED);
    let record = record.unwrap();
    assert_eq!(record["shadow"].as_array().unwrap().len(), 2, "{record}");
    assert_eq!((record.get("rule"), record.get("hidden")), (None, None));
}

#[test]
fn sampling_does_not_drop_a_changed_pin() {
    let gate = pinned(r#"{"allowed_every":0}"#, "enforce");
    let (record, _) = listed(&gate, r#"[{"name":"read"},{"name":"other"}]"#);
    assert_eq!(record, None);
    let (record, _) = listed(&gate, CHANGED);
    assert_eq!(record.unwrap()["changed"][0]["rule"], "/tools/pay/pin");
}

#[test]
fn no_byte_of_a_caller_ends_a_line_or_grows_a_record_or_makes_a_series() {
    let gate = gate(
        r#"{"audit":{"digest":"all","arguments":{"t":["a"]}},"policy":{"version":"1","default":"allow","tools":{"t":{}}}}"#,
    );
    let hostile = "x\\n\\u0000\\u0085\\u2028\\u202e\\u009b2J\\\"};outcome=allow";
    let long = "k".repeat(5_000);
    let names: Vec<String> = (0..500).map(|n| format!(r#""{long}{n}":1"#)).collect();
    let mut counted = std::collections::BTreeSet::new();
    for tool in ["t".to_owned(), hostile.to_owned(), "y".repeat(100_000)] {
        for arguments in [
            format!(r#"{{"a":"{hostile}","{hostile}":"{hostile}"}}"#),
            format!("{{{}}}", names.join(",")),
            "{}".to_owned(),
        ] {
            let extra = [
                ("x-request-id", "i\u{2028}\u{9b}d"),
                ("traceparent", "00-x"),
            ];
            let (_, mut exchange) = post(
                &gate,
                &mut World::default(),
                &extra,
                &call(&tool, &arguments),
            );
            let record = exchange.take_record().unwrap();
            assert!(record.len() < 12_000, "{} bytes", record.len());
            let free = |c: char| c.is_control() || matches!(c, '\u{2028}'..='\u{202e}');
            assert!(!record.contains(free), "{record}");
            assert_eq!(read(record)["v"], 1);
            counted.extend(exchange.take_series().iter().map(|s| s.as_str().to_owned()));
        }
    }
    assert!(counted.len() <= 3, "{counted:?}");
}
