//! Rules that a signal suggests. They need a person: which hosts, which folder, how much.

use serde_json::{Value, json};
use toolgate_risk::{Signal, SignalKind, Source};

/// A rule to add to a tool's entry, and what to think of first.
#[derive(Debug)]
pub(super) struct Suggestion {
    pub(super) about: String,
    /// Keys of a tool's entry, as JSON; `None` where only advice is to be given.
    pub(super) rule: Option<Value>,
}

/// What a signal suggests; nothing where a rule on arguments would not help.
pub(super) fn of(signal: &Signal) -> Option<Suggestion> {
    let path = (signal.source == Source::Schema).then(|| path(&signal.evidence));
    let require = |op: &str, value: Value, on_deny: &str| {
        path.as_ref().map(|path| {
            json!({"require": [{"conditions": [{"path": path, "op": op, "value": value}], "on_deny": on_deny}]})
        })
    };
    let deny = |op: &str, value: Value, on_deny: &str| {
        path.as_ref().map(|path| {
            json!({"deny_if": [{"conditions": [{"path": path, "op": op, "value": value}], "on_deny": on_deny}]})
        })
    };
    let (about, rule) = match signal.kind {
        SignalKind::Url => (
            "allow only the hosts that it is for; put your own in the pattern",
            require(
                "regex",
                json!(r"^https://([a-z0-9-]+\.)*example\.com(/|$)"),
                "Only URLs of example.com.",
            ),
        ),
        SignalKind::Path => (
            "keep it inside one folder; put your own in the pattern",
            require(
                "regex",
                json!(
                    r"^/workspace/([A-Za-z0-9_-]+[A-Za-z0-9._-]*/)*[A-Za-z0-9_-]+[A-Za-z0-9._-]*$"
                ),
                "Only files below /workspace.",
            ),
        ),
        SignalKind::Sql => (
            "let only queries that begin with SELECT pass, one statement each; a read-only user of the database is the stronger fence",
            require(
                "regex",
                json!(r"(?is)^\s*select\b[^;]*$"),
                "Only a single SELECT.",
            ),
        ),
        SignalKind::Command => (
            "list the commands that may run; everything else is denied",
            require(
                "in",
                json!(["status", "version"]),
                "Not one of the allowed commands.",
            ),
        ),
        SignalKind::Code => (
            "code cannot be judged by a pattern: run it where it can do no harm, or ask a person",
            Some(
                json!({"approve_if": [{"conditions": [], "message": "A person must see the code first."}]}),
            ),
        ),
        SignalKind::Markup => (
            "refuse scripts in it",
            deny(
                "regex",
                json!(r"(?i)<\s*(script|iframe|object|embed)|javascript:|\bon[a-z]+\s*="),
                "No active content.",
            ),
        ),
        SignalKind::Credentials => (
            "an agent should not hold credentials: let the proxy or the server add them, and refuse the argument",
            deny(
                "exists",
                json!(true),
                "Credentials are not given by the agent.",
            ),
        ),
        SignalKind::SendsMessages => (
            "list who may be written to",
            require(
                "regex",
                json!(r"(?i)^[^@\s]+@example\.com$"),
                "Only recipients of example.com.",
            ),
        ),
        SignalKind::SpendsMoney => (
            "add a budget: a limit with `\"cost\": \"args.amount\"` and the most that a day may cost as `max`",
            None,
        ),
        SignalKind::Overwrites => (
            "ask a person before it overwrites, or take it off the list of tools",
            None,
        ),
        SignalKind::PersonalData => (
            "grant it only to callers who need it (`grants`), with a limit against enumeration",
            None,
        ),
        SignalKind::Instructions => ("read its definition before anybody's model does", None),
    };
    Some(Suggestion {
        about: about.to_owned(),
        rule,
    })
}

/// The argument's path in the policy language: `args.a.b`, quoted where a name needs it.
fn path(argument: &str) -> String {
    let mut path = "args".to_owned();
    for part in argument.split('.') {
        let plain = !part.is_empty()
            && part.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
            && !part.starts_with(|c: char| c.is_ascii_digit());
        if plain {
            path.push('.');
            path.push_str(part);
        } else {
            path.push('[');
            path.push_str(&Value::from(part).to_string());
            path.push(']');
        }
    }
    path
}
