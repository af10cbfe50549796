//! Many streams at once in one virtual machine: none sees another's caller, list, answer or units.
#![expect(clippy::unwrap_used, reason = "test")]

#[path = "common/toolgate.rs"]
mod toolgate;

use host_test::{Exchange, Host, Next, Others, Reply, Request, Response, Settings, Upstream};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

const CALLERS: [&str; 3] = ["anna", "bert", "carl"];

/// Every caller may call the tool of that name, twice a day, and sees no other.
fn host(hold: bool) -> Host {
    let policy = |name: &str| {
        let limit = json!({"counter": "c", "window": "day", "max": 2, "scope": "grant"});
        json!({"version": "1", "default": "deny", "tools": {name: {"limits": [limit]}}})
    };
    let policies: Value = CALLERS.iter().map(|name| (*name, policy(name))).collect();
    let digest = |name: &str| {
        Sha256::digest(name)
            .iter()
            .map(|b| format!("{b:02x}"))
            .collect::<String>()
    };
    let grant = |name: &str| json!({"token_sha256": digest(name), "policy": name});
    let grants: Value = CALLERS.iter().map(|name| (*name, grant(name))).collect();
    let plugin = json!({
        "server": "s", "hold_headers": hold, "identity": [{"header": "x-caller"}],
        "policies": policies, "grants": grants,
    });
    let settings = Settings {
        plugin_config: plugin.to_string().into_bytes(),
        hold_allowed: hold,
        ..Settings::default()
    };
    Host::start(toolgate::module(), &settings).unwrap()
}

fn request(caller: &str, method: &str, params: &Value) -> Request {
    let body = json!({"jsonrpc": "2.0", "id": caller, "method": method, "params": params});
    Request::post("/mcp", body.to_string()).with_header("x-caller", caller)
}

/// A server that answers slowly, piece by piece: before each piece the next caller's stream runs
/// from its beginning to its end, and waits for others in turn.
struct Slow<'a> {
    callers: &'a [&'a str],
    pieces: std::vec::IntoIter<Vec<u8>>,
    seen: &'a mut Vec<(String, Exchange)>,
}

impl Upstream for Slow<'_> {
    fn respond(&mut self, request: &Request) -> Reply {
        let sent: Value = serde_json::from_slice(&request.body).unwrap();
        let tools: Vec<Value> = CALLERS.iter().map(|name| json!({"name": name})).collect();
        let message = json!({"jsonrpc": "2.0", "id": sent.get("id"), "result": {"tools": tools}});
        let event = format!("data: {message}\n\n").into_bytes();
        let pieces: Vec<Vec<u8>> = event.chunks(40).map(<[u8]>::to_vec).collect();
        self.pieces = pieces.into_iter();
        Reply::Open(Response::new(200).with_header("content-type", "text/event-stream"))
    }

    fn next(&mut self) -> Next {
        self.pieces.next().map_or(Next::End, Next::Piece)
    }

    fn meanwhile(&mut self, others: &mut Others<'_>) {
        let Some((caller, rest)) = self.callers.split_first() else {
            return;
        };
        self.callers = &[];
        for _ in 0..2 {
            let mut slow = Slow {
                callers: rest,
                pieces: Vec::new().into_iter(),
                seen: self.seen,
            };
            let list = request(caller, "tools/list", &json!({}));
            let exchange = others.exchange(&list, &mut slow);
            self.seen.push(((*caller).to_owned(), exchange));
        }
    }
}

fn slow<'a>(callers: &'a [&'a str], seen: &'a mut Vec<(String, Exchange)>) -> Slow<'a> {
    let pieces = Vec::new().into_iter();
    Slow {
        callers,
        pieces,
        seen,
    }
}

#[test]
fn each_stream_is_filtered_for_its_own_caller() {
    for hold in [true, false] {
        let mut host = host(hold);
        let mut seen = Vec::new();
        let list = request("anna", "tools/list", &json!({}));
        let outer = host.exchange(0, &list, &mut slow(&["bert", "carl", "anna"], &mut seen));
        seen.push(("anna".to_owned(), outer));
        assert_eq!(seen.len(), 2 + 4 + 8 + 1);
        for (caller, exchange) in &seen {
            assert_eq!(exchange.problems, []);
            assert!(exchange.response_complete);
            let text = exchange.response.as_ref().unwrap().text();
            let data = text.trim().strip_prefix("data: ").unwrap();
            let message: Value = serde_json::from_str(data).unwrap();
            assert_eq!(message.get("id"), Some(&json!(caller)));
            assert_eq!(
                message.pointer("/result/tools"),
                Some(&json!([{"name": caller}]))
            );
        }
    }
}

/// Calls another's tool and its own while an own call waits.
struct Busy<'a> {
    caller: &'a str,
    outcomes: Vec<bool>,
}

impl Upstream for Busy<'_> {
    fn respond(&mut self, _: &Request) -> Reply {
        answer().into()
    }

    fn meanwhile(&mut self, others: &mut Others<'_>) {
        for tool in ["anna", "bert", "bert", "bert"] {
            let call = request(self.caller, "tools/call", &json!({"name": tool}));
            let exchange = others.exchange(&call, &mut |_: &Request| answer().into());
            assert_eq!(exchange.problems, []);
            self.outcomes.push(exchange.upstream_complete);
        }
    }
}

fn answer() -> Response {
    let response = Response::new(200).with_header("content-type", "application/json");
    response.with_body(r#"{"jsonrpc":"2.0","id":1,"result":{"content":[]}}"#)
}

#[test]
fn units_are_the_callers_own_whoever_waits() {
    for hold in [true, false] {
        let mut host = host(hold);
        let mut busy = Busy {
            caller: "bert",
            outcomes: Vec::new(),
        };
        let call = request("anna", "tools/call", &json!({"name": "anna"}));
        let outer = host.exchange(0, &call, &mut busy);
        assert!(outer.upstream_complete);
        assert_eq!(busy.outcomes, [false, true, true, false]);
        let mut again = |_: &Request| answer().into();
        assert!(host.exchange(0, &call, &mut again).upstream_complete);
        assert!(!host.exchange(0, &call, &mut again).upstream_complete);
    }
}
