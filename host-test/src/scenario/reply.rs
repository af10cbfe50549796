//! What the caller reads: an HTTP response as the MCP messages in it.

use host_test::Response;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

/// A response, taken apart.
#[derive(Debug, Default)]
pub(crate) struct Reply {
    /// The JSON-RPC messages in it: one of a JSON body, any number of an event stream.
    pub(crate) messages: Vec<Message>,
    /// The body as it is shown where it holds no message.
    pub(crate) other: String,
}

/// One JSON-RPC message; the values are compact JSON text.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Message {
    pub(crate) id: Option<String>,
    /// `result` or `error`; other messages are shown whole.
    pub(crate) kind: &'static str,
    pub(crate) json: String,
}

#[derive(Deserialize)]
struct Wire<'a> {
    #[serde(borrow)]
    id: Option<&'a RawValue>,
    #[serde(borrow)]
    result: Option<&'a RawValue>,
    #[serde(borrow)]
    error: Option<&'a RawValue>,
}

/// How much of a body that is no message is shown, in characters.
const SHOWN: usize = 300;

impl Reply {
    /// Takes a response apart.
    pub(crate) fn of(response: &Response) -> Reply {
        let text = response.text();
        let kind = response.header("content-type").unwrap_or_default();
        let messages: Option<Vec<Message>> = if kind.starts_with(b"text/event-stream") {
            events(&text).iter().map(|data| Message::of(data)).collect()
        } else {
            Message::of(&text).map(|message| vec![message])
        };
        let other = text.trim().chars().take(SHOWN).collect();
        Reply {
            messages: messages.unwrap_or_default(),
            other,
        }
    }

    /// What is shown of it, one line a message.
    pub(crate) fn shown(&self) -> Vec<String> {
        if !self.messages.is_empty() {
            return self
                .messages
                .iter()
                .map(|m| format!("{} {}", m.kind, m.json))
                .collect();
        }
        if self.other.is_empty() {
            return Vec::new();
        }
        self.other
            .lines()
            .map(|line| format!("text {line}"))
            .collect()
    }

    /// The words that the agent reads: content texts, error messages, or the bare body.
    pub(crate) fn words(&self) -> String {
        if self.messages.is_empty() {
            return self.other.clone();
        }
        let mut words = Vec::new();
        for value in self.values() {
            let contents = value.get("content").and_then(Value::as_array);
            let texts = contents.into_iter().flatten().filter_map(|c| c.get("text"));
            words.extend(
                texts
                    .chain(value.get("message"))
                    .filter_map(Value::as_str)
                    .map(str::to_owned),
            );
        }
        words.join("\n")
    }

    /// The code of a JSON-RPC error.
    pub(crate) fn error_code(&self) -> Option<i64> {
        let error = self.messages.iter().find(|m| m.kind == "error")?;
        serde_json::from_str::<Value>(&error.json)
            .ok()?
            .get("code")?
            .as_i64()
    }

    /// The seconds after which the denial says to try again.
    pub(crate) fn retry_after(&self) -> Option<u64> {
        self.values().into_iter().find_map(|value| {
            let denial = value
                .pointer("/_meta/toolgate~1denial")
                .or(value.get("data"))?;
            denial.get("retry_after")?.as_u64()
        })
    }

    /// The text at a JSON pointer into the result or the error.
    pub(crate) fn find(&self, pointer: &str) -> Option<String> {
        let found = |value: &Value| Some(value.pointer(pointer)?.as_str()?.to_owned());
        self.values().iter().find_map(found)
    }

    /// The names in a list's reply.
    pub(crate) fn listed(&self, list: &str, name: &str) -> Option<Vec<String>> {
        let values = self.values();
        let items = values.iter().find_map(|v| v.get(list)?.as_array())?;
        Some(
            items
                .iter()
                .map(|item| match item.get(name).and_then(Value::as_str) {
                    Some(name) => name.to_owned(),
                    None => item.to_string(),
                })
                .collect(),
        )
    }

    fn values(&self) -> Vec<Value> {
        let read = |m: &Message| serde_json::from_str(&m.json).ok();
        self.messages.iter().filter_map(read).collect()
    }
}

impl Message {
    fn of(text: &str) -> Option<Message> {
        let wire: Wire<'_> = serde_json::from_str(text).ok()?;
        let (kind, json) = match (wire.result, wire.error) {
            (Some(result), None) => ("result", result.get()),
            (None, Some(error)) => ("error", error.get()),
            _ => ("message", text),
        };
        Some(Message {
            id: wire.id.map(|id| id.get().to_owned()),
            kind,
            json: compact(json),
        })
    }
}

/// The data of the events of a stream, as the HTML standard reads it; only those of the type
/// `message`, which is all that MCP clients read, and only those that the stream finished.
fn events(text: &str) -> Vec<String> {
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let mut events = Vec::new();
    let mut data: Vec<&str> = Vec::new();
    let mut kind = "";
    for line in text.split('\n') {
        if line.is_empty() {
            let event = data.join("\n");
            if !event.is_empty() && matches!(kind, "" | "message") {
                events.push(event);
            }
            data.clear();
            kind = "";
            continue;
        }
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "data" => data.push(value),
            "event" => kind = value,
            _ => {}
        }
    }
    events
}

/// JSON text without the white space between its tokens; everything else stays as it is spelled.
pub(crate) fn compact(json: &str) -> String {
    let mut compacted = String::with_capacity(json.len());
    let (mut in_string, mut escaped) = (false, false);
    for c in json.chars() {
        if in_string {
            in_string = escaped || c != '"';
            escaped = !escaped && c == '\\';
        } else if matches!(c, ' ' | '\n' | '\r' | '\t') {
            continue;
        } else {
            in_string = c == '"';
        }
        compacted.push(c);
    }
    compacted
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(kind: &str, body: &str) -> Reply {
        let response = Response::new(200).with_header("content-type", kind);
        Reply::of(&response.with_body(body))
    }

    #[test]
    fn json_is_compacted_and_nothing_else() {
        assert_eq!(
            compact("{ \"a b\" : [ 1.50 ,\n\t\"\\\" \\\\\" , \" \" ] }"),
            "{\"a b\":[1.50,\"\\\" \\\\\",\" \"]}"
        );
    }

    #[test]
    fn a_denial_is_read_in_both_forms() {
        let result = reply(
            "application/json",
            r#"{"jsonrpc":"2.0","id":3,"result":{"content":[{"type":"text","text":"no"}],"_meta":{"toolgate/denial":{"retry_after":60}}}}"#,
        );
        assert_eq!(
            (result.words().as_str(), result.retry_after()),
            ("no", Some(60))
        );
        assert_eq!(
            result.messages.first().and_then(|m| m.id.as_deref()),
            Some("3")
        );
        let error = reply(
            "application/json",
            r#"{"id":"x","error":{"code":-31429,"message":"no","data":{"retry_after":5}}}"#,
        );
        assert_eq!(
            (error.words().as_str(), error.retry_after()),
            ("no", Some(5))
        );
        assert_eq!(error.error_code(), Some(-31429));
    }

    #[test]
    fn event_streams_are_read_as_clients_do() {
        let stream = ": hello\r\nid: 1\r\ndata:\r\n\r\nevent: message\r\ndata: {\"id\":1,\r\ndata: \"result\":{}}\r\n\r\n\
                      event: other\r\ndata: x\r\n\r\ndata: {\"id\":2,\"result\":{\"cut\"";
        assert_eq!(reply("text/event-stream", stream).shown(), ["result {}"]);
    }

    #[test]
    fn other_bodies_are_shown_as_text() {
        assert_eq!(reply("text/plain", "a\nb").shown(), ["text a", "text b"]);
        assert!(reply("text/plain", "").shown().is_empty());
        assert_eq!(reply("application/json", "not json").words(), "not json");
    }

    #[test]
    fn lists_are_named() {
        let list = reply(
            "application/json",
            r#"{"id":1,"result":{"tools":[{"name":"a"},{"x":1}]}}"#,
        );
        assert_eq!(
            list.listed("tools", "name"),
            Some(vec!["a".to_owned(), "{\"x\":1}".to_owned()])
        );
        assert_eq!(list.listed("prompts", "name"), None);
    }
}
