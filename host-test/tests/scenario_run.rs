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
    // As an object, not as its text.
    assert_eq!(of(1)["failure"]["record"]["outcome"], "allow");
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
fn a_policy_and_a_configuration_that_are_mistaken_for_each_other_are_told() {
    let folder = Folder::new("mistaken");
    let policy = r#"{"version": "1", "default": "deny"}"#;
    folder.write("policy.json", policy);
    folder.write("config.json", &format!(r#"{{"policy": {policy}}}"#));
    for (names, part) in [
        (
            "policy: config.json",
            "a plugin configuration, where a policy is expected",
        ),
        ("config: policy.json", "wrap the document as {\"policy\": "),
    ] {
        folder.write(
            "scenario.yaml",
            &format!("{names}\nsteps: [{{list: tools}}]\n"),
        );
        let (code, text) = with_toolgate(&folder, &["scenario.yaml"]);
        assert_eq!(code, 2, "{text}");
        assert!(
            text.contains(".json:1:1: error: ") && text.contains(part),
            "{text}"
        );
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
fn what_remains_is_read_from_the_record() {
    let folder = Folder::new("remaining");
    let record =
        r#"{"v":1,"outcome":"allow","limits":[{"rule":"/r","counter":"c","max":3,"remaining":2}]}"#;
    let guest = folder.read("module.wat");
    let allow = r#"{\"v\":1,\"outcome\":\"allow\"}"#;
    let guest = guest.replace(allow, &record.replace('"', "\\\""));
    let length = format!("(i32.const {})", record.len());
    folder.write("module.wat", &guest.replace("(i32.const 25)", &length));
    for (remaining, code, words) in [
        ("{c: 2}", 0, "1 passed"),
        ("{c: 1}", 1, "+ got       c: 2"),
        ("{d: 1}", 1, "+ got       d: not counted"),
    ] {
        let scenario = format!("{SCENARIO}  remaining: {remaining}\n");
        folder.write("scenario.yaml", &scenario);
        let (exit, text) = folder.run(&["."]);
        assert!(exit == code && text.contains(words), "{remaining}: {text}");
    }
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

#[test]
fn a_failed_step_is_explained_with_what_came_before_it() {
    let folder = Folder::new("before");
    folder.write("policy.json", POLICY);
    let steps = "- at: 2026-01-05T10:00:00Z\n- call: refund\n  args: {amount: 5}\n\
                 - call: refund\n  args: {amount: 5}\n  outcome: allow\n- advance: 1h\n\
                 - call: refund\n  args: {amount: 101}\n  times: 2\n";
    folder.write(
        "scenario.yaml",
        &format!("policy: policy.json\nsteps:\n{steps}"),
    );
    let (code, text) = with_toolgate(&folder, &["."]);
    assert_eq!(code, 1, "{text}");
    let hint = "host-test explain --scenario './scenario.yaml' --step 3\n";
    assert!(text.contains(hint), "{text}");
    let module = toolgate::path().to_str().unwrap();
    let explain = |step: &[&str]| {
        let first = ["explain", "--module", module, "--scenario", "scenario.yaml"];
        host_test(&folder.0, &[&first[..], step].concat())
    };
    for (step, part) in [
        (&["--step", "3"][..], "1 used, this call takes 1, 0 remain"),
        (
            &["--step", "3"],
            "decision  deny by /tools/refund/limits/refunds",
        ),
        (&["--step", "2"], "0 used, this call takes 1, 0 remain"),
        (&["--step", "5", "--time", "2"], "args.amount gt 100"),
    ] {
        let (code, text) = explain(step);
        assert_eq!(code, 0, "{text}");
        assert!(text.contains(part), "{part:?} in {text}");
    }
    for (step, part) in [
        (
            &["--step", "6"][..],
            "there is no step 6: the steps are 1 to 5",
        ),
        (&["--step", "0"], "there is no step 0"),
        (&["--step", "4"], "step 4 sends nothing: it sets the clock"),
        (
            &["--step", "5", "--time", "3"],
            "the times 1 to 2, and no 3",
        ),
        (&[], "--step"),
    ] {
        let (code, text) = explain(step);
        assert_eq!(code, 2, "{text}");
        assert!(text.contains(part), "{part:?} in {text}");
    }
}

#[test]
fn callers_are_told_apart_where_the_scenario_says_how() {
    let folder = Folder::new("callers");
    folder.write("policy.json", POLICY);
    let steps = "steps:\n- call: refund\n  args: {amount: 5}\n  as: {bearer: ada}\n  outcome: allow\n\
                 - call: refund\n  args: {amount: 5}\n  as: {bearer: bob}\n  outcome: allow\n\
                 - call: refund\n  args: {amount: 5}\n  as: {bearer: bob}\n  outcome: deny\n";
    let identity = "policy: policy.json\nidentity: [{bearer: true}]\n";
    let file = folder.write("scenario.yaml", &format!("{identity}{steps}"));
    let (code, text) = with_toolgate(&folder, &["."]);
    assert_eq!(code, 0, "{text}");
    std::fs::write(file, format!("policy: policy.json\n{steps}")).unwrap();
    let (code, text) = with_toolgate(&folder, &["."]);
    assert_eq!(code, 2, "{text}");
    let part = "scenario.yaml:5:3: nobody looks for a credential, so this changes nothing";
    assert!(text.contains(part), "{text}");
}

#[test]
fn a_policy_with_mistakes_is_told_as_check_tells_it() {
    let folder = Folder::new("mistakes");
    folder.write("policy.json", &POLICY.replace("\"hour\"", "\"hourly\""));
    folder.write(
        "scenario.yaml",
        "policy: policy.json\nsteps:\n- call: refund\n",
    );
    let (code, text) = with_toolgate(&folder, &["."]);
    assert_eq!(code, 2, "{text}");
    for part in [
        "policy.json:8:42: error: `hourly` is not a window",
        "^^^^^^^^",
    ] {
        assert!(text.contains(part), "{part:?} in {text}");
    }
    assert!(!text.contains("refused its configuration"), "{text}");
}
