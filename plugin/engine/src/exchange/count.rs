//! The series that a decision adds to, with labels that only the configuration chooses.

use crate::caller::Caller;
use crate::gate::{Gate, NamedPolicy};
use crate::mcp::method;
use crate::record::{Act, Outcome};
use crate::series::{self, Series};

/// The series that a decision adds to.
pub(super) fn count(
    gate: &Gate,
    caller: Option<&Caller>,
    outcome: Outcome,
    act: &Act<'_>,
) -> Vec<Series> {
    let named = caller.and_then(|caller| gate.policy_of(caller));
    let policy = named.map_or("", NamedPolicy::shown);
    let method = match act.method {
        Some("batch") => "batch",
        Some(method) if method::is_known(method) => method,
        // HTTP's, and an operator's decision.
        Some("GET" | "POST" | "DELETE" | "OPTIONS" | "HEAD" | "approve" | "deny") => {
            act.method.unwrap_or_default()
        }
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
    let of_rule =
        |family: &str, rule: &str| Series::of(family).with("rule", rule).with("policy", policy);
    let shadow = act.shadow.iter();
    all.extend(shadow.map(|denial| of_rule(series::SHADOWED, &denial.rule)));
    if let Some(approval) = &act.approval {
        all.push(
            of_rule(series::APPROVALS, act.rule.unwrap_or_default()).with("state", approval.state),
        );
    }
    all
}
