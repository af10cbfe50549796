//! A request that the policy lets go on and the proxy does not: what is recorded, counted and given back.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "test"
)]

mod support;

use std::rc::Rc;

use serde_json::{Value, json};
use support::{World, gate, post};
use toolgate_engine::exchange::{Exchange, RequestStep};
use toolgate_engine::mcp::Headers;

const CALL: &str =
    r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"pay","arguments":{"n":1}}}"#;
const WHY: &str = "the proxy did not do it";

fn headers(method: &'static str) -> Headers<'static> {
    [(b":method".as_slice(), method.as_bytes())]
        .into_iter()
        .collect()
}

/// The record, what is counted, and the record as it ends.
fn stop(
    exchange: &mut Exchange,
    world: &mut World,
    body: &str,
) -> (Value, Vec<String>, Option<Value>) {
    let method = headers("POST");
    let step = exchange.not_forwarded("do it", &method, body.as_bytes(), world);
    let RequestStep::Reply(reply) = step else {
        panic!("{step:?}");
    };
    assert_eq!(reply.status, 500);
    let record: Value = serde_json::from_str(exchange.take_record().unwrap()).unwrap();
    exchange.record_written();
    assert_eq!(
        (
            &record["outcome"],
            &record["cause"],
            &record["message"],
            &record["status"]
        ),
        (
            &json!("reject"),
            &json!("not_forwarded"),
            &json!(WHY),
            &json!(500)
        )
    );
    let series = exchange.take_series();
    let names = series.iter().map(|series| series.as_str().to_owned());
    let names = names.collect();
    exchange.take_uses();
    let last = exchange.take_last_record(world);
    (
        record,
        names,
        last.map(|last| serde_json::from_str(&last).unwrap()),
    )
}

fn limited(limits: &str) -> Rc<toolgate_engine::Gate> {
    gate(&format!(
        r#"{{"server":"s","audit":{{"allowed_every":0}},"policy":{{"version":"1","default":"deny","tools":{{"pay":{{
            "deny_if":[{{"conditions":[{{"path":"args.n","op":"eq","value":1}}],"mode":"shadow"}}],"limits":[{limits}]}}}}}}}}"#
    ))
}

#[test]
fn all_that_the_decision_said_is_kept_and_the_units_go_back_as_after_no_connection() {
    for (refund_on, back) in [
        (r#"["unreachable"]"#, true),
        (r#"["error"]"#, false),
        ("[]", false),
    ] {
        let gate = limited(&format!(
            r#"{{"counter":"c","window":"day","max":1,"refund_on":{refund_on}}}"#
        ));
        let mut world = World::default();
        let (step, mut exchange) = post(&gate, &mut world, &[], CALL);
        assert!(matches!(step, RequestStep::Forward { .. }), "{step:?}");
        let (record, counted, last) = stop(&mut exchange, &mut world, CALL);
        assert_eq!(record["tool"], "pay");
        assert_eq!(record["limits"][0]["remaining"], 0);
        assert_eq!(record["shadow"][0]["rule"], "/tools/pay/deny_if/0");
        assert_eq!(
            counted,
            [
                "toolgate_decisions_total;outcome=reject;method=tools/call;tool=pay;rule=not_forwarded;policy=(policy)",
                "toolgate_shadowed_total;rule=/tools/pay/deny_if/0;policy=(policy)"
            ]
        );
        assert_eq!(
            last.map(|last| last["refunded"].clone()),
            back.then(|| json!(1))
        );
        let (step, _) = post(&gate, &mut world, &[], CALL);
        assert_eq!(
            matches!(step, RequestStep::Forward { .. }),
            back,
            "{refund_on}"
        );
    }
}

#[test]
fn a_batch_names_its_messages() {
    let gate = limited(r#"{"counter":"c","window":"day","max":2}"#);
    let mut world = World::default();
    let batch = format!(r#"[{CALL},{{"jsonrpc":"2.0","id":2,"method":"ping"}}]"#);
    let version = [("mcp-protocol-version", "2025-03-26")];
    let (step, mut exchange) = post(&gate, &mut world, &version, &batch);
    assert!(matches!(step, RequestStep::Forward { .. }), "{step:?}");
    let (record, counted, last) = stop(&mut exchange, &mut world, &batch);
    assert_eq!(record["batch"][0]["tool"], "pay");
    assert_eq!(record["batch"][1]["method"], "ping");
    assert_eq!(record["shadow"][0]["rule"], "/tools/pay/deny_if/0");
    assert!(
        counted[0].contains("method=batch;rule=not_forwarded"),
        "{counted:?}"
    );
    assert_eq!(last.unwrap()["refunded"], 1);
}

#[test]
fn what_cannot_be_read_again_is_not_guessed() {
    let gate = limited(r#"{"counter":"c","window":"day","max":2}"#);
    let mut world = World::default();
    let batch = format!("[{CALL},{CALL}]");
    for again in ["", "{", batch.as_str(), "[]"] {
        let (_, mut exchange) = post(&gate, &mut world, &[], CALL);
        let (record, _, _) = stop(&mut exchange, &mut world, again);
        assert_eq!(
            (&record["method"], record.get("tool"), &record["policy"]),
            (&json!("POST"), None, &json!("(policy)")),
            "{again}"
        );
    }
    // Headers that go before the body is there: nothing is decided, nobody is known.
    let mut exchange = Exchange::new(Rc::clone(&gate));
    let mut pairs = vec![(b":method".as_slice(), b"POST".as_slice())];
    pairs.push((b"content-type", b"application/json"));
    let head: Headers<'_> = pairs.into_iter().collect();
    let step = exchange.on_request_headers(&head, false, &mut world);
    assert_eq!(step, RequestStep::AwaitBody);
    let (record, counted, last) = stop(&mut exchange, &mut world, "");
    assert_eq!((record.get("method"), record.get("policy")), (None, None));
    assert_eq!(
        counted,
        ["toolgate_decisions_total;outcome=reject;rule=not_forwarded"]
    );
    assert_eq!(last, None);
}

#[test]
fn a_call_that_is_denied_after_it_was_charged_names_no_limit_as_charged() {
    let gate = gate(
        r#"{"server":"s","approvals":{"keys":["abababababababababababababababababababababababababababababababab"]},
            "policy":{"version":"1","default":"deny","tools":{"pay":{"approve_if":[{"conditions":[]}],
            "limits":[{"counter":"c","window":"day","max":1}]}}}}"#,
    );
    let mut world = World::default();
    for _ in 0..2 {
        let (_, mut exchange) = post(&gate, &mut world, &[], CALL);
        let record: Value = serde_json::from_str(exchange.take_record().unwrap()).unwrap();
        assert_eq!(
            (&record["outcome"], record.get("limits")),
            (&json!("deny"), None)
        );
        assert!(exchange.take_uses().is_empty());
    }
}
