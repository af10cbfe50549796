//! Requests: what is accepted reads alike to other parsers, and what is forwarded runs nothing that policy denies.

use std::rc::Rc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use toolgate_engine::exchange::{Exchange, RequestStep};
use toolgate_engine::mcp::{Headers, method, read_body};
use toolgate_engine::{Gate, json};

use super::oracle::json::{folded, members};
use super::oracle::request::{Asked, asked, same_body};
use super::support::{World, gate};

/// `open` may be called, `pay` with at most 100; everything else that reads or runs is denied.
const POLICY: &str = r#"{"server":"s","policy":{"version":"1","default":"deny","hide":["hidden"],
    "tools":{"open":{},"hidden":{},"pay":{"require":[{"conditions":[{"path":"args.amount","op":"lte","value":100}]}]}}}}"#;

thread_local! {
    static GATE: Rc<Gate> = gate(POLICY);
}

/// Checks one input: lines of headers and an empty line, or not, then a body.
pub fn check(input: &[u8]) {
    let (lines, body) = split(input);
    match read_body(body) {
        Ok(read) => {
            let alike = same_body(&read, body);
            assert!(alike.is_ok(), "{alike:?}");
        }
        Err(rejection) => {
            let reply = rejection.reply().body;
            assert!(json::parse(reply.as_bytes()).is_ok(), "{reply}");
        }
    }
    decide(&lines, body);
}

type Lines<'i> = Vec<(&'i [u8], &'i [u8])>;

/// A first part up to an empty line is headers when each of its lines has a colon after its first byte
/// and none could be JSON.
fn split(input: &[u8]) -> (Lines<'_>, &[u8]) {
    let Some(at) = input.windows(2).position(|two| two == b"\n\n") else {
        return (Vec::new(), input);
    };
    let mut lines = Vec::new();
    for line in input[..at].split(|byte| *byte == b'\n') {
        match line.iter().skip(1).position(|byte| *byte == b':') {
            Some(colon) if !line.contains(&b'{') => {
                lines.push((&line[..=colon], line[colon + 2..].trim_ascii()));
            }
            _ => return (Vec::new(), input),
        }
    }
    (lines, &input[at + 2..])
}

fn decide(lines: &Lines<'_>, body: &[u8]) {
    let has = |name: &str| {
        lines
            .iter()
            .any(|(n, _)| n.eq_ignore_ascii_case(name.as_bytes()))
    };
    let usual: [(&[u8], &[u8]); 2] = [
        (b":method", b"POST"),
        (b"content-type", b"application/json"),
    ];
    let usual = usual
        .into_iter()
        .filter(|(name, _)| !has(std::str::from_utf8(name).unwrap()));
    let headers: Headers<'_> = usual.chain(lines.iter().copied()).collect();
    let mut world = World::default();
    let mut exchange = GATE.with(|gate| Exchange::new(Rc::clone(gate)));
    let step = match exchange.on_request_headers(&headers, false, &mut world) {
        RequestStep::AwaitBody => exchange.on_request_body(&headers, body, &mut world),
        step => step,
    };
    match step {
        RequestStep::Forward { .. } => forwarded(&headers, body),
        RequestStep::Reply(reply) => {
            let text = reply.body.as_bytes();
            assert!(
                text.is_empty() || json::parse(text).is_ok(),
                "{}",
                reply.body
            );
        }
        RequestStep::AwaitBody | RequestStep::Ask(_) => panic!("nothing to wait for"),
    }
}

/// What a server could do with what it gets.
fn forwarded(headers: &Headers<'_>, body: &[u8]) {
    let all = asked(body);
    for asked in &all {
        if asked.method.trim().eq_ignore_ascii_case(method::TOOLS_CALL) {
            assert!(permitted(asked), "forwarded {asked:?}");
        } else {
            let class = method::class(&asked.method);
            assert!(class == method::Class::Protocol, "forwarded {asked:?}");
        }
    }
    let sent = |name| headers.all(name).map(|value| plain(value).unwrap());
    for (header, told) in [
        ("mcp-method", all.first().map(|a| a.method.clone())),
        ("mcp-name", all.first().and_then(|a| a.name.clone())),
    ] {
        // A resource is named by `params.uri`; nothing that has one is permitted here.
        for value in sent(header) {
            assert_eq!((all.len(), Some(value)), (1, told.clone()), "{header}");
        }
    }
}

fn permitted(asked: &Asked) -> bool {
    match asked.name.as_deref() {
        Some("open") => asked.method == method::TOOLS_CALL,
        Some("pay") => {
            // Number by number: a server that cannot read another argument may still read this one.
            let all = members(asked.arguments.as_deref().unwrap_or_default()).unwrap_or_default();
            let mut amounts = all.iter().filter(|(key, _)| folded(key) == "AMOUNT");
            let small = |text: &str| text.parse::<f64>().is_ok_and(|amount| amount <= 100.0);
            asked.method == method::TOOLS_CALL
                && amounts.all(|(_, amount)| small(amount.get()))
                && all.iter().any(|(key, _)| key == "amount")
        }
        _ => false,
    }
}

/// A header's value as a server reads it; `None` where its base64 is broken.
fn plain(value: &[u8]) -> Option<String> {
    let value = String::from_utf8(value.to_vec()).ok()?;
    let value = value.trim();
    let Some(inner) = value.strip_prefix("=?base64?") else {
        return Some(value.to_owned());
    };
    String::from_utf8(STANDARD.decode(inner.strip_suffix("?=")?).ok()?).ok()
}
