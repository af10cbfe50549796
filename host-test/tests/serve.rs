//! `host-test serve` as a client and an upstream meet it.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "test")]

mod common;
#[path = "common/toolgate.rs"]
mod toolgate;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;

use common::folder::{Folder, host_test};
use common::running::{PATIENCE, Running};

const POLICY: &str = r#"{"version": "1", "default": "deny", "tools": {
    "a": {"limits": [{"counter": "c", "window": "day", "max": 2}]}}}"#;

/// A running `serve`.
struct Serve {
    running: Running,
    address: String,
}

impl Serve {
    fn start(folder: &Folder, upstream: &str) -> Serve {
        Serve::with(folder, upstream, &["--policy", "policy.json"])
    }

    fn with(folder: &Folder, upstream: &str, options: &[&str]) -> Serve {
        let module = toolgate::path().to_str().unwrap();
        let serve = ["serve", "--listen", "127.0.0.1:0"];
        let more = ["--upstream", upstream, "--module", module];
        let running = Running::start(&folder.0, &[&serve[..], &more, options].concat());
        let line = running.until("serving ");
        let url = line.split("http://").nth(1).unwrap();
        let address = url.split('/').next().unwrap().to_owned();
        Serve { running, address }
    }

    fn until(&self, words: &str) -> String {
        self.running.until(words)
    }

    fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(&self.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream
    }

    /// Sends a call and reads the whole answer.
    fn call(&self, tool: &str) -> String {
        let mut stream = self.connect();
        send_call(&mut stream, tool);
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }
}

fn send_call(stream: &mut TcpStream, tool: &str) {
    let body =
        format!(r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{{"name":"{tool}"}}}}"#);
    send(stream, "", &body);
}

/// Sends a body with these headers, each with its end of line, beside the usual ones.
fn send(stream: &mut TcpStream, headers: &str, body: &str) {
    let head = format!(
        "POST /mcp HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: application/json\r\n{headers}\
         accept: application/json, text/event-stream\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all((head + body).as_bytes()).unwrap();
}

/// Listens as the upstream; its URL.
fn upstream() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/mcp", listener.local_addr().unwrap());
    (listener, url)
}

/// Takes one request, to the end of its body.
fn take(listener: &TcpListener) -> (TcpStream, String) {
    let (stream, _) = listener.accept().unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut request = String::new();
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut length = 0;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        if let Some(value) = line.strip_prefix("content-length: ") {
            length = value.trim().parse().unwrap();
        }
        request.push_str(&line);
        if line == "\r\n" {
            break;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    request.push_str(&String::from_utf8(body).unwrap());
    (stream, request)
}

/// Answers every request with a result, for ever.
fn answer_all(listener: TcpListener) {
    thread::spawn(move || {
        loop {
            let (mut stream, _) = take(&listener);
            let body = r#"{"jsonrpc":"2.0","id":1,"result":{"content":[],"isError":false}}"#;
            let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ";
            let answer = format!("{head}{}\r\n\r\n{body}", body.len());
            stream.write_all(answer.as_bytes()).unwrap();
        }
    });
}

fn folder(name: &str) -> Folder {
    let folder = Folder::new(name);
    folder.write("policy.json", POLICY);
    folder
}

/// Reads until these words came.
fn read_until(stream: &mut TcpStream, words: &str) -> String {
    let mut text = String::new();
    let mut buffer = [0; 4096];
    while !text.contains(words) {
        let read = stream.read(&mut buffer).unwrap();
        assert!(read > 0, "ended before {words}: {text}");
        text.push_str(&String::from_utf8_lossy(buffer.get(..read).unwrap()));
    }
    text
}

#[test]
fn calls_are_allowed_denied_limited_and_shown() {
    let folder = folder("serve-decides");
    let (listener, url) = upstream();
    answer_all(listener);
    let serve = Serve::start(&folder, &url);
    serve.until("in production, Envoy runs the module");
    for _ in 0..2 {
        assert!(serve.call("a").contains("\"isError\":false"));
        serve.until("allow   a ");
    }
    let limited = serve.call("a");
    assert!(
        limited.contains("HTTP/1.1 200 OK") && limited.contains("Rate limit of 2 per day"),
        "{limited}"
    );
    serve.until("by /tools/a/limits/c: Rate limit of 2 per day reached");
    let denied = serve.call("b");
    assert!(denied.contains("[POLICY DENIED]"), "{denied}");
    serve.until("deny    b ");
    serve.running.interrupt();
    serve.until("ended: 2 tool calls allowed, 2 denied; 0 other requests");
}

/// The SHA-256 of `alice-token`, and of `bob-token`.
const ALICE: &str = "9c220f200955d76c0a38d308225e0ef10c5f971acaf2f8d1d8f732affa5bd1dc";
const BOB: &str = "97dd3707015dcf069cf73022ed7173b1165db6eff24b441cb57fd069a8c4e525";

#[test]
fn replay_reads_a_capture_and_decides_the_same() {
    let folder = folder("serve-captures");
    let config = |policy: &str| {
        format!(
            r#"{{"policies": {{"p": {policy}}}, "identity": [{{"bearer": true}}, {{"header": "X-Key"}}],
            "grants": {{"al ice": {{"policy": "p", "token_sha256": "{ALICE}"}},
                "bob": {{"policy": "p", "token_sha256": ["{BOB}"]}}}}}}"#
        )
    };
    let limited = r#"{"version": "1", "default": "deny", "tools": {
        "a": {"require": [{"conditions": [{"path": "headers.x-team", "op": "eq", "value": "core"}]}],
              "limits": [{"counter": "c", "window": 31536000, "max": 2, "algorithm": "sliding"}]}}}"#;
    folder.write("config.json", &config(limited));
    folder.write(
        "open.json",
        &config(r#"{"version": "1", "default": "allow"}"#),
    );
    let (listener, url) = upstream();
    answer_all(listener);
    let serve = Serve::with(
        &folder,
        &url,
        &["--config", "config.json", "--capture", "calls.ndjson"],
    );
    let alice = "authorization: Bearer alice-token\r\n";
    let core = "x-team: core\r\ncookie: secret-cookie\r\nx-other: secret-other\r\n";
    let body = |tool: &str| {
        format!(r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{{"name":"{tool}"}}}}"#)
    };
    // Two of `a` for each caller; what else is denied, for five reasons.
    let hidden = format!("{alice}{core}mcp-session-id: secret-session\r\n");
    let (own, twice) = (format!("{alice}{core}"), "x-team: core\r\nx-team: core\r\n");
    let list = r#"{"jsonrpc":"2.0","id":2,"method":"tools/list"}"#;
    for (headers, body, decided) in [
        (hidden, body("a"), "allow   a"),
        (own.clone(), body("a").replace(',', ",\n"), "allow   a"),
        (own.clone(), body("a"), "deny    a"),
        (
            format!("x-key: bob-token\r\n{core}"),
            body("a"),
            "allow   a",
        ),
        (format!("{alice}{twice}"), body("a"), "deny    a"),
        (own.clone(), body("b"), "deny    b"),
        (
            format!("authorization: Bearer secret-stranger\r\n{core}"),
            body("a"),
            "deny    a",
        ),
        (
            format!("authorization: Basic secret-basic\r\n{core}"),
            body("a"),
            "deny    a",
        ),
        (own.clone(), list.to_owned(), "allow   tools/list"),
        (own, "no json".to_owned(), "reject"),
    ] {
        let mut stream = serve.connect();
        send(&mut stream, &headers, &body);
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        serve.until(decided);
    }
    serve.running.interrupt();
    serve.until("ended: 3 tool calls allowed, 5 denied; 2 other requests");
    let capture = std::fs::read_to_string(folder.0.join("calls.ndjson")).unwrap();
    assert_eq!(capture.lines().count(), 10, "{capture}");
    for secret in ["secret", "alice-token", "bob-token"] {
        assert!(!capture.contains(secret), "{secret} in {capture}");
    }
    let module = toolgate::path().to_str().unwrap();
    let replay = |config: &str, before: &str| {
        let run = ["replay", "--config", config, "--before", before];
        let more = ["--format", "json", "--module", module, "calls.ndjson"];
        let (code, text) = host_test(&folder.0, &[&run[..], &more].concat());
        assert_eq!(code, 0, "{text}");
        serde_json::from_str::<serde_json::Value>(&text).unwrap()
    };
    let same = replay("config.json", "config.json");
    assert_eq!(
        (&same["calls"], &same["same"]),
        (&8.into(), &8.into()),
        "{same}"
    );
    assert_eq!(same["not_replayed"], 2, "{same}");
    // Callers without a grant are denied by both.
    let differs = replay("config.json", "open.json");
    assert_eq!(differs["same"], 5, "{differs}");
    let mut denied = Vec::new();
    for difference in differs["differences"].as_array().unwrap() {
        assert_eq!(difference["change"], "now_denied", "{differs}");
        denied.push(format!("{} {}", difference["caller"], difference["rule"]));
    }
    denied.sort();
    assert_eq!(
        denied,
        [
            r#""al ice" "(default deny)""#,
            r#""al ice" "/tools/a/limits/c""#,
            r#""al ice" "/tools/a/require/0""#,
        ]
    );
}

#[test]
fn an_event_reaches_the_client_before_the_next_is_made() {
    let folder = folder("serve-streams");
    let (listener, url) = upstream();
    let serve = Serve::start(&folder, &url);
    let mut client = serve.connect();
    send_call(&mut client, "a");
    let (mut server, request) = take(&listener);
    assert!(request.starts_with("POST /mcp HTTP/1.1\r\n"), "{request}");
    assert!(
        request.contains(&format!("host: {}\r\n", listener.local_addr().unwrap())),
        "{request}"
    );
    let head =
        "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";
    server.write_all(head.as_bytes()).unwrap();
    for n in 1..=3 {
        let event = format!(
            "data: {{\"jsonrpc\":\"2.0\",\"method\":\"notifications/progress\",\"params\":{{\"n\":{n}}}}}\n\n"
        );
        let chunk = format!("{:x}\r\n{event}\r\n", event.len());
        server.write_all(chunk.as_bytes()).unwrap();
        // Only when the client has this one is the next sent.
        read_until(&mut client, &format!("\"n\":{n}"));
    }
    server.write_all(b"0\r\n\r\n").unwrap();
    let mut rest = String::new();
    client.read_to_string(&mut rest).unwrap();
    assert!(rest.ends_with("0\r\n\r\n"), "the end is told: {rest:?}");
}

#[test]
fn a_client_that_goes_ends_the_upstreams_connection() {
    let folder = folder("serve-gone");
    let (listener, url) = upstream();
    let serve = Serve::start(&folder, &url);
    let mut client = serve.connect();
    send_call(&mut client, "a");
    let (mut server, _) = take(&listener);
    drop(client);
    let mut rest = Vec::new();
    // Blocks until the connection is closed; a timeout is an error.
    let _ = server.read_to_end(&mut rest).map_err(|why| {
        assert_ne!(why.kind(), std::io::ErrorKind::WouldBlock, "it stays open");
    });
}

#[test]
fn a_response_that_breaks_off_is_not_told_as_whole() {
    let folder = folder("serve-breaks");
    let (listener, url) = upstream();
    let serve = Serve::start(&folder, &url);
    let mut client = serve.connect();
    send_call(&mut client, "a");
    let (mut server, _) = take(&listener);
    let head =
        "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";
    server.write_all(head.as_bytes()).unwrap();
    server.write_all(b"b\r\ndata: {}\n\nx\r\n").unwrap();
    drop(server);
    let mut text = Vec::new();
    let _ = client.read_to_end(&mut text);
    assert!(
        !text.ends_with(b"0\r\n\r\n"),
        "{}",
        String::from_utf8_lossy(&text)
    );
}

#[test]
fn a_saved_policy_is_in_force_and_a_broken_one_is_not() {
    let folder = folder("serve-reloads");
    let (listener, url) = upstream();
    answer_all(listener);
    let serve = Serve::start(&folder, &url);
    assert!(serve.call("b").contains("[POLICY DENIED]"));
    folder.write("policy.json", r#"{"version": "1", "default": "allow"}"#);
    serve.until("the policy was saved and is in force");
    assert!(serve.call("b").contains("\"isError\":false"));
    folder.write("policy.json", r#"{"version": "1", "defalt": "deny"}"#);
    serve.until("the one before stays in force");
    assert!(serve.call("b").contains("\"isError\":false"));
    folder.write("policy.json", POLICY);
    serve.until("the policy was saved and is in force");
    assert!(serve.call("b").contains("[POLICY DENIED]"));
}

#[test]
fn what_cannot_be_reached_or_read_is_said() {
    let folder = folder("serve-faults");
    let (listener, url) = upstream();
    drop(listener);
    let serve = Serve::start(&folder, &url);
    let answer = serve.call("a");
    assert!(answer.starts_with("HTTP/1.1 503"), "{answer}");
    serve.until("is it running?");
    let mut client = serve.connect();
    client
        .write_all(b"POST /mcp HTTP/1.1\r\ncontent-length: nine\r\n\r\n")
        .unwrap();
    assert!(read_until(&mut client, "\r\n\r\n").starts_with("HTTP/1.1 400"));
    let module = toolgate::path().to_str().unwrap();
    for (arguments, words) in [
        (&["serve", "--policy", "policy.json"][..], "--upstream"),
        (
            &[
                "serve",
                "--policy",
                "policy.json",
                "--upstream",
                "https://x",
            ],
            "envoy/demo",
        ),
        (
            &["serve", "--policy", "no.json", "--upstream", "http://x"],
            "no.json",
        ),
        (
            &[
                "serve",
                "--policy",
                "policy.json",
                "--upstream",
                "http://x",
                "--module",
                module,
                "--capture",
                ".",
            ],
            "cannot write `.` (--capture)",
        ),
        (
            &[
                "serve",
                "--policy",
                "policy.json",
                "--upstream",
                "http://x",
                "--module",
                module,
                "--listen",
                &serve.address,
            ],
            "another program listens there, port 0 lets the system choose",
        ),
        (
            &[
                "serve",
                "--policy",
                "policy.json",
                "--upstream",
                "http://x",
                "--listen",
                "localhost:1",
            ],
            "write an IP address and a port, such as 127.0.0.1:8787",
        ),
    ] {
        let (code, text) = host_test(&folder.0, arguments);
        assert!(code == 2 && text.contains(words), "{text}");
    }
}
