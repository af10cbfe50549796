//! An MCP server over HTTP with as many tools as a test wants, on a port that the system chooses.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use serde_json::{Value, json};

/// A running server; its thread ends with the test's process.
pub(crate) struct Server {
    pub(crate) url: String,
    seen: Arc<Mutex<Vec<String>>>,
}

impl Server {
    /// Lists `count` tools, `size` on a page. With `again`, every page leads to the page of that
    /// cursor, so that the list has no end.
    pub(crate) fn start(count: usize, size: usize, again: Option<&'static str>) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/mcp", listener.local_addr().unwrap());
        let seen = Arc::new(Mutex::new(Vec::new()));
        let heads = seen.clone();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let heads = heads.clone();
                thread::spawn(move || {
                    serve(stream, &heads, &|cursor| page(count, size, again, cursor))
                });
            }
        });
        Server { url, seen }
    }

    /// The heads of the requests so far.
    pub(crate) fn seen(&self) -> Vec<String> {
        self.seen.lock().unwrap().clone()
    }
}

fn page(count: usize, size: usize, again: Option<&str>, cursor: Option<&str>) -> Value {
    let from: usize = cursor.and_then(|cursor| cursor.parse().ok()).unwrap_or(0);
    let to = count.min(from + size);
    let tools: Vec<Value> = (from..to)
        .map(|n| json!({"name": format!("get_item_{n}"), "description": "Get an item", "inputSchema": {"type": "object"}}))
        .collect();
    let next = again
        .map(str::to_owned)
        .or((to < count).then(|| to.to_string()));
    let mut page = json!({"tools": tools});
    if let Some(next) = next {
        page["nextCursor"] = json!(next);
    }
    page
}

/// Answers requests of one connection until it closes.
fn serve(stream: TcpStream, heads: &Mutex<Vec<String>>, page: &dyn Fn(Option<&str>) -> Value) {
    let mut writer = stream.try_clone().unwrap();
    let mut reader = BufReader::new(stream);
    loop {
        let mut head = String::new();
        let mut length = 0;
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line).unwrap_or(0) == 0 {
                return;
            }
            if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().unwrap();
            }
            if line == "\r\n" {
                break;
            }
            head.push_str(&line);
        }
        let mut body = vec![0; length];
        if reader.read_exact(&mut body).is_err() {
            return;
        }
        let post = head.starts_with("POST");
        heads.lock().unwrap().push(head);
        let message: Value = serde_json::from_slice(&body).unwrap_or_default();
        let id = message["id"].clone();
        let answer = match message["method"].as_str() {
            Some("initialize") => json!({"jsonrpc": "2.0", "id": id, "result": {
                "protocolVersion": "2025-11-25", "capabilities": {"tools": {}}, "serverInfo": {"name": "large", "version": "1"},
            }}),
            Some("tools/list") => {
                json!({"jsonrpc": "2.0", "id": id, "result": page(message["params"]["cursor"].as_str())})
            }
            _ => {
                json!({"jsonrpc": "2.0", "id": id, "error": {"code": -32601, "message": "Method not found"}})
            }
        };
        let (status, answer) = match (post, id.is_null()) {
            (false, _) => ("405 Method Not Allowed", String::new()),
            (true, true) => ("202 Accepted", String::new()),
            (true, false) => ("200 OK", answer.to_string()),
        };
        let kind = if answer.is_empty() {
            ""
        } else {
            "content-type: application/json\r\n"
        };
        let reply = format!(
            "HTTP/1.1 {status}\r\n{kind}content-length: {}\r\n\r\n{answer}",
            answer.len()
        );
        if writer.write_all(reply.as_bytes()).is_err() {
            return;
        }
    }
}
