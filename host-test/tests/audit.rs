//! `host-test audit`: what it makes of a log, and that it finds what is missing.
#![expect(clippy::unwrap_used, reason = "test")]

use std::process::Command;

use serde_json::{Value, json};

const LOG: &str = r#"{"v":1,"time":"2026-01-01T00:00:00.000Z","outcome":"allow","caller":"agent","tool":"pay"}
{"status":200,"toolgate":"{\"v\":1,\"time\":\"2026-01-01T00:00:10.000Z\",\"outcome\":\"deny\",\"caller\":\"agent\",\"tool\":\"pay\",\"rule\":\"/r\",\"limits\":[{\"rule\":\"/r\",\"counter\":\"payments\",\"max\":1,\"remaining\":0}]}"}
{"toolgate":{"v":1,"time":"2026-01-01T00:00:20.000Z","outcome":"reject","cause":"not_json"}}
[2026-01-01 00:00:30][info] wasm log toolgate: toolgate: audit {"v":1,"time":"2026-01-01T00:00:30.000Z","outcome":"allow","sampled":10,"shadow":[{"rule":"/s","message":"m"}],"hidden":2} for plugin
"#;

fn audit(log: &str, arguments: &[&str]) -> (i32, String, String) {
    let file = std::env::temp_dir().join(format!(
        "toolgate-audit-{}-{:?}",
        std::process::id(),
        std::thread::current().id()
    ));
    std::fs::write(&file, log).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_host-test"))
        .arg("audit")
        .arg(&file)
        .args(arguments)
        .output()
        .unwrap();
    std::fs::remove_file(&file).unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (
        output.status.code().unwrap(),
        text(output.stdout),
        text(output.stderr),
    )
}

#[test]
fn records_are_found_however_they_are_wrapped() {
    let (code, out, err) = audit(LOG, &["--format", "json", "--requests", "13"]);
    assert_eq!((code, err.as_str()), (0, ""), "{out}");
    let got: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(
        got,
        json!({
            "lines": 4, "records": 13, "without_record": 0, "requests": 13, "complete": true,
            "outcomes": {"allow": 11, "deny": 1, "reject": 1},
            "denied_tools": {"pay": 1}, "denied_callers": {"agent": 1}, "rules": {"/r": 1},
            "causes": {"not_json": 1}, "limits": {"payments": 1}, "shadowed": {"/s": 1},
            "hidden": 2, "refunded": 0,
            "from": "2026-01-01T00:00:00.000Z", "to": "2026-01-01T00:00:30.000Z",
        })
    );
}

#[test]
fn what_is_missing_fails() {
    let (code, out, _) = audit(LOG, &["--requests", "14"]);
    assert_eq!(code, 1);
    assert!(
        out.contains("incomplete: 13 records for 14 requests"),
        "{out}"
    );
    let (code, out, _) = audit(&format!("{LOG}-\n"), &[]);
    assert_eq!(code, 1);
    assert!(out.contains("13 records, 1 lines without one"), "{out}");
    let (code, _, err) = audit("{\"v\":2,\"time\":\"\",\"outcome\":\"allow\"}\n", &[]);
    assert_eq!(code, 2);
    assert!(err.contains("version 2"), "{err}");
}

#[test]
fn a_person_sees_lists_and_a_chart_and_no_control_characters() {
    let evil = r#"{"v":1,"time":"2026-01-01T00:00:40.000Z","outcome":"deny","tool":"\u001b[31mred","rule":"/r"}"#;
    let (code, out, _) = audit(&format!("{LOG}{evil}\n"), &[]);
    assert_eq!(code, 0);
    for part in [
        "most denied",
        "denying rules",
        "limits hit",
        "payments",
        "over time",
        "█",
        "complete: 14 records",
    ] {
        assert!(out.contains(part), "{part}: {out}");
    }
    assert!(!out.contains('\u{1b}'), "{out}");
}
