//! What `serve` shows on the terminal: a line a decision.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use host_test::Exchange;
use jiff::Timestamp;
use serde_json::Value;

use crate::commands::document::printable;
use crate::commands::style;

/// What was decided so far.
#[derive(Default)]
pub(super) struct Count {
    allowed: AtomicU64,
    denied: AtomicU64,
    other: AtomicU64,
}

impl Count {
    fn add(&self, record: Option<&Value>) {
        let member = |name: &str| record.and_then(|record| record.get(name)?.as_str());
        let counter = match (member("tool"), member("outcome")) {
            (Some(_), Some("allow")) => &self.allowed,
            (Some(_), Some(_)) => &self.denied,
            _ => &self.other,
        };
        counter.fetch_add(1, Ordering::Relaxed);
    }

    /// The last line of a run.
    pub(super) fn say_end(&self) {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        say_good(&format!(
            "ended: {} tool calls allowed, {} denied; {} other requests",
            read(&self.allowed),
            read(&self.denied),
            read(&self.other)
        ));
    }
}

/// One exchange that ended: what was decided, and what a proxy does not forgive.
pub(super) fn exchange(seen: &Exchange, request: &str, took: Duration, count: &Count) {
    let record = seen.filter_state.get("toolgate");
    let record = record.and_then(|record| serde_json::from_slice::<Value>(record).ok());
    count.add(record.as_ref());
    let line = match &record {
        Some(record) => decision(record, took),
        None => format!("{:<7} {request}", "none"),
    };
    anstream::println!("{} {line}", style::dim(&now()));
    if let Some(trap) = &seen.trapped {
        say_bad(&trap.to_string());
    }
    for problem in &seen.problems {
        say_bad(&problem.to_string());
    }
}

fn decision(record: &Value, took: Duration) -> String {
    let member = |name: &str| record.get(name).and_then(Value::as_str).map(printable);
    let outcome = member("outcome").unwrap_or_default();
    let padded = format!("{outcome:<7}");
    let mut line = match outcome.as_str() {
        "allow" => style::good(&padded),
        _ => style::bad(&padded),
    };
    let what = member("tool").or_else(|| member("method"));
    line.push_str(&format!(" {:<24}", what.unwrap_or_default()));
    if let Some(caller) = member("caller") {
        line.push_str(&format!(" as {caller}"));
    }
    if let Some(rule) = member("rule") {
        line.push_str(&format!(" by {rule}"));
    }
    if let Some(message) = member("message") {
        line.push_str(&format!(": {message}"));
    }
    let shadow = record.get("shadow").and_then(Value::as_array);
    for denial in shadow.into_iter().flatten() {
        let rule = denial.get("rule").unwrap_or(denial).as_str();
        let rule = printable(rule.unwrap_or_default());
        line.push_str(&style::warning(&format!(" (shadow: {rule} would deny)")));
    }
    line.push_str(&style::dim(&format!(" {} ms", took.as_millis())));
    line
}

/// A line about the proxy itself.
pub(super) fn say_good(words: &str) {
    anstream::println!("{} {}", style::dim(&now()), style::good(words));
}

/// A line about what went wrong.
pub(super) fn say_bad(words: &str) {
    anstream::println!("{} {}", style::dim(&now()), style::bad(words));
}

fn now() -> String {
    Timestamp::now().strftime("%H:%M:%S").to_string()
}
