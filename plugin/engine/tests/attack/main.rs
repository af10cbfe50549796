//! What an attacker tried against the engine, each try as a test that fails if it works.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests"
)]

mod callers;
mod names;
mod open;
mod responses;
mod sections;
mod work;

use std::collections::HashMap;
use std::rc::Rc;

use toolgate_engine::exchange::RequestStep;
use toolgate_engine::limit::{HashKey, MemoryStore, Store, StoreError, Updater};
use toolgate_engine::mcp::Headers;
use toolgate_engine::{Exchange, Gate, Surroundings};

/// Counters in memory, a clock that stands, and attributes by their path.
#[derive(Default)]
struct World {
    store: MemoryStore,
    properties: HashMap<String, Vec<u8>>,
}

impl Store for World {
    fn update(&mut self, key: &str, change: &mut Updater<'_>) -> Result<(), StoreError> {
        self.store.update(key, change)
    }
}

impl Surroundings for World {
    fn now(&mut self) -> u64 {
        1_767_600_000_000_000_000
    }

    fn hash_key(&mut self) -> Option<HashKey> {
        Some(HashKey([7; 16]))
    }

    fn property(&mut self, path: &[&str]) -> Option<Vec<u8>> {
        self.properties.get(&path.join(".")).cloned()
    }
}

fn gate(configuration: &str) -> Rc<Gate> {
    match Gate::load(configuration.as_bytes()) {
        Ok((gate, _)) => Rc::new(gate),
        Err(faults) => panic!("{:?}", faults.as_slice()),
    }
}

fn policy(policy: &str) -> Rc<Gate> {
    gate(&format!(r#"{{"server":"s","policy":{policy}}}"#))
}

fn call(tool: &str, arguments: &str) -> String {
    format!(
        r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{{"name":"{tool}","arguments":{arguments}}}}}"#
    )
}

fn asks(method: &str) -> String {
    format!(r#"{{"jsonrpc":"2.0","id":1,"method":"{method}"}}"#)
}

type Pairs<'h> = Vec<(&'h str, &'h [u8])>;

fn post<'h>(extra: &[(&'h str, &'h [u8])]) -> Pairs<'h> {
    let base: [(&str, &[u8]); 2] = [(":method", b"POST"), ("content-type", b"application/json")];
    base.into_iter().chain(extra.iter().copied()).collect()
}

fn headers<'h>(pairs: &Pairs<'h>) -> Headers<'h> {
    pairs.iter().map(|(n, v)| (n.as_bytes(), *v)).collect()
}

/// A request whose body follows its headers; the exchange for what comes back.
fn send(
    gate: &Rc<Gate>,
    world: &mut World,
    extra: &[(&str, &[u8])],
    body: &str,
) -> (Exchange, RequestStep) {
    let pairs = post(extra);
    let mut exchange = Exchange::new(Rc::clone(gate));
    let step = match exchange.on_request_headers(&headers(&pairs), false, world) {
        RequestStep::AwaitBody => {
            exchange.on_request_body(&headers(&pairs), body.as_bytes(), world)
        }
        step => step,
    };
    (exchange, step)
}

fn passes(gate: &Rc<Gate>, world: &mut World, extra: &[(&str, &[u8])], body: &str) -> bool {
    matches!(
        send(gate, world, extra, body).1,
        RequestStep::Forward { .. }
    )
}

const GRANTS: &str = r#"{"server":"s","policy":{"version":"1","default":"allow"},
    "policies":{"none":{"version":"1","default":"deny","tools":{}},"all":{"version":"1","default":"allow"}},
    "identity":[{"bearer":true}],
    "grants":{"a":{"token_sha256":"2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae","policy":"none"},
              "b":{"token_sha256":"fcde2b2edba56bf408601fb721fe9b5c338d10ee429ea04fae5511b68fbf8fb9","policy":"all"}}}"#;
