//! Which rules of the policies no scenario ever saw deny.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use toolgate_engine::Gate;
use toolgate_engine::config::Severity;

use super::play::Played;
use crate::commands::document::{Document, Kind};
use crate::scenario::run::Fired;
use crate::yaml::Position;

/// How far the scenarios of one policy file reach.
pub(super) struct Coverage {
    pub(super) path: PathBuf,
    /// How many rules it has.
    pub(super) rules: usize,
    /// Those that never denied.
    pub(super) never: Vec<Never>,
}

/// A rule that never denied.
pub(super) struct Never {
    /// The name of its policy under `policies`; empty for the only one.
    pub(super) policy: String,
    /// Its identifier.
    pub(super) rule: String,
    pub(super) at: Option<Position>,
    /// As `check` shows a warning.
    pub(super) shown: String,
}

impl Coverage {
    pub(super) fn fired(&self) -> usize {
        self.rules.saturating_sub(self.never.len())
    }
}

/// The coverage of each file that decided, over all scenarios that it decided. What could not be
/// played covers nothing.
pub(super) fn of(played: &[Played]) -> Vec<Coverage> {
    let mut files: BTreeMap<&Path, (&str, BTreeSet<&Fired>)> = BTreeMap::new();
    for one in played {
        let Some((path, config)) = &one.decided_by else {
            continue;
        };
        let (_, fired) = files.entry(path).or_insert((config, BTreeSet::new()));
        fired.extend(one.report.iter().flat_map(|report| &report.fired));
    }
    let of_file = |(path, (config, fired)): (&Path, (&str, BTreeSet<&Fired>))| {
        // A configuration that the engine refuses has broken its scenarios, which is told there.
        let (gate, _) = Gate::load(config.as_bytes()).ok()?;
        Some(of_gate(path, &gate, &fired))
    };
    files.into_iter().filter_map(of_file).collect()
}

fn of_gate(path: &Path, gate: &Gate, fired: &BTreeSet<&Fired>) -> Coverage {
    let mut coverage = Coverage {
        path: path.to_owned(),
        rules: 0,
        never: Vec::new(),
    };
    let document = Document::read(path, None);
    for named in gate.policies() {
        for rule in named.policy.deniers() {
            coverage.rules = coverage.rules.saturating_add(1);
            let seen = fired.iter().any(|(policy, id)| {
                *id == rule
                    && policy
                        .as_ref()
                        .is_none_or(|p| *p == named.name || named.name.is_empty())
            });
            if !seen {
                let never = never(&document, &named.name, rule);
                coverage.never.push(never);
            }
        }
    }
    coverage
}

fn never(document: &Document, policy: &str, rule: String) -> Never {
    // Where what is no pointer comes from.
    let inside = match rule.as_str() {
        "(hidden)" => "/hide",
        "(default deny)" => "/default",
        pointer => pointer,
    };
    let pointer = match (document.kind, policy) {
        (Kind::Policy, _) => inside.to_owned(),
        (Kind::Config, "") => format!("/policy{inside}"),
        (Kind::Config, name) => {
            let name = crate::yaml::pointer_token(name);
            format!("/policies/{name}{inside}")
        }
    };
    let message = format!("no scenario sees `{rule}` deny");
    let finding = document.remark(Severity::Warning, &pointer, message);
    Never {
        policy: policy.to_owned(),
        rule,
        at: finding.at,
        shown: document.show(&finding),
    }
}
