//! What an exchange has to say for itself: the record of its decision, and what is added to it
//! when the upstream's answer brings more to light.

use std::rc::Rc;

use super::Exchange;
use super::batch::shadow;
use super::count::count;
use super::service::Decided;
use super::who::who;
use crate::admin::Answered;
use crate::decide::{Denial, LimitUse, Verdict, pseudo};
use crate::gate::{Gate, NamedPolicy};
use crate::mcp::message::{Body, read_body};
use crate::mcp::{Headers, Message, Rejection, Reply};
use crate::record::{Act, Approval, Later, Origin, Outcome, Record, Who};
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
    /// It might have gone on, and the host did not do what that takes.
    pub(super) const NOT_FORWARDED: &str = "not_forwarded";
    /// It ended before it was whole.
    pub(super) const INCOMPLETE: &str = "incomplete";
}

/// What records call a batch, for its method.
const BATCH: &str = "batch";

/// What has been noted of an exchange.
#[derive(Debug, Default)]
pub(super) struct Notes {
    pub(super) origin: Origin,
    /// The record; kept once it is published, for the answer may add to it.
    record: String,
    /// Whether it is still to be published.
    due: bool,
    /// Whether there is, or deliberately is no, record of the decision.
    decided: bool,
    /// Whether the record was not of a request that was simply allowed.
    noteworthy: bool,
    /// Whether it was left out, and is written only if the answer makes it worth it.
    left_out: bool,
    /// Whether it ends in a list of shadowed rules.
    shadowed: bool,
    /// Pinned tools that were listed otherwise, and whether that was only recorded.
    changed: Vec<(Denial, bool)>,
    /// What to count, until it is taken.
    series: Vec<Series>,
    /// Entries cut out of lists.
    hidden: u64,
}

/// The most pinned tools that were listed otherwise and are named, of one exchange.
pub(super) const MAX_CHANGED: usize = 8;

impl Notes {
    /// A list defined a pinned tool otherwise; `shadow` when it is only recorded.
    pub(super) fn changed(&mut self, denial: Denial, shadow: bool) {
        let known = self
            .changed
            .iter()
            .any(|(known, _)| known.rule == denial.rule);
        if !known && self.changed.len() < MAX_CHANGED {
            self.changed.push((denial, shadow));
        }
    }

    /// Entries were cut out of a list.
    pub(super) fn hid(&mut self, entries: usize) {
        let entries = u64::try_from(entries).unwrap_or(u64::MAX);
        self.hidden = self.hidden.saturating_add(entries);
    }
}

impl Exchange {
    /// The record of the decision, once there is one; told so that it is written once.
    pub fn take_record(&mut self) -> Option<&str> {
        std::mem::take(&mut self.notes.due).then_some(self.notes.record.as_str())
    }

    /// The record is written: it is kept only where the answer may add to it, for streams live long.
    pub fn record_written(&mut self) {
        let settled = self.pending.is_empty() && self.pending.given_back() == 0;
        if self.expect == super::Expect::Anything && settled {
            self.notes.record = String::new();
        }
    }

    /// The record as it ends, where there is anything to add: entries that were hidden, units that
    /// went back, or that the request ended before it was decided. Asked once, at the end.
    pub fn take_last_record(&mut self, around: &mut dyn Surroundings) -> Option<String> {
        // What waits for a service has an outcome ahead of it that never came.
        if !self.notes.decided || self.waiting.is_some() {
            let why = "the request ended before it was whole";
            self.note_form(cause::INCOMPLETE, why, None, around);
            return self.take_record().map(str::to_owned);
        }
        let later = Later {
            hidden: self.notes.hidden,
            refunded: self.pending.given_back(),
            changed: &self.notes.changed,
        };
        if self.notes.left_out && later.changed.is_empty() {
            return None;
        }
        let record = std::mem::take(&mut self.notes.record);
        later.added_to(record, self.notes.shadowed)
    }

    /// What the decision adds to: first the one series of decisions, then those of shadowed rules.
    pub fn take_series(&mut self) -> Vec<Series> {
        std::mem::take(&mut self.notes.series)
    }

    /// What the request that was decided took of limits, all calls of a batch together.
    pub fn take_uses(&mut self) -> Vec<LimitUse> {
        let passed = std::mem::take(&mut self.passed).into_iter();
        let mut each = passed.map(|message| message.verdict.limits);
        let mut uses = each.next().unwrap_or_default();
        each.for_each(|more| uses.extend(more));
        uses
    }

    /// Entries cut out of lists, and calls that got units back, so far.
    pub fn afterwards(&self) -> (u64, u64) {
        (self.notes.hidden, self.pending.given_back())
    }

    /// The series of pinned tools that were listed otherwise.
    pub fn changed_series(&self) -> Vec<Series> {
        let policy = self.policy().map_or("", NamedPolicy::shown);
        let changed = self.notes.changed.iter();
        let series = changed.map(|(denial, _)| {
            Series::of(series::CHANGED)
                .with("rule", &denial.rule)
                .with("policy", policy)
        });
        series.collect()
    }

    /// Whether the record is also for the host's log; a changed definition is worth it, too.
    pub fn logs_record(&self) -> bool {
        let noteworthy = self.notes.noteworthy || !self.notes.changed.is_empty();
        self.gate.audit.logs(noteworthy)
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
        self.notes.origin = Origin::read(headers);
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
        let noted = Noted {
            status,
            met: false,
            ..Noted::of(Outcome::Reject, act)
        };
        self.note(&noted, around);
    }

    /// A request without a body: `method` is HTTP's, `denial` why it is refused with `status`.
    pub(super) fn note_bodiless(
        &mut self,
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
        let noted = Noted {
            status: denial.map(|(_, status)| status),
            ..Noted::of(outcome(denial.is_some()), act)
        };
        self.note(&noted, around);
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
        let noted = Noted {
            status,
            time: verdict.time,
            ..Noted::of(outcome(verdict.denial.is_some()), act)
        };
        self.note(&noted, around);
    }

    /// A request that was decided so, if it was, and that the host did not let go on.
    pub(super) fn note_not_forwarded(
        &mut self,
        (headers, body): (&Headers<'_>, &[u8]),
        decided: &[Decided],
        rejection: &Rejection,
        around: &mut dyn Surroundings,
    ) {
        let gate = Rc::clone(&self.gate);
        let read = (!decided.is_empty())
            .then(|| read_body(body).ok())
            .flatten();
        let shadow = shadow(decided);
        let mut elements = Vec::new();
        let said = match (&read, decided) {
            (Some(Body::Single(message)), [one]) => {
                act(message, &one.verdict, gate.policy_of(&self.caller))
            }
            (Some(Body::Batch(messages)), _) if messages.len() == decided.len() => {
                let each = messages.iter().zip(decided);
                elements.extend(
                    each.map(|(message, of)| self.element(&gate, message, &of.verdict, around)),
                );
                Act {
                    method: Some(BATCH),
                    ..Act::default()
                }
            }
            // Without a body, or with one that cannot be had again.
            _ => Act {
                method: headers
                    .all(":method")
                    .next()
                    .filter(|_| self.notes.decided)
                    .and_then(|method| std::str::from_utf8(method).ok()),
                ..Act::default()
            },
        };
        let noted = Noted {
            status: Some(rejection.status),
            met: self.notes.decided,
            batch: &elements,
            ..Noted::of(
                Outcome::Reject,
                Act {
                    cause: Some(cause::NOT_FORWARDED),
                    message: Some(&rejection.message),
                    shadow: &shadow,
                    ..said
                },
            )
        };
        self.note(&noted, around);
    }

    /// What an operator was answered.
    pub(super) fn note_operator(
        &mut self,
        method: &str,
        answered: &Answered,
        around: &mut dyn Surroundings,
    ) {
        let status = answered.reply.status;
        let decision = answered.decision.as_ref();
        let approval = decision.map(Approval::of_decision);
        let operator = decision.map(|decision| Who {
            how: "operator",
            name: decision.by.as_str().into(),
        });
        let (outcome, rule, cause) = match status {
            401 | 403 => (Outcome::Deny, Some(pseudo::OPERATORS), None),
            400.. => (Outcome::Reject, None, Some(cause::HTTP)),
            _ => (Outcome::Allow, None, None),
        };
        let act = Act {
            method: Some(method),
            rule,
            cause,
            approval,
            ..Act::default()
        };
        let noted = Noted {
            status: Some(status),
            met: false,
            operator,
            ..Noted::of(outcome, act)
        };
        self.note(&noted, around);
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
        elements: &[String],
        shadow: &[Denial],
        denied: Option<(&Denial, &Reply)>,
        around: &mut dyn Surroundings,
    ) {
        let denial = denied.map(|(denial, _)| denial);
        let act = Act {
            method: Some(BATCH),
            rule: denial.map(|d| d.rule.as_str()),
            message: denial.map(|d| d.message.as_str()),
            shadow,
            ..Act::default()
        };
        let noted = Noted {
            status: denied.map(|(_, reply)| reply.status),
            batch: elements,
            ..Noted::of(outcome(denial.is_some()), act)
        };
        self.note(&noted, around);
    }

    fn note(&mut self, noted: &Noted<'_>, around: &mut dyn Surroundings) {
        let (gate, notes, act) = (&self.gate, &mut self.notes, &noted.act);
        let caller = noted.met.then_some(&self.caller);
        let named = caller.and_then(|caller| gate.policy_of(caller));
        notes.decided = true;
        if gate.metrics.enabled {
            notes.series = count(gate, caller, noted.outcome, act);
        }
        notes.shadowed = !act.shadow.is_empty();
        notes.noteworthy = noted.outcome != Outcome::Allow || notes.shadowed;
        let kept = notes.noteworthy || gate.audit.keeps_allowed();
        // The answer to one that is left out may still turn out to be worth a record.
        if !kept && named.is_none_or(|named| !named.policy.pins) {
            return;
        }
        let digester = act
            .arguments
            .and_then(|_| gate.audit.argument_digester(notes.noteworthy, around));
        let who = match (&noted.operator, caller) {
            (Some(operator), _) => Some(operator.clone()),
            (None, caller) => caller.map(|caller| who(gate, caller, around)),
        };
        let record = Record {
            time: noted.time.unwrap_or_else(|| around.now()),
            origin: &notes.origin,
            outcome: noted.outcome,
            status: noted.status,
            server: self.server.as_deref().unwrap_or_default(),
            policy: named.map(|named| &named.record),
            caller: who,
            act,
            batch: noted.batch,
            sampled: if notes.noteworthy || !kept {
                1
            } else {
                gate.audit.allowed_every()
            },
        };
        notes.record = record.to_json(&gate.audit, digester);
        (notes.due, notes.left_out) = (kept, !kept);
    }
}

/// The parts of a record that differ by what it is of.
struct Noted<'a> {
    outcome: Outcome,
    status: Option<u16>,
    /// Whether the caller is known.
    met: bool,
    /// Who decided, on the operators' listener.
    operator: Option<Who<'a>>,
    act: Act<'a>,
    batch: &'a [String],
    /// When it was decided, where that is known, in nanoseconds since the Unix epoch.
    time: Option<u64>,
}

impl<'a> Noted<'a> {
    fn of(outcome: Outcome, act: Act<'a>) -> Self {
        Self {
            outcome,
            status: None,
            met: true,
            operator: None,
            act,
            batch: &[],
            time: None,
        }
    }
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
        approval: Approval::of_call(verdict),
        cause: None,
    }
}
