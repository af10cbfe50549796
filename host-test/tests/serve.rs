//! `host-test serve` as a client and an upstream meet it.
#![expect(clippy::unwrap_used, reason = "test")]

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
        let module = toolgate::path().to_str().unwrap();
        let serve = [
            "serve",
            "--policy",
            "policy.json",
            "--listen",
            "127.0.0.1:0",
        ];
        let more = ["--upstream", upstream, "--module", module];
        let running = Running::start(&folder.0, &[&serve[..], &more].concat());
        let line = running.until("serving policy.json at http://");
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
    let head = format!(
        "POST /mcp HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: application/json\r\n\
         accept: application/json, text/event-stream\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all((head + &body).as_bytes()).unwrap();
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
    ] {
        let (code, text) = host_test(&folder.0, arguments);
        assert!(code == 2 && text.contains(words), "{text}");
    }
}
