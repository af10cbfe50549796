//! What the benchmarks of the engine run: each case is a name and one execution of it.

#![allow(clippy::unwrap_used, reason = "benchmark")]

use std::hint::black_box;
use std::rc::Rc;

use toolgate_engine::exchange::{RequestStep, ResponseHead};
use toolgate_engine::json::{NoSink, scan};
use toolgate_engine::limit::{HashKey, MemoryStore, Store, StoreError, Updater};
use toolgate_engine::mcp::{Headers, read_body};
use toolgate_engine::{Exchange, Gate, Surroundings};

use crate::workload::{call, plugin};

/// Sizes of bodies in bytes.
pub(crate) const SIZES: [usize; 4] = [300, 1000, 16_384, 262_144];

/// What is measured, run again and again.
pub(crate) type Run = Box<dyn FnMut()>;

/// A name, such as `scan/1000`, and what makes all that a run needs: done for the cases that are run.
pub(crate) type Case = (String, Box<dyn FnOnce() -> Run>);

/// Counters in memory, and a clock that stands still.
#[derive(Default)]
struct Around(MemoryStore);

impl Store for Around {
    fn update(&mut self, key: &str, change: &mut Updater<'_>) -> Result<(), StoreError> {
        self.0.update(key, change)
    }
}

impl Surroundings for Around {
    fn now(&mut self) -> u64 {
        1_767_225_600_000_000_000
    }

    fn hash_key(&mut self) -> Option<HashKey> {
        Some(HashKey([7; 16]))
    }

    fn property(&mut self, _: &[&str]) -> Option<Vec<u8>> {
        None
    }
}

/// All cases.
pub(crate) fn all() -> Vec<Case> {
    let mut cases = Vec::new();
    for size in SIZES {
        cases.push(case("scan", size, |body| {
            black_box(scan(black_box(body), &mut NoSink)).unwrap();
        }));
        cases.push(case("read_body", size, |body| {
            black_box(read_body(black_box(body))).ok().unwrap();
        }));
    }
    for policy in ["allow-all", "name-only", "full"] {
        cases.push(request(format!("decide/{policy}"), move || plugin(policy)));
    }
    for tools in [10, 10_000] {
        cases.push(request(format!("decide/{tools} tools"), move || {
            listing(tools)
        }));
    }
    for (kind, entry) in ENTRIES {
        cases.push(request(format!("rule/{kind}"), move || {
            let head = r#"{"server":"s","policy":{"version":"1","default":"deny","tools":{"create_refund":"#;
            format!("{head}{entry}}}}}}}").into_bytes()
        }));
    }
    cases.push(list("list/40 tools", "application/json", |text| text));
    cases.push(list("sse/40 tools", "text/event-stream", |text| {
        format!("event: message\ndata: {text}\n\n")
    }));
    cases
}

/// One rule or limit of each kind.
const ENTRIES: [(&str, &str); 8] = [
    (
        "gt",
        r#"{"deny_if":[{"conditions":[{"path":"args.amount","op":"gt","value":100}]}]}"#,
    ),
    (
        "in",
        r#"{"require":[{"conditions":[{"path":"args.currency","op":"in","value":["EUR","USD"]}]}]}"#,
    ),
    (
        "regex",
        r#"{"require":[{"conditions":[{"path":"args.order","op":"regex","value":"^[A-Z]-[0-9]{1,8}$"}]}]}"#,
    ),
    (
        "every",
        r#"{"require":[{"conditions":[{"path":"args.items[*].quantity","op":"lte","value":5}]}]}"#,
    ),
    ("required", r#"{"validate":{"required_args":["order"]}}"#),
    (
        "schema",
        r#"{"validate":{"schema":{"type":"object","properties":{"amount":{"type":"number","maximum":100}},"required":["amount"]}}}"#,
    ),
    (
        "fixed window",
        r#"{"limits":[{"counter":"c","window":"day","max":1000000000000}]}"#,
    ),
    (
        "sliding window",
        r#"{"limits":[{"counter":"c","window":"day","max":1000000000000,"algorithm":"sliding"}]}"#,
    ),
];

/// What is done with a call of that size.
pub(crate) fn case(kind: &str, size: usize, run: fn(&[u8])) -> Case {
    let set_up = move || -> Run {
        let body = call(size).into_bytes();
        Box::new(move || run(&body))
    };
    (format!("{kind}/{size}"), Box::new(set_up))
}

fn headers() -> Headers<'static> {
    let pairs: [(&[u8], &[u8]); 9] = [
        (b":authority", b"localhost"),
        (b":path", b"/mcp"),
        (b":method", b"POST"),
        (b":scheme", b"http"),
        (b"content-type", b"application/json"),
        (b"accept", b"application/json, text/event-stream"),
        (b"user-agent", b"node"),
        (b"x-forwarded-proto", b"http"),
        (b"x-request-id", b"a3f1c9d2-8a51-4ad8-9a6d-2f6f0c1f7be4"),
    ];
    pairs.into_iter().collect()
}

/// A whole request of 1,000 bytes that is forwarded.
fn request(name: String, plugin: impl FnOnce() -> Vec<u8> + 'static) -> Case {
    (name, Box::new(move || forwarded(&plugin())))
}

fn forwarded(plugin: &[u8]) -> Run {
    let gate = Rc::new(Gate::load(plugin).unwrap().0);
    let body = call(1000).into_bytes();
    let mut around = Around::default();
    let run = move || {
        let headers = headers();
        let mut exchange = Exchange::new(Rc::clone(&gate));
        exchange.on_request_headers(&headers, false, &mut around);
        let step = exchange.on_request_body(&headers, black_box(&body), &mut around);
        assert!(matches!(step, RequestStep::Forward { .. }), "{step:?}");
        black_box(exchange.take_record());
    };
    Box::new(run)
}

/// tools/list of which three of four tools are removed.
fn list(name: &str, media: &'static str, framed: fn(String) -> String) -> Case {
    (name.to_owned(), Box::new(move || filtered(media, framed)))
}

fn filtered(media: &'static str, framed: fn(String) -> String) -> Run {
    let gate = Rc::new(Gate::load(&plugin("full")).unwrap().0);
    let ask = br#"{"jsonrpc":"2.0","id":17,"method":"tools/list","params":{}}"#;
    let tools: Vec<String> = (0..40)
        .map(|n| {
            let name = ["send", "admin", "other", "more"].get(n % 4).unwrap();
            format!(
                r#"{{"name":"{name}_{n}","description":"Does what its name says, and says what it did.","inputSchema":{{"type":"object"}}}}"#
            )
        })
        .collect();
    let tools = tools.join(",");
    let answer = framed(format!(
        r#"{{"jsonrpc":"2.0","id":17,"result":{{"tools":[{tools}]}}}}"#
    ));
    let mut around = Around::default();
    let run = move || {
        let headers = headers();
        let mut exchange = Exchange::new(Rc::clone(&gate));
        exchange.on_request_headers(&headers, false, &mut around);
        exchange.on_request_body(&headers, ask, &mut around);
        let head = ResponseHead {
            status: 200,
            content_type: Some(media.as_bytes()),
            content_encoding: None,
        };
        exchange.on_response_headers(&head);
        let answer = black_box(answer.as_bytes());
        let out = match media {
            "application/json" => exchange.on_response_body(answer, &mut around).unwrap(),
            _ => exchange.on_response_chunk(answer, true, &mut around),
        };
        assert!(out.len() < answer.len());
        black_box(out);
    };
    Box::new(run)
}

/// A policy that lists so many tools, the called one among them.
fn listing(tools: usize) -> Vec<u8> {
    let others: String = (1..tools).map(|n| format!(r#""tool_{n}":{{}},"#)).collect();
    format!(r#"{{"server":"s","policy":{{"version":"1","default":"deny","tools":{{{others}"create_refund":{{}}}}}}}}"#)
        .into_bytes()
}
