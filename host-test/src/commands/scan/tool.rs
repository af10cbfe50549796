//! One tool of a server, judged.

use std::collections::BTreeMap;

use serde_json::Value;
use toolgate_risk::{Category, Tool, Verdict, classify};

use super::preset::{Preset, Rule};
use super::source::Found;

/// What a tool's name may consist of in a policy that a scan writes. Another name could be a glob and
/// so name other tools, or look like another name to a person.
const LONGEST_NAME: usize = 128;

/// A tool, what is thought of it, and what the policy does with it.
#[derive(Debug)]
pub(super) struct Scanned {
    pub(super) name: String,
    /// As it was listed.
    pub(super) definition: Value,
    pub(super) verdict: Verdict,
    /// `None` where the policy cannot name it, so that it is denied; then [`Scanned::unnamed`] says why.
    pub(super) rule: Option<Rule>,
    pub(super) unnamed: Option<&'static str>,
}

impl Scanned {
    pub(super) fn description(&self) -> &str {
        let text = self.definition.get("description").and_then(Value::as_str);
        text.unwrap_or_default()
    }

    /// What becomes of it, in words.
    pub(super) fn rule_words(&self) -> String {
        match (self.rule, self.unnamed) {
            (Some(rule), _) => rule.words(),
            (None, why) => format!("denied: {}", why.unwrap_or("not named")),
        }
    }
}

/// Judges every tool; in the order of their names, each name once.
pub(super) fn judge(found: &Found, preset: Preset) -> Vec<Scanned> {
    let mut tools: BTreeMap<&str, Scanned> = BTreeMap::new();
    for definition in &found.tools {
        let name = definition
            .get("name")
            .and_then(Value::as_str)
            .unwrap_or_default();
        let scanned = one(name, definition, &found.server, preset);
        let unnamed = scanned.unnamed;
        match tools.get_mut(name) {
            None => {
                tools.insert(name, scanned);
            }
            // Which of the two a call would reach, nobody can tell.
            Some(first) => {
                if badness(&scanned) > badness(first) {
                    *first = scanned;
                }
                first.rule = None;
                first.unnamed = unnamed.or(Some("it is listed more than once"));
            }
        }
    }
    tools.into_values().collect()
}

fn badness(tool: &Scanned) -> (toolgate_risk::Risk, Category) {
    (tool.verdict.risk, tool.verdict.category)
}

fn one(name: &str, definition: &Value, server: &str, preset: Preset) -> Scanned {
    let description = definition.get("description").and_then(Value::as_str);
    let verdict = classify(&Tool {
        server: (!server.is_empty()).then_some(server),
        name,
        description: description.unwrap_or_default(),
        input_schema: definition.get("inputSchema"),
        annotations: definition.get("annotations"),
    });
    let unnamed = unnamed(name);
    let rule = unnamed.is_none().then(|| preset.rule(&verdict));
    Scanned {
        name: name.to_owned(),
        definition: definition.clone(),
        verdict,
        rule,
        unnamed,
    }
}

/// Why a policy does not name a tool.
fn unnamed(name: &str) -> Option<&'static str> {
    let usual = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '/' | '-');
    if name.is_empty() {
        Some("it has no name")
    } else if name.len() > LONGEST_NAME {
        Some("its name is longer than 128 characters")
    } else if !name.chars().all(usual) {
        Some("its name has characters outside A-Z a-z 0-9 _ . / -")
    } else {
        None
    }
}
