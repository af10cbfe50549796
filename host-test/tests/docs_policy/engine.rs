//! The engine run natively on one configuration: a caller, a clock, an upstream that only lists.

use std::collections::HashMap;
use std::rc::Rc;

use toolgate_engine::config::Severity;
use toolgate_engine::exchange::{RequestStep, ResponseHead, ResponseStep};
use toolgate_engine::limit::{Fault, HashKey, MemoryStore, Store, StoreError, Updater};
use toolgate_engine::mcp::{Headers, Reply};
use toolgate_engine::{Exchange, Gate, Surroundings};

/// 2026-01-05T10:00:00Z, in nanoseconds: the start of a minute, an hour and, with 10 hours, a day.
const START: u64 = 1_767_607_200_000_000_000;

/// Where Envoy leaves the claims of a verified JWT.
const JWT: &str = "metadata\0filter_metadata\0envoy.filters.http.jwt_authn\0payload";

/// What became of one request.
pub(crate) struct Seen {
    /// The decision record.
    pub(crate) record: serde_json::Value,
    /// What the caller was answered, where the upstream was not asked.
    pub(crate) reply: Option<Reply>,
    /// What the caller read of the upstream's answer.
    pub(crate) body: Option<String>,
}

/// One request and who sends it.
#[derive(Default)]
pub(crate) struct Sent {
    /// The body, byte for byte.
    pub(crate) body: String,
    /// Headers besides those of every MCP request.
    pub(crate) headers: Vec<(String, String)>,
    /// Facts about the connection: attribute path, joined by NUL, and value.
    pub(crate) facts: HashMap<String, Vec<u8>>,
    /// What the upstream answers.
    pub(crate) answer: String,
    /// With which status it, or the proxy for it, answers.
    pub(crate) status: u16,
    /// The session that the answer opens.
    pub(crate) opens: Option<String>,
}

impl Sent {
    pub(crate) fn claim(&mut self, path: &str, value: &str) {
        let key = format!("{JWT}\0{path}");
        self.facts.insert(key, value.as_bytes().to_vec());
    }

    pub(crate) fn fact(&mut self, path: &[&str], value: &str) {
        self.facts
            .insert(path.join("\0"), value.as_bytes().to_vec());
    }
}

/// The engine with a configuration and the counters of the requests so far.
pub(crate) struct Engine {
    gate: Rc<Gate>,
    /// What was accepted, but is probably not meant.
    pub(crate) warnings: Vec<String>,
    world: World,
}

struct World {
    store: MemoryStore,
    now: u64,
    facts: HashMap<String, Vec<u8>>,
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
        self.facts.get(&path.join("\0")).cloned()
    }
}

impl Engine {
    /// Loads a configuration, or says everything that is wrong with it.
    pub(crate) fn load(config: &str) -> Result<Self, Vec<String>> {
        match Gate::load(config.as_bytes()) {
            Ok((gate, faults)) => Ok(Self {
                gate: Rc::new(gate),
                warnings: faults.as_slice().iter().map(ToString::to_string).collect(),
                world: World {
                    store: MemoryStore::new(),
                    now: START,
                    facts: HashMap::new(),
                },
            }),
            Err(faults) => {
                let errors = faults.as_slice().iter();
                let errors = errors.filter(|fault| fault.severity == Severity::Error);
                Err(errors.map(ToString::to_string).collect())
            }
        }
    }

    /// Lets time pass.
    pub(crate) fn wait(&mut self, seconds: u64) {
        self.world.now += seconds * 1_000_000_000;
    }

    /// Lets every write of a counter fail.
    pub(crate) fn fail(&mut self) {
        self.world.store.inject(|_| Fault::Unavailable);
    }

    /// Sends one request through the engine.
    pub(crate) fn send(&mut self, sent: &Sent) -> Seen {
        self.world.facts.clone_from(&sent.facts);
        let mut pairs = vec![
            (":method", "POST"),
            (":path", "/mcp"),
            ("content-type", "application/json"),
            ("accept", "application/json, text/event-stream"),
        ];
        pairs.extend(sent.headers.iter().map(|(n, v)| (n.as_str(), v.as_str())));
        let headers: Headers<'_> = pairs
            .iter()
            .map(|(n, v)| (n.as_bytes(), v.as_bytes()))
            .collect();
        let mut exchange = Exchange::new(Rc::clone(&self.gate));
        let mut step = exchange.on_request_headers(&headers, false, &mut self.world);
        if step == RequestStep::AwaitBody {
            step = exchange.on_request_body(&headers, sent.body.as_bytes(), &mut self.world);
        }
        let record = exchange.take_record().expect("a record of the decision");
        let mut seen = Seen {
            record: serde_json::from_str(record).unwrap(),
            reply: None,
            body: None,
        };
        match step {
            RequestStep::Forward { .. } => {
                seen.body = Some(self.answer(&mut exchange, sent));
                if let Some(record) = exchange.take_last_record(&mut self.world) {
                    seen.record = serde_json::from_str(&record).unwrap();
                }
            }
            RequestStep::Reply(reply) => seen.reply = Some(reply),
            RequestStep::AwaitBody => panic!("the body was there already"),
            RequestStep::Ask(call) => panic!("no service is configured, but asked: {call:?}"),
        }
        seen
    }

    fn answer(&mut self, exchange: &mut Exchange, sent: &Sent) -> String {
        let answer = sent.answer.as_str();
        exchange.on_response_status(sent.status, &mut self.world);
        let opens = sent.opens.as_deref().map(str::as_bytes);
        exchange.on_session(sent.status, opens, &mut self.world);
        let head = ResponseHead {
            status: sent.status,
            content_type: Some(b"application/json"),
            content_encoding: None,
        };
        match exchange.on_response_headers(&head) {
            ResponseStep::Pass => answer.to_owned(),
            ResponseStep::Watch => {
                exchange.on_response_seen(answer.as_bytes(), true, &mut self.world);
                answer.to_owned()
            }
            ResponseStep::Buffer => exchange
                .on_response_body(answer.as_bytes(), &mut self.world)
                .map_or_else(
                    || answer.to_owned(),
                    |body| String::from_utf8(body).unwrap(),
                ),
            step => panic!("unexpected {step:?}"),
        }
    }
}
