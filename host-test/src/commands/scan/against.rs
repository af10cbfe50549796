//! What has changed on a server since its policy was written.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Value, json};
use toolgate_engine::config::policy::{Posture, read_policy};
use toolgate_engine::config::{Faults, Field};
use toolgate_engine::glob::is_glob;
use toolgate_engine::json as engine_json;
use toolgate_engine::policy::{Listing, Policy, compile};

use super::lock::{self, Entry};
use super::source::Found;
use super::tool::Scanned;
use crate::commands::document::{Document, Kind, printable};
use crate::commands::{Trouble, style};

/// Every difference, by the tools' names.
#[derive(Debug, Default)]
pub(super) struct Difference {
    /// On the server, and not there before; with what is thought of it and whether the policy lets it pass.
    appeared: BTreeMap<String, (Entry, bool)>,
    /// There before, and gone.
    went: Vec<String>,
    /// Defined otherwise, or judged otherwise.
    changed: BTreeMap<String, Change>,
    /// Whether there is no lock, so that only names can be compared.
    names_only: bool,
}

#[derive(Debug)]
struct Change {
    /// The members of the definition that differ.
    members: Vec<String>,
    was: Entry,
    is: Entry,
}

/// Compares a server with a policy, and with the lock beside it.
pub(super) fn compare(
    path: &Path,
    found: &Found,
    tools: &[Scanned],
) -> Result<Difference, Trouble> {
    let policy = Covered::read(path)?;
    let now: BTreeMap<String, Entry> = tools
        .iter()
        .map(|tool| (tool.name.clone(), lock::entry(tool)))
        .collect();
    let Some(lock) = lock::read(path)? else {
        return Ok(by_name(&policy, now));
    };
    if lock.server != found.server {
        anstream::eprintln!(
            "{} the policy was written for a server that called itself `{}`; this one calls itself `{}`",
            style::warning("warning:"),
            printable(&lock.server),
            printable(&found.server)
        );
    }
    let mut difference = Difference::default();
    for (name, was) in &lock.tools {
        match now.get(name) {
            None => difference.went.push(name.clone()),
            Some(is) if is == was => {}
            Some(is) => {
                let members = was.definition.keys().chain(is.definition.keys());
                let mut members: Vec<String> = members
                    .filter(|key| was.definition.get(*key) != is.definition.get(*key))
                    .cloned()
                    .collect();
                members.sort();
                members.dedup();
                let change = Change {
                    members,
                    was: was.clone(),
                    is: is.clone(),
                };
                difference.changed.insert(name.clone(), change);
            }
        }
    }
    for (name, is) in now {
        if !lock.tools.contains_key(&name) {
            let passes = policy.passes(&name);
            difference.appeared.insert(name, (is, passes));
        }
    }
    Ok(difference)
}

/// Without a lock: what the policy does not speak of has appeared, what it names and is not there has
/// gone.
fn by_name(policy: &Covered, now: BTreeMap<String, Entry>) -> Difference {
    let went = policy.names.iter().filter(|name| !now.contains_key(*name));
    Difference {
        went: went.cloned().collect(),
        appeared: now
            .into_iter()
            .filter(|(name, _)| !policy.speaks_of(name))
            .map(|(name, entry)| {
                let passes = policy.passes(&name);
                (name, (entry, passes))
            })
            .collect(),
        changed: BTreeMap::new(),
        names_only: true,
    }
}

/// What a policy speaks of.
struct Covered {
    policy: Policy,
    /// The names that stand in it; globs are not among them.
    names: Vec<String>,
}

impl Covered {
    fn read(path: &Path) -> Result<Self, Trouble> {
        let document = Document::read(path, Some(Kind::Policy));
        if document.is_refused() {
            let path = path.display();
            return Err(format!(
                "`{path}` cannot be used; `host-test check {path}` says why"
            ));
        }
        let wrong = || format!("`{}` cannot be read", path.display());
        let value = engine_json::parse(document.json.as_bytes()).map_err(|_| wrong())?;
        let mut faults = Faults::default();
        let raw = read_policy(&Field::root(value), &mut faults).ok_or_else(wrong)?;
        let policy = compile(&raw, &mut faults).ok_or_else(wrong)?;
        let document: Value = serde_json::from_str(&document.json).map_err(|_| wrong())?;
        let keys = document.get("tools").and_then(Value::as_object);
        let keys = keys.into_iter().flatten().map(|(key, _)| key.as_str());
        let hidden = document.get("hide").and_then(Value::as_array);
        let hidden = hidden.into_iter().flatten().filter_map(Value::as_str);
        let names = keys.chain(hidden).filter(|name| !is_glob(name));
        Ok(Self {
            names: names.map(str::to_owned).collect(),
            policy,
        })
    }

    /// Whether it names the tool, by a glob or exactly, to let it pass or to hide it.
    fn speaks_of(&self, name: &str) -> bool {
        self.policy.hidden.hides(name) || self.lists(name)
    }

    fn lists(&self, name: &str) -> bool {
        matches!(
            self.policy.tools.find(name),
            Listing::Exact(_) | Listing::Glob(_)
        )
    }

    /// Whether a call of the tool may pass: its rules aside.
    fn passes(&self, name: &str) -> bool {
        !self.policy.hidden.hides(name)
            && (self.lists(name) || self.policy.default == Posture::Allow)
    }
}

impl Difference {
    pub(super) fn is_any(&self) -> bool {
        !self.appeared.is_empty() || !self.went.is_empty() || !self.changed.is_empty()
    }

    pub(super) fn print(&self) {
        for (name, (is, passes)) in &self.appeared {
            let passes = if *passes {
                style::bad("the policy lets it pass")
            } else {
                "the policy denies it".to_owned()
            };
            let (name, category, risk) = (printable(name), &is.category, &is.risk);
            anstream::println!(
                "{} {name}: {category}, {risk}; {passes}",
                style::warning("appeared")
            );
        }
        for name in &self.went {
            anstream::println!("{}     {}", style::dim("went"), printable(name));
        }
        for (name, change) in &self.changed {
            anstream::println!(
                "{}  {}: {}",
                style::warning("changed"),
                printable(name),
                change.words()
            );
        }
        if self.names_only {
            let note = "no scan lies beside the policy, so only names were compared";
            anstream::println!("{}", style::dim(note));
        }
        if !self.is_any() {
            anstream::println!("{}", style::good("nothing differs"));
        }
    }

    pub(super) fn json(&self) -> Result<String, Trouble> {
        let entry = |entry: &Entry| json!({"category": entry.category, "risk": entry.risk, "signals": entry.signals});
        let appeared = self
            .appeared
            .iter()
            .map(|(name, (is, passes))| json!({"name": name, "is": entry(is), "passes": passes}));
        let changed = self.changed.iter().map(|(name, change)| {
            json!({"name": name, "members": change.members, "was": entry(&change.was), "is": entry(&change.is)})
        });
        let report = json!({
            "differs": self.is_any(),
            "names_only": self.names_only,
            "appeared": appeared.collect::<Vec<_>>(),
            "went": self.went,
            "changed": changed.collect::<Vec<_>>(),
        });
        serde_json::to_string(&report).map_err(|why| format!("cannot print: {why}"))
    }
}

impl Change {
    fn words(&self) -> String {
        let mut parts = Vec::new();
        if !self.members.is_empty() {
            let members: Vec<String> = self
                .members
                .iter()
                .map(|member| printable(member))
                .collect();
            parts.push(format!("its {} differ", members.join(", ")));
        }
        for (what, was, is) in [
            ("category", &self.was.category, &self.is.category),
            ("risk", &self.was.risk, &self.is.risk),
        ] {
            if was != is {
                parts.push(format!("{what} {was} -> {is}"));
            }
        }
        let new = self
            .is
            .signals
            .iter()
            .filter(|signal| !self.was.signals.contains(signal));
        let new: Vec<&str> = new.map(String::as_str).collect();
        if !new.is_empty() {
            parts.push(format!("new signals {}", new.join(", ")));
        }
        parts.join("; ")
    }
}
