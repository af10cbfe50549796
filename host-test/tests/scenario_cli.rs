//! The command as its users meet it: a small guest, scenarios in a folder, output and exit codes.
#![expect(clippy::unwrap_used, reason = "test")]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// A filter that lets everything pass and records that it did.
const ALLOW_ALL: &str = r#"
(module
  (import "env" "proxy_set_property" (func $set (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 2)
  (global $next (mut i32) (i32.const 65536))
  (data (i32.const 0) "toolgate")
  (data (i32.const 16) "{\"v\":1,\"outcome\":\"allow\"}")
  (func (export "proxy_abi_version_0_2_1"))
  (func (export "proxy_on_memory_allocate") (param $size i32) (result i32)
    (local $at i32)
    (local.set $at (global.get $next))
    (global.set $next (i32.add (global.get $next) (local.get $size)))
    (if (i32.gt_u (global.get $next) (i32.const 131072))
      (then (local.set $at (i32.const 65536)) (global.set $next (i32.const 65536))))
    (local.get $at))
  (func (export "proxy_on_context_create") (param i32 i32))
  (func (export "proxy_on_vm_start") (param i32 i32) (result i32) (i32.const 1))
  (func (export "proxy_on_configure") (param i32 i32) (result i32) (i32.const 1))
  (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
    (drop (call $set (i32.const 0) (i32.const 8) (i32.const 16) (i32.const 25)))
    (i32.const 0)))
"#;

struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Folder {
        let path = std::env::temp_dir().join(format!("toolgate-cli-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        let folder = Folder(path);
        folder.write("module.wat", ALLOW_ALL);
        folder.write("policy.yaml", "tools: {}\n");
        folder
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        let file = self.0.join(name);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(&file, text).unwrap();
        file
    }

    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.0.join(name)).unwrap()
    }

    fn run(&self, arguments: &[&str]) -> (i32, String) {
        let module = self.0.join("module.wat");
        let run = ["run", "--module", module.to_str().unwrap()];
        host_test(&self.0, &[&run[..], arguments].concat())
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn host_test(folder: &Path, arguments: &[&str]) -> (i32, String) {
    let Output {
        status,
        stdout,
        stderr,
    } = Command::new(env!("CARGO_BIN_EXE_host-test"))
        .args(arguments)
        .current_dir(folder)
        .output()
        .unwrap();
    let text = format!(
        "{}{}",
        String::from_utf8_lossy(&stdout),
        String::from_utf8_lossy(&stderr)
    );
    (status.code().unwrap(), text)
}

const HOLDS: &str = "\
policy: policy.yaml
upstream: {tools: [a, {name: b, inputSchema: {type: object}}], answers: {b: {is_error: true, text: oh}}}
steps:
- list: tools
  sees: [a, b]
- call: a
  args: {n: 123456789012345678901234567890}
  times: 3
  outcome: allow
  reads: a ran
- call: b
  era: 2026-07-28
  reads: oh
";

#[test]
fn scenarios_that_hold_pass_and_their_transcripts_are_kept() {
    let folder = Folder::new("holds");
    folder.write(
        "one/scenario.yaml",
        &HOLDS.replace("policy.yaml", "../policy.yaml"),
    );
    folder.write("two.scenario.yaml", HOLDS);
    let (code, text) = folder.run(&["."]);
    assert_eq!(code, 0, "{text}");
    assert!(
        text.contains("3 steps, 5 requests; there is no transcript.txt"),
        "{text}"
    );
    assert!(text.ends_with("2 passed\n"), "{text}");
    assert!(
        !text.contains('\u{1b}'),
        "colours only on a terminal: {text:?}"
    );

    assert_eq!(folder.run(&[".", "--update"]).0, 0);
    let transcript = folder.read("two.transcript.txt");
    assert_eq!(folder.read("one/transcript.txt"), transcript);
    assert!(
        transcript.starts_with("1. tools/list\n   allow\n   upstream saw it\n"),
        "{transcript}"
    );
    assert!(
        transcript.contains("{\"n\":123456789012345678901234567890}  [1 to 3 of 3]"),
        "{transcript}"
    );
    assert_eq!(folder.run(&["."]).0, 0);

    folder.write(
        "one/transcript.txt",
        &transcript.replace("a ran", "a walked"),
    );
    let (code, text) = folder.run(&["."]);
    assert_eq!(code, 1, "{text}");
    assert!(
        text.contains("a walked") && text.contains("a ran") && text.contains("--update"),
        "{text}"
    );
    assert!(text.contains("1 passed, 1 failed"), "{text}");
}

#[test]
fn a_failure_shows_its_cause() {
    let folder = Folder::new("fails");
    let file = folder.write(
        "scenario.yaml",
        &format!(
            "{HOLDS}- call: a\n  times: 2\n  outcome: deny\n  rule: /tools/a\n  retry_after: 60\n"
        ),
    );
    let (code, text) = folder.run(&[file.to_str().unwrap()]);
    assert_eq!(code, 1, "{text}");
    for part in [
        "FAIL",
        "step 4 (line 14, 1 of 2): tools/call a {}",
        "- expected  deny\n",
        "+ got       allow\n",
        "- expected  /tools/a\n",
        "record: {\"v\":1,\"outcome\":\"allow\"}",
        "reply: HTTP 200 result {\"content\"",
        "upstream: saw the request",
    ] {
        assert!(text.contains(part), "{part:?} in {text}");
    }
}

#[test]
fn what_is_broken_is_told_with_its_place() {
    let folder = Folder::new("broken");
    folder.write("a/scenario.yaml", "policy: p.json\nsteps:\n- cal: x\n");
    folder.write("b/scenario.yaml", "policy: p.json\nsteps:\n- call: x\n");
    folder.write("c/scenario.yaml", "policy: p.json\nsteps:\n- call: x\n");
    folder.write("c/p.json", "{");
    let (code, text) = folder.run(&["."]);
    assert_eq!(code, 2, "{text}");
    assert!(
        text.contains("scenario.yaml:3:3: unknown key `cal`; did you mean `call`?"),
        "{text}"
    );
    assert!(text.contains("p.json: cannot read it: "), "{text}");
    assert!(text.contains("p.json:1:1: not JSON: "), "{text}");
    assert!(text.ends_with("0 passed, 3 broken\n"), "{text}");
}

#[test]
fn usage_errors_say_what_to_do() {
    let folder = Folder::new("usage");
    for (arguments, part) in [
        (
            &["run", "nowhere"][..],
            "there is no file or folder `nowhere`",
        ),
        (&["run", "."], "no scenario.yaml under `.`"),
        (&["run", "--via", "http://127.0.0.1:1"], "--upstream-listen"),
        (&["run", "--modul", "x"], "--module"),
        (&["config"], "--policy"),
        (
            &["config", "--policy", "no.json"],
            "no.json: cannot read it",
        ),
    ] {
        let (code, text) = host_test(&folder.0, arguments);
        assert_eq!(code, 2, "{text}");
        assert!(text.contains(part), "{part:?} in {text}");
    }
    folder.write("scenario.yaml", HOLDS);
    for (module, part) in [
        ("no.wasm", "`no.wasm`: cannot read the module"),
        ("policy.yaml", "not a valid Wasm"),
    ] {
        let (code, text) = host_test(&folder.0, &["run", "--module", module]);
        assert_eq!(code, 2, "{text}");
        assert!(text.contains(part), "{part:?} in {text}");
    }
    let (code, text) = host_test(
        &folder.0,
        &[
            "run",
            "--via",
            "tcp://x",
            "--upstream-listen",
            "x",
            "--records",
            "r",
        ],
    );
    assert!(
        code == 2 && text.contains("`tcp://x` is not like `http://127.0.0.1:10000`"),
        "{text}"
    );
}

#[test]
fn config_prints_what_envoy_gets() {
    let folder = Folder::new("config");
    folder.write(
        "demo/policy.json",
        "{ \"version\": \"1\",\n  \"n\": 1.50 }\n",
    );
    folder.write(
        "demo/scenario.yaml",
        "policy: policy.json\nsteps: [{call: a}]\n",
    );
    folder.write("whole/plugin.yaml", "server: s\npolicy: {}\n");
    folder.write(
        "whole/scenario.yaml",
        "config: plugin.yaml\nsteps: [{call: a}]\n",
    );
    let expected = "{\"server\":\"demo\",\"policy\":{ \"version\": \"1\",\n  \"n\": 1.50 }}\n";
    for arguments in [
        &["config", "demo"][..],
        &["config", "demo/scenario.yaml"],
        &["config", "--policy", "demo/policy.json"],
        &["config", "--policy", "demo/policy.json", "--server", "demo"],
    ] {
        assert_eq!(host_test(&folder.0, arguments), (0, expected.to_owned()));
    }
    assert_eq!(
        host_test(&folder.0, &["config", "whole"]),
        (0, "{\"server\":\"s\",\"policy\":{}}\n".to_owned())
    );
    let (code, text) = host_test(&folder.0, &["config", "."]);
    assert!(
        code == 2 && text.contains("2 scenarios in `.`; name one"),
        "{text}"
    );
}

#[test]
fn help_has_an_example() {
    for arguments in [&["--help"][..], &["run", "--help"], &["config", "--help"]] {
        let (code, text) = host_test(Path::new("."), arguments);
        assert!(
            code == 0 && text.contains("Example") && text.contains("  host-test "),
            "{text}"
        );
    }
}
