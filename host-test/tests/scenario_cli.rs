//! The command as its users meet it: a small guest, scenarios in a folder, output and exit codes.
#![expect(clippy::unwrap_used, reason = "test")]

mod common;

use std::path::Path;

use common::folder::{Folder, host_test};

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
        "each step to it: host-test explain --scenario '",
        "/scenario.yaml' --step 4\n",
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
    for (scenario, part) in [
        (
            "policy: p.json\nsteps:\n\t- call: x\n",
            "3:2: a tab stands in the indentation",
        ),
        (
            "",
            "1:1: the file is empty; a scenario begins with `policy: policy.json`",
        ),
    ] {
        folder.write("a/scenario.yaml", scenario);
        let (code, text) = folder.run(&["a"]);
        assert!(code == 2 && text.contains(part), "{part} in {text}");
    }
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
        ("no.wasm", "cannot read the module: `no.wasm`: "),
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
    let commands = [
        "run", "config", "check", "decide", "explain", "convert", "serve", "replay",
    ];
    let each = commands.iter().map(|command| vec![*command, "--help"]);
    for arguments in each.chain([vec!["--help"]]) {
        let arguments = arguments.as_slice();
        let (code, text) = host_test(Path::new("."), arguments);
        assert!(
            code == 0 && text.contains("Example") && text.contains("  host-test "),
            "{text}"
        );
    }
}
