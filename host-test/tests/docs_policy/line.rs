//! One line of a `jsonl calls` block: a request, and what must come of it.

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::engine::{Engine, Seen, Sent};

/// A line. What is not stated is not compared, but for `outcome` and, of a denial, `rule`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Line {
    /// Seconds that pass before.
    wait: Option<u64>,
    /// A tool's name; with `args`.
    call: Option<String>,
    args: Option<Box<RawValue>>,
    /// Another method; with `params`.
    method: Option<String>,
    params: Option<Box<RawValue>>,
    /// tools/list, and what the upstream answers.
    list: Option<Vec<Value>>,
    /// The body as it is.
    body: Option<String>,
    /// How often it is sent; each time the same must come of it.
    #[serde(default = "once")]
    times: u32,
    bearer: Option<String>,
    #[serde(default)]
    headers: std::collections::BTreeMap<String, String>,
    #[serde(default)]
    claims: std::collections::BTreeMap<String, String>,
    ip: Option<String>,
    san: Option<String>,
    /// How the call fails: `error`, `is_error`, or `unreachable`.
    fails: Option<String>,
    /// The session that the upstream's answer opens.
    opens: Option<String>,

    outcome: Option<String>,
    rule: Option<String>,
    pub(crate) message: Option<String>,
    caller: Option<String>,
    /// The rules that would have denied.
    shadow: Option<Vec<String>>,
    sees: Option<Vec<String>>,
    status: Option<u16>,
    /// The JSON-RPC error code.
    code: Option<i64>,
    retry_after: Option<u64>,
}

fn once() -> u32 {
    1
}

impl Line {
    /// Sends it and compares; what was seen the last time.
    pub(crate) fn run(&self, engine: &mut Engine) -> Result<Seen, String> {
        engine.wait(self.wait.unwrap_or(0));
        let sent = self.sent()?;
        let mut last = Err("`times` is 0".to_owned());
        for time in 1..=self.times {
            let seen = engine.send(&sent);
            self.compare(&seen)
                .map_err(|why| format!("time {time}: {why}\n  record: {}", seen.record))?;
            last = Ok(seen);
        }
        last
    }

    fn sent(&self) -> Result<Sent, String> {
        let raw = |value: &Option<Box<RawValue>>| {
            let value = value.as_ref();
            value.map_or_else(|| "{}".to_owned(), |v| v.get().to_owned())
        };
        let envelope = |method: &str, params: &str| {
            let id = if method.starts_with("notifications/") {
                ""
            } else {
                r#""id":1,"#
            };
            let method = Value::from(method);
            format!(r#"{{"jsonrpc":"2.0",{id}"method":{method},"params":{params}}}"#)
        };
        let tools = Value::from(self.list.clone().unwrap_or_default());
        let mut sent = Sent {
            body: match (&self.call, &self.method, &self.list, &self.body) {
                (Some(tool), None, None, None) => {
                    let (tool, args) = (Value::from(tool.as_str()), raw(&self.args));
                    envelope(
                        "tools/call",
                        &format!(r#"{{"name":{tool},"arguments":{args}}}"#),
                    )
                }
                (None, Some(method), None, None) => envelope(method, &raw(&self.params)),
                (None, None, Some(_), None) => envelope("tools/list", "{}"),
                (None, None, None, Some(body)) => body.clone(),
                _ => return Err("expected one of `call`, `method`, `list`, `body`".to_owned()),
            },
            answer: format!(r#"{{"jsonrpc":"2.0","id":1,"result":{{"tools":{tools}}}}}"#),
            status: 200,
            opens: self.opens.clone(),
            headers: self.headers.clone().into_iter().collect(),
            ..Sent::default()
        };
        if let Some(token) = &self.bearer {
            let value = format!("Bearer {token}");
            sent.headers.push(("authorization".to_owned(), value));
        }
        for (claim, value) in &self.claims {
            sent.claim(claim, value);
        }
        if let Some(ip) = &self.ip {
            sent.fact(&["source", "address"], &format!("{ip}:40000"));
        }
        match self.fails.as_deref() {
            None => {}
            Some("error") => {
                sent.answer = r#"{"jsonrpc":"2.0","id":1,"error":{"code":1,"message":""}}"#.into();
            }
            Some("is_error") => {
                sent.answer =
                    r#"{"jsonrpc":"2.0","id":1,"result":{"content":[],"isError":true}}"#.into();
            }
            Some("unreachable") => {
                sent.status = 503;
                sent.fact(&["response", "code_details"], "no_healthy_upstream");
                let none = sent
                    .facts
                    .entry("upstream\0request_attempt_count".to_owned());
                none.or_insert_with(|| vec![0; 8]);
            }
            Some(other) => return Err(format!("`{other}` is not a failure")),
        }
        if let Some(san) = &self.san {
            sent.fact(&["connection", "uri_san_peer_certificate"], san);
        }
        Ok(sent)
    }

    fn compare(&self, seen: &Seen) -> Result<(), String> {
        let record = |key: &str| seen.record.get(key).and_then(Value::as_str);
        let outcome = self.outcome.as_deref().unwrap_or("allow");
        same("outcome", Some(outcome), record("outcome"))?;
        if outcome == "deny" || self.rule.is_some() {
            same("rule", self.rule.as_deref(), record("rule"))?;
        }
        for (key, wanted) in [("message", &self.message), ("caller", &self.caller)] {
            if wanted.is_some() {
                same(key, wanted.as_deref(), record(key))?;
            }
        }
        if let Some(wanted) = &self.shadow {
            let rules: Vec<&str> = seen.record["shadow"]
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(|denial| denial["rule"].as_str())
                .collect();
            same("shadow", Some(wanted), Some(&owned(&rules)))?;
        }
        if let Some(wanted) = &self.sees {
            let body: Value = serde_json::from_str(seen.body.as_deref().unwrap_or("null")).unwrap();
            let names: Vec<&str> = body["result"]["tools"]
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(|tool| tool["name"].as_str())
                .collect();
            same("sees", Some(wanted), Some(&owned(&names)))?;
        }
        let reply = seen.reply.as_ref();
        let body: Value =
            serde_json::from_str(reply.map_or("null", |r| &r.body)).unwrap_or_default();
        if self.status.is_some() {
            same("status", self.status, reply.map(|r| r.status))?;
        }
        if self.code.is_some() {
            same("code", self.code, body["error"]["code"].as_i64())?;
        }
        if self.retry_after.is_some() {
            let header = reply.and_then(|r| r.headers.iter().find(|(n, _)| *n == "retry-after"));
            let seconds = header.and_then(|(_, value)| value.parse().ok());
            same("retry_after", self.retry_after, seconds)?;
        }
        Ok(())
    }
}

fn owned(names: &[&str]) -> Vec<String> {
    names.iter().map(ToString::to_string).collect()
}

fn same<T: PartialEq + std::fmt::Debug>(
    what: &str,
    wanted: Option<T>,
    found: Option<T>,
) -> Result<(), String> {
    if wanted == found {
        return Ok(());
    }
    Err(format!("{what}: stated {wanted:?}, came {found:?}"))
}
