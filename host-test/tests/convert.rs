//! `host-test convert`: the conversion decides as the policy does, on the calls of every case of
//! the engine's and of the examples; and what it prints is stable.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "test"
)]
#![allow(
    unreachable_pub,
    dead_code,
    reason = "the harness of the engine's cases, of which this uses a part"
)]

#[path = "../../plugin/engine/tests/cases/harness/mod.rs"]
mod harness;
#[path = "../../plugin/engine/tests/cases/native.rs"]
mod native;

use std::path::{Path, PathBuf};
use std::process::Command;

use harness::format::{Case, Store};
use harness::run::{Answer, Loaded, Request, World, run};
use native::Native;
use serde_json::Value;

struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Folder {
        let id = std::process::id();
        let path = std::env::temp_dir().join(format!("toolgate-convert-{name}-{id}"));
        std::fs::create_dir_all(&path).unwrap();
        Folder(path)
    }

    /// The exit code and what is printed, for a document in a file of this name.
    fn convert(&self, name: &str, text: &str) -> (i32, String, String) {
        let file = self.0.join(name);
        std::fs::write(&file, text).unwrap();
        let output = Command::new(env!("CARGO_BIN_EXE_host-test"))
            .arg("convert")
            .arg(&file)
            .output()
            .unwrap();
        (
            output.status.code().unwrap(),
            String::from_utf8(output.stdout).unwrap(),
            String::from_utf8(output.stderr).unwrap(),
        )
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)
}

/// Two proxies that see the same requests: one with the policy, one with its conversion.
struct Twins<'f> {
    folder: &'f Folder,
    original: Native,
    converted: Native,
    conversions: usize,
    /// Whether the conversion said that of several rules that deny, another may be named.
    reordered: bool,
    unconvertible: Vec<String>,
    differences: Vec<String>,
}

impl Twins<'_> {
    /// A configuration with its policy converted; `None` where that is refused.
    fn conversion(&mut self, configuration: &str) -> Option<String> {
        // The cases' configurations put the policy's text after this.
        let policy = configuration.strip_prefix("{\"server\":\"test\",\"policy\":")?;
        let policy = policy.strip_suffix('}')?;
        let (code, converted, errors) = self.folder.convert("policy.json", policy);
        if code != 0 {
            self.unconvertible.push(errors);
            return None;
        }
        self.reordered = errors.contains("in another order");
        assert!(!converted.contains("\"rules\":"), "{converted}");
        let again = self.folder.convert("again.json", &converted);
        assert_eq!((again.0, again.1.as_str()), (0, converted.as_str()));
        self.conversions += 1;
        Some(format!("{{\"server\":\"test\",\"policy\":{converted}}}"))
    }

    fn compare(&mut self, request: &Request, original: &Answer, converted: &Answer) {
        let (mut a, mut b) = (Seen::of(original), Seen::of(converted));
        if self.reordered {
            (a.message, b.message) = (None, None);
        }
        if a != b {
            self.differences
                .push(format!("{request:?}\n  {a:?}\n  {b:?}"));
        }
    }
}

impl World for Twins<'_> {
    fn load(&mut self, configuration: &str) -> Loaded {
        let loaded = self.original.load(configuration);
        if loaded.accepted {
            let conversion = self.conversion(configuration);
            let conversion = conversion.as_deref().unwrap_or(configuration);
            let accepted = self.converted.load(conversion);
            assert!(accepted.accepted, "{conversion}: {accepted:?}");
        }
        loaded
    }

    fn send(&mut self, request: &Request) -> Answer {
        let original = self.original.send(request);
        let converted = self.converted.send(request);
        self.compare(request, &original, &converted);
        original
    }

    fn set_store(&mut self, store: Store) {
        self.original.set_store(store);
        self.converted.set_store(store);
    }
}

/// What of an answer must not change: all but identifiers of rules, and texts that quote one.
#[derive(Debug, PartialEq)]
struct Seen {
    outcome: Value,
    shadow: usize,
    message: Option<String>,
    status: Option<u16>,
    headers: Vec<(String, String)>,
    code: Value,
    response: Option<String>,
}

impl Seen {
    fn of(answer: &Answer) -> Seen {
        let record: Value = serde_json::from_str(&answer.record).unwrap();
        let reply = answer.reply.as_ref();
        let body = reply.and_then(|reply| serde_json::from_str::<Value>(&reply.body).ok());
        let message = record["message"].as_str();
        let quotes = |m: &&str| m.starts_with("Denied by rule \"/");
        Seen {
            outcome: record["outcome"].clone(),
            shadow: record["shadow"].as_array().map_or(0, Vec::len),
            message: message.filter(|m| !quotes(m)).map(str::to_owned),
            status: reply.map(|reply| reply.status),
            headers: reply.map(|reply| reply.headers.clone()).unwrap_or_default(),
            code: body.map_or(Value::Null, |body| body["error"]["code"].clone()),
            response: answer
                .response
                .as_ref()
                .map(|response| response.body.clone()),
        }
    }
}

fn json_files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            json_files(&path, found);
        } else if path.extension().is_some_and(|e| e == "json") {
            found.push(path);
        }
    }
}

#[test]
fn conversions_decide_as_the_policies_of_every_case_do() {
    let folder = Folder::new("cases");
    let mut files = Vec::new();
    json_files(&repository("plugin/engine/tests/cases"), &mut files);
    files.retain(|file| !file.to_string_lossy().contains("/failing/"));
    let (mut conversions, mut unconvertible) = (0, Vec::new());
    let mut differences = Vec::new();
    for file in files {
        let case = Case::read(&std::fs::read_to_string(&file).unwrap()).unwrap();
        let mut twins = Twins {
            folder: &folder,
            original: Native::default(),
            converted: Native::default(),
            conversions: 0,
            reordered: false,
            unconvertible: Vec::new(),
            differences: Vec::new(),
        };
        // Whether the case itself holds is for the engine's own test.
        let _ = run(&case, &mut twins);
        conversions += twins.conversions;
        let name = file.display();
        unconvertible.extend(
            twins
                .unconvertible
                .iter()
                .map(|why| format!("{name}: {why}")),
        );
        differences.extend(
            twins
                .differences
                .iter()
                .map(|what| format!("{name}: {what}")),
        );
    }
    assert!(differences.is_empty(), "{}", differences.join("\n"));
    assert!(conversions >= 300, "{conversions}");
    assert!(unconvertible.len() <= 3, "{}", unconvertible.join("\n"));
}

#[test]
fn the_examples_keep_their_transcripts() {
    let folder = Folder::new("examples");
    for entry in std::fs::read_dir(repository("examples")).unwrap() {
        let example = entry.unwrap().path();
        let policy = ["policy.json", "policy.yaml"].map(|name| example.join(name));
        let Some(policy) = policy.iter().find(|file| file.is_file()) else {
            continue;
        };
        let text = std::fs::read_to_string(policy).unwrap();
        let name = policy.file_name().unwrap().to_str().unwrap();
        let (code, converted, notes) = folder.convert(name, &text);
        assert_eq!(code, 0, "{notes}");
        // The example again, with the conversion for its policy and the rules' new identifiers.
        let copy = folder.0.join(example.file_name().unwrap());
        std::fs::create_dir_all(&copy).unwrap();
        std::fs::write(copy.join(name), &converted).unwrap();
        for name in ["scenario.yaml", "transcript.txt"] {
            let mut text = std::fs::read_to_string(example.join(name)).unwrap();
            for note in notes.lines() {
                let moved = note.strip_prefix("note: rule ").unwrap();
                let (old, new) = moved
                    .strip_suffix(" now")
                    .unwrap()
                    .split_once(" is ")
                    .unwrap();
                text = text.replace(old, new);
            }
            std::fs::write(copy.join(name), text).unwrap();
        }
        let output = Command::new(env!("CARGO_BIN_EXE_host-test"))
            .arg("run")
            .arg(&copy)
            .current_dir(repository("."))
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{text}");
        assert!(!text.contains("there is no transcript"), "{text}");
    }
}

#[test]
fn a_conversion_is_laid_out_for_reading_and_says_what_moved() {
    let folder = Folder::new("layout");
    let (code, converted, notes) = folder.convert(
        "policy.yaml",
        r#"# A comment.
version: "1"
description: Charges.
hide: "*"
tools:
  create_charge:
    rules:
      - name: currency
        conditions: [{path: args.currency, op: in, value: [EUR, USD]}]
        on_deny: Only EUR and USD.
      - name: cap
        conditions:
          - {path: args.amount, op: lte, value: 500.00}
          - {path: state.create_charge.spend, op: lt, value: 10000}
        state: {counter: spend, window: day, increment_from: args.amount}
      - rate_limit: 5/minute
        mode: shadow
      - action: allow
        rate_limit: {max: 20, window: 90}
        validate: {required_args: [amount]}
      - action: require_approval
        conditions: [{path: args.amount, op: gt, value: 100}]
        approval_timeout: 30m
  delete_customer:
    rules:
      - {action: deny, reason: Never.}
      - rate_limit: 5/hour
"#,
    );
    assert_eq!(code, 0, "{notes}");
    assert_eq!(
        converted,
        r#"{
  "version": "1",
  "description": "Charges.",
  "default": "allow",
  "hide": ["*"],
  "tools": {
    "create_charge": {
      "validate": { "required_args": ["amount"] },
      "require": [
        {
          "conditions": [{ "path": "args.currency", "op": "in", "value": ["EUR", "USD"] }],
          "on_deny": "Only EUR and USD."
        },
        {
          "conditions": [{ "path": "args.amount", "op": "lte", "value": 500.00 }],
          "on_deny": "Denied by rule \"cap\""
        }
      ],
      "approve_if": [
        { "conditions": [{ "path": "args.amount", "op": "gt", "value": 100 }], "timeout": "1800s" }
      ],
      "limits": [
        {
          "counter": "spend",
          "window": "day",
          "max": 9999,
          "scope": "grant",
          "cost": "args.amount",
          "refund_on": ["unreachable", "error"],
          "on_deny": "Denied by rule \"cap\""
        },
        {
          "counter": "rate_limit",
          "window": "minute",
          "max": 5,
          "scope": "grant",
          "refund_on": ["unreachable", "error"],
          "mode": "shadow"
        },
        {
          "counter": "rate_limit",
          "window": 90,
          "max": 20,
          "scope": "grant",
          "refund_on": ["unreachable", "error"]
        }
      ]
    },
    "delete_customer": { "deny_if": [{ "conditions": [], "on_deny": "Never." }] }
  }
}
"#
    );
    for note in [
        "note: rule /tools/create_charge/rules/1/state is /tools/create_charge/limits/spend now\n",
        "note: rule /tools/create_charge/rules/0 is /tools/create_charge/require/0 now\n",
        "note: `/tools/delete_customer/rules/0` denies every call, so the 1 rules behind it are left out\n",
        "note: `/tools/create_charge`: the rules are asked in another order",
    ] {
        assert!(notes.contains(note), "{note:?} in {notes}");
    }
}

#[test]
fn what_cannot_be_converted_is_refused_with_its_place() {
    let folder = Folder::new("refused");
    let own_words = "tools:\n  t:\n    rules:\n      - action: allow\n        on_deny: List first.\n        validate:\n          required_args: true\n";
    for (name, text, part) in [
        (
            "policy.yaml",
            own_words,
            "policy.yaml:7:26: error: this `required_args: true` cannot be converted",
        ),
        ("policy.yaml", "tools: 5\n", "expected an object"),
        ("policy.json", "{", "not closed"),
        (
            "plugin.json",
            "{\"policy\": {}, \"server\": \"s\"}",
            "where a policy is expected",
        ),
    ] {
        let (code, converted, errors) = folder.convert(name, text);
        assert_eq!((code, converted.as_str()), (2, ""), "{errors}");
        assert!(errors.contains(part), "{part:?} in {errors}");
    }
}

#[test]
fn it_writes_a_file_where_that_is_asked_for() {
    let folder = Folder::new("output");
    folder.convert("p.json", "{\"default\":\"deny\",\"version\":\"1\"}");
    let run = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_host-test"));
        command
            .arg("convert")
            .args(arguments)
            .current_dir(&folder.0);
        command.output().unwrap()
    };
    let output = run(&["p.json", "-o", "out.json"]);
    assert!(output.status.success() && output.stdout.is_empty());
    let written = std::fs::read_to_string(folder.0.join("out.json")).unwrap();
    assert_eq!(
        written,
        "{\n  \"version\": \"1\",\n  \"default\": \"deny\"\n}\n"
    );
    let output = run(&["p.json", "-o", "no/such/out.json"]);
    assert_eq!(output.status.code(), Some(2));
    let help = run(&["--help"]).stdout;
    assert!(String::from_utf8_lossy(&help).contains("Example:\n  host-test convert "));
}
