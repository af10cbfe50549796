//! What was scanned, for scripts.

use serde_json::{Value, json};
use toolgate_risk::{Category, Risk};

use super::source::Found;
use super::tool::Scanned;
use super::{policy, suggest};
use crate::commands::Trouble;

/// One object on one line.
pub(super) fn of(found: &Found, tools: &[Scanned]) -> Result<String, Trouble> {
    let report = json!({
        "server": found.server,
        "protocol": found.protocol,
        "totals": totals(tools),
        "tools": tools.iter().map(tool).collect::<Vec<Value>>(),
    });
    serde_json::to_string(&report).map_err(|why| format!("cannot print: {why}"))
}

/// How many tools are of each category and of each risk.
pub(super) fn totals(tools: &[Scanned]) -> Value {
    let count = |of: &dyn Fn(&Scanned) -> bool| tools.iter().filter(|tool| of(tool)).count();
    let categories = Category::ALL.map(|category| {
        (
            category.to_string(),
            json!(count(&|tool| tool.verdict.category == category)),
        )
    });
    let risks = Risk::ALL.map(|risk| {
        (
            risk.to_string(),
            json!(count(&|tool| tool.verdict.risk == risk)),
        )
    });
    json!({
        "tools": tools.len(),
        "category": categories.into_iter().collect::<serde_json::Map<_, _>>(),
        "risk": risks.into_iter().collect::<serde_json::Map<_, _>>(),
    })
}

/// One tool.
pub(super) fn tool(tool: &Scanned) -> Value {
    let verdict = &tool.verdict;
    let signals = verdict.signals.iter().map(|signal| {
        json!({"kind": signal.kind.name(), "source": signal.source.to_string(), "evidence": signal.evidence})
    });
    let reasons = verdict
        .reasons
        .iter()
        .map(|reason| json!({"source": reason.source.to_string(), "text": reason.text}));
    let suggestions = verdict.signals.iter().filter_map(|signal| {
        let suggestion = suggest::of(signal)?;
        Some(json!({"signal": signal.kind.name(), "about": suggestion.about, "rule": suggestion.rule}))
    });
    json!({
        "name": tool.name,
        "category": verdict.category.to_string(),
        "risk": verdict.risk.to_string(),
        "signals": signals.collect::<Vec<_>>(),
        "reasons": reasons.collect::<Vec<_>>(),
        "action": tool.rule_words(),
        "rule": policy::entry(tool),
        "suggestions": suggestions.collect::<Vec<_>>(),
    })
}
