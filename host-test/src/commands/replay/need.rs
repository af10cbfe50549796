//! What a decision needs, and whether a record holds it.

use std::collections::BTreeMap;

use serde_json::value::RawValue;
use toolgate_engine::policy::path::{Path, Root, Segment};
use toolgate_engine::policy::{Check, Cost, Limit, Required, Rule, Scope};

/// What a record says of a call's arguments and its caller.
#[derive(Debug, Default)]
pub(super) struct Known {
    /// The names of all arguments; `None` where the record does not list them all.
    pub(super) names: Option<Vec<String>>,
    /// The values of some, as JSON text.
    pub(super) values: BTreeMap<String, Box<RawValue>>,
    /// Whether it names the caller.
    pub(super) caller: bool,
}

impl Known {
    /// What a rule needs and the record does not hold.
    pub(super) fn missing_for(&self, rule: &Rule) -> Option<String> {
        match &rule.check {
            Check::Required(Required::BySchema) => Some("the tool's own schema".to_owned()),
            Check::Required(Required::Listed(names)) => self.missing_of_required(names),
            Check::Schema(_) => Some("all arguments".to_owned()),
            Check::Require(conditions) | Check::DenyIf(conditions) => {
                conditions.iter().find_map(|c| self.missing_at(&c.path))
            }
        }
    }

    /// What a limit needs and the record does not hold.
    pub(super) fn missing_for_limit(&self, limit: &Limit) -> Option<String> {
        let cost = match &limit.cost {
            Cost::Fixed(_) => None,
            Cost::From(path) => self.missing_at(path),
        };
        cost.or_else(|| limit.scopes.iter().find_map(|scope| self.missing_of(scope)))
    }

    fn missing_of(&self, scope: &Scope) -> Option<String> {
        match scope {
            Scope::Global => None,
            // Without a credential the caller is its address.
            Scope::Grant => (!self.caller).then(|| "the caller".to_owned()),
            Scope::Argument(path) => self.missing_at(path),
            _ => Some("the client's address or session".to_owned()),
        }
    }

    fn missing_at(&self, path: &Path) -> Option<String> {
        let known = match (&path.root, path.segments.first()) {
            (Root::ToolName, _) => true,
            (Root::GrantName, _) => self.caller,
            (Root::Args, Some(Segment::Key(name))) => {
                self.values.contains_key(name) || self.is_absent(name)
            }
            _ => false,
        };
        (!known).then(|| path.to_string())
    }

    /// A required argument that is there may still be null.
    fn missing_of_required(&self, names: &[String]) -> Option<String> {
        if names.iter().any(|name| self.is_absent(name)) {
            return None;
        }
        let unknown = names.iter().find(|name| !self.values.contains_key(*name));
        unknown.map(|name| format!("args.{name}"))
    }

    /// Whether the call surely has no argument of this name, nor one that only differs in case.
    fn is_absent(&self, name: &str) -> bool {
        let lists = |names: &Vec<String>| names.iter().any(|n| n.eq_ignore_ascii_case(name));
        self.names.as_ref().is_some_and(|names| !lists(names))
    }
}
