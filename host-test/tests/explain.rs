//! `host-test explain`: the steps that it tells are those of the engine that decides.
#![expect(clippy::unwrap_used, reason = "test")]

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

const POLICY: &str = r#"
version: "1"
default: deny
hide: [secret]
all_tools: {limits: [{counter: all, window: minute, max: 20}]}
tools:
  refund:
    require:
      - conditions:
          - {path: args.amount, op: gt, value: 0}
          - {path: "args.items[*].id", op: regex, value: "^i"}
    deny_if:
      - conditions:
          - {path: args.amount, op: gt, value: 100}
          - {path: args.currency, op: eq, value: EUR}
        on_deny: Too much.
    limits:
      - {counter: n, window: hour, max: 3}
      - {counter: spend, window: day, max: 500, cost: args.amount, scope: args.customer, mode: shadow}
  "del_*": {deny_if: [{conditions: []}]}
  "*": {require: [{conditions: [{path: headers.x-team, op: exists, value: true}], mode: shadow}]}
"#;

struct File(PathBuf);

impl File {
    fn new(name: &str, text: &str) -> File {
        let id = std::process::id();
        let path = std::env::temp_dir().join(format!("toolgate-explain-{id}-{name}"));
        std::fs::write(&path, text).unwrap();
        File(path)
    }

    fn path(&self) -> &str {
        self.0.to_str().unwrap()
    }
}

impl Drop for File {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

/// The exit code and what is printed on both streams.
fn explain(arguments: &[&str], input: &str) -> (i32, String) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_host-test"))
        .arg("explain")
        .args(arguments)
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let _ = stdin.write_all(input.as_bytes());
    drop(stdin);
    let output = child.wait_with_output().unwrap();
    let text = [output.stdout, output.stderr].concat();
    (
        output.status.code().unwrap(),
        String::from_utf8(text).unwrap(),
    )
}

fn explained(name: &str, arguments: &[&str]) -> String {
    let policy = File::new(name, POLICY);
    let (code, text) = explain(&[&["--policy", policy.path()], arguments].concat(), "");
    assert_eq!(code, 0, "{text}");
    assert!(!text.contains('\u{1b}'), "{text:?}");
    text
}

#[test]
fn each_step_is_told_with_what_it_saw() {
    let call = r#"{"tool": "refund", "args": {"amount": 150.00, "items": [{"id": "i1"}], "customer": "c"}}"#;
    assert_eq!(
        explained("steps.yaml", &["--after", "2", call]),
        "\
tool      refund
policy    the configuration's `policy`
entry     /tools/refund, its own entry

rules
  ok    /tools/refund/require/0
          holds           args.amount gt 0   saw 150.00
          holds           args.items[*].id regex \"^i\"   saw \"i1\"
  ok    /tools/refund/deny_if/0
          holds           args.amount gt 100   saw 150.00
          fails           args.currency eq \"EUR\"   saw nothing
  deny  /tools/*/require/0 [shadow]
          fails           headers.x-team exists true   saw nothing
          Denied by rule \"/tools/*/require/0\"

limits
  ok    /all_tools/limits/all
          20 per minute for this grant: 2 used, this call takes 1, 17 remain
  ok    /tools/refund/limits/n
          3 per hour for this grant: 2 used, this call takes 1, 0 remain
  ok    /tools/refund/limits/spend [shadow]
          500 per day for this args.customer: 300 used, this call takes 150, 50 remain

decision  allow
          in shadow: /tools/*/require/0 would deny: Denied by rule \"/tools/*/require/0\"
"
    );
}

#[test]
fn a_denial_names_its_cause_and_what_was_not_asked() {
    for (call, parts) in [
        (
            r#"{"tool": "refund", "args": {"amount": "150", "items": [{"id": 2}, {}, null]}}"#,
            &[
                "deny  /tools/refund/require/0\n",
                "cannot be told  args.amount gt 0   saw \"150\" (a string, of which `gt 0` cannot be asked)\n",
                "saw 2 (a number, of which `regex \"^i\"` cannot be asked), nothing, a null on the way (",
                "not asked: /tools/refund/deny_if/0, /tools/*/require/0, /all_tools/limits/all, ",
                "decision  deny by /tools/refund/require/0 (HTTP 200)\n",
            ][..],
        ),
        (
            r#"{"tool": "refund", "args": {"amount": 1, "items": []}}"#,
            &["fails           args.items[*].id regex \"^i\"   saw an empty list\n"],
        ),
        (
            r#"{"tool": "refund", "args": {"amount": 1, "Amount": 9, "items": []}}"#,
            &["saw nothing that can be read (", "only by case)\n"],
        ),
        (
            r#"{"tool": "refund", "args": {"amount": 1, "items": [{"id": "i"}], "customer": {}}}"#,
            &[
                "deny  /tools/refund/limits/spend [shadow]\n          The limit \"spend\" cannot tell whom",
                "decision  allow\n",
            ],
        ),
        (
            r#"{"tool": "del_all"}"#,
            &[
                "entry     /tools/del_*, a glob that matches\n",
                "deny  /tools/del_*/deny_if/0  always\n",
            ],
        ),
        (
            r#"{"tool": "Refund"}"#,
            &["refused by its name: (look-alike) "],
        ),
        (
            r#"{"tool": "secret"}"#,
            &[
                "refused by its name: (hidden) ",
                "decision  deny by (hidden)",
            ],
        ),
        (
            r#"{"tool": "other"}"#,
            &["decision  deny by (default deny) (HTTP 200)\n"],
        ),
        (
            r#"{"jsonrpc": "2.0", "id": 1, "method": "tools/list"}"#,
            &["method    tools/list\n", "decision  allow\n"],
        ),
        (
            r#"{"jsonrpc": "1.0", "id": 1, "method": "tools/list"}"#,
            &["decision  reject (HTTP 400)\n          `jsonrpc` must be \"2.0\"\n"],
        ),
    ] {
        let text = explained("denials.yaml", &[call]);
        for part in parts {
            assert!(text.contains(part), "{part:?} in {text}");
        }
    }
}

#[test]
fn limits_say_when_a_call_may_pass() {
    let call =
        r#"{"tool": "refund", "args": {"amount": 1, "items": [{"id": "i"}], "customer": 1}}"#;
    let text = explained(
        "limits.yaml",
        &["--after", "3", "--at", "2026-01-01T00:59:50Z", call],
    );
    assert!(
        text.contains(
            "3 per hour for this grant: 3 used, this call takes 1, 0 remain; it may pass in 10 s\n"
        ),
        "{text}"
    );
    assert!(
        text.contains("decision  deny by /tools/refund/limits/n (HTTP 200)\n"),
        "{text}"
    );
}

#[test]
fn callers_and_bodies_come_as_they_would_in_a_proxy() {
    let policy = r#"{"version": "1", "default": "allow"}"#;
    let token = "36bbe50ed96841d10443bcb670d6554f0a34b761be67ec9c4a8ad2c0c44ca42c"; // abcde
    let config = File::new(
        "plugin.json",
        &format!(
            r#"{{"policies": {{"p": {policy}}}, "identity": [{{"bearer": true}}],
                "grants": {{"alice": {{"token_sha256": "{token}", "policy": "p"}}}}}}"#
        ),
    );
    let body = r#"{"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "t"}}"#;
    let header = "authorization: Bearer abcde";
    let (code, text) = explain(&["--config", config.path(), "--header", header, "-"], body);
    assert_eq!(code, 0, "{text}");
    assert!(
        text.contains("policy    `p`, for the grant `alice`\n"),
        "{text}"
    );
    assert!(
        text.contains("entry     none: not listed, and the default allows\n"),
        "{text}"
    );
    let (_, text) = explain(&["--config", config.path(), "-"], body);
    assert!(
        text.contains("decision  deny by (no policy) (HTTP 200)\n"),
        "{text}"
    );
    let (_, text) = explain(&["--config", config.path(), "-"], "{");
    assert!(text.contains("decision  reject (HTTP 400)\n"), "{text}");
}

#[test]
fn mistakes_say_what_to_do() {
    let policy = File::new("mistakes.yaml", POLICY);
    let broken = File::new("broken.yaml", "version: '1'\ndefault: dny\n");
    for (arguments, part) in [
        (&["--policy", policy.path(), "{"][..], "CALL is not JSON"),
        (
            &["--policy", policy.path(), r#"{"tol": "x"}"#],
            "neither a call, with `tool`",
        ),
        (
            &["--policy", policy.path(), r#"{"tool": 5}"#],
            "a string, not a number",
        ),
        (
            &[
                "--policy",
                policy.path(),
                r#"{"tool": "x", "arguments": {}}"#,
            ],
            "unknown key `arguments`",
        ),
        (&["--policy", policy.path()], "<CALL>"),
        (
            &["--policy", broken.path(), r#"{"tool": "x"}"#],
            ":2:10: error: `dny` is not a posture",
        ),
    ] {
        let (code, text) = explain(arguments, "");
        assert_eq!(code, 2, "{text}");
        assert!(text.contains(part), "{part:?} in {text}");
    }
    let (code, text) = explain(&["--help"], "");
    assert!(
        code == 0 && text.contains("Examples:\n  host-test explain "),
        "{text}"
    );
}
