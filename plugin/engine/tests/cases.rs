//! Every file under `cases/` is one case of the policy language: a policy, what is sent, what must
//! come of it. `CASES=operators/eq cargo test --test cases` runs those whose path holds the text.

#[path = "cases/harness/mod.rs"]
mod harness;
#[path = "cases/native.rs"]
mod native;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use harness::format::Case;
use harness::run::run;
use native::Native;

/// The one check: a case file's text, run in a world of its own.
fn check(text: &str) -> Result<(), String> {
    run(&Case::read(text)?, &mut Native::default())
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases")
}

/// Paths within the folder, and texts, in order. Those under `failing/` only when asked for.
fn files(failing: bool) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder()];
    while let Some(inner) = folders.pop() {
        for entry in fs::read_dir(&inner).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "json") {
                let name = path.strip_prefix(folder()).unwrap_or(&path);
                let name = name.to_string_lossy().into_owned();
                if name.starts_with("failing") == failing {
                    found.insert(name, fs::read_to_string(&path).unwrap_or_default());
                }
            }
        }
    }
    let wanted = std::env::var("CASES").unwrap_or_default();
    found.retain(|name, _| name.contains(&wanted));
    found
}

#[test]
fn every_case_holds() {
    let mut failures = Vec::new();
    for (name, text) in files(false) {
        if let Err(why) = check(&text) {
            failures.push(format!("{name}\n  {why}"));
        }
    }
    assert!(
        failures.is_empty(),
        "{}:\n{}",
        failures.len(),
        failures.join("\n")
    );
}

/// What is known to differ from the specification. Once it holds, its file moves to its topic.
#[test]
fn known_differences_still_differ() {
    let mut holding = Vec::new();
    for (name, text) in files(true) {
        let read = Case::read(&text);
        assert!(read.is_ok(), "{name}: {read:?}");
        match check(&text) {
            Ok(()) => holding.push(name),
            // Shown with `--nocapture`.
            Err(why) => println!("{name}\n  {why}"),
        }
    }
    assert!(
        holding.is_empty(),
        "these hold now, move them out of failing/: {holding:?}"
    );
}

#[test]
fn there_are_enough_cases_and_no_two_are_alike() {
    if std::env::var("CASES").is_ok() {
        return;
    }
    let files = files(false);
    assert!(files.len() >= 320, "{} cases", files.len());
    let mut texts: BTreeMap<&str, &str> = BTreeMap::new();
    for (name, text) in &files {
        if let Some(other) = texts.insert(text, name) {
            assert_eq!(name, other, "the same case twice");
        }
    }
}

/// The harness must be able to fail: each of these is wrong in one way.
#[test]
fn a_case_that_checks_nothing_or_the_wrong_thing_fails() {
    let policy = r#""policy":{"version":"1","default":"deny","tools":{"a":{}}}"#;
    let broken = [
        (
            "unknown key",
            r#"{"about":"x",P,"stepz":[]}"#,
            "unknown field",
        ),
        (
            "duplicate key",
            r#"{"about":"x","about":"y",P}"#,
            "duplicate field",
        ),
        ("nothing to check", r#"{"about":"x",P}"#, "checks nothing"),
        (
            "no about",
            r#"{P,"steps":[{"call":"a","outcome":"allow"}]}"#,
            "`about`",
        ),
        (
            "no outcome",
            r#"{"about":"x",P,"steps":[{"call":"a"}]}"#,
            "`outcome` is missing",
        ),
        (
            "no rule",
            r#"{"about":"x",P,"steps":[{"call":"b","outcome":"deny"}]}"#,
            "`rule` is missing",
        ),
        (
            "unknown step key",
            r#"{"about":"x",P,"steps":[{"call":"a","outcome":"allow","arg":{}}]}"#,
            "unknown field",
        ),
        (
            "misplaced",
            r#"{"about":"x",P,"steps":[{"method":"ping","args":{},"outcome":"allow"}]}"#,
            "no meaning",
        ),
        (
            "two acts",
            r#"{"about":"x",P,"steps":[{"call":"a","method":"ping","outcome":"allow"}]}"#,
            "exactly one",
        ),
        (
            "wrong outcome",
            r#"{"about":"x",P,"steps":[{"call":"b","outcome":"allow"}]}"#,
            "`outcome`",
        ),
        (
            "wrong rule",
            r#"{"about":"x",P,"steps":[{"call":"b","outcome":"deny","rule":"/x"}]}"#,
            "`rule`",
        ),
        (
            "wrong message",
            r#"{"about":"x",P,"steps":[{"call":"b","outcome":"deny","rule":"(default deny)","message":"no"}]}"#,
            "`message`",
        ),
        (
            "wrong code",
            r#"{"about":"x",P,"steps":[{"call":"b","outcome":"deny","rule":"(default deny)","code":-1}]}"#,
            "`code`",
        ),
        (
            "accepted",
            r#"{"about":"x",P,"refused":[{"pointer":"","message":"x"}]}"#,
            "was accepted",
        ),
        (
            "not warned",
            r#"{"about":"x",P,"warned":[{"pointer":"","message":"x"}]}"#,
            "is missing among",
        ),
        (
            "unexpected fault",
            r#"{"about":"x","policy":{"tols":1},"refused":[{"pointer":"/policy/tols","message":"unknown key"}]}"#,
            "nobody expected",
        ),
    ];
    for (what, text, why) in broken {
        let result = check(&text.replace('P', policy));
        let said = result.err().unwrap_or_default();
        assert!(said.contains(why), "{what}: {said}");
    }
}

#[test]
fn times_are_read() {
    use harness::format::{Step, start};
    let at = |text: &str| {
        let step: Result<Step, _> = serde_json::from_str(&format!("{{\"at\":{text}}}"));
        step.ok().and_then(|step| step.time(0).ok())
    };
    let second = 1_000_000_000;
    assert_eq!(at("\"2026-01-05T10:00:00Z\""), Some(start()));
    assert_eq!(at("1.5"), Some(start() + 3 * second / 2));
    assert_eq!(at("\"1970-01-01T00:00:01Z\""), Some(second));
    assert_eq!(at("\"2024-02-29T00:00:00Z\""), Some(1_709_164_800 * second));
    assert_eq!(at("\"2024-03-01T00:00:00Z\""), Some(1_709_251_200 * second));
    assert_eq!(
        at("\"2027-01-01T00:00:00.25Z\""),
        Some(1_798_761_600 * second + second / 4)
    );
    assert_eq!(at("\"tomorrow\""), None);
}
