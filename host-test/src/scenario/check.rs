//! Compares what came of a request with what the step expects, and with what must always hold.

#[cfg(test)]
mod tests;

use host_test::Request;
use serde_json::Value;

use super::client::Outgoing;
use super::model::UpstreamSaw;
use super::read::{Expectation, ListKind, Outcome, Sent, What};
use super::reply::Reply;
use super::target::Seen;

/// One thing that is not as it must be.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Mismatch {
    /// What is compared: a key of the step, or a thing that must always hold.
    pub(crate) what: &'static str,
    pub(crate) expected: String,
    pub(crate) got: String,
}

/// What came of a request, as far as it is compared and told.
#[derive(Debug, Default)]
pub(crate) struct Came {
    pub(crate) outcome: Option<Outcome>,
    pub(crate) rule: Option<String>,
    pub(crate) message: Option<String>,
    pub(crate) status: Option<u16>,
    /// Headers that tell the caller something: names and values.
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) reply: Reply,
    /// The names in a list's reply.
    pub(crate) listed: Option<Vec<String>>,
    pub(crate) reached_upstream: bool,
    /// The rules that denied, shadowed ones included.
    pub(crate) fired: Vec<String>,
    /// The name of the caller's policy, where the record has it.
    pub(crate) policy: Option<String>,
    /// The decision record, where it is JSON.
    pub(crate) record: Option<Value>,
}

/// The headers that a caller of MCP acts on.
const HEADERS: [&str; 7] = [
    "content-type",
    "retry-after",
    "ratelimit",
    "ratelimit-policy",
    "www-authenticate",
    "allow",
    "mcp-session-id",
];

/// What came, and whatever of it is not as it must be.
pub(crate) fn check(
    sent: &Sent,
    outgoing: &Outgoing,
    seen: &Seen,
    exact_clock: bool,
) -> (Vec<Mismatch>, Came) {
    let came = came(sent, seen);
    let mut checks = Checks(Vec::new());
    checks.always(sent, outgoing, seen, &came);
    checks.expected(&sent.expect, &came, exact_clock);
    if let Some(saw) = &sent.expect.upstream_saw {
        checks.upstream(saw, &seen.upstream);
    }
    (checks.0, came)
}

fn came(sent: &Sent, seen: &Seen) -> Came {
    let record = seen
        .record
        .as_deref()
        .and_then(|r| serde_json::from_str::<Value>(r).ok());
    let member = |name: &str| Some(record.as_ref()?.get(name)?.as_str()?.to_owned());
    let reply = seen.response.as_ref().map(Reply::of).unwrap_or_default();
    let shadow = record.as_ref().and_then(|r| r.get("shadow")?.as_array());
    let shadowed = shadow.into_iter().flatten().filter_map(|denial| {
        let rule = denial.get("rule").unwrap_or(denial);
        Some(rule.as_str()?.to_owned())
    });
    Came {
        fired: member("rule").into_iter().chain(shadowed).collect(),
        policy: member("policy"),
        outcome: member("outcome").as_deref().and_then(Outcome::from_name),
        rule: member("rule"),
        message: member("message"),
        status: seen.response.as_ref().map(|r| r.status),
        headers: HEADERS
            .into_iter()
            .filter_map(|name| {
                let value = seen.response.as_ref()?.header(name)?;
                Some((name, String::from_utf8_lossy(value).into_owned()))
            })
            .collect(),
        listed: match sent.what {
            What::List(kind) => listed(&reply, kind),
            _ => None,
        },
        reply,
        reached_upstream: !seen.upstream.is_empty(),
        record,
    }
}

fn listed(reply: &Reply, kind: ListKind) -> Option<Vec<String>> {
    reply.listed(kind.name(), kind.item_name())
}

struct Checks(Vec<Mismatch>);

impl Checks {
    fn add(&mut self, what: &'static str, expected: impl Into<String>, got: impl Into<String>) {
        self.0.push(Mismatch {
            what,
            expected: expected.into(),
            got: got.into(),
        });
    }

    /// What must hold of every request, whatever the step says.
    fn always(&mut self, sent: &Sent, outgoing: &Outgoing, seen: &Seen, came: &Came) {
        // What operators ask is answered without a decision.
        let asks_operators = matches!(sent.what, What::Operator { .. });
        for fault in &seen.faults {
            self.add("filter", "no fault", fault);
        }
        if seen.response.is_none() {
            self.add("reply", "a whole response", "none");
        }
        if came.outcome.is_none() && !asks_operators {
            let got = seen.record.as_deref().unwrap_or("none");
            self.add(
                "record",
                "a record with `outcome` allow, deny or reject",
                got,
            );
        }
        match (came.outcome, seen.upstream.as_slice()) {
            (Some(Outcome::Allow), [only]) => self.untouched(&outgoing.http, only),
            (Some(Outcome::Allow), all) => {
                self.add(
                    "upstream",
                    "sees the request once",
                    format!("{} times", all.len()),
                );
            }
            (_, []) | (None, _) => {}
            (Some(_), [first, ..]) => {
                let body = String::from_utf8_lossy(&first.body);
                self.add("upstream", "sees nothing", format!("saw {body}"));
            }
        }
        if let (Some(id), Some(200)) = (outgoing.id, came.status) {
            for message in &came.reply.messages {
                let got = message.id.clone().unwrap_or_else(|| "none".to_owned());
                if got != id.to_string() {
                    self.add("id", id.to_string(), got);
                }
            }
        }
    }

    /// An allowed request reaches the upstream as it was sent.
    fn untouched(&mut self, sent: &Request, arrived: &Request) {
        for (what, sent, arrived) in [
            (
                "upstream's method",
                sent.method.as_bytes(),
                arrived.method.as_bytes(),
            ),
            (
                "upstream's path",
                sent.path.as_bytes(),
                arrived.path.as_bytes(),
            ),
            ("upstream's body", &sent.body, &arrived.body),
        ] {
            if sent != arrived {
                let text = |bytes| String::from_utf8_lossy(bytes);
                self.add(what, text(sent), text(arrived));
            }
        }
    }

    fn expected(&mut self, expect: &Expectation, came: &Came, exact_clock: bool) {
        self.equal("outcome", expect.outcome.as_ref(), came.outcome.as_ref());
        self.equal("rule", expect.rule.as_ref(), came.rule.as_ref());
        self.equal("message", expect.message.as_ref(), came.message.as_ref());
        self.equal("status", expect.status.as_ref(), came.status.as_ref());
        self.equal(
            "error",
            expect.error.as_ref(),
            came.reply.error_code().as_ref(),
        );
        if let Some(seconds) = expect.retry_after {
            let body = came.reply.retry_after();
            let header = came.headers.iter().find(|(name, _)| *name == "retry-after");
            let header = header.and_then(|(_, value)| value.parse().ok());
            self.wait("retry_after in the reply", seconds, body, exact_clock);
            self.wait("retry-after header", seconds, header, exact_clock);
        }
        // A hidden tool is hidden: its message stands in the record only.
        let hidden = came.rule.as_deref() == Some("(hidden)");
        if let Some(message) = expect.message.as_ref().filter(|_| !hidden) {
            let words = came.reply.words();
            if !words.contains(message) {
                self.add("reads", message, words);
            }
        }
        if let Some(part) = &expect.reads {
            let words = came.reply.words();
            let whole = came.reply.shown().join("\n");
            if !words.contains(part) && !whole.contains(part) {
                self.add("reads", part, words);
            }
        }
        for (counter, expected) in &expect.remaining {
            let limits = came
                .record
                .as_ref()
                .and_then(|r| r.get("limits")?.as_array());
            let limits = limits.into_iter().flatten();
            let counted: Vec<(&str, Option<u64>)> = limits
                .filter_map(|limit| {
                    let remaining = limit.get("remaining").and_then(Value::as_u64);
                    Some((limit.get("counter")?.as_str()?, remaining))
                })
                .collect();
            let got = counted.iter().find(|(name, _)| name == counter);
            let got = got.and_then(|(_, remaining)| *remaining);
            let show = |n: Option<u64>| match n {
                Some(n) => format!("{counter}: {n}"),
                None if counted.is_empty() => format!("{counter}: not counted, nor is anything"),
                None => {
                    let names: Vec<&str> = counted.iter().map(|(name, _)| *name).collect();
                    format!("{counter}: not counted; counted: {}", names.join(", "))
                }
            };
            if got != Some(*expected) {
                self.add("remaining", show(Some(*expected)), show(got));
            }
        }
        for (member, expected) in &expect.record {
            let got = came.record.as_ref().and_then(|record| record.get(member));
            if got != Some(expected) {
                let got = got.map_or_else(|| "none".to_owned(), Value::to_string);
                self.add(
                    "record",
                    format!("{member}: {expected}"),
                    format!("{member}: {got}"),
                );
            }
        }
        if let Some(names) = &expect.sees {
            let got = match &came.listed {
                Some(names) => names.join(", "),
                None => "no list".to_owned(),
            };
            if came.listed.as_ref() != Some(names) {
                self.add("sees", names.join(", "), got);
            }
        }
    }

    /// What the upstream received, as the step wants it.
    fn upstream(&mut self, expect: &UpstreamSaw, seen: &[Request]) {
        if let Some(times) = expect.times.filter(|times| *times != seen.len()) {
            let count = |n: usize| format!("{n} requests");
            self.add("upstream_saw", count(times), count(seen.len()));
        }
        let Some(request) = seen.first() else {
            if expect.body.is_some() || !expect.headers.is_empty() {
                self.add("upstream_saw", "a request", "nothing");
            }
            return;
        };
        let body = String::from_utf8_lossy(&request.body);
        if let Some(part) = expect.body.as_ref().filter(|part| !body.contains(*part)) {
            self.add("upstream_saw body", part, body);
        }
        for (name, value) in &expect.headers {
            let got = request.header(name).map(String::from_utf8_lossy);
            if got.as_deref() != value.as_deref() {
                let show = |v: Option<&str>| format!("{name}: {}", v.unwrap_or("(none)"));
                let (value, got) = (show(value.as_deref()), show(got.as_deref()));
                self.add("upstream_saw header", value, got);
            }
        }
    }

    /// A waiting time. On a clock that runs it may have become shorter.
    fn wait(&mut self, what: &'static str, seconds: u64, got: Option<u64>, exact_clock: bool) {
        let holds = match got {
            Some(got) if exact_clock => got == seconds,
            Some(got) => (1..=seconds).contains(&got),
            None => false,
        };
        if !holds {
            let got = got.map_or_else(|| "none".to_owned(), |got| got.to_string());
            self.add(what, seconds.to_string(), got);
        }
    }

    fn equal<T: PartialEq + ToString>(
        &mut self,
        what: &'static str,
        expected: Option<&T>,
        got: Option<&T>,
    ) {
        if let Some(expected) = expected.filter(|e| Some(*e) != got) {
            let got = got.map_or_else(|| "none".to_owned(), T::to_string);
            self.add(what, expected.to_string(), got);
        }
    }
}
