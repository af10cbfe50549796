//! Runs against a target that counts, as a limit would.
#![expect(clippy::unwrap_used, clippy::arithmetic_side_effects, reason = "test")]

use std::path::PathBuf;

use host_test::{Request, Response};

use super::*;
use crate::scenario::read::{Era, Expectation, Outcome, Sent, What};

/// Allows two calls a minute.
#[derive(Default)]
struct Limit {
    clock: Seconds,
    window: Seconds,
    used: u32,
    ids: Vec<String>,
}

impl Target for Limit {
    fn set_clock(&mut self, to: Seconds) -> Result<(), String> {
        self.clock = to;
        Ok(())
    }

    fn send(&mut self, request: &Request) -> Result<Seen, String> {
        if self.clock / 60 != self.window {
            (self.window, self.used) = (self.clock / 60, 0);
        }
        let body: serde_json::Value = serde_json::from_slice(&request.body).unwrap();
        let id = body.get("id").unwrap().to_string();
        self.ids.push(id.clone());
        let allowed = self.used < 2;
        self.used += u32::from(allowed);
        let (outcome, text) = if allowed {
            ("allow", "ran")
        } else {
            ("deny", "no")
        };
        Ok(Seen {
            response: Some(
                Response::new(200).with_header("content-type", "application/json").with_body(format!(
                    r#"{{"id":{id},"result":{{"content":[{{"type":"text","text":"{text}"}}]}}}}"#
                )),
            ),
            upstream: allowed.then(|| request.clone()).into_iter().collect(),
            record: Some(format!(r#"{{"outcome":"{outcome}","rule":"/r"}}"#)),
            ..Seen::default()
        })
    }

    fn exact_clock(&self) -> bool {
        true
    }
}

fn call(times: u32, outcome: Outcome) -> Action {
    Action::Send(Box::new(Sent {
        what: What::Call {
            tool: "t".to_owned(),
            args: "{}".to_owned(),
        },
        times,
        era: Era::Handshake("2025-11-25"),
        headers: Vec::new(),
        keep: std::collections::BTreeMap::new(),
        expect: Expectation {
            outcome: Some(outcome),
            ..Expectation::default()
        },
    }))
}

fn plan(actions: Vec<Action>) -> Plan {
    let step = |(index, action)| PlannedStep {
        line: index + 10,
        note: None,
        action,
    };
    Plan {
        by_config: false,
        decided_by: "policy.json".into(),
        path: PathBuf::new(),
        description: None,
        plugin_config: String::new(),
        operators_config: None,
        upstream: crate::scenario::model::Upstream::default(),
        steps: actions.into_iter().enumerate().map(step).collect(),
    }
}

#[test]
fn steps_run_in_order_on_the_scenarios_clock() {
    let mut target = Limit::default();
    let actions = vec![
        Action::SetClock(DEFAULT + 30),
        call(2, Outcome::Allow),
        call(1, Outcome::Deny),
        Action::Advance(29),
        call(1, Outcome::Deny),
        Action::Advance(1),
        call(1, Outcome::Allow),
    ];
    let report = run(&plan(actions), &mut target).unwrap();
    assert!(report.failure.is_none());
    assert_eq!((report.requests, target.clock), (5, DEFAULT + 60));
    assert_eq!(target.ids, ["1", "2", "3", "4", "5"]);
    assert_eq!(
        report.transcript,
        "1. clock 2026-01-01T00:00:30Z\n\n\
         2. tools/call t {}  [1 to 2 of 2]\n   allow by /r\n   upstream saw it\n   HTTP 200, application/json\n   \
         result {\"content\":[{\"type\":\"text\",\"text\":\"ran\"}]}\n\n\
         3. tools/call t {}\n   deny by /r\n   upstream saw nothing\n   HTTP 200, application/json\n   \
         result {\"content\":[{\"type\":\"text\",\"text\":\"no\"}]}\n\n\
         4. clock 2026-01-01T00:00:59Z\n\n\
         5. tools/call t {}\n   deny by /r\n   upstream saw nothing\n   HTTP 200, application/json\n   \
         result {\"content\":[{\"type\":\"text\",\"text\":\"no\"}]}\n\n\
         6. clock 2026-01-01T00:01:00Z\n\n\
         7. tools/call t {}\n   allow by /r\n   upstream saw it\n   HTTP 200, application/json\n   \
         result {\"content\":[{\"type\":\"text\",\"text\":\"ran\"}]}\n"
    );
}

#[test]
fn the_first_call_that_does_not_hold_ends_the_run() {
    let mut target = Limit::default();
    let actions = vec![call(5, Outcome::Allow), call(1, Outcome::Allow)];
    let report = run(&plan(actions), &mut target).unwrap();
    let failure = report.failure.unwrap();
    assert_eq!((failure.step, failure.line, failure.time), (1, 10, (3, 5)));
    assert_eq!(report.requests, 3);
    let mismatch = failure.mismatches.first().unwrap();
    assert_eq!(
        (
            mismatch.what,
            mismatch.expected.as_str(),
            mismatch.got.as_str()
        ),
        ("outcome", "allow", "deny")
    );
    assert_eq!(
        target.clock, DEFAULT,
        "a scenario without a clock starts at the default"
    );
}
