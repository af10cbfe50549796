//! `run` for CI and for the one who writes: machine-readable output, coverage, watching.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "test")]

mod common;
#[path = "common/toolgate.rs"]
mod toolgate;

use common::folder::{Folder, host_test};
use common::running::Running;
use serde_json::Value;

const SCENARIO: &str = "policy: policy.yaml\nsteps:\n- call: a\n  outcome: allow\n";

/// A policy with four things that may deny.
const POLICY: &str = r#"{
  "version": "1",
  "default": "deny",
  "tools": {
    "refund": {
      "deny_if": [{"conditions": [{"path": "args.amount", "op": "gt", "value": 100}]}],
      "limits": [
        {"counter": "refunds", "window": "hour", "max": 1},
        {"counter": "seen", "window": "hour", "max": 1, "mode": "shadow"}
      ]
    }
  }
}"#;

/// Runs the real module on scenarios of a folder.
fn with_toolgate(folder: &Folder, arguments: &[&str]) -> (i32, String) {
    let module = toolgate::path();
    let run = ["run", "--module", module.to_str().unwrap()];
    host_test(&folder.0, &[&run[..], arguments].concat())
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

#[test]
fn json_and_junit_tell_the_same_as_the_text() {
    let folder = Folder::new("formats");
    folder.write("a.scenario.yaml", SCENARIO);
    folder.write("b.scenario.yaml", &SCENARIO.replace("allow", "deny"));
    folder.write("c.scenario.yaml", "steps: [");
    folder.write("d.scenario.yaml", SCENARIO);
    folder.write("d.transcript.txt", "1. something \u{1} <else>\n");
    let (code, text) = folder.run(&[".", "--format", "json", "--junit", "report.xml"]);
    assert_eq!(code, 2, "{text}");
    let run = json(&text);
    assert_eq!(
        (&run["passed"], &run["failed"], &run["broken"]),
        (&1.into(), &2.into(), &1.into())
    );
    let of = |n: usize| &run["scenarios"][n];
    assert_eq!(of(0)["path"], "./a.scenario.yaml");
    assert_eq!(
        (&of(0)["outcome"], &of(0)["cause"]),
        (&"passed".into(), &Value::Null)
    );
    assert_eq!(of(1)["failure"]["step"], 1);
    assert_eq!(of(1)["failure"]["line"], 3);
    let mismatch = &of(1)["failure"]["mismatches"][0];
    assert_eq!(mismatch["what"], "outcome");
    assert_eq!(
        (&mismatch["expected"], &mismatch["got"]),
        (&"deny".into(), &"allow".into())
    );
    assert_eq!(of(2)["outcome"], "broken");
    assert!(of(3)["cause"].as_str().unwrap().contains("says otherwise"));
    assert!(!text.contains('\u{1b}'), "{text}");

    let report = folder.read("report.xml");
    assert!(
        !report.contains('\u{1}'),
        "XML holds no control characters: {report}"
    );
    for part in [
        r#"<?xml version="1.0" encoding="UTF-8"?>"#,
        r#"<testsuite name="host-test" tests="4" failures="2" errors="1""#,
        r#"name="./a.scenario.yaml""#,
        r#"<failure message="step 1 (line 3): tools/call a {}">"#,
        "<error message=",
        "&lt;else&gt;",
    ] {
        assert!(report.contains(part), "{part} in {report}");
    }
}

#[test]
fn results_come_in_order_however_many_run_at_once() {
    let folder = Folder::new("order");
    for n in 10..40 {
        folder.write(&format!("{n}.scenario.yaml"), SCENARIO);
    }
    for jobs in ["1", "8"] {
        let (code, text) = folder.run(&[".", "--jobs", jobs]);
        assert_eq!(code, 0, "{text}");
        let paths: Vec<&str> = text.lines().filter_map(|l| l.split("  ").nth(1)).collect();
        assert_eq!(paths.len(), 30);
        assert!(paths.is_sorted(), "{text}");
    }
}

#[test]
fn what_upstream_and_record_must_be_is_compared() {
    let folder = Folder::new("saw");
    let step = |more: &str| format!("{SCENARIO}{more}");
    folder.write(
        "scenario.yaml",
        &step(
            "  headers: {X-Team: a}\n  upstream_saw: {times: 1, body: '\"name\":\"a\"', headers: \
             {X-Team: a, x-none: null}}\n  record: {v: 1, outcome: allow}\n",
        ),
    );
    let (code, text) = folder.run(&["."]);
    assert_eq!(code, 0, "{text}");
    for (more, expected, got) in [
        ("  upstream_saw: {times: 0}\n", "0 requests", "1 requests"),
        (
            "  upstream_saw: {body: zzz}\n",
            "zzz",
            "\"method\":\"tools/call\"",
        ),
        (
            "  upstream_saw: {headers: {x-a: b}}\n",
            "x-a: b",
            "x-a: (none)",
        ),
        ("  record: {caller: me}\n", "caller: \"me\"", "caller: none"),
    ] {
        folder.write("scenario.yaml", &step(more));
        let (code, text) = folder.run(&["."]);
        assert_eq!(code, 1, "{text}");
        assert!(
            text.contains(expected) && text.contains(got),
            "{more}: {text}"
        );
    }
    folder.write("scenario.yaml", &step("  upstream_saw: [1]\n"));
    let (code, text) = folder.run(&["."]);
    assert!(
        code == 2 && text.contains("this is a map, not a list"),
        "{text}"
    );
}

#[test]
fn coverage_names_what_no_scenario_saw_deny() {
    let folder = Folder::new("coverage");
    folder.write("policy.json", POLICY);
    folder.write(
        "scenario.yaml",
        "policy: policy.json\nupstream: {tools: [refund]}\nsteps:\n- {call: refund, args: {amount: 1}}\n\
         - {call: refund, args: {amount: 1}, outcome: deny}\n",
    );
    folder.write(
        "default.scenario.yaml",
        "policy: policy.json\nsteps: [{call: other, outcome: deny}]\n",
    );
    let (code, text) = with_toolgate(&folder, &[".", "--coverage"]);
    assert_eq!(code, 0, "{text}");
    for part in [
        "policy.json:6:19: warning: no scenario sees `/tools/refund/deny_if/0` deny",
        "3 of 4 rules were seen to deny",
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }
    let (_, text) = with_toolgate(&folder, &[".", "--coverage", "--format", "json"]);
    let coverage = &json(&text)["coverage"][0];
    assert_eq!(
        (&coverage["rules"], &coverage["fired"]),
        (&4.into(), &3.into())
    );
    assert_eq!(coverage["never"][0]["rule"], "/tools/refund/deny_if/0");
    assert_eq!(coverage["never"][0]["line"], 6);
}

#[test]
fn watching_runs_again_when_a_file_is_saved_comes_or_goes() {
    let folder = Folder::new("watching");
    folder.write("scenario.yaml", SCENARIO);
    let run = ["run", ".", "--watch", "--module", "module.wat"];
    let watching = Running::start(&folder.0, &run);
    watching.until("1 passed");
    folder.write("scenario.yaml", &SCENARIO.replace("allow", "deny"));
    watching.until("scenario.yaml changed");
    watching.until("0 passed, 1 failed");
    folder.write("b.scenario.yaml", SCENARIO);
    watching.until("1 passed, 1 failed");
    std::fs::remove_file(folder.0.join("scenario.yaml")).unwrap();
    watching.until("1 passed");
    folder.write("policy.yaml", "tools: {a: {}}\n");
    watching.until("policy.yaml changed");
    watching.until("1 passed");
}
