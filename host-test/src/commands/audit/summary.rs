//! Records summed up: by outcome, tool, caller, rule, limit and time.

use std::collections::BTreeMap;
use std::fmt::Write;

use serde_json::json;

use super::line::{Line, Record};
use super::{chart, style};
use crate::commands::Trouble;

type Counts = BTreeMap<String, u64>;

/// What a log says.
#[derive(Debug, Default)]
pub(super) struct Summary {
    lines: u64,
    pub(super) records: u64,
    pub(super) without_record: u64,
    outcomes: Counts,
    denied_tools: Counts,
    denied_callers: Counts,
    rules: Counts,
    causes: Counts,
    limits: Counts,
    shadowed: Counts,
    hidden: u64,
    refunded: u64,
    /// The time of each record, and how many it stands for, allowed and not.
    times: Vec<(String, u64, u64)>,
}

impl Summary {
    /// Adds a line.
    pub(super) fn add(&mut self, line: Line) {
        match line {
            Line::Blank => {}
            Line::WithoutRecord => {
                more(&mut self.lines, 1);
                more(&mut self.without_record, 1);
            }
            Line::Record(record) => {
                more(&mut self.lines, 1);
                self.record(*record);
            }
        }
    }

    fn record(&mut self, record: Record) {
        let stands_for = record.sampled.unwrap_or(1);
        more(&mut self.records, stands_for);
        count(&mut self.outcomes, &record.outcome, stands_for);
        for shadow in &record.shadow {
            count(&mut self.shadowed, &shadow.rule, 1);
        }
        more(&mut self.hidden, record.hidden);
        more(&mut self.refunded, record.refunded);
        let allowed = record.outcome == "allow";
        if !allowed {
            let what = record.tool.as_ref().or(record.method.as_ref());
            if let (Some(what), None) = (what, &record.cause) {
                count(&mut self.denied_tools, what, 1);
            }
            if let Some(who) = record.caller.as_ref().or(record.identity.as_ref()) {
                count(&mut self.denied_callers, who, 1);
            }
            if let Some(rule) = &record.rule {
                count(&mut self.rules, rule, 1);
                let hit = record.limits.iter().filter(|limit| limit.rule == *rule);
                for limit in hit {
                    count(&mut self.limits, &limit.counter, 1);
                }
            }
            if let Some(cause) = &record.cause {
                count(&mut self.causes, cause, 1);
            }
        }
        let (yes, no) = if allowed { (stands_for, 0) } else { (0, 1) };
        self.times.push((record.time, yes, no));
    }

    /// Whether every request has its record.
    pub(super) fn is_complete(&self, requests: Option<u64>) -> bool {
        self.without_record == 0 && requests.is_none_or(|requests| requests == self.records)
    }

    /// For a person.
    pub(super) fn shown(&self, top: usize) -> String {
        let mut out = String::new();
        list(&mut out, "outcomes", &self.outcomes, top);
        list(&mut out, "most denied", &self.denied_tools, top);
        list(&mut out, "denied callers", &self.denied_callers, top);
        list(&mut out, "denying rules", &self.rules, top);
        list(&mut out, "limits hit", &self.limits, top);
        list(&mut out, "rejected because", &self.causes, top);
        list(&mut out, "shadowed rules", &self.shadowed, top);
        for (what, number) in [
            ("entries hidden from lists", self.hidden),
            ("calls refunded", self.refunded),
        ] {
            if number > 0 {
                // Writing to a string cannot fail.
                let _ = writeln!(out, "{number:>8}  {what}");
            }
        }
        out.push_str(&chart::over_time(&self.times));
        out
    }

    /// For a program.
    pub(super) fn to_json(&self, requests: Option<u64>) -> Result<String, Trouble> {
        let times = || self.times.iter().map(|(time, ..)| time);
        serde_json::to_string(&json!({
            "lines": self.lines,
            "records": self.records,
            "without_record": self.without_record,
            "requests": requests,
            "complete": self.is_complete(requests),
            "outcomes": self.outcomes,
            "denied_tools": self.denied_tools,
            "denied_callers": self.denied_callers,
            "rules": self.rules,
            "causes": self.causes,
            "limits": self.limits,
            "shadowed": self.shadowed,
            "hidden": self.hidden,
            "refunded": self.refunded,
            "from": times().min(),
            "to": times().max(),
        }))
        .map_err(|why| format!("cannot print: {why}"))
    }
}

fn more(number: &mut u64, by: u64) {
    *number = number.saturating_add(by);
}

fn count(counts: &mut Counts, name: &str, by: u64) {
    more(counts.entry(name.to_owned()).or_default(), by);
}

/// The largest first; names that are equal in number in their own order.
fn list(out: &mut String, title: &str, counts: &Counts, top: usize) {
    if counts.is_empty() {
        return;
    }
    let _ = writeln!(out, "{}", style::bold(title));
    let mut sorted: Vec<(&String, &u64)> = counts.iter().collect();
    sorted.sort_by_key(|(_, number)| std::cmp::Reverse(**number));
    for (name, number) in sorted.iter().take(top) {
        let _ = writeln!(out, "{number:>8}  {}", printable(name));
    }
    if sorted.len() > top {
        let rest = sorted.len().saturating_sub(top);
        let _ = writeln!(out, "{}", style::dim(&format!("          and {rest} more")));
    }
}

/// Names are the caller's choice: a terminal must not obey them.
fn printable(name: &str) -> String {
    name.chars()
        .map(|c| if c.is_control() { '\u{fffd}' } else { c })
        .collect()
}
