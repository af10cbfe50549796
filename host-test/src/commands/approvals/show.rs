//! Requests as a person reads them. Agents wrote most of what they say, so nothing in it may move
//! the cursor, hide or reorder text.

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::value::RawValue;
use toolgate_engine::approval::plain;

use super::Trouble;
use crate::commands::style;

#[derive(Deserialize)]
struct All {
    approvals: Vec<One>,
}

#[derive(Deserialize)]
struct One {
    id: String,
    state: String,
    asked: i64,
    ends: i64,
    by: Option<String>,
    caller: Option<String>,
    server: Option<String>,
    tool: Option<String>,
    rule: Option<String>,
    message: Option<String>,
    arguments: Option<Box<RawValue>>,
    #[serde(default)]
    arguments_too_long: bool,
    input_responses: Option<Box<RawValue>>,
    #[serde(default)]
    input_responses_too_long: bool,
    asks: Option<String>,
}

#[derive(Deserialize)]
struct Problem {
    error: String,
}

pub(super) fn list(body: &str) -> Result<String, Trouble> {
    let all: All = read(body)?;
    if all.approvals.is_empty() {
        return Ok("nothing waits".to_owned());
    }
    let lines = all.approvals.iter().map(One::line);
    Ok(lines.collect::<Vec<_>>().join("\n"))
}

pub(super) fn one(body: &str) -> Result<String, Trouble> {
    let one: One = read(body)?;
    let mut lines = vec![one.line()];
    let mut row = |name: &str, value: Option<String>| {
        lines.extend(value.map(|value| format!("  {} {value}", style::dim(&format!("{name:<9}")))));
    };
    row("server", one.server.as_deref().map(plain));
    row("rule", one.rule.as_deref().map(plain));
    row("why", one.message.as_deref().map(plain));
    row("asks", one.asks.as_deref().map(plain));
    row("asked", Some(time(one.asked)));
    row("ends", Some(time(one.ends)));
    for (name, value, too_long) in [
        ("arguments", one.arguments, one.arguments_too_long),
        ("answers", one.input_responses, one.input_responses_too_long),
    ] {
        row(name, value.map(|value| plain(value.get())));
        row(name, too_long.then(|| "too long to be kept".to_owned()));
    }
    Ok(lines.join("\n"))
}

pub(super) fn short(body: &str) -> Result<String, Trouble> {
    let one: One = read(body)?;
    Ok(one.line())
}

/// What the listener says is wrong.
pub(super) fn problem(body: &str) -> String {
    read::<Problem>(body).map_or_else(|_| plain(body), |problem| plain(&problem.error))
}

impl One {
    fn line(&self) -> String {
        let unknown = || "?".to_owned();
        let tool = self.tool.as_deref().map_or_else(unknown, plain);
        let caller = self.caller.as_deref().map_or_else(unknown, plain);
        let state = match self.state.as_str() {
            "pending" => style::warning("pending"),
            "approved" => style::good("approved"),
            other => style::dim(&plain(other)),
        };
        let by = self.by.as_deref().map(|by| format!(" by {}", plain(by)));
        format!(
            "{}  {state}{}  {tool}  for {caller}",
            plain(&self.id),
            by.unwrap_or_default()
        )
    }
}

pub(super) fn read<'a, T: Deserialize<'a>>(body: &'a str) -> Result<T, Trouble> {
    serde_json::from_str(body).map_err(|why| {
        format!("this is not an operators' listener: its answer is not understood ({why})")
    })
}

fn time(seconds: i64) -> String {
    Timestamp::from_second(seconds).map_or_else(|_| seconds.to_string(), |time| time.to_string())
}
