//! The record of a decision: one JSON object.

use crate::decide::Denial;
use crate::json::push_json_string;

/// Names longer than this are cut in records and messages: they are the caller's choice.
pub const SHOWN: usize = 128;

/// What became of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Forwarded.
    Allow,
    /// Refused by the policy.
    Deny,
    /// Refused for its form.
    Reject,
}

impl Outcome {
    fn word(self) -> &'static str {
        match self {
            Outcome::Allow => "allow",
            Outcome::Deny => "deny",
            Outcome::Reject => "reject",
        }
    }
}

/// Members of the record; what is `None` is left out.
#[derive(Clone, Debug)]
pub struct Record<'a> {
    /// What became of it.
    pub outcome: Outcome,
    /// The JSON-RPC method, or the HTTP method of a request without a body.
    pub method: Option<&'a str>,
    /// The tool that was called.
    pub tool: Option<&'a str>,
    /// The rule that decided.
    pub rule: Option<&'a str>,
    /// Why.
    pub message: Option<&'a str>,
    /// The grant of the caller.
    pub caller: Option<&'a str>,
    /// What shadowed rules would have denied.
    pub shadow: &'a [Denial],
}

impl Record<'_> {
    /// The record as JSON. Holds no credential, no header and no argument.
    pub fn to_json(&self) -> String {
        let mut out = String::with_capacity(160);
        out.push_str("{\"v\":1,\"outcome\":\"");
        out.push_str(self.outcome.word());
        out.push('"');
        let mut member = |name: &str, value: Option<&str>| {
            if let Some(value) = value {
                out.push_str(",\"");
                out.push_str(name);
                out.push_str("\":");
                push_json_string(&mut out, &shown(value));
            }
        };
        member("method", self.method);
        member("tool", self.tool);
        member("rule", self.rule);
        member("message", self.message);
        member("caller", self.caller);
        if !self.shadow.is_empty() {
            out.push_str(",\"shadow\":[");
            for (n, denial) in self.shadow.iter().enumerate() {
                if n > 0 {
                    out.push(',');
                }
                out.push_str("{\"rule\":");
                push_json_string(&mut out, &shown(&denial.rule));
                out.push_str(",\"message\":");
                push_json_string(&mut out, &shown(&denial.message));
                out.push('}');
            }
            out.push(']');
        }
        out.push('}');
        out
    }
}

/// A text that may be the caller's, cut to a length that is safe to repeat: four times [`SHOWN`]
/// for whole messages.
fn shown(text: &str) -> std::borrow::Cow<'_, str> {
    let most = SHOWN.saturating_mul(4);
    if text.len() <= most {
        return text.into();
    }
    let mut cut: String = text.chars().take(most).collect();
    cut.push('…');
    cut.into()
}

/// A name of the caller's choice as messages repeat it.
pub fn shown_name(name: &str) -> std::borrow::Cow<'_, str> {
    if name.len() <= SHOWN {
        return name.into();
    }
    let mut cut: String = name.chars().take(SHOWN).collect();
    cut.push('…');
    cut.into()
}

/// The beginning of a text, at most `most` bytes of it, cut between characters.
pub(crate) fn cut(text: &str, most: usize) -> &str {
    let end = text.floor_char_boundary(most);
    text.get(..end).unwrap_or(text)
}
