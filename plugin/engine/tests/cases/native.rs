//! The engine itself as a world: no host, a store in memory, the case's clock.

use std::rc::Rc;

use toolgate_engine::config::{Faults, Severity};
use toolgate_engine::exchange::{RequestStep, ResponseHead, ResponseStep};
use toolgate_engine::limit::{Fault as Break, HashKey, MemoryStore, Store as Counters};
use toolgate_engine::limit::{StoreError, Updater};
use toolgate_engine::mcp::{Headers, Reply as Made};
use toolgate_engine::{Exchange, Gate, Surroundings};

use crate::harness::format::Store;
use crate::harness::run::{Answer, Fault, Loaded, Reply, Request, Upstream, World};

/// One proxy.
#[derive(Debug, Default)]
pub(crate) struct Native {
    gate: Option<Rc<Gate>>,
    around: Around,
}

#[derive(Debug, Default)]
struct Around {
    store: MemoryStore,
    now: u64,
    properties: Vec<(Vec<String>, Vec<u8>)>,
}

impl Counters for Around {
    fn update(&mut self, key: &str, change: &mut Updater<'_>) -> Result<(), StoreError> {
        self.store.update(key, change)
    }
}

impl Surroundings for Around {
    fn now(&mut self) -> u64 {
        self.now
    }

    fn hash_key(&mut self) -> Option<HashKey> {
        Some(HashKey(*b"sixteen bytes ok"))
    }

    fn property(&mut self, path: &[&str]) -> Option<Vec<u8>> {
        let found = self.properties.iter().find(|(known, _)| known == path);
        found.map(|(_, value)| value.clone())
    }
}

impl World for Native {
    fn load(&mut self, configuration: &str) -> Loaded {
        let (gate, faults) = match Gate::load(configuration.as_bytes()) {
            Ok((gate, faults)) => (Some(gate), faults),
            Err(faults) => (None, faults),
        };
        let accepted = gate.is_some();
        if let Some(gate) = gate {
            self.gate = Some(Rc::new(gate));
        }
        Loaded {
            accepted,
            errors: told(&faults, Severity::Error),
            warnings: told(&faults, Severity::Warning),
        }
    }

    fn send(&mut self, request: &Request) -> Answer {
        let Some(gate) = self.gate.clone() else {
            return Answer {
                record: "no configuration".into(),
                reply: None,
                response: None,
            };
        };
        self.around.now = request.now;
        self.around.properties.clone_from(&request.properties);
        let headers: Headers<'_> = request
            .headers
            .iter()
            .map(|(name, value)| (name.as_bytes(), value.as_bytes()))
            .collect();
        let mut exchange = Exchange::new(gate);
        let first = exchange.on_request_headers(&headers, request.body.is_none(), &mut self.around);
        let step = match (first, &request.body) {
            (RequestStep::AwaitBody, Some(body)) => {
                exchange.on_request_body(&headers, body, &mut self.around)
            }
            (step, _) => step,
        };
        let reply = match step {
            RequestStep::Reply(made) => Some(reply(made)),
            RequestStep::Forward { .. } | RequestStep::AwaitBody | RequestStep::Ask(_) => None,
        };
        let record = exchange.take_record().unwrap_or_default().to_owned();
        let forwarded = request.upstream.as_ref().filter(|_| reply.is_none());
        let response = forwarded.map(|upstream| self.answered(&mut exchange, upstream));
        // An answer may add to it.
        let last = exchange.take_last_record(&mut self.around);
        let record = last.unwrap_or(record);
        Answer {
            record,
            reply,
            response,
        }
    }

    fn set_store(&mut self, store: Store) {
        match store {
            Store::Works => self.around.store.heal(),
            Store::Fails => self.around.store.inject(|_| Break::Unavailable),
        }
    }
}

impl Native {
    fn answered(&mut self, exchange: &mut Exchange, upstream: &Upstream) -> Reply {
        let header = |name: &str| {
            let found = upstream.headers.iter().find(|(n, _)| n == name);
            found.map(|(_, value)| value.as_bytes())
        };
        let head = ResponseHead {
            status: 200,
            content_type: header("content-type"),
            content_encoding: header("content-encoding"),
        };
        let body = match exchange.on_response_headers(&head) {
            ResponseStep::Refuse(made) => return reply(made),
            ResponseStep::Pass => upstream.body.clone(),
            ResponseStep::Watch => {
                exchange.on_response_seen(&upstream.body, true, &mut self.around);
                upstream.body.clone()
            }
            ResponseStep::Buffer => exchange
                .on_response_body(&upstream.body, &mut self.around)
                .unwrap_or_else(|| upstream.body.clone()),
            ResponseStep::Stream => {
                let mut out = Vec::new();
                for chunk in upstream.body.chunks(7_000) {
                    out.extend(exchange.on_response_chunk(chunk, false, &mut self.around));
                }
                out.extend(exchange.on_response_chunk(b"", true, &mut self.around));
                out
            }
        };
        Reply {
            status: 200,
            headers: upstream.headers.clone(),
            body: String::from_utf8_lossy(&body).into_owned(),
        }
    }
}

fn reply(made: Made) -> Reply {
    Reply {
        status: made.status,
        headers: made
            .headers
            .into_iter()
            .map(|(n, v)| (n.to_owned(), v))
            .collect(),
        body: made.body,
    }
}

fn told(faults: &Faults, severity: Severity) -> Vec<Fault> {
    let of_it = faults.as_slice().iter().filter(|f| f.severity == severity);
    of_it
        .map(|f| Fault {
            pointer: f.pointer.clone(),
            message: f.message.clone(),
        })
        .collect()
}
