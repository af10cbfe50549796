//! The policy that a scan writes.

use std::collections::BTreeMap;

use serde::Serialize;

use super::preset::{Preset, Rule};
use super::source::Found;
use super::tool::Scanned;
use crate::commands::Trouble;

/// What the caller reads where a person has to decide first.
const ASK: &str =
    "This call moves money or starts what cannot be foreseen: a person must approve it first.";

#[derive(Serialize)]
struct Policy<'a> {
    version: &'static str,
    description: String,
    default: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    hide: Vec<&'a str>,
    tools: BTreeMap<&'a str, Entry>,
}

/// An entry under `tools`.
#[derive(Debug, Default, Serialize)]
pub(super) struct Entry {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    approve_if: Vec<Approval>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    limits: Vec<Limit>,
}

#[derive(Debug, Serialize)]
struct Approval {
    /// None: it always asks.
    conditions: [(); 0],
    message: &'static str,
}

#[derive(Debug, Serialize)]
struct Limit {
    counter: String,
    window: &'static str,
    max: u32,
    scope: &'static str,
}

/// The policy as JSON text: default deny, and a rule for each tool that can be named.
pub(super) fn of(found: &Found, tools: &[Scanned], preset: Preset) -> Result<String, Trouble> {
    let hidden = tools.iter().filter(|tool| tool.rule == Some(Rule::Hide));
    let policy = Policy {
        version: "1",
        description: format!(
            "Written by `host-test scan --preset {}` for {} tools of {}. What it does not name is denied.",
            preset.name(),
            tools.len(),
            if found.server.is_empty() {
                "a server"
            } else {
                &found.server
            },
        ),
        default: "deny",
        hide: hidden.map(|tool| tool.name.as_str()).collect(),
        tools: tools
            .iter()
            .filter_map(|tool| Some((tool.name.as_str(), entry(tool)?)))
            .collect(),
    };
    let text = serde_json::to_string_pretty(&policy);
    text.map(|text| text + "\n")
        .map_err(|why| format!("cannot write the policy: {why}"))
}

/// The entry under `tools`; none for what is hidden or cannot be named.
pub(super) fn entry(tool: &Scanned) -> Option<Entry> {
    let mut entry = Entry::default();
    match tool.rule? {
        Rule::Allow => {}
        Rule::PerMinute(max) => entry.limits.push(Limit {
            counter: format!("{}_rate", tool.name),
            window: "minute",
            max,
            scope: "grant",
        }),
        Rule::Approve => entry.approve_if.push(Approval {
            conditions: [],
            message: ASK,
        }),
        Rule::Hide => return None,
    }
    Some(entry)
}
