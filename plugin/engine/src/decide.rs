//! The one pipeline from a tool call to a verdict (`policy-language.md` D).

mod approval;
mod arguments;
mod charge;
mod fact;
mod method;
mod question;
mod rule;
mod standing;
mod subject;
mod taken;
mod verdict;

use crate::caller::{Caller, Grant};
use crate::gate::NamedPolicy;
use crate::mcp::{Headers, RoundTrip};
use crate::policy::condition::Effort;
use crate::surroundings::Surroundings;
use crate::trace::Trace;

use approval::yes;
use charge::charge;
use rule::ask;

pub use approval::Approvals;
pub use arguments::Arguments;
pub(crate) use method::{judge_method, methods_deny_calls, of_prompt, of_resource};
pub(crate) use question::KEY as QUESTION_KEY;
pub use standing::{Standing, standing};
pub use taken::{Failure, Taken};
pub use verdict::{
    ApprovalState, Approved, Denial, DenialKind, GoesOn, LimitState, LimitUse, Question, Verdict,
    pseudo,
};

/// A tools/call and everything that rules may ask about it.
#[derive(Debug)]
pub struct Call<'a> {
    /// The tool's name, decoded.
    pub tool: &'a str,
    /// Its arguments.
    pub arguments: Arguments<'a>,
    /// The request's headers.
    pub headers: &'a Headers<'a>,
    /// Who calls.
    pub caller: &'a Caller,
    /// The caller's grant, where it has one.
    pub grant: Option<&'a Grant>,
    /// Its session, where the caller opened it through this proxy.
    pub session: Option<&'a [u8]>,
    /// The upstream's name.
    pub server: &'a str,
    /// How much searching the request may still cause.
    pub effort: &'a Effort,
    /// How a person can be asked; `None` where nobody can.
    pub approvals: Option<&'a Approvals>,
    /// The round trips before and after it; `None` in a batch, where there are none.
    pub trip: Option<RoundTrip<'a>>,
}

/// Decides a call: the first denial wins, and a denied call keeps no units.
pub fn decide(named: &NamedPolicy, call: &Call<'_>, around: &mut dyn Surroundings) -> Verdict {
    decide_watched(named, call, around, &mut ())
}

/// As [`decide`], and tells `trace` of every step.
pub fn decide_watched(
    named: &NamedPolicy,
    call: &Call<'_>,
    around: &mut dyn Surroundings,
    trace: &mut impl Trace,
) -> Verdict {
    let policy = &named.policy;
    let mut verdict = Verdict::allowed();
    trace.call(named, call);
    let standing = standing(policy, call.tool);
    trace.standing(&standing);
    let entry = match standing {
        Standing::Listed(entry) => entry,
        Standing::Refused(denial) => {
            verdict.note(denial, policy.shadow);
            if verdict.denial.is_some() {
                return verdict;
            }
            None
        }
    };
    verdict.entry = entry.map(|entry| entry.number);
    let entries = || entry.into_iter().chain(&policy.wildcard);
    for rule in entries().flat_map(|e| &e.rules) {
        let shadow = policy.shadow || rule.shadow;
        let denial = ask(rule, call, DenialKind::Rule, around, trace);
        trace.rule(rule, denial.as_ref(), shadow);
        if let Some(denial) = denial {
            verdict.note(denial, shadow);
            if verdict.denial.is_some() {
                return verdict;
            }
        }
    }
    let mut asks = Vec::new();
    for approval in entries().flat_map(|e| &e.approvals) {
        let rule = &approval.rule;
        let shadow = policy.shadow || rule.shadow;
        let denial = ask(rule, call, DenialKind::Approval(None), around, trace);
        trace.rule(rule, denial.as_ref(), shadow);
        match denial {
            Some(denial) if shadow => verdict.note(denial, shadow),
            Some(denial) => asks.push((approval, denial)),
            None => {}
        }
    }
    let limits = policy
        .all_tools
        .iter()
        .chain(entries().flat_map(|e| &e.limits));
    if limits.clone().next().is_some() {
        charge(named, call, limits, &mut verdict, around, trace);
    }
    if verdict.denial.is_none() {
        match yes(&asks, named, call, around) {
            Ok(approved) => verdict.approved = approved,
            Err(denial) => {
                verdict.give_all_back(around);
                verdict.denial = Some(denial);
            }
        }
    }
    verdict
}
