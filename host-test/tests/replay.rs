//! `host-test replay`: from an audit log and from a capture of bodies.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "test")]

mod common;
#[path = "common/toolgate.rs"]
mod toolgate;

use common::folder::{Folder, host_test};
use serde_json::{Value, json};

const NEW: &str = r#"{"version": "1", "default": "deny", "tools": {
    "search": {},
    "refund": {
        "deny_if": [{"conditions": [{"path": "args.amount", "op": "gt", "value": 100}]}],
        "limits": [{"counter": "refunds", "window": "hour", "max": 2, "scope": "grant"}]},
    "mail": {"require": [{"conditions": [{"path": "args.to", "op": "regex", "value": "@us$"}]}]}}}"#;

/// A record of a call as docs/audit.md has it.
fn record(second: u32, outcome: &str, tool: &str, caller: &str, more: Value) -> String {
    let mut record = json!({"v": 1, "time": format!("2026-01-05T10:00:{second:02}.000Z"),
        "outcome": outcome, "identity": "bearer", "caller": caller, "method": "tools/call",
        "tool": tool});
    for (key, value) in more.as_object().unwrap() {
        record[key] = value.clone();
    }
    record.to_string()
}

fn replay(folder: &Folder, more: &[&str]) -> (i32, Value, String) {
    let run = ["replay", "--policy", "new.json"];
    let (code, text) = host_test(&folder.0, &[&run[..], more].concat());
    let (json_code, json) = host_test(&folder.0, &[&run[..], &["--format", "json"], more].concat());
    assert_eq!(code, json_code, "{text}");
    (
        code,
        serde_json::from_str(&json).unwrap_or(Value::Null),
        text,
    )
}

fn of<'a>(whole: &'a Value, change: &str, rule: &str) -> Vec<&'a Value> {
    let all = whole["differences"].as_array().unwrap().iter();
    all.filter(|d| d["change"] == change && d["rule"] == rule)
        .collect()
}

#[test]
fn an_audit_log_says_what_is_known_and_nothing_else() {
    let folder = Folder::new("replay-log");
    folder.write("new.json", NEW);
    let amount =
        |n: u32| json!({"arguments": {"bytes": 9, "names": ["amount"], "values": {"amount": n}}});
    let secret = json!({"arguments": {"bytes": 9, "names": ["to"], "digest": "ab"}});
    let log = [
        record(1, "allow", "drop", "alice", json!({})),
        record(1, "allow", "drop", "bob", json!({})),
        record(
            2,
            "deny",
            "search",
            "alice",
            json!({"rule": "(default deny)"}),
        ),
        // Two refunds an hour for each caller, and none above 100.
        record(3, "allow", "refund", "alice", amount(20)),
        record(4, "allow", "refund", "alice", amount(101)),
        record(5, "allow", "refund", "alice", amount(20)),
        record(6, "allow", "refund", "bob", amount(20)),
        record(7, "allow", "refund", "alice", amount(20)),
        // What the record does not hold.
        record(8, "allow", "mail", "alice", secret),
        record(
            9,
            "allow",
            "mail",
            "bob",
            json!({"arguments": {"names": ["x"]}}),
        ),
        record(
            10,
            "deny",
            "refund",
            "bob",
            json!({"rule": "/tools/old/deny_if/0",
            "arguments": {"names": ["amount"], "values": {"amount": 500}}}),
        ),
        "-".to_owned(),
        record(11, "reject", "refund", "bob", json!({})),
        json!({"v": 1, "outcome": "allow", "method": "tools/list"}).to_string(),
    ];
    folder.write("audit.log", &log.join("\n"));
    let (code, whole, text) = replay(&folder, &["audit.log"]);
    assert_eq!(code, 0, "{text}");
    assert_eq!(whole["calls"], 11, "{whole}");
    assert_eq!(whole["not_replayed"], 3, "{whole}");
    assert_eq!(whole["same"], 3, "{whole}");
    let dropped = of(&whole, "now_denied", "(default deny)");
    assert_eq!(dropped.len(), 2);
    assert_eq!(
        (&dropped[0]["caller"], &dropped[0]["count"]),
        (&json!("alice"), &json!(1))
    );
    assert_eq!(
        of(&whole, "now_allowed", "(default deny)")[0]["tool"],
        "search"
    );
    assert_eq!(of(&whole, "now_denied", "/tools/refund/deny_if/0").len(), 1);
    let limited = of(&whole, "now_denied", "/tools/refund/limits/refunds");
    assert_eq!((limited.len(), &limited[0]["caller"]), (1, &json!("alice")));
    let unknown = of(&whole, "cannot_be_told", "/tools/mail/require/0");
    assert_eq!(
        (unknown.len(), &unknown[0]["needs"]),
        (1, &json!("args.to"))
    );
    // An argument that is surely not there needs no guess.
    assert_eq!(
        of(&whole, "now_denied", "/tools/mail/require/0")[0]["caller"],
        "bob"
    );
    assert_eq!(
        of(
            &whole,
            "other_rule",
            "/tools/old/deny_if/0 -> /tools/refund/deny_if/0"
        )
        .len(),
        1
    );
    for part in [
        "11 calls\n",
        "      1  cannot be told\n",
        "mail /tools/mail/require/0 needs args.to",
        "by caller",
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }
}

#[test]
fn a_limit_after_calls_that_cannot_be_told_cannot_be_told() {
    let folder = Folder::new("replay-uncertain");
    folder.write("new.json", NEW);
    let unknown = json!({"arguments": {"names": ["amount"], "digest": "ab"}});
    let small = json!({"arguments": {"names": ["amount"], "values": {"amount": 1}}});
    let mut log = vec![
        record(1, "allow", "refund", "alice", unknown),
        record(2, "allow", "refund", "alice", small.clone()),
    ];
    // Two windows on, nothing of that is left.
    log.push(record(3, "allow", "refund", "alice", small.clone()).replace("T10:", "T13:"));
    let sampled = record(4, "allow", "refund", "alice", small).replace("T10:", "T14:");
    log.push(sampled.replacen("{", "{\"sampled\":10,", 1));
    folder.write("audit.log", &log.join("\n"));
    let (_, whole, text) = replay(&folder, &["audit.log"]);
    assert_eq!(whole["cannot_be_told"], 3, "{text}");
    assert_eq!(whole["same"], 1, "{text}");
    assert!(
        text.contains("needs the calls before it that cannot be told"),
        "{text}"
    );
    assert!(text.contains("the log is a sample"), "{text}");
}

#[test]
fn a_capture_runs_through_both_policies() {
    let folder = Folder::new("replay-capture");
    folder.write("new.json", NEW);
    folder.write("old.json", r#"{"version": "1", "default": "allow"}"#);
    let call = |tool: &str, amount: u32| {
        json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call",
            "params": {"name": tool, "arguments": {"amount": amount}}})
    };
    let lines = [
        call("search", 1).to_string(),
        call("refund", 101).to_string(),
        call("refund", 1).to_string(),
        call("refund", 1).to_string(),
        call("refund", 1).to_string(),
        "@+1h".to_owned(),
        call("refund", 1).to_string(),
        json!({"time": "2026-01-01T03:00:00Z", "headers": {"x-team": "a"}, "body": call("drop", 1)})
            .to_string(),
        json!({"body": call("drop", 2).to_string()}).to_string(),
        "{\"not\": closed".to_owned(),
    ];
    folder.write("bodies.ndjson", &lines.join("\n"));
    let module = toolgate::path().to_str().unwrap();
    let more = ["--module", module, "--before", "old.json", "bodies.ndjson"];
    let (code, whole, text) = replay(&folder, &more);
    assert_eq!(code, 0, "{text}");
    assert_eq!(
        (&whole["calls"], &whole["same"]),
        (&json!(8), &json!(4)),
        "{text}"
    );
    assert_eq!(whole["not_replayed"], 1, "{text}");
    assert_eq!(of(&whole, "now_denied", "(default deny)")[0]["count"], 2);
    assert_eq!(
        of(&whole, "now_denied", "/tools/refund/limits/refunds")[0]["count"],
        1
    );
    assert_eq!(
        of(&whole, "now_denied", "/tools/refund/deny_if/0")[0]["count"],
        1
    );
}

#[test]
fn what_is_missing_or_wrong_is_said() {
    let folder = Folder::new("replay-faults");
    folder.write("new.json", NEW);
    folder.write("bad.json", r#"{"version": "1", "defalt": "deny"}"#);
    folder.write("bodies", "{}\n");
    folder.write("log", "{\"v\":1,\"outcome\":\"allow\"}\nnonsense\n");
    folder.write("empty", "\n");
    let module = toolgate::path().to_str().unwrap();
    for (arguments, words) in [
        (&["--policy", "new.json", "bodies"][..], "--before FILE"),
        (
            &["--policy", "new.json", "no-file"],
            "cannot read `no-file`",
        ),
        (&["--policy", "new.json", "empty"], "is empty"),
        (
            &["--policy", "new.json", "log"],
            "log:2: not a decision record",
        ),
        (
            &["--policy", "new.json", "--before", "new.json", "log"],
            "leave --before out",
        ),
        (
            &[
                "--policy", "new.json", "--before", "new.json", "--module", module, "bodies",
            ],
            "`bodies` has nothing to replay",
        ),
        (&["--policy", "bad.json", "log"], "did you mean `default`?"),
        (
            &["--policy", "new.json", "--before", "bad.json", "bodies"],
            "did you mean `default`?",
        ),
    ] {
        let (code, text) = host_test(&folder.0, &[&["replay"][..], arguments].concat());
        assert!(code == 2 && text.contains(words), "{arguments:?}: {text}");
    }
}
