//! One line of a log: a record, however it is wrapped, or a request without one.

use serde::Deserialize;
use serde_json::Value;

/// What one line says.
#[derive(Debug)]
pub(super) enum Line {
    /// Nothing at all.
    Blank,
    /// A request that left no record.
    WithoutRecord,
    /// A decision.
    Record(Box<Record>),
}

/// The members of a record that are summed up (`docs/audit.schema.json`).
#[derive(Debug, Deserialize)]
pub(super) struct Record {
    v: u64,
    pub(super) time: String,
    pub(super) outcome: String,
    #[serde(default)]
    pub(super) sampled: Option<u64>,
    #[serde(default)]
    pub(super) identity: Option<String>,
    #[serde(default)]
    pub(super) caller: Option<String>,
    #[serde(default)]
    pub(super) method: Option<String>,
    #[serde(default)]
    pub(super) tool: Option<String>,
    #[serde(default)]
    pub(super) rule: Option<String>,
    #[serde(default)]
    pub(super) cause: Option<String>,
    #[serde(default)]
    pub(super) limits: Vec<Limit>,
    #[serde(default)]
    pub(super) shadow: Vec<Shadow>,
    #[serde(default)]
    pub(super) hidden: u64,
    #[serde(default)]
    pub(super) refunded: u64,
}

#[derive(Debug, Deserialize)]
pub(super) struct Limit {
    pub(super) rule: String,
    pub(super) counter: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct Shadow {
    pub(super) rule: String,
}

/// What precedes a record in a line of the proxy's log.
const MARK: &str = "toolgate: audit ";

impl Line {
    /// Reads a line.
    pub(super) fn read(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if text.is_empty() {
            return Ok(Line::Blank);
        }
        if let Some((_, rest)) = text.split_once(MARK) {
            // Hosts add words of their own after it.
            let first = serde_json::Deserializer::from_str(rest).into_iter().next();
            return match first {
                Some(Ok(value)) => record(value),
                _ => Err("the record after `toolgate: audit` is not JSON".to_owned()),
            };
        }
        match serde_json::from_str(text) {
            Ok(Value::Object(members)) => match members.get("toolgate") {
                Some(Value::String(inner)) => {
                    serde_json::from_str(inner).map_or(Ok(Line::WithoutRecord), record)
                }
                Some(Value::Null) => Ok(Line::WithoutRecord),
                Some(inner) => record(inner.clone()),
                None => record(Value::Object(members)),
            },
            _ => Ok(Line::WithoutRecord),
        }
    }
}

fn record(value: Value) -> Result<Line, String> {
    let record: Record = serde_json::from_value(value)
        .map_err(|why| format!("this is not a decision record: {why}"))?;
    match record.v {
        1 => Ok(Line::Record(Box::new(record))),
        v => Err(format!(
            "version {v} of the decision record is not known here"
        )),
    }
}
