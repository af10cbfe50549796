//! What a policy says that its author probably did not mean: warnings, for tools that check
//! policies. The module never asks: a request is decided the same with them or without.

mod contradiction;
mod limits;
mod names;

use rustc_hash::FxHashMap;

use super::condition::{Condition, Scalar, Test};
use super::model::{Check, Cost, Entry, Policy, Required, Rule};
use super::path::{Path, Root, Segment};
use crate::config::Faults;
use crate::config::approver::Approver;
use crate::config::plugin::RawPlugin;
use crate::config::policy::{Posture, RawPolicy};
use crate::config::tool::RawTool;

/// Warns of what is probably not meant in a policy; `policy` is `raw` compiled.
pub fn lint(raw: &RawPolicy<'_>, policy: &Policy, faults: &mut Faults) {
    let mut lint = Lint {
        raw,
        policy,
        tools: raw
            .tools
            .iter()
            .map(|(name, tool)| (name.as_str(), tool))
            .collect(),
        faults,
    };
    lint.names();
    for entry in policy.tools.entries().iter().chain(&policy.wildcard) {
        lint.rules(entry);
        lint.approvers(entry);
        lint.absent_arguments(entry);
        lint.conditions(entry);
    }
    lint.limits();
}

/// Warns of what is probably not meant in a plugin configuration, beside its single policies.
pub fn lint_plugin(raw: &RawPlugin<'_>, faults: &mut Faults) {
    for (name, policy) in &raw.policies {
        if raw.grants.iter().all(|grant| grant.policy.0 != *name) {
            faults.key_warning(
                &policy.pointer,
                format!(
                    "no grant uses the policy `{name}`: name it in a grant's `policy`, or remove it"
                ),
            );
        }
    }
}

struct Lint<'l> {
    raw: &'l RawPolicy<'l>,
    policy: &'l Policy,
    tools: FxHashMap<&'l str, &'l RawTool<'l>>,
    faults: &'l mut Faults,
}

impl Lint<'_> {
    /// Where the rule or the like with this identifier stands.
    fn at(&self, id: &str) -> String {
        format!("{}{id}", self.raw.pointer)
    }

    /// Where an entry stands.
    fn at_entry(&self, entry: &Entry) -> String {
        let tool = self.tools.get(entry.key.as_str());
        tool.map_or_else(String::new, |tool| tool.pointer.clone())
    }

    /// The rule of an entry that denies every call that reaches it.
    fn always_denies<'e>(&self, entry: &'e Entry) -> Option<(usize, &'e Rule)> {
        let unconditional = |rule: &Rule| {
            let Check::DenyIf(conditions) = &rule.check else {
                return false;
            };
            conditions.is_empty() && !rule.shadow && !self.policy.shadow
        };
        entry
            .rules
            .iter()
            .enumerate()
            .find(|(_, rule)| unconditional(rule))
    }

    /// Why no call of an entry's tools ever passes its rules, if none does.
    fn closed(&self, entry: &Entry) -> Option<String> {
        if self.policy.shadow {
            return None;
        }
        if self.is_hidden(&entry.key) {
            return Some("hidden".to_owned());
        }
        let wildcard = self.policy.wildcard.as_ref();
        let mut entries = std::iter::once(entry).chain(wildcard);
        let rule = entries.find_map(|entry| self.always_denies(entry))?.1;
        Some(format!("always denied by `{}`", rule.id))
    }

    /// Whether any tool at all can be called.
    fn callable(&self) -> bool {
        let policy = self.policy;
        let wildcard = policy.wildcard.as_ref();
        let closed = wildcard.is_some_and(|entry| self.always_denies(entry).is_some());
        let unlisted = policy.default == Posture::Allow && !policy.hidden.all && !closed;
        unlisted || policy.shadow || {
            let mut entries = policy.tools.entries().iter();
            entries.any(|entry| self.closed(entry).is_none())
        }
    }

    /// Rules that never fire.
    fn rules(&mut self, entry: &Entry) {
        let wall = self.always_denies(entry);
        let behind = wall.map_or(usize::MAX, |(index, _)| index);
        for (index, rule) in entry
            .rules
            .iter()
            .chain(entry.approvals.iter().map(|a| &a.rule))
            .enumerate()
        {
            if let Some((_, deny)) = wall
                && index > behind
            {
                self.faults.warn(
                    &self.at(&rule.id),
                    format!(
                        "this is never asked: `{}` before it denies every call; give that one conditions, or remove one of the two",
                        deny.id
                    ),
                );
                continue;
            }
            match &rule.check {
                Check::DenyIf(conditions) => self.contradiction(
                    &rule.id,
                    conditions,
                    "so this never matches; conditions of one rule must all hold, so write `in` or two rules for alternatives",
                ),
                Check::Require(conditions) => self.contradiction(
                    &rule.id,
                    conditions,
                    "so this denies every call; conditions of one rule must all hold, so write `in` for alternatives",
                ),
                Check::Pinned(_) | Check::Required(_) | Check::Schema(_) => {}
            }
        }
    }

    /// Rules that trust the client.
    fn approvers(&mut self, entry: &Entry) {
        for approval in &entry.approvals {
            if matches!(approval.by, Approver::User(_)) {
                self.faults.warn(
                    &self.at(&format!("{}/by", approval.rule.id)),
                    "`by: \"user\"` trusts the client, and an agent that controls its client can say yes in the user's name: use `operator` where the agent itself is not trusted",
                );
            }
        }
    }

    fn contradiction(&mut self, id: &str, conditions: &[Condition], so: &str) {
        if let Some((first, second)) = contradiction::find(conditions) {
            let message = format!("`{first}` and `{second}` never hold at once, {so}");
            self.faults.warn(&self.at(id), message);
        }
    }

    /// Arguments that a `deny_if` reads and that nothing requires: leaving them out passes.
    fn absent_arguments(&mut self, entry: &Entry) {
        let wildcard = self.policy.wildcard.as_ref();
        let entries = || std::iter::once(entry).chain(wildcard);
        let asked = self
            .always_denies(entry)
            .map_or(usize::MAX, |(index, _)| index);
        for rule in entry.rules.iter().take(asked) {
            let Check::DenyIf(conditions) = &rule.check else {
                continue;
            };
            if contradiction::find(conditions).is_some() {
                continue;
            }
            let mut told: Vec<&Path> = Vec::new();
            for (index, condition) in conditions.iter().enumerate() {
                let path = &condition.path;
                let asks_absence = conditions
                    .iter()
                    .any(|c| same_path(&c.path, path) && matches!(c.test, Test::Exists(_)));
                let known = told.iter().any(|told| same_path(told, path));
                if path.root != Root::Args
                    || asks_absence
                    || known
                    || entries().any(|entry| requires(entry, path))
                {
                    continue;
                }
                told.push(path);
                let at = self.at(&format!("{}/conditions/{index}/path", rule.id));
                self.faults.warn(
                    &at,
                    format!(
                        "a call without `{path}` passes this rule, and nothing requires it: add a `require` with {{\"path\": {}, \"op\": \"exists\", \"value\": true}} if it must be there",
                        quoted(&path.to_string())
                    ),
                );
            }
        }
    }
}

impl Lint<'_> {
    /// Conditions that ask something else than they look like.
    fn conditions(&mut self, entry: &Entry) {
        let rules = entry.rules.iter();
        for rule in rules.chain(entry.approvals.iter().map(|a| &a.rule)) {
            let (conditions, fires) = match &rule.check {
                Check::DenyIf(conditions) => (conditions, true),
                Check::Require(conditions) => (conditions, false),
                Check::Pinned(_) | Check::Required(_) | Check::Schema(_) => continue,
            };
            for (index, condition) in conditions.iter().enumerate() {
                let at = self.at(&format!("{}/conditions/{index}", rule.id));
                let path = &condition.path;
                if path.root == Root::ClientIp && compares_networks(&condition.test) {
                    self.faults.warn(
                        &format!("{at}/value"),
                        "`client.ip` is compared as text, so no address equals a network: use `regex` with the addresses' beginning",
                    );
                }
                let beside = matches!(path.root, Root::Header(_) | Root::Claims);
                let asked =
                    |c: &Condition| same_path(&c.path, path) && matches!(c.test, Test::Exists(_));
                let none_of = matches!(condition.test, Test::NoneOf(_));
                if fires && beside && none_of && !conditions.iter().any(asked) {
                    self.faults.warn(
                        &format!("{at}/path"),
                        format!("a call without `{path}` passes this rule: write a `require` with `eq` or `in` if it must be there"),
                    );
                }
            }
        }
    }
}

/// Whether an operand looks like a network in CIDR notation.
fn compares_networks(test: &Test) -> bool {
    let (Test::OneOf(operands) | Test::NoneOf(operands)) = test else {
        return false;
    };
    let network = |operand: &Scalar| matches!(operand, Scalar::String(text) if text.contains('/'));
    operands.iter().any(network)
}

fn quoted(text: &str) -> String {
    let mut out = String::new();
    crate::json::push_json_string(&mut out, text);
    out
}

/// Whether two paths lead to the same place.
fn same_path(a: &Path, b: &Path) -> bool {
    a.root == b.root && a.segments == b.segments
}

/// Whether a call without what `path` leads to is denied by an entry.
fn requires(entry: &Entry, path: &Path) -> bool {
    let leads_there =
        |other: &Path| other.root == Root::Args && other.segments.starts_with(&path.segments);
    let by_rule = |rule: &Rule| match &rule.check {
        _ if rule.shadow => false,
        Check::Require(conditions) => conditions.iter().any(|condition| {
            leads_there(&condition.path) && !matches!(condition.test, Test::Exists(false))
        }),
        Check::DenyIf(conditions) => match conditions.as_slice() {
            [only] => same_path(&only.path, path) && matches!(only.test, Test::Exists(false)),
            _ => false,
        },
        Check::Required(Required::Listed(names)) => match path.segments.as_slice() {
            [Segment::Key(key)] => names.contains(key),
            _ => false,
        },
        Check::Pinned(_) => false,
        // Which arguments the schema requires may only be known when the tool is called.
        Check::Required(Required::BySchema) | Check::Schema(_) => true,
    };
    let by_cost = entry.limits.iter().any(|limit| match &limit.cost {
        Cost::From(cost) => leads_there(cost) && !limit.shadow,
        Cost::Fixed(_) => false,
    });
    by_cost || entry.rules.iter().any(by_rule)
}
