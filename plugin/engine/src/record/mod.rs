//! The record of a decision: one JSON object (`docs/audit.md`, `docs/audit.schema.json`).
//!
//! It holds no credential, no header but the two that name the request, and of arguments only what
//! [`Audit`] lets it.

mod approval;
mod arguments;
mod later;
mod origin;
mod prepared;
mod settings;
mod shown;
mod time;

use crate::decide::{Denial, DenialKind, LimitUse};
use crate::gate::LimitName;
use crate::json::{Value, push_number};

use shown::{push_message, push_shown};

pub use approval::Approval;
pub use arguments::{Digester, MAX_NAMES, MAX_VALUE_BYTES};
pub use later::Later;
pub use origin::Origin;
pub use prepared::Prepared;
pub use settings::Audit;
pub use shown::{SHOWN, shown_name};

/// The room that most records fit into, in bytes.
const USUAL_BYTES: usize = 1_000;

/// What became of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Forwarded.
    Allow,
    /// Refused by the policy.
    Deny,
    /// Refused for its form, or ended before it was whole.
    Reject,
}

impl Outcome {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Outcome::Allow => "allow",
            Outcome::Deny => "deny",
            Outcome::Reject => "reject",
        }
    }
}

/// Whom a request came from, as far as that may be told.
#[derive(Clone, Debug, Default)]
pub struct Who<'a> {
    /// How the caller was identified.
    pub how: &'static str,
    /// The grant's name, a claim's or certificate's value, or the digest of a secret.
    pub name: std::borrow::Cow<'a, str>,
}

/// The record of one request; what is empty or `None` is left out.
#[derive(Clone, Debug)]
pub struct Record<'a> {
    /// When it was decided, in nanoseconds since the Unix epoch.
    pub time: u64,
    /// Which request.
    pub origin: &'a Origin,
    /// What became of it.
    pub outcome: Outcome,
    /// The HTTP status of an answer made here.
    pub status: Option<u16>,
    /// The upstream's name.
    pub server: &'a str,
    /// The policy.
    pub policy: Option<&'a Prepared>,
    /// The caller.
    pub caller: Option<Who<'a>>,
    /// What was decided; of a batch only what all of it has in common.
    pub act: &'a Act<'a>,
    /// The messages of a batch, each an [`Act`] as [`Act::element`] writes it.
    pub batch: &'a [String],
    /// Of how many requests with this outcome one is recorded.
    pub sampled: u64,
}

/// What was asked and what the policy said.
#[derive(Clone, Debug, Default)]
pub struct Act<'a> {
    /// The JSON-RPC method, or the HTTP method of a request without a body.
    pub method: Option<&'a str>,
    /// The tool that was called.
    pub tool: Option<&'a str>,
    /// The rule that decided.
    pub rule: Option<&'a str>,
    /// Why the form of the request was refused.
    pub cause: Option<&'static str>,
    /// Why, in words.
    pub message: Option<&'a str>,
    /// The limit that denied, with how it stands.
    pub denial: Option<&'a Denial>,
    /// The limits that were charged, by their numbers in `names`.
    pub limits: &'a [LimitUse],
    /// The names of the policy's limits.
    pub names: &'a [LimitName],
    /// How a person's yes to the call stands.
    pub approval: Option<Approval<'a>>,
    /// The arguments of a tools/call.
    pub arguments: Option<Value<'a>>,
    /// What shadowed rules would have denied.
    pub shadow: &'a [Denial],
    /// The entry under `tools` that the tool's name led to, by its place; not recorded.
    pub entry: Option<usize>,
}

impl Record<'_> {
    /// The record as JSON. Arguments are told as `audit` says; `digester` digests them.
    pub fn to_json(&self, audit: &Audit, digester: Option<&Digester>) -> String {
        let mut out = String::with_capacity(USUAL_BYTES);
        out.push_str("{\"v\":1,\"time\":\"");
        time::push_time(&mut out, self.time);
        out.push_str("\",\"outcome\":\"");
        out.push_str(self.outcome.word());
        out.push('"');
        if let Some(status) = self.status {
            out.push_str(",\"status\":");
            push_number(&mut out, u64::from(status));
        }
        if self.sampled > 1 {
            out.push_str(",\"sampled\":");
            push_number(&mut out, self.sampled);
        }
        let member = |out: &mut String, name: &str, value: &str| {
            if !value.is_empty() {
                out.push_str(name);
                push_shown(out, value);
            }
        };
        member(&mut out, ",\"id\":", &self.origin.id);
        member(&mut out, ",\"trace\":", &self.origin.trace);
        member(&mut out, ",\"server\":", self.server);
        if let Some(policy) = self.policy {
            policy.push(&mut out);
        }
        if let Some(who) = &self.caller {
            member(&mut out, ",\"identity\":", who.how);
            member(&mut out, ",\"caller\":", &who.name);
        }
        self.act.push(&mut out, audit, digester);
        if !self.batch.is_empty() {
            out.push_str(",\"batch\":[");
            out.push_str(&self.batch.join(","));
            out.push(']');
        }
        // Last, so that more can be added to the end of it.
        push_shadow(&mut out, self.act.shadow);
        out.push('}');
        out
    }
}

impl Act<'_> {
    /// As an element of a batch's record.
    pub fn element(&self, outcome: Outcome, audit: &Audit, digester: Option<&Digester>) -> String {
        let mut out = String::with_capacity(256);
        out.push_str("{\"outcome\":\"");
        out.push_str(outcome.word());
        out.push('"');
        self.push(&mut out, audit, digester);
        push_shadow(&mut out, self.shadow);
        out.push('}');
        out
    }

    fn push(&self, out: &mut String, audit: &Audit, digester: Option<&Digester>) {
        let mut member = |name: &str, value: Option<&str>| {
            if let Some(value) = value {
                out.push_str(name);
                push_message(out, value);
            }
        };
        member(",\"method\":", self.method);
        member(",\"tool\":", self.tool);
        member(",\"rule\":", self.rule);
        member(",\"cause\":", self.cause);
        member(",\"message\":", self.message);
        self.push_limits(out);
        if let Some(approval) = &self.approval {
            approval.push(out);
        }
        if let (Some(arguments), Some(tool)) = (self.arguments, self.tool) {
            out.push_str(",\"arguments\":");
            arguments::push_arguments(arguments, digester, audit.safe(tool), out);
        }
    }

    fn push_limits(&self, out: &mut String) {
        let mut before = ",\"limits\":[";
        for used in self.limits {
            let Some(name) = self.names.get(used.number) else {
                continue;
            };
            out.push_str(before);
            before = ",";
            name.record.push(out);
            push_number(out, used.remaining);
            out.push_str(",\"reset\":");
            push_number(out, used.reset_seconds);
            out.push('}');
        }
        if let Some(denial) = self.denial
            && let DenialKind::Limit(state) = &denial.kind
        {
            out.push_str(before);
            before = ",";
            Prepared::limit(&denial.rule, &state.counter, state.max).push(out);
            push_number(out, state.remaining);
            if let Some(seconds) = state.retry_after {
                key(out, "retry_after");
                push_number(out, seconds);
            }
            out.push('}');
        }
        if before == "," {
            out.push(']');
        }
    }
}

fn push_shadow(out: &mut String, shadow: &[Denial]) {
    for (n, denial) in shadow.iter().enumerate() {
        out.push_str(if n == 0 { SHADOW } else { "," });
        push_denial(out, denial);
    }
    if !shadow.is_empty() {
        out.push(']');
    }
}

const SHADOW: &str = ",\"shadow\":[";

fn push_denial(out: &mut String, denial: &Denial) {
    out.push_str("{\"rule\":");
    push_message(out, &denial.rule);
    key(out, "message");
    push_message(out, &denial.message);
    out.push('}');
}

/// Appends a comma and the name of a member.
fn key(out: &mut String, name: &str) {
    out.push_str(",\"");
    out.push_str(name);
    out.push_str("\":");
}
