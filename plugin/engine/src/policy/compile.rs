//! From what was written to what is applied; every fault with its place.

use std::num::{NonZeroU32, NonZeroU64};

use rustc_hash::{FxHashMap, FxHashSet};

use crate::config::Faults;
use crate::config::condition::{Operator, RawCondition};
use crate::config::limit::{RawAlgorithm, RawCost, RawLimit, RawScope, RefundOn};
use crate::config::pin::RawPin;
use crate::config::policy::{Mode, RawHide, RawPolicy, RawSection};
use crate::config::tool::{
    RawApproval, RawGuard, RawRequired, RawRule, RawState, RawTool, RawValidate,
};
use crate::glob::{Glob, GlobSet, is_glob};
use crate::limit::{Algorithm, Quota, Window};

use super::condition::Condition;
use super::model::{
    Approval, Check, Cost, Entry, Limit, Limits, Policy, Refunds, Required, Rule, Scope, Section,
};
use super::path::{Path, Root};
use super::schema::Schema;
use super::tools::{Hidden, Names, ToolTable};
use super::uri::decoded;

/// The most entries under `tools`, names under `hide` and the like, and limits of one entry.
const MAX_NAMES: usize = 50_000;
const MAX_LIMITS: usize = 16;

/// How long a request for approval waits where the policy does not say: 30 minutes, in seconds.
const DEFAULT_TIMEOUT: u32 = 1_800;

/// Compiles a policy; `None` when any fault refuses it.
pub fn compile(raw: &RawPolicy<'_>, faults: &mut Faults) -> Option<Policy> {
    let mut compiler = Compiler {
        faults,
        document: &raw.pointer,
        limit_count: 0,
        learns: false,
        counts_sessions: false,
        reads_answers: false,
        pins: false,
    };
    let policy = compiler.policy(raw);
    policy.filter(|_| !faults.fatal())
}

struct Compiler<'f> {
    faults: &'f mut Faults,
    /// Where the policy stands in a larger document; rule identifiers begin below it.
    document: &'f str,
    limit_count: usize,
    learns: bool,
    counts_sessions: bool,
    reads_answers: bool,
    pins: bool,
}

impl Compiler<'_> {
    /// A rule's identifier: its pointer within the policy.
    fn id(&self, pointer: &str) -> String {
        pointer
            .strip_prefix(self.document)
            .unwrap_or(pointer)
            .to_owned()
    }

    fn policy(&mut self, raw: &RawPolicy<'_>) -> Option<Policy> {
        let shadow = raw.mode == Some(Mode::Shadow);
        if raw.tools.len() > MAX_NAMES {
            self.faults.error(
                &raw.pointer,
                format!("`tools` has more than {MAX_NAMES} entries"),
            );
            return None;
        }
        if let Some(limit) = raw.all_limits.get(MAX_LIMITS) {
            self.faults.error(
                &limit.pointer,
                format!("more than {MAX_LIMITS} limits under `all_tools`"),
            );
        }
        let all_tools = self.limits(&raw.all_limits, None);
        let mut entries = Vec::with_capacity(raw.tools.len());
        let mut exact = FxHashMap::default();
        let (mut globs, mut glob_entries) = (Vec::new(), Vec::new());
        let mut wildcard = None;
        for (name, tool) in &raw.tools {
            if name.trim().is_empty() {
                self.faults
                    .error(&tool.pointer, "a tool's name must not be blank");
                continue;
            }
            let entry = self.entry(name, tool);
            if name == "*" {
                wildcard = Some(entry);
                continue;
            }
            if is_glob(name) {
                match Glob::parse(name) {
                    Ok(glob) => {
                        globs.push(glob);
                        glob_entries.push(entries.len());
                    }
                    Err(why) => self.faults.error(&tool.pointer, why.to_string()),
                }
            } else {
                exact.insert(name.clone(), entries.len());
            }
            entries.push(entry);
        }
        let globs = self.glob_set(globs, raw);
        Some(Policy {
            default: raw.default?,
            hidden: self.hidden(&raw.hide),
            tools: ToolTable::new(entries, exact, globs?, glob_entries),
            wildcard,
            all_tools,
            methods: self.section(raw.methods.as_ref(), str::to_owned),
            resources: self.section(raw.resources.as_ref(), decoded),
            prompts: self.section(raw.prompts.as_ref(), str::to_owned),
            deny_with: raw.deny_with,
            shadow,
            limit_count: self.limit_count,
            learns: self.learns,
            counts_sessions: self.counts_sessions,
            reads_answers: self.reads_answers,
            pins: self.pins,
        })
    }

    fn glob_set(&mut self, globs: Vec<Glob>, raw: &RawPolicy<'_>) -> Option<GlobSet> {
        GlobSet::ranked(globs)
            .map_err(|tie| {
                let second = tie.second.1.as_str();
                let at = raw.tools.iter().find(|(name, _)| name == second);
                let pointer = at.map_or(raw.pointer.as_str(), |(_, tool)| &tool.pointer);
                self.faults.error(pointer, tie.to_string());
            })
            .ok()
    }

    fn hidden(&mut self, raw: &RawHide) -> Hidden {
        Hidden {
            all: raw.all,
            names: self.names(&raw.names),
        }
    }

    fn names(&mut self, raw: &[(String, String)]) -> Names {
        let mut exact = FxHashSet::default();
        let mut globs = Vec::new();
        if let Some((_, pointer)) = raw.get(MAX_NAMES) {
            self.faults
                .error(pointer, format!("more than {MAX_NAMES} names are listed"));
        }
        for (name, pointer) in raw {
            if is_glob(name) {
                match Glob::parse(name) {
                    Ok(glob) => globs.push(glob),
                    Err(why) => self.faults.error(pointer, why.to_string()),
                }
            } else {
                exact.insert(name.clone());
            }
        }
        Names::new(exact, globs)
    }

    /// `denied_as` is how a name under `deny` is compared.
    fn section(&mut self, raw: Option<&RawSection>, denied_as: fn(&str) -> String) -> Section {
        let Some(raw) = raw else {
            return Section::default();
        };
        for (name, pointer) in &raw.allow {
            if raw.deny.iter().any(|(denied, _)| denied == name) {
                self.faults.error(
                    pointer,
                    format!("`{name}` is under `allow` and under `deny`: keep one"),
                );
            }
        }
        let denied = raw.deny.iter();
        let denied = denied.map(|(name, pointer)| (denied_as(name), pointer.clone()));
        Section {
            default: raw.default,
            allow: self.names(&raw.allow),
            deny: self.names(&denied.collect::<Vec<_>>()),
            pointer: self.id(&raw.pointer),
        }
    }

    fn entry(&mut self, key: &str, raw: &RawTool<'_>) -> Entry {
        let shadow = raw.mode == Some(Mode::Shadow);
        let mut entry = Entry {
            key: key.to_owned(),
            ..Entry::default()
        };
        entry
            .rules
            .extend(raw.pin.as_ref().and_then(|pin| self.pin(key, pin)));
        for validate in &raw.validate {
            let rule = self.validate(validate);
            entry.rules.extend(rule);
        }
        for guard in &raw.require {
            let conditions = self.conditions(&guard.conditions);
            let rule = self.guard_rule(guard, Check::Require(conditions));
            entry.rules.push(rule);
        }
        for guard in &raw.deny_if {
            let conditions = self.conditions(&guard.conditions);
            let rule = self.guard_rule(guard, Check::DenyIf(conditions));
            entry.rules.push(rule);
        }
        for approval in &raw.approve_if {
            let approval = self.approval(approval);
            entry.approvals.push(approval);
        }
        let mut limits = self.limits(&raw.limits, Some(key));
        for rule in &raw.rules {
            match rule {
                RawRule::Require(guard) => {
                    let conditions = self.conditions(&guard.conditions);
                    entry
                        .rules
                        .push(self.guard_rule(guard, Check::Require(conditions)));
                }
                RawRule::Deny(guard) => {
                    entry
                        .rules
                        .push(self.guard_rule(guard, Check::DenyIf(Vec::new())));
                }
                RawRule::Approve(approval) => {
                    let approval = self.approval(approval);
                    entry.approvals.push(approval);
                }
                RawRule::Validate(validate, said, mode) => {
                    let rule = self.validate(validate).map(|rule| Rule {
                        message: said.clone().unwrap_or_default(),
                        shadow: *mode == Some(Mode::Shadow),
                        ..rule
                    });
                    entry.rules.extend(rule);
                }
                RawRule::Limit(limit) => self.rate_limit(limit, key, &mut limits),
                RawRule::State(state) => self.state(state, key, &mut entry, &mut limits),
            }
        }
        if limits.len() > MAX_LIMITS {
            self.faults.error(
                &raw.pointer,
                format!(
                    "more than {MAX_LIMITS} limits on one tool: each costs two calls of the host"
                ),
            );
        }
        entry.limits = limits;
        if shadow {
            let approvals = entry.approvals.iter_mut().map(|a| &mut a.rule);
            let rules = entry.rules.iter_mut().chain(approvals);
            rules.for_each(|rule| rule.shadow = true);
            entry
                .limits
                .iter_mut()
                .for_each(|limit| limit.shadow = true);
        }
        entry
    }

    fn guard_rule(&self, raw: &RawGuard<'_>, check: Check) -> Rule {
        let id = self.id(&raw.pointer);
        Rule {
            message: raw.on_deny.clone().unwrap_or_else(|| denied_by(&id)),
            id,
            check,
            shadow: raw.mode == Some(Mode::Shadow),
        }
    }

    fn pin(&mut self, key: &str, raw: &RawPin) -> Option<Rule> {
        if is_glob(key) {
            let why =
                "a pin is for one tool, whose name it covers too: list the tool by its exact name";
            self.faults.error(&raw.pointer, why);
            return None;
        }
        self.pins = true;
        Some(Rule {
            id: self.id(&raw.pointer),
            message: String::new(),
            check: Check::Pinned(raw.pins.clone()),
            shadow: false,
        })
    }

    fn validate(&mut self, raw: &RawValidate<'_>) -> Option<Rule> {
        let (pointer, check) = match raw {
            RawValidate::Required(pointer, RawRequired::BySchema) => {
                self.learns = true;
                (pointer, Check::Required(Required::BySchema))
            }
            RawValidate::Required(pointer, RawRequired::Listed(names)) => {
                (pointer, Check::Required(Required::Listed(names.clone())))
            }
            RawValidate::Schema(field) => {
                let schema = Schema::compile(field, self.faults)?;
                (&field.pointer, Check::Schema(schema))
            }
        };
        Some(Rule {
            id: self.id(pointer),
            message: String::new(),
            check,
            shadow: false,
        })
    }

    fn approval(&mut self, raw: &RawApproval<'_>) -> Approval {
        let conditions = self.conditions(&raw.conditions);
        self.reads_answers = true;
        let timeout = raw.timeout.and_then(|seconds| u32::try_from(seconds).ok());
        Approval {
            rule: Rule {
                id: self.id(&raw.pointer),
                message: raw
                    .message
                    .clone()
                    .unwrap_or_else(|| "Approval by a person is required for this call".to_owned()),
                check: Check::DenyIf(conditions),
                shadow: raw.mode == Some(Mode::Shadow),
            },
            timeout: timeout.unwrap_or(DEFAULT_TIMEOUT),
            shows_arguments: raw.show_arguments,
            by: raw.by,
        }
    }

    fn conditions(&mut self, raw: &[RawCondition<'_>]) -> Vec<Condition> {
        raw.iter()
            .filter_map(|c| Condition::compile(c, self.faults))
            .collect()
    }

    fn limits(&mut self, raw: &[RawLimit], section: Option<&str>) -> Limits {
        let mut limits = Limits::new();
        for raw in raw {
            if let Some(limit) = self.limit(raw, section) {
                if limits.iter().any(|other| same_counter(other, &limit)) {
                    self.faults.error(
                        &raw.pointer,
                        format!(
                            "counter `{}` has two limits with this window and scope: keep one, or name another counter",
                            raw.counter
                        ),
                    );
                }
                limits.push(limit);
            }
        }
        limits
    }

    fn limit(&mut self, raw: &RawLimit, section: Option<&str>) -> Option<Limit> {
        let window = Window::of(NonZeroU32::new(raw.window)?);
        let max = NonZeroU64::new(raw.max)?;
        let scopes = raw
            .scope
            .iter()
            .filter_map(|scope| self.scope(scope))
            .collect();
        let cost = match &raw.cost {
            RawCost::Fixed(units) if *units > raw.max => {
                self.faults.error(
                    &raw.pointer,
                    format!("one call costs {units}, more than the whole limit of {max}: no call would ever pass"),
                );
                return None;
            }
            RawCost::Fixed(units) => Cost::Fixed(*units),
            RawCost::From(text) => Cost::From(self.argument(text, &raw.pointer, "a cost")?),
        };
        let refunds = refunds(raw.refund_on.as_deref());
        self.reads_answers |= refunds.need_answer();
        let number = self.limit_count;
        self.limit_count = number.saturating_add(1);
        Some(Limit {
            id: self.id(&raw.rule),
            message: raw.message.clone().unwrap_or_else(|| {
                format!("Rate limit of {max} per {window} reached. Try again later.")
            }),
            counter: raw.counter.clone(),
            section: section.map(str::to_owned),
            quota: Quota {
                max,
                window,
                algorithm: match raw.algorithm {
                    RawAlgorithm::Fixed => Algorithm::Fixed,
                    RawAlgorithm::Sliding => Algorithm::Sliding,
                },
            },
            scopes,
            cost,
            refunds,
            shadow: raw.mode == Some(Mode::Shadow),
            number,
        })
    }

    fn scope(&mut self, raw: &RawScope) -> Option<Scope> {
        Some(match raw.text.as_str() {
            "grant" => Scope::Grant,
            "session" => {
                self.counts_sessions = true;
                Scope::Session
            }
            "client" => Scope::Client,
            "global" => Scope::Global,
            text => Scope::Argument(self.argument(text, &raw.pointer, "a scope")?),
        })
    }

    /// A path that leads to one argument.
    fn argument(&mut self, text: &str, pointer: &str, what: &str) -> Option<Path> {
        match Path::parse(text) {
            Ok(path) if path.root == Root::Args && !path.has_every() => Some(path),
            Ok(_) => {
                self.faults.error(
                    pointer,
                    format!("`{text}` cannot be {what}: write `args.<path>` without `[*]`"),
                );
                None
            }
            Err(why) => {
                self.faults.error(pointer, why);
                None
            }
        }
    }

    /// A `rate_limit` of dialect B or C: one for each window, since it has no counter of its own.
    fn rate_limit(&mut self, raw: &RawLimit, key: &str, limits: &mut Limits) {
        let Some(limit) = self.limit(raw, Some(key)) else {
            return;
        };
        if limits.iter().any(|other| same_counter(other, &limit)) {
            let window = limit.quota.window;
            self.faults.error(
                &raw.pointer,
                format!("another rule of this tool limits the rate per {window} already: keep the smaller one"),
            );
        }
        limits.push(limit);
    }

    /// `state`: the condition on the rule's own counter becomes its limit, the others must hold.
    fn state(&mut self, raw: &RawState<'_>, key: &str, entry: &mut Entry, limits: &mut Limits) {
        let owner = if key == "*" { "_global" } else { key };
        let own = format!("state.{owner}.{}", raw.counter);
        let mut bound = None;
        let mut others = Vec::new();
        let mut told = false;
        for condition in &raw.conditions {
            let path = condition.path.value.as_str().unwrap_or_default();
            if !path.starts_with("state.") {
                others.extend(Condition::compile(condition, self.faults));
                continue;
            }
            let number = condition.value.value.as_number().and_then(|n| n.to_u64());
            let max = match (condition.op, number) {
                (Operator::Lte, Some(n)) => Some(n),
                (Operator::Lt, Some(n)) => n.checked_sub(1),
                _ => None,
            };
            let before = self.faults.as_slice().len();
            if path != own {
                self.faults.error(
                    &condition.path.pointer,
                    format!("`{path}` is not this rule's counter: expected `{own}`"),
                );
            } else if bound.is_some() {
                self.faults
                    .error(&condition.pointer, "the counter is bounded twice: keep one");
            } else if let Some(max) = max.filter(|max| *max >= 1) {
                bound = Some(max);
            } else {
                self.faults.error(
                    &condition.pointer,
                    "a counter is bounded by `lte` or `lt` and an integer that admits at least 1",
                );
            }
            told |= self.faults.as_slice().len() > before;
        }
        if !others.is_empty() {
            entry.rules.push(Rule {
                id: self.id(&raw.rule),
                message: raw
                    .on_deny
                    .clone()
                    .unwrap_or_else(|| denied_by(&self.id(&raw.rule))),
                check: Check::Require(others),
                shadow: raw.mode == Some(Mode::Shadow),
            });
        }
        let Some(max) = bound else {
            if !told {
                self.faults.error(
                    &raw.pointer,
                    format!("nothing bounds this counter: add a condition `{own}` with `lte`"),
                );
            }
            return;
        };
        let limit = RawLimit {
            pointer: raw.pointer.clone(),
            rule: raw.pointer.clone(),
            counter: raw.counter.clone(),
            window: raw.window,
            max,
            scope: vec![RawScope {
                pointer: raw.pointer.clone(),
                text: "grant".to_owned(),
            }],
            algorithm: RawAlgorithm::Fixed,
            cost: raw.cost.clone(),
            refund_on: Some(vec![RefundOn::Unreachable, RefundOn::Error]),
            message: Some(
                raw.on_deny
                    .clone()
                    .unwrap_or_else(|| denied_by(&self.id(&raw.rule))),
            ),
            mode: raw.mode,
        };
        let compiled = self.limit(&limit, Some(key));
        if let Some(limit) = compiled {
            if limits.iter().any(|other| same_counter(other, &limit)) {
                self.faults.error(
                    &raw.pointer,
                    format!(
                        "counter `{}` is charged twice in this window: keep one",
                        raw.counter
                    ),
                );
            }
            limits.push(limit);
        }
    }
}

fn denied_by(rule: &str) -> String {
    format!("Denied by rule \"{rule}\"")
}

/// Whether two limits of one entry would count in the same place.
fn same_counter(a: &Limit, b: &Limit) -> bool {
    a.counter == b.counter
        && a.quota.window == b.quota.window
        && a.quota.algorithm == b.quota.algorithm
        && a.scopes == b.scopes
}

fn refunds(raw: Option<&[RefundOn]>) -> Refunds {
    let Some(raw) = raw else {
        return Refunds {
            unreachable: true,
            ..Refunds::default()
        };
    };
    Refunds {
        error: raw.contains(&RefundOn::Error),
        is_error: raw.contains(&RefundOn::IsError),
        unreachable: raw.contains(&RefundOn::Unreachable),
    }
}
