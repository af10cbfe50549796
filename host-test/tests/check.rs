//! `host-test check`: what it prints for broken and doubtful documents, word for word.
//!
//! Each `tests/golden/check/NAME` has its output in `NAME.txt`; `UPDATE_GOLDEN=1 cargo test -p
//! host-test --test check` writes those anew.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "test")]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::{Value, json};

fn golden() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/check")
}

/// The exit code and everything that was printed.
fn check(arguments: &[&str]) -> (i32, String) {
    let Output {
        status,
        stdout,
        stderr,
    } = Command::new(env!("CARGO_BIN_EXE_host-test"))
        .arg("check")
        .args(arguments)
        .current_dir(golden())
        .output()
        .unwrap();
    assert_eq!(String::from_utf8_lossy(&stderr), "");
    (status.code().unwrap(), String::from_utf8(stdout).unwrap())
}

fn documents() -> Vec<String> {
    let names = std::fs::read_dir(golden()).unwrap();
    let names = names.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names.filter(|name| !name.ends_with(".txt")).collect();
    names.sort();
    names
}

#[test]
fn what_is_printed_is_what_was_reviewed() {
    let documents = documents();
    let broken = documents.iter().filter(|name| !name.starts_with("warn-"));
    assert!(broken.count() >= 30);
    let mut wrong = Vec::new();
    for name in documents {
        let file = golden().join(format!("{name}.txt"));
        let (code, text) = check(&[&name]);
        assert_eq!(
            code,
            if name.starts_with("warn-") { 0 } else { 2 },
            "{name}: {text}"
        );
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            std::fs::write(&file, &text).unwrap();
        }
        let expected = std::fs::read_to_string(&file).unwrap_or_default();
        if text != expected {
            wrong.push(format!(
                "--- {name} expected\n{expected}--- {name} got\n{text}"
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn no_terminal_is_told_what_to_do_and_no_token_is_shown() {
    let (_, text) = check(&["control-characters.json"]);
    assert!(!text.contains('\u{1b}'), "{text:?}");
    let (_, text) = check(&["config-grants.json"]);
    assert!(!text.contains("my-secret-token"), "{text}");
    // Under keys that are right, misspelt and unknown.
    let (_, text) = check(&["config-secrets.json"]);
    assert!(!text.contains("SECRET"), "{text}");
}

#[test]
fn exit_codes_tell_warnings_from_errors() {
    let fine = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/instanode/policy.json");
    let fine = fine.to_str().unwrap();
    assert_eq!(check(&[fine]).0, 0);
    assert_eq!(check(&["--strict", fine]).0, 0);
    assert_eq!(check(&["warn-rules.json"]).0, 0);
    assert_eq!(check(&["--strict", "warn-rules.json", fine]).0, 1);
    assert_eq!(check(&["--strict", "warn-rules.json", "typos.json"]).0, 2);
    let (code, text) = check(&["no-such.json", fine]);
    assert_eq!(code, 2);
    assert!(
        text.contains("no-such.json: error: cannot read it: "),
        "{text}"
    );
    assert!(text.ends_with("2 files: 1 error\n"), "{text}");
}

#[test]
fn json_has_the_documented_shape() {
    let (code, text) = check(&[
        "--format",
        "json",
        "typos.yaml",
        "warn-default.yaml",
        "trailing-comma.json",
        "none.json",
    ]);
    assert_eq!(code, 2);
    let report: Value = serde_json::from_str(&text).unwrap();
    let files = report["files"].as_array().unwrap();
    let count = |severity: &str| {
        let findings = files
            .iter()
            .flat_map(|file| file["findings"].as_array().unwrap());
        findings.filter(|f| f["severity"] == severity).count()
    };
    assert_eq!(report["errors"], count("error"));
    assert_eq!(report["warnings"], count("warning"));
    assert_eq!(
        (&files[0]["file"], &files[0]["kind"]),
        (&json!("typos.yaml"), &json!("policy"))
    );
    let first = &files[0]["findings"][0];
    assert_eq!(
        (
            &first["severity"],
            &first["line"],
            &first["column"],
            &first["pointer"]
        ),
        (&json!("error"), &json!(2), &json!(1), &json!("/defualt"))
    );
    let syntax = &files[2]["findings"][0];
    assert_eq!(
        (&syntax["line"], &syntax["column"], &syntax["pointer"]),
        (&json!(5), &json!(20), &Value::Null)
    );
    assert_eq!(files[3]["findings"][0]["line"], Value::Null);
}

#[test]
fn help_has_examples() {
    let (code, text) = check(&["--help"]);
    assert!(
        code == 0 && text.contains("Examples:\n  host-test check "),
        "{text}"
    );
}
