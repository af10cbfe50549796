//! Responses on their way back: which request each answers, and whether it failed.

use crate::json::{Kind, RawStr, Sink, Value, folds_to, scan};

use super::message::MAX_BATCH;

/// What a response says of its request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// A JSON-RPC error.
    Error,
    /// A result with `isError: true`.
    IsError,
    /// Any other result.
    Result,
    /// Two readers could take it for different things.
    Unclear,
}

/// One response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Which request it answers.
    pub id: Id,
    /// What it says.
    pub outcome: Outcome,
}

/// The id of a request, so that `"a"` and `"\u0061"` are one, and `1` and `"1"` are not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Id {
    /// A string, decoded.
    Text(String),
    /// An integer, as spelled.
    Number(String),
}

impl Id {
    /// Reads an id that was proven to be JSON; `None` when it is neither a string nor a number.
    pub fn read(text: &str) -> Option<Self> {
        let kind = match text.as_bytes().first()? {
            b'"' => Kind::String,
            b'-' | b'0'..=b'9' => Kind::Number,
            _ => return None,
        };
        Self::of(Value::proven(kind, text))
    }

    fn of(value: Value<'_>) -> Option<Self> {
        match value.kind() {
            Kind::String => value.as_str().map(|text| Self::Text(text.into_owned())),
            Kind::Number => Some(Self::Number(value.text().to_owned())),
            _ => None,
        }
    }
}

/// The responses in a text: one message, or a batch of them (MCP 2025-03-26).
///
/// Empty where the text is not strict JSON, so that a duplicate key answers nothing; requests and
/// notifications of the server's are not in it.
pub fn read_answers(text: &[u8]) -> Vec<Answer> {
    let mut reader = Reader::default();
    match scan(text, &mut reader) {
        Ok(()) => reader.answers,
        Err(_) => Vec::new(),
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Member {
    Id,
    Method,
    Result,
    Error,
    #[default]
    Other,
}

const MEMBERS: [(&str, Member); 4] = [
    ("id", Member::Id),
    ("method", Member::Method),
    ("result", Member::Result),
    ("error", Member::Error),
];

const IS_ERROR: &str = "isError";

/// One message, as far as it was read.
#[derive(Debug, Default)]
struct Draft {
    id: Option<Id>,
    method: bool,
    result: Option<Kind>,
    error: Option<Kind>,
    is_error: Option<bool>,
    /// A key that some reader takes for one of those above, or a value that is not what it must be.
    unclear: bool,
}

#[derive(Debug, Default)]
struct Reader {
    /// The depth of a message's members: 1, or 2 in a batch; 0 before the root is known.
    depth: usize,
    member: Member,
    is_error_next: bool,
    draft: Draft,
    answers: Vec<Answer>,
}

impl Draft {
    fn finish(self) -> Option<Answer> {
        let present = |kind: Option<Kind>| kind.filter(|kind| *kind != Kind::Null);
        let outcome = match (present(self.error), present(self.result)) {
            (None, None) => return None,
            _ if self.unclear || self.method => Outcome::Unclear,
            (Some(Kind::Object), None) => Outcome::Error,
            (None, Some(Kind::Object)) if self.is_error == Some(true) => Outcome::IsError,
            (None, Some(_)) => Outcome::Result,
            _ => Outcome::Unclear,
        };
        Some(Answer {
            id: self.id?,
            outcome,
        })
    }
}

impl<'a> Sink<'a> for Reader {
    fn key(&mut self, depth: usize, key: RawStr<'a>) {
        if self.depth == 0 {
            return;
        }
        if depth == self.depth {
            let known = MEMBERS.iter().find(|(name, _)| folds_to(key, name));
            self.member = known.map_or(Member::Other, |(_, member)| *member);
            self.draft.unclear |= known.is_some_and(|(name, _)| !key.equals(name));
        } else if depth == self.depth.saturating_add(1) && self.member == Member::Result {
            self.is_error_next = key.equals(IS_ERROR);
            self.draft.unclear |= !self.is_error_next && folds_to(key, IS_ERROR);
        }
    }

    fn open(&mut self, depth: usize, kind: Kind) {
        if depth == 0 {
            self.depth = if kind == Kind::Array { 2 } else { 1 };
        }
    }

    fn value(&mut self, depth: usize, kind: Kind, text: &'a str) {
        let value = Value::proven(kind, text);
        let below = depth.checked_sub(self.depth);
        if below == Some(1) && std::mem::take(&mut self.is_error_next) {
            self.draft.is_error = value.as_bool();
            self.draft.unclear |= value.as_bool().is_none();
        } else if below == Some(0) {
            match std::mem::take(&mut self.member) {
                Member::Id => self.draft.id = Id::of(value),
                Member::Method => self.draft.method = true,
                Member::Result => self.draft.result = Some(kind),
                Member::Error => self.draft.error = Some(kind),
                Member::Other => {}
            }
        } else if depth.saturating_add(1) == self.depth && self.answers.len() < MAX_BATCH {
            self.answers
                .extend(std::mem::take(&mut self.draft).finish());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, want: &[(&str, Outcome)]) {
        let got = read_answers(text.as_bytes());
        let want: Vec<Answer> = want
            .iter()
            .filter_map(|(id, outcome)| {
                let (id, outcome) = (Id::read(id)?, *outcome);
                Some(Answer { id, outcome })
            })
            .collect();
        assert_eq!(got, want, "{text}");
    }

    #[test]
    fn a_response_is_told_by_its_own_members_alone() {
        check(
            r#"{"jsonrpc":"2.0","id":1,"error":{"code":-1,"message":"m"}}"#,
            &[("1", Outcome::Error)],
        );
        check(
            r#"{"id":"a","result":{"content":[],"isError":true}}"#,
            &[("\"a\"", Outcome::IsError)],
        );
        check(
            r#"{"result":{"isError":false},"id":2}"#,
            &[("2", Outcome::Result)],
        );
        check(
            r#"{"id":2,"result":{"structuredContent":{"isError":true,"error":{}}}}"#,
            &[("2", Outcome::Result)],
        );
        check(
            r#"{"id":2,"result":{"content":[{"isError":true}]}}"#,
            &[("2", Outcome::Result)],
        );
        check(
            r#"{"id":"\u0061","error":{}}"#,
            &[("\"a\"", Outcome::Error)],
        );
        check(
            r#"{"id":1,"error":null,"result":{}}"#,
            &[("1", Outcome::Result)],
        );
    }

    #[test]
    fn what_two_readers_could_take_for_different_things_is_unclear() {
        for text in [
            r#"{"id":1,"error":{},"result":{}}"#,
            r#"{"id":1,"Error":{},"result":{}}"#,
            r#"{"id":1,"error":{},"Result":{}}"#,
            r#"{"id":1,"error":"x"}"#,
            r#"{"id":1,"result":{"isError":true,"iserror":false}}"#,
            r#"{"id":1,"result":{"isError":"true"}}"#,
            r#"{"id":1,"result":{"IsError":true}}"#,
            r#"{"id":1,"method":"x","error":{}}"#,
            r#"{"id":1,"result":[{"isError":true}],"error":{}}"#,
        ] {
            check(text, &[("1", Outcome::Unclear)]);
        }
    }

    #[test]
    fn what_is_no_response_answers_nothing() {
        for text in [
            r#"{"id":1,"error":{},"error":{}}"#,
            r#"{"id":1,"id":2,"error":{}}"#,
            r#"{"id":1,"result":{"isError":false,"isError":true}}"#,
            r#"{"id":1,"method":"ping"}"#,
            r#"{"id":null,"error":{}}"#,
            r#"{"error":{"id":1}}"#,
            r#"{"id":{"id":1},"error":{}}"#,
            r#"[[{"id":1,"error":{}}]]"#,
            "[1,\"error\"]",
            "1",
            "",
            "{",
        ] {
            check(text, &[]);
        }
    }

    #[test]
    fn a_batch_answers_each_of_its_requests() {
        check(
            r#"[{"id":1,"error":{}},{"method":"x"},{"id":2,"result":{"isError":true}},{"id":3,"result":{}}]"#,
            &[
                ("1", Outcome::Error),
                ("2", Outcome::IsError),
                ("3", Outcome::Result),
            ],
        );
    }
}
