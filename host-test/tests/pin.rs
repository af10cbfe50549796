//! `host-test pin`: what it prints is a policy that takes the tools as they were listed, and no other.
#![expect(clippy::unwrap_used, reason = "test")]

use std::io::Write;
use std::process::{Command, Stdio};

const TOOL: &str = r#"{"name":"pay","description":"Pays \u00e9","x":1.0}"#;
/// Of `{"description":"Pays é","name":"pay","x":1}`, by sha256sum.
const PIN: &str = "sha256:c05631818f33bef6b010debc7064cadb2f8dc35c4d6e42b27fe1af7ece66c1a4";

/// The exit code, and what is printed.
fn pin(arguments: &[&str], input: &str) -> (i32, String, String) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_host-test"))
        .arg("pin")
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(input.as_bytes()).unwrap();
    drop(stdin);
    let output = child.wait_with_output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    let code = output.status.code().unwrap();
    (code, text(output.stdout), text(output.stderr))
}

#[test]
fn the_pin_of_a_list_is_the_same_however_it_came() {
    let want = format!("{{\n  \"tools\": {{\n    \"pay\": {{\"pin\": \"{PIN}\"}}\n  }}\n}}\n");
    let result = format!(r#"{{"tools":[{TOOL}]}}"#);
    let response = format!(r#"{{"jsonrpc":"2.0","id":1,"result":{result}}}"#);
    for input in [
        format!("[{TOOL}]"),
        r#"[{"x" : 1, "description":"Pays é","n\u0061me":"pay"}]"#.to_owned(),
        format!("event: message\r\ndata: {response}\r\n\r\n"),
        format!(": c\n\ndata\n\ndata: {response}\n\n"),
        result,
        response,
    ] {
        let (code, out, err) = pin(&["-"], &input);
        assert_eq!(
            (code, out.as_str(), err.as_str()),
            (0, want.as_str(), ""),
            "{input}"
        );
    }
}

#[test]
fn a_policys_pins_are_compared_with_a_list() {
    let folder = std::env::temp_dir().join(format!("toolgate-pin-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let file = folder.join("policy.json");
    let policy = format!(
        r#"{{"version":"1","default":"deny","tools":{{"pay":{{"pin":"{PIN}"}},"a":{{}}}}}}"#
    );
    std::fs::write(&file, policy).unwrap();
    let compare = |list: &str| pin(&["-", "--policy", file.to_str().unwrap()], list);
    let (code, out, _) = compare(&format!("[{TOOL}]"));
    assert_eq!((code, out.as_str()), (0, "pay: as pinned\n"));
    let (code, out, _) = compare(r#"[{"name":"pay"}]"#);
    assert!(
        code == 1 && out.starts_with("pay: changed, now sha256:"),
        "{out}"
    );
    let (code, out, _) = compare(r#"[{"name":"b"}]"#);
    assert_eq!((code, out.as_str()), (1, "pay: not listed\n"));
    std::fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn what_is_no_list_is_told() {
    for (input, part) in [
        ("", "empty text"),
        ("{}", "lists no tools"),
        (r#"{"tools":[]}"#, "lists no tools"),
        (r#"{"tools":[{}]}"#, "has no name"),
        (r#"{"tools":[{"name":"a"},{"name":"a"}]}"#, "twice"),
        (r#"{"tools":[{"name":"a","name":"b"}]}"#, "duplicate key"),
    ] {
        let (code, out, err) = pin(&["-"], input);
        assert!(
            code == 2 && out.is_empty() && err.contains(part),
            "{input}: {err}"
        );
    }
    assert_eq!(pin(&["no/such/file"], "").0, 2);
}
