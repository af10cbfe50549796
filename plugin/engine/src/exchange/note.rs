//! What an exchange has to say for itself: the record of its decision, and what is added to it
//! when the upstream's answer brings more to light.

use super::Exchange;
use crate::caller::Caller;
use crate::decide::{Denial, LimitUse, Verdict};
use crate::gate::{Gate, NamedPolicy};
use crate::json::push_number;
use crate::mcp::{Headers, Message, Rejection, Reply, method};
use crate::record::{Act, Digester, Origin, Outcome, Record, Who};
use crate::series::{self, Series};
use crate::surroundings::Surroundings;

/// Why a request was refused before any policy was asked.
mod cause {
    /// Not strict JSON.
    pub(super) const NOT_JSON: &str = "not_json";
    /// Not a JSON-RPC message, or one that servers could read differently.
    pub(super) const NOT_MCP: &str = "not_mcp";
    /// `Mcp-*` headers that contradict the body.
    pub(super) const HEADERS: &str = "header_mismatch";
    /// Longer than `max_body_bytes`.
    pub(super) const TOO_LARGE: &str = "too_large";
    /// Refused for what HTTP says of it.
    pub(super) const HTTP: &str = "http";
    /// The host did not hand over what a decision needs.
    pub(super) const UNREADABLE: &str = "unreadable";
    /// It ended before it was whole.
    pub(super) const INCOMPLETE: &str = "incomplete";
}

/// What has been noted of an exchange.
#[derive(Debug, Default)]
pub(super) struct Notes {
    pub(super) origin: Origin,
    /// The record, until it is taken.
    record: Option<String>,
    /// Whether there is, or deliberately is no, record of the decision.
    decided: bool,
    /// Whether the record was not of a request that was simply allowed.
    noteworthy: bool,
    /// The record as taken, where the answer may add to it.
    written: String,
    /// What to count, until it is taken.
    series: Vec<Series>,
    /// What the call took of limits, until it is taken.
    uses: Vec<LimitUse>,
    /// Entries cut out of lists.
    hidden: u64,
}

impl Notes {
    /// Entries were cut out of a list.
    pub(super) fn hid(&mut self, entries: usize) {
        let entries = u64::try_from(entries).unwrap_or(u64::MAX);
        self.hidden = self.hidden.saturating_add(entries);
    }
}

impl Exchange {
    /// The record of the decision, once there is one; taken so that it is written once.
    pub fn take_record(&mut self) -> Option<String> {
        let record = self.notes.record.take()?;
        if self.may_add() {
            self.notes.written.clone_from(&record);
        }
        Some(record)
    }

    /// The record as it ends, where there is anything to add: entries that were hidden, units that
    /// went back, or that the request ended before it was decided. Asked once, at the end.
    pub fn take_last_record(&mut self, around: &mut dyn Surroundings) -> Option<String> {
        // What waits for a service has an outcome ahead of it that never came.
        if !self.notes.decided || self.waiting.is_some() {
            let why = "the request ended before it was whole";
            self.note_form(cause::INCOMPLETE, why, None, around);
            return self.notes.record.take();
        }
        let (hidden, refunded) = (self.notes.hidden, self.pending.given_back());
        if hidden == 0 && refunded == 0 {
            return None;
        }
        let mut record = std::mem::take(&mut self.notes.written);
        record.pop()?;
        for (name, count) in [(",\"hidden\":", hidden), (",\"refunded\":", refunded)] {
            if count > 0 {
                record.push_str(name);
                push_number(&mut record, count);
            }
        }
        record.push('}');
        Some(record)
    }

    /// What the decision adds to: first the one series of decisions, then those of shadowed rules.
    pub fn take_series(&mut self) -> Vec<Series> {
        std::mem::take(&mut self.notes.series)
    }

    /// What the decided call took of limits.
    pub fn take_uses(&mut self) -> Vec<LimitUse> {
        std::mem::take(&mut self.notes.uses)
    }

    /// Entries cut out of lists, and calls that got units back, so far.
    pub fn afterwards(&self) -> (u64, u64) {
        (self.notes.hidden, self.pending.given_back())
    }

    /// Whether the record is also for the host's log.
    pub fn logs_record(&self) -> bool {
        self.gate.audit.logs(self.notes.noteworthy)
    }

    /// Forgets a decision that was only a look ahead.
    pub(super) fn forget(&mut self) {
        let origin = std::mem::take(&mut self.notes.origin);
        self.notes = Notes {
            origin,
            ..Notes::default()
        };
    }

    pub(super) fn remember_origin(&mut self, headers: &Headers<'_>) {
        if self.notes.origin == Origin::default() {
            self.notes.origin = Origin::read(headers);
        }
    }

    fn may_add(&self) -> bool {
        self.expect != super::Expect::Anything || !self.pending.is_empty()
    }

    /// A request that was refused for its form.
    pub(super) fn note_rejection(&mut self, rejection: &Rejection, around: &mut dyn Surroundings) {
        let cause = match (rejection.status, rejection.code) {
            (413, _) => cause::TOO_LARGE,
            (500, _) => cause::UNREADABLE,
            (400, -32700) => cause::NOT_JSON,
            (400, -32020) => cause::HEADERS,
            (400, _) => cause::NOT_MCP,
            _ => cause::HTTP,
        };
        self.note_form(cause, &rejection.message, Some(rejection.status), around);
    }

    fn note_form(
        &mut self,
        cause: &'static str,
        message: &str,
        status: Option<u16>,
        around: &mut dyn Surroundings,
    ) {
        let act = Act {
            cause: Some(cause),
            message: Some(message),
            ..Act::default()
        };
        let caller = None;
        self.note(Outcome::Reject, status, caller, act, &[], None, around);
    }

    /// A request without a body: `method` is HTTP's, `denial` why it is refused with `status`.
    pub(super) fn note_bodiless(
        &mut self,
        gate: &Gate,
        method: &str,
        denial: Option<(&Denial, u16)>,
        around: &mut dyn Surroundings,
    ) {
        let act = Act {
            method: Some(method),
            rule: denial.map(|(d, _)| d.rule.as_str()),
            message: denial.map(|(d, _)| d.message.as_str()),
            ..Act::default()
        };
        let caller = Some((gate, self.caller.clone()));
        let status = denial.map(|(_, status)| status);
        self.note(
            outcome(denial.is_some()),
            status,
            caller,
            act,
            &[],
            None,
            around,
        );
    }

    /// A message; `status` of the answer where it was made here.
    pub(super) fn note_verdict(
        &mut self,
        gate: &Gate,
        message: &Message<'_>,
        verdict: &Verdict,
        status: Option<u16>,
        around: &mut dyn Surroundings,
    ) {
        let named = gate.policy_of(&self.caller);
        let act = act(message, verdict, named);
        let caller = Some((gate, self.caller.clone()));
        let outcome = outcome(verdict.denial.is_some());
        self.note(outcome, status, caller, act, &[], verdict.time, around);
        self.notes.uses.clone_from(&verdict.limits);
    }

    /// One message of a batch, as its record holds it.
    pub(super) fn element(
        &self,
        gate: &Gate,
        message: &Message<'_>,
        verdict: &Verdict,
        around: &mut dyn Surroundings,
    ) -> String {
        let named = gate.policy_of(&self.caller);
        let outcome = outcome(verdict.denial.is_some());
        let noteworthy = verdict.denial.is_some() || !verdict.shadow.is_empty();
        let digester = gate.audit.argument_digester(noteworthy, around);
        act(message, verdict, named).element(outcome, &gate.audit, digester)
    }

    /// A whole batch: the denial of the element that was denied, and the answer.
    pub(super) fn note_batch(
        &mut self,
        gate: &Gate,
        elements: &[String],
        shadow: &[Denial],
        denied: Option<(&Denial, &Reply)>,
        around: &mut dyn Surroundings,
    ) {
        let denial = denied.map(|(denial, _)| denial);
        let status = denied.map(|(_, reply)| reply.status);
        let act = Act {
            method: Some("batch"),
            rule: denial.map(|d| d.rule.as_str()),
            message: denial.map(|d| d.message.as_str()),
            shadow,
            ..Act::default()
        };
        let caller = Some((gate, self.caller.clone()));
        let outcome = outcome(denial.is_some());
        self.note(outcome, status, caller, act, elements, None, around);
    }

    #[expect(clippy::too_many_arguments, reason = "the parts of one record")]
    fn note(
        &mut self,
        outcome: Outcome,
        status: Option<u16>,
        caller: Option<(&Gate, Caller)>,
        act: Act<'_>,
        batch: &[String],
        time: Option<u64>,
        around: &mut dyn Surroundings,
    ) {
        let audit = &self.gate.audit;
        let notes = &mut self.notes;
        notes.decided = true;
        if self.gate.metrics.enabled {
            notes.series = count(&self.gate, caller.as_ref().map(|(_, c)| c), outcome, &act);
        }
        notes.noteworthy = outcome != Outcome::Allow || !act.shadow.is_empty();
        if !notes.noteworthy && !audit.keeps_allowed() {
            return;
        }
        let digester = act
            .arguments
            .and_then(|_| audit.argument_digester(notes.noteworthy, around));
        let named = caller
            .as_ref()
            .and_then(|(gate, caller)| gate.policy_of(caller));
        let who = caller
            .as_ref()
            .map(|(gate, caller)| who(gate, caller, around));
        let record = Record {
            time: time.unwrap_or_else(|| around.now()),
            origin: &notes.origin,
            outcome,
            status,
            server: &self.server,
            policy: named.map(|named| (named.shown(), named.short_hash.as_str())),
            caller: who,
            act,
            batch,
            sampled: if notes.noteworthy {
                1
            } else {
                audit.allowed_every()
            },
        };
        notes.record = Some(record.to_json(audit, digester));
    }
}

/// The series that a decision adds to.
fn count(gate: &Gate, caller: Option<&Caller>, outcome: Outcome, act: &Act<'_>) -> Vec<Series> {
    let named = caller.and_then(|caller| gate.policy_of(caller));
    let policy = named.map_or("", NamedPolicy::shown);
    let method = match act.method {
        Some("batch") => "batch",
        Some(method) if method::is_known(method) => method,
        Some("GET" | "DELETE" | "OPTIONS" | "HEAD") => act.method.unwrap_or_default(),
        Some(_) => series::OTHER,
        None => "",
    };
    let tool = match (act.tool, act.entry.zip(named)) {
        (None, _) => "",
        (Some(_), None) => series::UNLISTED,
        (Some(_), Some((number, named))) => {
            let own = u64::try_from(number).is_ok_and(|number| number < gate.metrics.tools);
            let entry = named.policy.tools.entries().get(number);
            entry
                .filter(|_| own)
                .map_or(series::OTHER, |entry| entry.key.as_str())
        }
    };
    let mut decision = Series::of(series::DECISIONS)
        .with("outcome", outcome.word())
        .with("method", method)
        .with("tool", tool)
        .with("rule", act.rule.or(act.cause).unwrap_or_default())
        .with("policy", policy);
    if gate.metrics.callers {
        let name = match caller {
            Some(Caller::Granted(index)) => gate.callers.grant(*index).map(|g| g.name.as_str()),
            Some(Caller::Anonymous) => Some("(anonymous)"),
            Some(Caller::Identified(..)) => Some("(identified)"),
            Some(Caller::Unknown) => Some("(unknown)"),
            None => None,
        };
        decision = decision.with("caller", name.unwrap_or_default());
    }
    let mut all = vec![decision];
    all.extend(act.shadow.iter().map(|denial| {
        Series::of(series::SHADOWED)
            .with("rule", &denial.rule)
            .with("policy", policy)
    }));
    all
}

fn outcome(denied: bool) -> Outcome {
    if denied {
        Outcome::Deny
    } else {
        Outcome::Allow
    }
}

fn act<'a>(
    message: &'a Message<'_>,
    verdict: &'a Verdict,
    named: Option<&'a NamedPolicy>,
) -> Act<'a> {
    let call = message.is_tool_call();
    let denial = verdict.denial.as_ref();
    Act {
        method: (!message.method.is_empty()).then_some(message.method.as_ref()),
        tool: message.params.name.as_deref().filter(|_| call),
        rule: denial.map(|d| d.rule.as_str()),
        message: denial.map(|d| d.message.as_str()),
        denial,
        limits: &verdict.limits,
        names: named.map_or(&[], |named| named.limits.as_slice()),
        arguments: message.params.arguments.filter(|_| call),
        shadow: &verdict.shadow,
        entry: verdict.entry,
        cause: None,
    }
}

/// Who called: names that the configuration or an authority gave as they are, what may be a secret
/// only as a digest.
fn who<'g>(gate: &'g Gate, caller: &Caller, around: &mut dyn Surroundings) -> Who<'g> {
    match caller {
        Caller::Anonymous => Who {
            how: "anonymous",
            ..Who::default()
        },
        Caller::Unknown => Who {
            how: "unknown",
            ..Who::default()
        },
        Caller::Granted(index) => match gate.callers.grant(*index) {
            Some(grant) => Who {
                how: grant.kind(),
                name: grant.name.as_str().into(),
            },
            None => Who::default(),
        },
        Caller::Identified(kind, value) => {
            let name = match (*kind, gate.audit.digester(around)) {
                ("claim" | "san", _) => String::from_utf8_lossy(value).into_owned(),
                (_, Some(digester)) => secret(digester, kind, value),
                (_, None) => String::new(),
            };
            Who {
                how: kind,
                name: name.into(),
            }
        }
    }
}

/// A secret's digest, which no arguments share: theirs begin with a brace.
fn secret(digester: &Digester, kind: &str, value: &[u8]) -> String {
    let mut out = String::from("digest:");
    digester.push(&[b"caller/", kind.as_bytes(), b"/", value], &mut out);
    out
}
