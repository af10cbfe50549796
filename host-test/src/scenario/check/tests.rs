//! Each expectation holds, and fails when it must.
#![expect(clippy::indexing_slicing, reason = "test")]

use host_test::Response;

use super::*;
use crate::scenario::client;
use crate::scenario::read::Era;

fn call(expect: Expectation) -> Sent {
    Sent {
        what: What::Call {
            tool: "t".to_owned(),
            args: "{}".to_owned(),
        },
        times: 1,
        era: Era::Handshake("2025-11-25"),
        headers: Vec::new(),
        keep: std::collections::BTreeMap::new(),
        expect,
    }
}

/// A limit's denial, as it should be.
fn denied() -> Seen {
    let body = r#"{"jsonrpc":"2.0","id":1,"result":{"content":[{"type":"text","text":"[POLICY DENIED] slow down"}],
        "isError":true,"_meta":{"toolgate/denial":{"rule":"/r","retry_after":60}}}}"#;
    Seen {
        response: Some(
            Response::new(200)
                .with_header("content-type", "application/json")
                .with_header("retry-after", "60")
                .with_body(body),
        ),
        record: Some(r#"{"v":1,"outcome":"deny","rule":"/r","message":"slow down"}"#.to_owned()),
        ..Seen::default()
    }
}

/// The names of what is not as expected.
fn wrong(expect: Expectation, seen: &Seen) -> Vec<&'static str> {
    wrong_on(expect, seen, true)
}

fn wrong_on(expect: Expectation, seen: &Seen, exact_clock: bool) -> Vec<&'static str> {
    let sent = call(expect);
    let outgoing = client::outgoing(&sent, 1);
    let (mismatches, _) = check(&sent, &outgoing, seen, exact_clock);
    mismatches.iter().map(|m| m.what).collect()
}

fn text(text: &str) -> Option<String> {
    Some(text.to_owned())
}

#[test]
fn what_holds_is_silent() {
    let expect = Expectation {
        outcome: Some(Outcome::Deny),
        rule: text("/r"),
        message: text("slow down"),
        retry_after: Some(60),
        status: Some(200),
        reads: text("[POLICY DENIED]"),
        ..Expectation::default()
    };
    assert!(wrong(expect, &denied()).is_empty());
}

#[test]
fn each_expectation_can_fail() {
    let none = Expectation::default;
    for (expect, what) in [
        (
            Expectation {
                outcome: Some(Outcome::Allow),
                ..none()
            },
            vec!["outcome"],
        ),
        (
            Expectation {
                rule: text("/other"),
                ..none()
            },
            vec!["rule"],
        ),
        (
            Expectation {
                message: text("other"),
                ..none()
            },
            vec!["message", "reads"],
        ),
        (
            Expectation {
                retry_after: Some(59),
                ..none()
            },
            vec!["retry_after in the reply", "retry-after header"],
        ),
        (
            Expectation {
                status: Some(403),
                ..none()
            },
            vec!["status"],
        ),
        (
            Expectation {
                error: Some(-1),
                ..none()
            },
            vec!["error"],
        ),
        (
            Expectation {
                reads: text("other"),
                ..none()
            },
            vec!["reads"],
        ),
        (
            Expectation {
                sees: Some(vec![]),
                ..none()
            },
            vec!["sees"],
        ),
    ] {
        assert_eq!(wrong(expect, &denied()), what);
    }
}

#[test]
fn waiting_times_may_be_shorter_on_a_clock_that_runs() {
    let expect = |seconds| Expectation {
        retry_after: Some(seconds),
        ..Expectation::default()
    };
    assert!(wrong_on(expect(80), &denied(), false).is_empty());
    assert_eq!(wrong_on(expect(59), &denied(), false).len(), 2);
}

#[test]
fn some_things_must_always_hold() {
    let none = Expectation::default;
    let outgoing = client::outgoing(&call(none()), 1).http;
    let allowed = |upstream: Vec<Request>| Seen {
        response: Some(Response::new(202)),
        record: text(r#"{"outcome":"allow"}"#),
        upstream,
        ..Seen::default()
    };
    assert!(wrong(none(), &allowed(vec![outgoing.clone()])).is_empty());
    assert_eq!(wrong(none(), &allowed(vec![])), ["upstream"]);
    assert_eq!(
        wrong(none(), &allowed(vec![outgoing.clone(), outgoing.clone()])),
        ["upstream"]
    );
    let mut changed = outgoing.clone();
    changed.body.push(b' ');
    assert_eq!(wrong(none(), &allowed(vec![changed])), ["upstream's body"]);

    let leaked = Seen {
        upstream: vec![outgoing.clone()],
        ..denied()
    };
    assert_eq!(wrong(none(), &leaked), ["upstream"]);
    assert_eq!(
        wrong(
            none(),
            &Seen {
                record: None,
                ..denied()
            }
        ),
        ["record"]
    );
    assert_eq!(
        wrong(
            none(),
            &Seen {
                record: text("{"),
                ..denied()
            }
        ),
        ["record"]
    );
    assert_eq!(
        wrong(
            none(),
            &Seen {
                record: text(r#"{"outcome":"maybe"}"#),
                ..denied()
            }
        ),
        ["record"]
    );
    assert_eq!(
        wrong(
            none(),
            &Seen {
                response: None,
                ..denied()
            }
        ),
        ["reply"]
    );
    assert_eq!(
        wrong(
            none(),
            &Seen {
                faults: vec!["trap".to_owned()],
                ..denied()
            }
        ),
        ["filter"]
    );
    let other_id = Response::new(200)
        .with_header("content-type", "application/json")
        .with_body(r#"{"id":"1","result":{}}"#);
    assert_eq!(
        wrong(
            none(),
            &Seen {
                response: Some(other_id),
                ..denied()
            }
        ),
        ["id"]
    );
}

#[test]
fn a_hidden_tools_message_stands_in_the_record_only() {
    let body = r#"{"id":1,"error":{"code":-32602,"message":"Unknown tool: t"}}"#;
    let seen = Seen {
        response: Some(
            Response::new(200)
                .with_header("content-type", "application/json")
                .with_body(body),
        ),
        record: text(
            r#"{"outcome":"deny","rule":"(hidden)","message":"Tool \"t\" is hidden by policy"}"#,
        ),
        ..Seen::default()
    };
    let expect = Expectation {
        message: text("Tool \"t\" is hidden by policy"),
        error: Some(-32_602),
        reads: text("Unknown tool: t"),
        ..Expectation::default()
    };
    assert!(wrong(expect, &seen).is_empty());
}

#[test]
fn what_came_is_told_for_the_transcript() {
    let sent = call(Expectation::default());
    let (_, came) = check(&sent, &client::outgoing(&sent, 1), &denied(), true);
    assert_eq!(came.outcome, Some(Outcome::Deny));
    assert_eq!(came.headers[1], ("retry-after", "60".to_owned()));
    assert!(!came.reached_upstream);
}
