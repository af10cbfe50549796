//! Compares what came of a request with what its step expects.

use serde_json::Value;
use serde_json::value::RawValue;

use super::format::{Outcome, Step};
use super::run::{Answer, Reply, Request};

/// # Errors
/// The first difference.
pub fn check(step: &Step, request: &Request, answer: &Answer) -> Result<(), String> {
    let record: Value =
        serde_json::from_str(&answer.record).map_err(|e| format!("no record: {e}"))?;
    let want = step.outcome.unwrap_or(Outcome::Allow);
    same("outcome", Some(want.word()), word(&record, "outcome"))?;
    same("rule", step.rule.as_deref(), word(&record, "rule"))?;
    if step.message.is_some() {
        same("message", step.message.as_deref(), word(&record, "message"))?;
    }
    if step.caller.is_some() {
        same("caller", step.caller.as_deref(), word(&record, "caller"))?;
    }
    if let Some(tool) = &step.call {
        let cut = tool.chars().count() > 500;
        if !cut {
            same("tool", Some(tool.as_str()), word(&record, "tool"))?;
        }
    }
    let shadow = record.get("shadow").and_then(Value::as_array);
    let shadow: Vec<&str> = shadow
        .into_iter()
        .flatten()
        .filter_map(|s| word(s, "rule"))
        .collect();
    same("shadow", step.shadow.clone(), shadow)?;
    match (&answer.reply, want) {
        (None, Outcome::Allow) => {}
        (Some(reply), Outcome::Deny | Outcome::Reject) => replied(step, request, reply, &record)?,
        (None, _) => return Err("the upstream saw the request".into()),
        (Some(_), _) => return Err("the upstream never saw the request".into()),
    }
    match (&answer.response, &step.learn) {
        (Some(response), Some(_)) => listed(step, response),
        (None, Some(_)) if want == Outcome::Allow => Err("no answer came back".into()),
        _ => Ok(()),
    }
}

fn word<'v>(value: &'v Value, key: &str) -> Option<&'v str> {
    value.get(key).and_then(Value::as_str)
}

fn same<A, B>(what: &str, want: A, got: B) -> Result<(), String>
where
    A: PartialEq<B> + std::fmt::Debug,
    B: std::fmt::Debug,
{
    if want == got {
        Ok(())
    } else {
        Err(format!("`{what}`: expected {want:?}, got {got:?}"))
    }
}

/// The answer made here.
fn replied(step: &Step, request: &Request, reply: &Reply, record: &Value) -> Result<(), String> {
    same("status", step.status.unwrap_or(200), reply.status)?;
    for (name, value) in &step.reply_headers {
        same(name, Some(value.as_str()), header(reply, name))?;
    }
    let wait = step.retry_after.map(|s| s.to_string());
    same(
        "header retry-after",
        wait.as_deref(),
        header(reply, "retry-after"),
    )?;
    if reply.status == 202 {
        return same("body", "", reply.body.as_str());
    }
    let body: Value = serde_json::from_str(&reply.body).map_err(|e| format!("reply: {e}"))?;
    if let Some(expected) = &step.reply {
        same("reply", expected.clone(), body.clone())?;
    }
    let batch = body.is_array();
    if let Some(want) = step.code {
        let code = body.pointer("/error/code").and_then(Value::as_i64);
        same("code", Some(want), code)?;
    } else if step.outcome == Some(Outcome::Deny) && !batch && request.body.is_some() {
        let text = body
            .pointer("/result/content/0/text")
            .and_then(Value::as_str);
        let message = word(record, "message").unwrap_or_default();
        same(
            "what the agent reads",
            Some(format!("[POLICY DENIED] {message}").as_str()),
            text,
        )?;
        let failed = body.pointer("/result/isError").and_then(Value::as_bool);
        same("isError", Some(true), failed)?;
    }
    let data = body
        .pointer("/result/_meta/toolgate~1denial")
        .or_else(|| body.pointer("/error/data"));
    if let Some(data) = data {
        same(
            "rule in the reply",
            word(record, "rule"),
            word(data, "rule"),
        )?;
        let wait = data.get("retry_after").and_then(Value::as_u64);
        same("retry_after in the reply", step.retry_after, wait)?;
    }
    if step.call.is_some() || step.method.is_some() {
        let sent = request.body.as_deref().unwrap_or_default();
        same("id", id(sent), id(reply.body.as_bytes()))?;
    }
    Ok(())
}

fn header<'r>(reply: &'r Reply, name: &str) -> Option<&'r str> {
    let found = reply
        .headers
        .iter()
        .find(|(n, _)| n.eq_ignore_ascii_case(name));
    found.map(|(_, value)| value.as_str())
}

/// The id exactly as spelled.
fn id(message: &[u8]) -> Option<String> {
    let members: std::collections::BTreeMap<String, Box<RawValue>> =
        serde_json::from_slice(message).ok()?;
    members.get("id").map(|id| id.get().to_owned())
}

/// What the client read of a list.
fn listed(step: &Step, response: &Reply) -> Result<(), String> {
    if step.outcome == Some(Outcome::Allow) || step.outcome.is_none() {
        same("status", step.status.unwrap_or(200), response.status)?;
    }
    let text = response
        .body
        .strip_prefix("event: message\ndata: ")
        .unwrap_or(&response.body);
    let message: Value = serde_json::from_str(text.trim()).map_err(|e| format!("list: {e}"))?;
    if let Some(answer) = &step.answer {
        same("answer", answer.clone(), message.clone())?;
    }
    if let Some(want) = step.code {
        let code = message.pointer("/error/code").and_then(Value::as_i64);
        same("code", Some(want), code)?;
    }
    if let Some(sees) = &step.sees {
        let result = message.get("result");
        let key = ["tools", "prompts", "resources"]
            .into_iter()
            .find_map(|key| result?.get(key)?.as_array());
        let names: Option<Vec<&str>> = key.map(|list| {
            let name = |entry| word(entry, "uri").or_else(|| word(entry, "name"));
            list.iter().filter_map(name).collect()
        });
        match names {
            Some(names) => same("sees", sees.clone(), names)?,
            None => return Err("the answer lists nothing".into()),
        }
    }
    Ok(())
}
