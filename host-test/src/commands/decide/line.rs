//! What `decide` prints of one request: a promise to scripts.

use std::fmt;

use host_test::Response;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// One line of output. Every member is always there, `null` where there is nothing to say.
#[derive(Debug, Serialize)]
pub(in crate::commands) struct Line {
    outcome: Outcome,
    tool: Option<String>,
    rule: Option<String>,
    message: Option<String>,
    status: Option<u16>,
    reply: Option<Box<RawValue>>,
    /// Who called, where the record says so; not printed.
    #[serde(skip)]
    caller: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Outcome {
    Allow,
    Deny,
    Reject,
}

/// The decision record as far as it is printed.
#[derive(Deserialize)]
struct Record {
    outcome: Outcome,
    tool: Option<String>,
    rule: Option<String>,
    message: Option<String>,
    caller: Option<String>,
}

impl Line {
    /// The tool that was called.
    pub(in crate::commands) fn tool(&self) -> Option<&str> {
        self.tool.as_deref()
    }

    /// The rule that denied.
    pub(in crate::commands) fn rule(&self) -> Option<&str> {
        self.rule.as_deref()
    }

    /// Who called.
    pub(in crate::commands) fn caller(&self) -> Option<&str> {
        self.caller.as_deref()
    }

    /// Whether the request was forwarded.
    pub(in crate::commands) fn is_allowed(&self) -> bool {
        self.outcome == Outcome::Allow
    }
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&serde_json::to_string(self).map_err(|_| fmt::Error)?)
    }
}

/// The line of a decision record and of what the client received.
///
/// # Errors
/// The record is not one.
pub(in crate::commands) fn of_record(
    record: &[u8],
    response: Option<&Response>,
) -> Result<Line, String> {
    let record: Record = serde_json::from_slice(record).map_err(|why| {
        let text = String::from_utf8_lossy(record);
        format!("the decision record `{text}` is not understood: {why}")
    })?;
    // What the upstream said is not the policy's word, and here it is only a stand-in's.
    let response = response.filter(|_| record.outcome != Outcome::Allow);
    Ok(Line {
        outcome: record.outcome,
        tool: record.tool,
        rule: record.rule,
        message: record.message,
        caller: record.caller,
        status: response.map(|response| response.status),
        reply: response.and_then(|response| reply(&response.body())),
    })
}

/// The line of a request that the proxy refused before the module decided.
pub(in crate::commands) fn without_record(response: &Response) -> Line {
    Line {
        outcome: Outcome::Reject,
        tool: None,
        rule: None,
        message: None,
        caller: None,
        status: Some(response.status),
        reply: reply(&response.body()),
    }
}

/// A body as one JSON value on one line: its own text, or a string where it is not JSON.
fn reply(body: &[u8]) -> Option<Box<RawValue>> {
    if body.is_empty() {
        return None;
    }
    let text = String::from_utf8_lossy(body);
    // In JSON these stand only between tokens; a line of output must not hold them.
    let on_one_line = text.replace(['\n', '\r'], " ");
    let parsed: Result<&RawValue, _> = serde_json::from_str(on_one_line.trim());
    match parsed {
        Ok(json) => Some(json.to_owned()),
        Err(_) => serde_json::value::to_raw_value(&text).ok(),
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "test")]
    use super::*;

    #[test]
    fn a_reply_keeps_its_text_and_stays_on_one_line() {
        for (body, printed) in [
            (
                "{\"id\":12345678901234567890123}",
                Some("{\"id\":12345678901234567890123}"),
            ),
            ("{\r\n\"id\": 1.50\n}\n", Some("{  \"id\": 1.50 }")),
            ("too large\nsorry", Some("\"too large\\nsorry\"")),
            ("", None),
        ] {
            let reply = reply(body.as_bytes());
            assert_eq!(reply.as_deref().map(RawValue::get), printed);
        }
    }

    #[test]
    fn every_member_is_always_there() {
        let record = br#"{"v":1,"outcome":"allow","method":"ping","new":[]}"#;
        let response = Response::new(200).with_body("{}");
        assert_eq!(
            of_record(record, Some(&response)).unwrap().to_string(),
            r#"{"outcome":"allow","tool":null,"rule":null,"message":null,"status":null,"reply":null}"#
        );
        assert!(of_record(b"{}", None).is_err());
    }
}
