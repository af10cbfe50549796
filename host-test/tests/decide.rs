//! `host-test decide` end to end, with the real module: the shape of its lines is a promise.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "test")]

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};

const POLICY: &str = r#"{
  "version": "1",
  "default": "deny",
  "hide": ["secret"],
  "tools": {
    "free": {},
    "refund": {
      "require": [{"conditions": [{"path": "args.amount", "op": "gt", "value": 0}]}],
      "deny_if": [{"conditions": [{"path": "args.amount", "op": "gt", "value": 9007199254740992}], "on_deny": "Too much."}],
      "limits": [{"counter": "n", "window": "minute", "max": 2}]
    },
    "by_address": {"limits": [{"counter": "n", "window": "minute", "max": 1, "scope": "client"}]}
  }
}"#;

struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Folder {
        let id = std::process::id();
        let path = std::env::temp_dir().join(format!("toolgate-decide-{name}-{id}"));
        std::fs::create_dir_all(&path).unwrap();
        let folder = Folder(path);
        folder.write("policy.json", POLICY);
        folder
    }

    fn write(&self, name: &str, text: &str) -> String {
        let file = self.0.join(name);
        std::fs::write(&file, text).unwrap();
        file.to_str().unwrap().to_owned()
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_host-test"));
        let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        command.arg("decide").args(arguments).current_dir(workspace);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        command.stderr(Stdio::piped());
        command
    }

    /// Decides `input` under the policy.
    fn decide(&self, input: &[u8], arguments: &[&str]) -> Vec<Value> {
        let policy = self.0.join("policy.json");
        let all = [&["--policy", policy.to_str().unwrap()], arguments].concat();
        let output = feed(self.command(&all), input);
        let errors = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(0), "{errors}");
        let text = String::from_utf8(output.stdout).unwrap();
        let lines = text.lines().map(|line| serde_json::from_str(line).unwrap());
        lines.collect()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Runs a command with this input, which is written while the output is read.
fn feed(mut command: Command, input: &[u8]) -> Output {
    let mut child = command.spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_vec();
    // A command that ends early closes its input.
    let writer = std::thread::spawn(move || {
        let _ = stdin.write_all(&input);
    });
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    output
}

fn call(id: u32, tool: &str, arguments: &str) -> String {
    format!(
        r#"{{"jsonrpc":"2.0","id":{id},"method":"tools/call","params":{{"name":"{tool}","arguments":{arguments}}}}}"#
    )
}

fn outcomes(lines: &[Value]) -> Vec<&str> {
    let outcomes = lines.iter().map(|line| line["outcome"].as_str().unwrap());
    outcomes.collect()
}

#[test]
fn each_line_has_six_members_and_the_reply_of_the_module() {
    let folder = Folder::new("shape");
    let input = [
        call(1, "free", "{}"),
        call(2, "refund", r#"{"amount": 9007199254740993}"#),
        call(3, "secret", "{}"),
        call(4, "other", "{}"),
        r#"{"jsonrpc":"2.0","id":5,"method":"tools/list"}"#.to_owned(),
        "{not json".to_owned(),
    ];
    let lines = folder.decide(input.join("\n").as_bytes(), &[]);
    assert_eq!(
        lines[0],
        json!({"outcome":"allow","tool":"free","rule":null,"message":null,"status":null,"reply":null})
    );
    assert_eq!(
        lines[1],
        json!({
            "outcome": "deny", "tool": "refund", "rule": "/tools/refund/deny_if/0",
            "message": "Too much.", "status": 200,
            "reply": {"jsonrpc": "2.0", "id": 2, "result": {
                "content": [{"type": "text", "text": "[POLICY DENIED] Too much."}],
                "isError": true,
                "_meta": {"toolgate/denial": {"rule": "/tools/refund/deny_if/0"}},
            }},
        })
    );
    assert_eq!(lines[2]["rule"], "(hidden)");
    assert_eq!(
        lines[2]["reply"],
        json!({"jsonrpc":"2.0","id":3,"error":{"code":-32602,"message":"Unknown tool: secret"}})
    );
    assert_eq!(lines[3]["rule"], "(default deny)");
    assert_eq!(lines[4]["outcome"], "allow");
    assert_eq!(lines[5]["outcome"], "reject");
    assert_eq!(lines[5]["status"], 400);
    assert_eq!(lines[5]["reply"]["error"]["code"], -32700);
    for line in &lines {
        let mut names: Vec<&str> = line
            .as_object()
            .unwrap()
            .keys()
            .map(String::as_str)
            .collect();
        names.sort_unstable();
        assert_eq!(
            names,
            ["message", "outcome", "reply", "rule", "status", "tool"]
        );
    }
}

#[test]
fn counters_last_and_the_clock_moves_only_when_told() {
    let folder = Folder::new("clock");
    let refund = call(1, "refund", r#"{"amount":1}"#);
    let input = [
        refund.as_str(),
        &refund,
        &refund,
        "@+59s",
        &refund,
        "@+1s\r",
        &refund,
        "@2026-01-01T00:00:30Z",
        &refund,
        &refund,
        "@2026-01-01T00:02:00.5Z",
        &refund,
        "",
    ]
    .join("\n");
    let lines = folder.decide(input.as_bytes(), &[]);
    assert_eq!(
        outcomes(&lines),
        [
            "allow", "allow", "deny", "deny", "allow", "allow", "deny", "allow"
        ]
    );
    assert_eq!(lines[2]["rule"], "/tools/refund/limits/n");
    let retry =
        |line: &Value| line["reply"]["result"]["_meta"]["toolgate/denial"]["retry_after"].clone();
    assert_eq!((retry(&lines[2]), retry(&lines[3])), (json!(60), json!(1)));
    let late = folder.decide(input.as_bytes(), &["--at", "2026-01-01T00:00:50Z"]);
    assert_eq!(retry(&late[2]), json!(10));
}

#[test]
fn a_body_is_every_byte_between_two_line_feeds() {
    let folder = Folder::new("bytes");
    let free = call(1, "free", "{}");
    let mut input = Vec::new();
    // An empty body, one that is only a carriage return, one that ends with it.
    input.extend_from_slice(b"\n\r\n");
    input.extend_from_slice(format!("{free}\r\n").as_bytes());
    // A carriage return inside a string is a control character.
    input.extend_from_slice(&call(2, "free", "{\"a\":\"x\ry\"}").into_bytes());
    input.push(b'\n');
    input.extend_from_slice(b"{\"jsonrpc\":\"2.0\",\"id\":3,\"method\":\"tools/call\",\"params\":{\"name\":\"free\",\"arguments\":{\"a\":\"\xff\"}}}\n");
    input.extend_from_slice(b"\xef\xbb\xbf{}\n\0\n");
    // White space before `@` makes it a body.
    input.extend_from_slice(b" @+1s\n");
    // The last line needs no line feed.
    input.extend_from_slice(free.as_bytes());
    let lines = folder.decide(&input, &[]);
    assert_eq!(
        outcomes(&lines),
        [
            "reject", "reject", "allow", "reject", "reject", "reject", "reject", "reject", "allow"
        ]
    );
    let message = |n: usize| lines[n]["message"].as_str().unwrap();
    assert!(message(0).contains("empty body"), "{}", message(0));
    assert!(message(4).contains("UTF-8"), "{}", message(4));
    assert!(folder.decide(b"", &[]).is_empty());
    assert_eq!(outcomes(&folder.decide(b"\n", &[])), ["reject"]);
}

#[test]
fn lines_of_megabytes_reach_the_module_whole() {
    let folder = Folder::new("large");
    let padded = |bytes: usize| {
        let empty = call(1, "free", "{\"a\":\"\"}").len();
        call(
            1,
            "free",
            &format!("{{\"a\":\"{}\"}}", "x".repeat(bytes - empty)),
        )
    };
    let two = 2 << 20;
    let input = [
        padded(1 << 20),
        padded((1 << 20) + 1),
        padded(two),
        "x".repeat(two),
    ]
    .join("\n");
    let lines = folder.decide(input.as_bytes(), &[]);
    assert_eq!(outcomes(&lines), ["allow", "reject", "reject", "reject"]);
    assert_eq!(lines[2]["status"], 413);
    assert_eq!(lines[2]["message"], "the body is longer than 1048576 bytes");
    let config = format!("{{\"max_body_bytes\": {}, \"policy\": {POLICY}}}", 64 << 20);
    let config = folder.write("plugin.json", &config);
    let output = feed(
        folder.command(&["--config", &config]),
        padded(two).as_bytes(),
    );
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(
        text.starts_with(r#"{"outcome":"allow","tool":"free","#),
        "{text}"
    );
}

#[test]
fn ten_thousand_lines_are_decided_in_order() {
    let folder = Folder::new("many");
    let mut input = String::new();
    for n in 0..10_000 {
        let tool = if n % 3 == 0 { "free" } else { "other" };
        input.push_str(&call(n, tool, "{}"));
        input.push('\n');
    }
    let started = std::time::Instant::now();
    let lines = folder.decide(input.as_bytes(), &[]);
    assert!(started.elapsed().as_secs() < 120, "{:?}", started.elapsed());
    assert_eq!(lines.len(), 10_000);
    for (n, line) in lines.iter().enumerate() {
        if n % 3 == 0 {
            assert_eq!(line["outcome"], "allow", "{n}");
        } else {
            assert_eq!(
                (&line["outcome"], &line["reply"]["id"]),
                (&json!("deny"), &json!(n))
            );
        }
    }
}

#[test]
fn each_line_is_answered_before_the_next_is_asked() {
    let folder = Folder::new("flush");
    let policy = folder.0.join("policy.json");
    let mut child = folder
        .command(&["--policy", policy.to_str().unwrap()])
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    for id in 0..3 {
        writeln!(stdin, "{}", call(id, "nothing", "{}")).unwrap();
        let line = lines.next().unwrap().unwrap();
        assert!(line.contains(&format!("\"id\":{id},")), "{line}");
    }
    drop(stdin);
    assert!(lines.next().is_none());
    assert!(child.wait().unwrap().success());
}

#[test]
fn headers_take_the_place_of_the_defaults() {
    let folder = Folder::new("headers");
    let token = "36bbe50ed96841d10443bcb670d6554f0a34b761be67ec9c4a8ad2c0c44ca42c"; // abcde
    let config = folder.write(
        "plugin.json",
        &format!(
            r#"{{"policies": {{"p": {POLICY}}}, "identity": [{{"bearer": true}}],
                "grants": {{"g": {{"token_sha256": "{token}", "policy": "p"}}}}}}"#
        ),
    );
    let free = call(1, "free", "{}");
    let one = |headers: &[&str]| -> Value {
        let mut arguments = vec!["--config", config.as_str()];
        for header in headers {
            arguments.extend(["--header", header]);
        }
        let output = feed(folder.command(&arguments), free.as_bytes());
        serde_json::from_slice(&output.stdout).unwrap()
    };
    assert_eq!(one(&["Authorization: Bearer abcde"])["outcome"], "allow");
    let stranger = one(&["authorization: Bearer nobody"]);
    assert_eq!(
        (&stranger["outcome"], &stranger["rule"]),
        (&json!("deny"), &json!("(no policy)"))
    );
    assert_eq!(one(&[])["rule"], "(no policy)");
    let text = one(&["content-type: text/plain", "authorization: Bearer abcde"]);
    assert_eq!(
        (&text["outcome"], &text["status"]),
        (&json!("reject"), &json!(415))
    );
    assert_eq!(one(&["content-type:"])["status"], 415);
}

#[test]
fn a_client_has_an_address() {
    let folder = Folder::new("client");
    let body = call(1, "by_address", "{}");
    let lines = folder.decide(format!("{body}\n{body}").as_bytes(), &[]);
    assert_eq!(outcomes(&lines), ["allow", "deny"]);
    assert_eq!(lines[1]["rule"], "/tools/by_address/limits/n");
}

#[test]
fn what_cannot_be_decided_is_an_error_with_exit_code_2() {
    let folder = Folder::new("errors");
    let good = folder.0.join("policy.json").to_str().unwrap().to_owned();
    let broken = folder.write(
        "broken.json",
        "{\"version\": \"1\",\n \"defualt\": \"deny\"}",
    );
    let config = folder.write("plugin.yaml", "policy: {version: '1', default: deny}\n");
    for (arguments, input, part) in [
        (
            &["--policy", &broken][..],
            "",
            "broken.json:2:2: error: unknown key `defualt`, did you mean `default`?",
        ),
        (&["--policy", &config], "", "name it with --config"),
        (
            &["--policy", "no/such.json"],
            "",
            "no/such.json: error: cannot read it",
        ),
        (
            &["--policy", &good, "--config", &config],
            "",
            "cannot be used with",
        ),
        (&[], "", "--policy"),
        (&["--policy", &good, "--at", "noon"], "", "RFC 3339"),
        (&["--policy", &good, "--header", "x"], "", "NAME:VALUE"),
        (
            &["--policy", &good],
            "{}\n@soon\n",
            "line 2 of standard input: `@soon` sets no clock",
        ),
    ] {
        let output = feed(folder.command(arguments), input.as_bytes());
        let errors = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{errors}");
        assert!(errors.contains(part), "{part:?} in {errors}");
    }
    let output = feed(folder.command(&["--help"]), b"");
    let help = String::from_utf8(output.stdout).unwrap();
    assert!(
        help.contains("Example") && help.contains("  host-test decide"),
        "{help}"
    );
}
