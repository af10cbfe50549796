//! The attack library: every pattern is whole and in the index, and every attack succeeds once its
//! policy is taken away.
#![expect(clippy::unwrap_used, clippy::panic, reason = "test")]

use std::path::{Path, PathBuf};
use std::process::Command;

/// What stands where the policy stood.
const ALLOW_ALL: &str = r#"{"version": "1", "default": "allow", "tools": {}}"#;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The folders of the patterns, in the order of their names.
fn patterns() -> Vec<PathBuf> {
    let folders = std::fs::read_dir(root().join("examples/attacks")).unwrap();
    let mut folders: Vec<PathBuf> = folders.map(|entry| entry.unwrap().path()).collect();
    folders.sort();
    folders
}

fn name(folder: &Path) -> &str {
    folder.file_name().unwrap().to_str().unwrap()
}

fn read(path: impl AsRef<Path>) -> String {
    let path = path.as_ref();
    std::fs::read_to_string(path).unwrap_or_else(|why| panic!("{}: {why}", path.display()))
}

#[test]
fn every_pattern_says_what_it_is_and_stands_in_the_index() {
    let index = read(root().join("docs/attacks.md"));
    let folders = patterns();
    assert!(folders.len() >= 24, "{} patterns", folders.len());
    let link = |name: &str| format!("(../examples/attacks/{name})");
    for folder in &folders {
        let name = name(folder);
        assert!(
            index.contains(&link(name)),
            "docs/attacks.md does not name {name}"
        );
        let text = read(folder.join("README.md"));
        for part in [
            "## What happens",
            "## Where it is documented",
            "## What stops it",
            "## Its limits",
            &format!("host-test run examples/attacks/{name}\n"),
        ] {
            assert!(text.contains(part), "{name}/README.md has no `{part}`");
        }
        let scenario = read(folder.join("scenario.yaml"));
        for note in ["note: \"Attack: ", "note: \"Honest: "] {
            assert!(
                scenario.contains(note),
                "{name}/scenario.yaml has no `{note}`"
            );
        }
        assert!(
            folder.join("transcript.txt").is_file(),
            "{name} has no transcript.txt"
        );
    }
    let named = index.matches("(../examples/attacks/").count();
    assert_eq!(
        named,
        folders.len(),
        "docs/attacks.md names patterns that are not there"
    );
}

#[test]
fn every_attack_succeeds_without_its_policy() {
    let bare = std::env::temp_dir().join(format!("toolgate-attacks-{}", std::process::id()));
    for folder in patterns() {
        let copy = bare.join(name(&folder));
        std::fs::create_dir_all(&copy).unwrap();
        std::fs::copy(folder.join("scenario.yaml"), copy.join("scenario.yaml")).unwrap();
        if folder.join("config.json").is_file() {
            let config = format!(r#"{{"server": "bare", "policy": {ALLOW_ALL}}}"#);
            std::fs::write(copy.join("config.json"), config).unwrap();
        } else {
            std::fs::write(copy.join("policy.json"), ALLOW_ALL).unwrap();
        }
    }
    let output = Command::new(env!("CARGO_BIN_EXE_host-test"))
        .arg("run")
        .arg(&bare)
        .current_dir(root())
        .output()
        .unwrap();
    std::fs::remove_dir_all(&bare).unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let wrong = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{said}{wrong}");
    for folder in patterns() {
        let name = name(&folder);
        let told = told_of(&said, name).unwrap_or_else(|| panic!("{name} did not fail:\n{said}"));
        let step = told
            .lines()
            .find_map(|line| line.split_once("(line "))
            .unwrap()
            .1;
        let line: usize = step.split([')', ',']).next().unwrap().parse().unwrap();
        let scenario = read(folder.join("scenario.yaml"));
        let note = scenario
            .lines()
            .take(line)
            .filter(|line| line.contains("note: "))
            .last();
        assert!(
            note.unwrap().contains("Attack: "),
            "{name} fails where nothing attacks:\n{told}"
        );
        assert!(
            told.contains("upstream: saw the request"),
            "{name} does not reach the server:\n{told}"
        );
        assert!(
            told.contains("got       allow"),
            "{name} is not let pass:\n{told}"
        );
    }
}

/// What was printed about the failure of one scenario.
fn told_of<'a>(said: &'a str, name: &str) -> Option<&'a str> {
    let (_, from) = said.split_once(&format!("/{name}/scenario.yaml"))?;
    let end = from.find("/scenario.yaml").unwrap_or(from.len());
    let told = from.get(..end)?;
    told.contains("step ").then_some(told)
}
