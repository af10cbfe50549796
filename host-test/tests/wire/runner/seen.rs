//! What came of each request here, as data for the test that compares it with a real Envoy.

use std::collections::BTreeMap;

use host_test::{Exchange, Headers, Response};
use serde_json::{Value, json};

use super::source::lasting;

/// The variable that names a file to write it to: `envoy/tests/test_corpus_parity.py` sets it.
const FILE: &str = "TOOLGATE_WIRE_SEEN";

/// For each way of holding headers, what came of each request by its id.
#[derive(Default)]
pub(crate) struct Collected(BTreeMap<&'static str, BTreeMap<String, Value>>);

impl Collected {
    /// Notes an exchange. Whatever pieces a body came in, the same must come of it.
    pub(crate) fn note(&mut self, hold: bool, id: &str, seen: &Exchange) -> Result<(), String> {
        let way = if hold { "hold" } else { "no-hold" };
        let new = summary(seen);
        let known = self.0.entry(way).or_default();
        match known.get(id) {
            Some(before) if *before != new => {
                Err(format!("`{before}` before, in other pieces `{new}`"))
            }
            Some(_) => Ok(()),
            None => {
                known.insert(id.to_owned(), new);
                Ok(())
            }
        }
    }

    /// Writes it, when that is asked for.
    pub(crate) fn write(&self) {
        if let Some(path) = std::env::var_os(FILE) {
            std::fs::write(path, json!(self.0).to_string()).unwrap();
        }
    }
}

fn summary(seen: &Exchange) -> Value {
    let upstream = seen.upstream.as_ref().filter(|_| seen.upstream_complete);
    let record = seen.filter_state.get("toolgate");
    json!({
        "answer": seen.response.as_ref().map(answer),
        "upstream": upstream.map(|request| json!({
            "line": format!("{} {}", request.method, request.path),
            "headers": lines(&request.headers),
            "body": latin1(&request.body),
        })),
        "record": record.map(Vec::as_slice).map(lasting_record),
    })
}

fn answer(response: &Response) -> Value {
    json!({
        "status": response.status,
        "headers": lines(&response.headers),
        "body": latin1(&response.body()),
    })
}

fn lines(headers: &Headers) -> Vec<String> {
    let line = |(name, value): &(String, Vec<u8>)| format!("{name}: {}", latin1(value));
    headers.iter().map(line).collect()
}

/// One character for each byte, so that nothing is lost.
fn latin1(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| char::from(*byte)).collect()
}

fn lasting_record(record: &[u8]) -> Value {
    let mut record = serde_json::from_slice(record).unwrap();
    lasting::keep(&mut record);
    record
}
