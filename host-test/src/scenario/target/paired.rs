//! The module here and a proxy there, side by side: whatever differs between them is a fault.

use std::collections::BTreeSet;

use host_test::{Headers, Request, Response};
use serde_json::Value;

use super::in_process::InProcess;
use super::via::Via;
use super::{Seen, Target, lasting};
use crate::scenario::time::Seconds;

/// Headers that a proxy adds or that frame the body, on either side.
const OF_THE_PROXY: [&str; 13] = [
    "connection",
    "content-length",
    "date",
    "host",
    "server",
    "transfer-encoding",
    "x-envoy-expected-rq-timeout-ms",
    "x-envoy-external-address",
    "x-envoy-internal",
    "x-envoy-upstream-service-time",
    "x-forwarded-for",
    "x-forwarded-proto",
    "x-request-id",
];

/// Both at once.
pub(crate) struct Paired {
    here: InProcess,
    there: Via,
}

impl Paired {
    pub(crate) fn new(here: InProcess, there: Via) -> Paired {
        Paired { here, there }
    }
}

impl Target for Paired {
    fn set_clock(&mut self, to: Seconds) -> Result<(), String> {
        self.here.set_clock(to)?;
        self.there.set_clock(to)
    }

    fn send(&mut self, request: &Request) -> Result<Seen, String> {
        let here = self.here.send(request)?;
        let mut there = self.there.send(request)?;
        let faults = differences(&here, &there);
        there
            .faults
            .extend(here.faults.iter().cloned().chain(faults));
        there.logs.extend(here.logs);
        Ok(there)
    }

    fn ask_operators(&mut self, request: &Request) -> Result<Seen, String> {
        let here = self.here.ask_operators(request)?;
        let mut there = self.there.ask_operators(request)?;
        let faults = differences(&here, &there);
        there.faults.extend(here.faults.into_iter().chain(faults));
        there.logs.extend(here.logs);
        Ok(there)
    }

    fn exact_clock(&self) -> bool {
        self.there.exact_clock()
    }
}

/// What is not the same, in words.
fn differences(here: &Seen, there: &Seen) -> Vec<String> {
    let mut faults = Vec::new();
    let mut compare = |what: &str, here: String, there: String| {
        if here != there {
            faults.push(format!(
                "{what} differs: `{here}` in host-test, `{there}` in the proxy"
            ));
        }
    };
    match (&here.response, &there.response) {
        (Some(here), Some(there)) => of_response(here, there, &mut compare),
        (here, there) => compare(
            "the response",
            if here.is_some() { "whole" } else { "none" }.to_owned(),
            if there.is_some() { "whole" } else { "none" }.to_owned(),
        ),
    }
    let count = |seen: &Seen| seen.upstream.len().to_string();
    compare("how often the upstream saw it", count(here), count(there));
    for (here, there) in here.upstream.iter().zip(&there.upstream) {
        let line = |request: &Request| format!("{} {}", request.method, request.path);
        compare("the upstream's request line", line(here), line(there));
        compare(
            "the upstream's headers",
            shown(&here.headers),
            shown(&there.headers),
        );
        compare("the upstream's body", text(&here.body), text(&there.body));
    }
    compare("the decision record", record(here), record(there));
    faults
}

fn of_response(here: &Response, there: &Response, compare: &mut impl FnMut(&str, String, String)) {
    compare(
        "the status",
        here.status.to_string(),
        there.status.to_string(),
    );
    compare(
        "the response's headers",
        shown(&here.headers),
        shown(&there.headers),
    );
    compare(
        "the response's body",
        text(&here.body()),
        text(&there.body()),
    );
}

/// The headers that are not the proxy's own, in order of their names.
fn shown(headers: &Headers) -> String {
    let own = headers
        .iter()
        .filter(|(name, _)| !OF_THE_PROXY.contains(&name.as_str()));
    let lines: BTreeSet<String> = own
        .map(|(name, value)| format!("{name}: {}", text(value)))
        .collect();
    lines.into_iter().collect::<Vec<_>>().join("; ")
}

/// Bytes so that different ones are shown differently.
fn text(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => bytes.escape_ascii().to_string(),
    }
}

/// A record without what is never the same twice.
fn record(seen: &Seen) -> String {
    let record = seen.record.as_deref().unwrap_or("none");
    let Ok(mut value) = serde_json::from_str::<Value>(record) else {
        return record.to_owned();
    };
    lasting::keep(&mut value);
    value.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(status: u16, body: &str, record: &str) -> Seen {
        Seen {
            response: Some(
                Response::new(status)
                    .with_header("x-a", "b")
                    .with_body(body),
            ),
            upstream: vec![Request::post("/mcp", body)],
            record: Some(record.to_owned()),
            ..Seen::default()
        }
    }

    #[test]
    fn what_a_proxy_adds_is_no_difference_and_all_else_is() {
        let here = seen(
            200,
            "a",
            r#"{"outcome":"allow","time":"1","arguments":{"digest":"x"}}"#,
        );
        let mut there = seen(
            200,
            "a",
            r#"{"outcome":"allow","time":"2","arguments":{"digest":"y"}}"#,
        );
        if let Some(response) = &mut there.response {
            response
                .headers
                .push(("server".to_owned(), b"envoy".to_vec()));
        }
        assert_eq!(differences(&here, &there), [""; 0]);
        for (other, what) in [
            (seen(403, "a", "{}"), "the status"),
            (seen(200, "b", "{}"), "the response's body"),
            (seen(200, "b", "{}"), "the upstream's body"),
            (
                seen(200, "a", r#"{"outcome":"deny"}"#),
                "the decision record",
            ),
            (Seen::default(), "how often the upstream saw it"),
        ] {
            let found = differences(&here, &other);
            assert!(
                found.iter().any(|fault| fault.starts_with(what)),
                "{found:?}"
            );
        }
    }
}
