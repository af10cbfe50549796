//! Multi round-trip requests (MCP 2026-07-28, "MRTR"): a question instead of a result, and the same
//! request again with the answer.

use super::agree::Era;
use super::answer::Id;
use super::message::Message;
use crate::json::{Kind, Value, parse, push_json_string};

/// What a client may say to a question: the `action` of an `ElicitResult`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Yes.
    Accept,
    /// No.
    Decline,
    /// Neither: the question was closed.
    Cancel,
}

/// What a request says of the round trips before it, and of those that may follow.
///
/// Reads the message only when it is asked.
#[derive(Clone, Copy, Debug, Default)]
pub struct RoundTrip<'a> {
    params: Option<Value<'a>>,
    stateless: bool,
}

const STATE: &str = "requestState";
const RESPONSES: &str = "inputResponses";
const CAPABILITIES: &str = "io.modelcontextprotocol/clientCapabilities";

impl<'a> RoundTrip<'a> {
    /// That of a message.
    pub fn of(message: &Message<'a>, era: Era) -> Self {
        Self {
            params: message.params.object,
            stateless: era == Era::Stateless && !message.params.task,
        }
    }

    /// That of params kept from an earlier request, as [`kept`](Self::kept) gives them.
    pub fn of_kept(params: Value<'a>) -> Self {
        Self {
            params: Some(params),
            stateless: true,
        }
    }

    fn param(&self, name: &str) -> Option<Value<'a>> {
        self.params?.get(name)
    }

    /// `requestState`, whatever it is.
    pub fn state(&self) -> Option<Value<'a>> {
        self.param(STATE)
    }

    /// `inputResponses`, whatever it is.
    pub fn responses(&self) -> Option<Value<'a>> {
        self.param(RESPONSES)
    }

    /// Whether its params have a member that no version of the protocol gives a tools/call: a lenient
    /// server may read `input_responses` or `request_state` all the same.
    pub fn says_more(&self) -> bool {
        let known = ["name", "arguments", "_meta", "task", STATE, RESPONSES];
        let unknown = |params: Value<'_>| {
            let mut keys = params.members().map(|(key, _)| key);
            keys.any(|key| !known.iter().any(|name| key.equals(name)))
        };
        self.params.is_some_and(unknown)
    }

    /// Whether it carries anything of an earlier round.
    pub fn continues(&self) -> bool {
        self.state().is_some() || self.responses().is_some()
    }

    /// Whether a question may be the answer to it.
    pub fn may_be_asked(&self) -> bool {
        self.stateless
    }

    /// Whether its client shows forms to its user: no other may be asked. A client that declares no
    /// mode has that one ("Elicitation", capabilities).
    pub fn can_elicit(&self) -> bool {
        let declared = || {
            let meta = self.param("_meta")?;
            let elicitation = meta.get(CAPABILITIES)?.get("elicitation")?;
            let object = |value: Value<'_>| value.kind() == Kind::Object;
            let form = elicitation.get("form").map(object);
            Some(object(elicitation) && form.unwrap_or(elicitation.get("url").is_none()))
        };
        self.stateless && declared() == Some(true)
    }

    /// What the user did with the question called `key`; `None` where that is not said.
    pub fn action(&self, key: &str) -> Option<Action> {
        let action = self.responses()?.get(key)?.get("action")?;
        match &*action.as_str()? {
            "accept" => Some(Action::Accept),
            "decline" => Some(Action::Decline),
            "cancel" => Some(Action::Cancel),
            _ => None,
        }
    }

    /// What it carries of an earlier round, to be kept while another question comes between: members
    /// of an object, as spelled. Empty when nothing.
    pub fn kept(&self) -> String {
        let mut out = String::new();
        for name in [STATE, RESPONSES] {
            if let Some(value) = self.param(name) {
                if !out.is_empty() {
                    out.push(',');
                }
                out.push_str(&format!("\"{name}\":{}", value.text()));
            }
        }
        out
    }

    /// The body with `kept` in the place of its `requestState`, and without its `inputResponses`.
    ///
    /// It has the same length, so that nothing that was said of it in headers becomes wrong: what is
    /// gone is white space. `None` where there is no state or it is shorter than `kept`.
    pub fn put_back(&self, body: &[u8], kept: &str) -> Option<Vec<u8>> {
        let mut out = body.to_vec();
        let place = |part: &str| part.as_ptr().addr().checked_sub(body.as_ptr().addr());
        let span = |name: &str| {
            let (key, value) = self.params?.members().find(|(key, _)| key.equals(name))?;
            let start = place(key.raw())?.checked_sub(1)?;
            let end = place(value.text())?.checked_add(value.text().len())?;
            Some((start, end))
        };
        let (start, end) = span(STATE)?;
        let member = out.get_mut(start..end)?;
        member.fill(b' ');
        member
            .get_mut(..kept.len())?
            .copy_from_slice(kept.as_bytes());
        if kept.is_empty() {
            close_gap(&mut out, start, end)?;
        }
        if let Some((start, end)) = span(RESPONSES) {
            out.get_mut(start..end)?.fill(b' ');
            close_gap(&mut out, start, end)?;
        }
        Some(out)
    }
}

/// Blanks the comma after or before a member that is gone.
fn close_gap(text: &mut [u8], start: usize, end: usize) -> Option<()> {
    let (before, rest) = text.split_at_mut_checked(start)?;
    let after = rest.get_mut(end.checked_sub(start)?..)?;
    let blank = |byte: &&mut u8| matches!(**byte, b' ' | b'\t' | b'\r' | b'\n');
    let next = after.iter_mut().find(|byte| !blank(byte));
    let last = before.iter_mut().rev().find(|byte| !blank(byte));
    if let Some(comma) = [next, last].into_iter().flatten().find(|b| **b == b',') {
        *comma = b' ';
    }
    Some(())
}

/// The result that asks the client's user to accept or decline, under `key`; `id` is a JSON text.
pub fn ask_user(id: &str, key: &str, message: &str, state: &str) -> String {
    let mut out = format!(
        "{{\"jsonrpc\":\"2.0\",\"id\":{id},\"result\":{{\"resultType\":\"input_required\",\"inputRequests\":{{\"{key}\":{{\"method\":\"elicitation/create\",\"params\":{{\"mode\":\"form\",\"message\":"
    );
    push_json_string(&mut out, message);
    out.push_str(
        ",\"requestedSchema\":{\"type\":\"object\",\"properties\":{}}}}},\"requestState\":",
    );
    push_json_string(&mut out, state);
    out.push_str("}}");
    out
}

/// The response in a text: whose it is, and where it is a question, the `requestState` that comes
/// back with the answer to it. `None` where the text is no response.
pub fn read_question(text: &[u8]) -> Option<(Id, Question<'_>)> {
    let message = parse(text).ok()?;
    let id = Id::read(message.get("id")?.text())?;
    if message.get("method").is_some() {
        return None;
    }
    let result = message.get("result");
    let kind = result.and_then(|result| result.get("resultType"));
    let asks = kind.is_some_and(|kind| kind.raw_str().is_some_and(|k| k.equals("input_required")));
    let question = match result.filter(|_| asks) {
        Some(result) => Question::Asked(result.get(STATE)),
        None => Question::None,
    };
    Some((id, question))
}

/// Whether a response asks something.
#[derive(Clone, Copy, Debug)]
pub enum Question<'a> {
    /// It does not.
    None,
    /// It does; its `requestState`.
    Asked(Option<Value<'a>>),
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]
    use super::super::message::{Body, read_body};
    use super::*;

    fn with<T>(body: &str, look: impl FnOnce(RoundTrip<'_>) -> T) -> T {
        match read_body(body.as_bytes()).unwrap() {
            Body::Single(message) => look(RoundTrip::of(&message, Era::Stateless)),
            Body::Batch(_) => panic!("batch"),
        }
    }

    fn call(params: &str) -> String {
        format!(
            r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{{"name":"x"{params}}}}}"#
        )
    }

    #[test]
    fn only_clients_that_show_forms_are_asked() {
        for (capabilities, asked) in [
            (r#"{"elicitation":{}}"#, true),
            (r#"{"elicitation":{"form":{}}}"#, true),
            (r#"{"elicitation":{"form":{},"url":{}}}"#, true),
            (r#"{"elicitation":{"url":{}}}"#, false),
            (r#"{"elicitation":{"form":false}}"#, false),
            (r#"{"elicitation":true}"#, false),
            (r#"{"elicitation":null}"#, false),
            (r#"{"sampling":{}}"#, false),
            ("[]", false),
        ] {
            let body = call(&format!(r#","_meta":{{"{CAPABILITIES}":{capabilities}}}"#));
            assert_eq!(
                with(&body, |trip| trip.can_elicit()),
                asked,
                "{capabilities}"
            );
        }
        assert!(!with(&call(""), |trip| trip.can_elicit()));
    }

    #[test]
    fn only_the_three_words_are_actions() {
        for (response, action) in [
            (r#"{"action":"accept"}"#, Some(Action::Accept)),
            (r#"{"action":"acc\u0065pt"}"#, Some(Action::Accept)),
            (r#"{"action":"decline"}"#, Some(Action::Decline)),
            (r#"{"action":"cancel"}"#, Some(Action::Cancel)),
            (r#"{"action":"Accept"}"#, None),
            (r#"{"action":"accept "}"#, None),
            (r#"{"action":true}"#, None),
            (r#"{"action":["accept"]}"#, None),
            (r#""accept""#, None),
            (r#"{}"#, None),
        ] {
            let body = call(&format!(r#","inputResponses":{{"k":{response}}}"#));
            assert_eq!(with(&body, |trip| trip.action("k")), action, "{response}");
            assert_eq!(with(&body, |trip| trip.action("other")), None);
        }
    }

    #[test]
    fn what_is_put_back_leaves_the_length_and_everything_else() {
        let state = r#""requestState":"0123456789012345678901234567890123456789""#;
        let answer = r#""inputResponses":{"k":{"action":"accept"}}"#;
        for members in [
            format!(",{state},{answer}"),
            format!(",{answer},{state}"),
            format!(",{state}"),
            format!(" , {state} ,\n{answer} ,\t\"arguments\":{{\"a\":1}}"),
            format!(",{answer},\"arguments\":{{\"requestState\":\"x\"}},{state}"),
        ] {
            let body = call(&members);
            for kept in ["", r#""requestState":"u""#, r#""inputResponses":{"q":1}"#] {
                let out = with(&body, |trip| trip.put_back(body.as_bytes(), kept)).unwrap();
                assert_eq!(out.len(), body.len());
                let out = String::from_utf8(out).unwrap();
                let left = with(&out, |trip| trip.kept());
                assert_eq!(left, kept, "{body}\n{out}");
                let rest = |text: &str| -> Vec<(String, String)> {
                    let value = parse(text.as_bytes()).unwrap().get("params").unwrap();
                    let members = value.members();
                    let others = members.filter(|(k, _)| !k.equals(STATE) && !k.equals(RESPONSES));
                    others
                        .map(|(k, v)| (k.raw().to_owned(), v.text().to_owned()))
                        .collect()
                };
                assert_eq!(rest(&out), rest(&body));
            }
        }
        let first = r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"requestState":"s","name":"x"}}"#;
        let out = with(first, |trip| trip.put_back(first.as_bytes(), "")).unwrap();
        assert!(read_body(&out).is_ok());
        assert_eq!(
            with(first, |trip| trip
                .put_back(first.as_bytes(), &"x".repeat(99))),
            None
        );
        assert_eq!(
            with(&call(""), |trip| trip.put_back(call("").as_bytes(), "")),
            None
        );
    }
}
