//! Through a small proxy of this test: it forwards, or answers itself, and logs a record a request.
#![expect(clippy::unwrap_used, clippy::panic, reason = "test")]

use std::fs::File;
use std::io::{BufReader, Write};
use std::net::TcpListener;
use std::path::PathBuf;
use std::thread;

use host_test::Response;

use super::*;
use crate::scenario::model::Upstream;

struct Proxied {
    via: Via,
    folder: PathBuf,
}

impl Drop for Proxied {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// A proxy that refuses every body with `no` in it, in front of a server with the tool `t`.
fn proxied(name: &str, upstream: &str, flush_after: Duration) -> Proxied {
    let folder = std::env::temp_dir().join(format!("toolgate-via-{name}-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let records = folder.join("records");
    std::fs::write(&records, "an old line\n").unwrap();
    let front = TcpListener::bind("127.0.0.1:0").unwrap();
    let server = Scripted::new(&serde_json::from_str::<Upstream>(upstream).unwrap());
    let options = Options {
        proxy: front.local_addr().unwrap(),
        operators: None,
        upstream: "127.0.0.1:0".parse().unwrap(),
        records: records.clone(),
        clock_file: Some(folder.join("clock")),
    };
    let via = Via::start(&options, server).unwrap();
    let back = via.listener.address;
    thread::spawn(move || {
        let mut log = File::options().append(true).open(records).unwrap();
        for stream in front.incoming() {
            let mut stream = stream.unwrap();
            let Ok(Some(request)) = wire::read_request(&mut BufReader::new(&stream)) else {
                continue;
            };
            let denied = request.body.windows(2).any(|pair| pair == b"no");
            let response = if denied {
                Response::new(200).with_body("denied here")
            } else {
                let mut onward = TcpStream::connect(back).unwrap();
                wire::write_request(&mut onward, &request, "upstream").unwrap();
                let mut response = wire::read_response(&mut onward, "POST").unwrap().response;
                response
                    .headers
                    .retain(|(name, _)| name != "transfer-encoding");
                response
            };
            wire::write_response(&mut stream, &response).unwrap();
            thread::sleep(flush_after);
            let outcome = if denied { "deny" } else { "allow" };
            // In two pieces, as a log that is being flushed may look.
            write!(log, "{{\"outcome\"").unwrap();
            thread::sleep(Duration::from_millis(10));
            writeln!(log, ":\"{outcome}\"}}").unwrap();
        }
    });
    Proxied { via, folder }
}

fn call(tool: &str) -> Request {
    let body = format!(r#"{{"id":1,"method":"tools/call","params":{{"name":"{tool}"}}}}"#);
    Request::post("/mcp", body)
}

#[test]
fn a_request_is_seen_from_all_sides() {
    let mut proxied = proxied("sides", r#"{"tools":["t"]}"#, Duration::from_millis(200));
    for _ in 0..3 {
        let seen = proxied.via.send(&call("t")).unwrap();
        assert_eq!(seen.record.as_deref(), Some(r#"{"outcome":"allow"}"#));
        let response = seen.response.unwrap();
        assert!(
            response.status == 200 && response.text().contains("t ran"),
            "{response:?}"
        );
        let [only] = seen.upstream.as_slice() else {
            panic!("{:?}", seen.upstream)
        };
        assert_eq!(only.body, call("t").body);
        let seen = proxied.via.send(&call("no")).unwrap();
        assert_eq!(seen.record.as_deref(), Some(r#"{"outcome":"deny"}"#));
        assert!(seen.upstream.is_empty());
        assert_eq!(seen.response.unwrap().text(), "denied here");
    }
}

#[test]
fn event_streams_come_through_whole() {
    let mut proxied = proxied("sse", r#"{"tools":["t"],"sse":true}"#, Duration::ZERO);
    let response = proxied.via.send(&call("t")).unwrap().response.unwrap();
    assert!(response.text().starts_with("event: message\ndata: {"));
    assert!(response.text().ends_with("}\n\n"));
}

#[test]
fn the_clock_is_set_through_its_file() {
    let mut proxied = proxied("clock", "{}", Duration::ZERO);
    proxied
        .via
        .set_clock(crate::scenario::time::DEFAULT)
        .unwrap();
    let text = std::fs::read_to_string(proxied.folder.join("clock")).unwrap();
    assert_eq!(text, "@2026-01-01 00:00:00\n");
    assert!(proxied.via.exact_clock());
}

#[test]
fn what_is_out_of_reach_is_named_with_its_option() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let free = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let folder = std::env::temp_dir().join(format!("toolgate-via-none-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let mut options = Options {
        proxy: free,
        operators: None,
        upstream: taken.local_addr().unwrap(),
        records: folder.join("records"),
        clock_file: None,
    };
    let server = || Scripted::new(&Upstream::default());
    let error = |result: Result<Via, String>| result.err().unwrap();
    assert!(error(Via::start(&options, server())).contains("--upstream-listen"));
    options.upstream = "127.0.0.1:0".parse().unwrap();
    let mut via = Via::start(&options, server()).unwrap();
    assert!(via.send(&call("t")).unwrap_err().contains("(--via)"));
    options.records = folder.join("no/such/file");
    assert!(error(Via::start(&options, server())).contains("cannot read the records"));
    std::fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn a_body_cut_short_is_not_whole() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let answers: [&[u8]; 5] = [
        b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nshort",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nsho",
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4;x=y\r\nlong\r\n0\r\na: b\r\n\r\n",
        b"HTTP/1.1 204 No Content\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n\r\nto the end",
    ];
    thread::spawn(move || {
        for answer in answers {
            let (mut stream, _) = listener.accept().unwrap();
            stream.write_all(answer).unwrap();
        }
    });
    let expected = [
        ("short", false),
        ("sho", false),
        ("long", true),
        ("", true),
        ("to the end", true),
    ];
    for (text, complete) in expected {
        let mut stream = TcpStream::connect(address).unwrap();
        let answer = wire::read_response(&mut stream, "GET").unwrap();
        assert_eq!(
            (answer.response.text().as_str(), answer.complete),
            (text, complete)
        );
    }
}
