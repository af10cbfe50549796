//! The engine's surroundings in a test: counters in memory, a clock that the test sets.
#![allow(
    dead_code,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::panic,
    reason = "test; not every test uses all of it"
)]

use std::collections::BTreeMap;
use std::rc::Rc;

use toolgate_engine::exchange::{Exchange, RequestStep};
use toolgate_engine::limit::{HashKey, MemoryStore, Store, StoreError, Updater};
use toolgate_engine::mcp::Headers;
use toolgate_engine::{Gate, Surroundings};

/// Counters, time and properties.
#[derive(Default)]
pub struct World {
    pub store: MemoryStore,
    pub now: u64,
    pub properties: BTreeMap<String, Vec<u8>>,
}

impl Store for World {
    fn update(&mut self, key: &str, change: &mut Updater<'_>) -> Result<(), StoreError> {
        self.store.update(key, change)
    }
}

impl Surroundings for World {
    fn now(&mut self) -> u64 {
        self.now
    }

    fn hash_key(&mut self) -> Option<HashKey> {
        Some(HashKey([7; 16]))
    }

    fn property(&mut self, path: &[&str]) -> Option<Vec<u8>> {
        self.properties.get(&path.join(".")).cloned()
    }
}

/// A configuration that must load.
pub fn gate(text: &str) -> Rc<Gate> {
    match Gate::load(text.as_bytes()) {
        Ok((gate, _)) => Rc::new(gate),
        Err(faults) => panic!("{faults:?}"),
    }
}

/// A whole POST of `body`; what became of it, and the exchange for the answer.
pub fn post(
    gate: &Rc<Gate>,
    world: &mut World,
    extra: &[(&str, &str)],
    body: &str,
) -> (RequestStep, Exchange) {
    let mut exchange = Exchange::new(Rc::clone(gate));
    let pairs = [
        (":method", "POST"),
        (":path", "/mcp"),
        ("content-type", "application/json"),
    ];
    let headers: Headers<'_> = pairs
        .iter()
        .chain(extra)
        .map(|(name, value)| (name.as_bytes(), value.as_bytes()))
        .collect();
    let step = match exchange.on_request_headers(&headers, false, world) {
        RequestStep::AwaitBody => exchange.on_request_body(&headers, body.as_bytes(), world),
        step => step,
    };
    (step, exchange)
}
