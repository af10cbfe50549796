//! A rate limit service in memory, shared by hosts: it counts as `envoyproxy/ratelimit` does, or
//! answers what a test says.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use host_test::{GrpcCall, GrpcReply, HttpCall, HttpReply, Services};
use toolgate_engine::protobuf::{Reader, Wire, Writer};

/// One descriptor of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Descriptor {
    pub(crate) entries: Vec<(String, String)>,
    /// Requests and unit.
    pub(crate) limit: Option<(u64, u64)>,
}

/// One request, read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Asked {
    pub(crate) domain: String,
    pub(crate) hits: u64,
    pub(crate) descriptors: Vec<Descriptor>,
}

/// What the service answers.
pub(crate) type Script = Box<dyn FnMut(&Asked) -> GrpcReply + Send>;

#[derive(Default)]
struct State {
    counts: BTreeMap<String, u64>,
    calls: Vec<GrpcCall>,
    asked: Vec<Asked>,
    script: Option<Script>,
}

/// The service; clones share its counts.
#[derive(Clone, Default)]
pub(crate) struct Service(Arc<Mutex<State>>);

impl Service {
    /// A service that does what a test says instead of counting.
    pub(crate) fn scripted(script: impl FnMut(&Asked) -> GrpcReply + Send + 'static) -> Self {
        let service = Self::default();
        service.script(script);
        service
    }

    pub(crate) fn script(&self, script: impl FnMut(&Asked) -> GrpcReply + Send + 'static) {
        self.0.lock().unwrap().script = Some(Box::new(script));
    }

    /// Counts again.
    pub(crate) fn heal(&self) {
        self.0.lock().unwrap().script = None;
    }

    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.0.lock().unwrap().asked.clone()
    }

    pub(crate) fn calls(&self) -> Vec<GrpcCall> {
        self.0.lock().unwrap().calls.clone()
    }
}

impl Services for Service {
    fn http(&mut self, _: &HttpCall) -> HttpReply {
        HttpReply::NoSuchUpstream
    }

    fn grpc(&mut self, call: &GrpcCall) -> GrpcReply {
        let mut state = self.0.lock().unwrap();
        let asked = Asked::read(&call.message);
        state.calls.push(call.clone());
        state.asked.push(asked.clone());
        if let Some(script) = &mut state.script {
            return script(&asked);
        }
        let statuses = asked.descriptors.iter().map(|descriptor| {
            let (max, unit) = descriptor.limit.unwrap_or((u64::MAX, 0));
            let count = state.counts.entry(format!("{descriptor:?}")).or_default();
            *count = count.saturating_add(asked.hits.max(1));
            let code = if *count > max { 2 } else { 1 };
            status(code, Some((max, unit)), max.saturating_sub(*count), Some(7))
        });
        let statuses: Vec<Vec<u8>> = statuses.collect();
        let over = statuses.iter().any(|status| status.starts_with(&[0x08, 2]));
        answer(if over { 2 } else { 1 }, &statuses)
    }
}

/// A `DescriptorStatus`.
pub(crate) fn status(
    code: u64,
    limit: Option<(u64, u64)>,
    remaining: u64,
    reset: Option<u64>,
) -> Vec<u8> {
    let mut out = Writer::default();
    out.varint(1, code);
    if let Some((requests, unit)) = limit {
        out.message(2, |out| {
            out.varint(1, requests);
            out.varint(2, unit);
        });
    }
    out.varint(3, remaining);
    if let Some(seconds) = reset {
        out.message(4, |out| out.varint(1, seconds));
    }
    out.finish()
}

/// A `RateLimitResponse`.
pub(crate) fn answer(code: u64, statuses: &[Vec<u8>]) -> GrpcReply {
    let mut out = Writer::default();
    out.varint(1, code);
    for status in statuses {
        out.bytes(2, status);
    }
    // What we do not know must not disturb: response_headers_to_add, raw_body.
    out.message(3, |header| header.bytes(1, b"x"));
    out.bytes(5, b"over");
    GrpcReply::Message(out.finish())
}

/// Answers OK to whatever is asked.
pub(crate) fn ok(asked: &Asked) -> GrpcReply {
    let each = asked.descriptors.iter();
    let statuses: Vec<Vec<u8>> = each.map(|d| status(1, d.limit, 5, Some(7))).collect();
    answer(1, &statuses)
}

impl Asked {
    fn read(message: &[u8]) -> Self {
        let mut asked = Self::default();
        let mut fields = Reader::new(message);
        while !fields.is_empty() {
            match fields.field().unwrap() {
                (1, Wire::Bytes(domain)) => asked.domain = text(domain),
                (2, Wire::Bytes(descriptor)) => {
                    asked.descriptors.push(Descriptor::read(descriptor))
                }
                (3, Wire::Varint(hits)) => asked.hits = hits,
                other => panic!("an unknown field: {other:?}"),
            }
        }
        asked
    }
}

impl Descriptor {
    fn read(message: &[u8]) -> Self {
        let (mut entries, mut limit) = (Vec::new(), None);
        let mut fields = Reader::new(message);
        while !fields.is_empty() {
            match fields.field().unwrap() {
                (1, Wire::Bytes(entry)) => {
                    let (key, value) = pair(entry);
                    entries.push((bytes(key), bytes(value)));
                }
                (2, Wire::Bytes(over)) => match pair(over) {
                    (Wire::Varint(requests), Wire::Varint(unit)) => limit = Some((requests, unit)),
                    other => panic!("not a limit: {other:?}"),
                },
                other => panic!("an unknown field: {other:?}"),
            }
        }
        Self { entries, limit }
    }

    /// The value of an entry.
    pub(crate) fn value(&self, key: &str) -> &str {
        let found = self.entries.iter().find(|(k, _)| k == key);
        found.map(|(_, value)| value.as_str()).unwrap()
    }
}

/// The fields 1 and 2 of a message with just these.
fn pair(message: &[u8]) -> (Wire<'_>, Wire<'_>) {
    let mut fields = Reader::new(message);
    let (first, second) = (fields.field().unwrap(), fields.field().unwrap());
    assert!(fields.is_empty());
    assert_eq!((first.0, second.0), (1, 2));
    (first.1, second.1)
}

fn bytes(wire: Wire<'_>) -> String {
    match wire {
        Wire::Bytes(bytes) => text(bytes),
        other => panic!("not a string: {other:?}"),
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}
