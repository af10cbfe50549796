//! What in a policy may deny, by identifier: for tools that ask whether tests reach all of it.

use super::model::{Entry, Policy, Section};
use crate::config::policy::Posture;
use crate::decide::pseudo;

impl Policy {
    /// The identifiers of everything in the document that may deny a request, as decision records
    /// name them: rules and limits in the order in which they are asked, after `hide` and
    /// `default` and before the sections for methods, resources and prompts.
    pub fn deniers(&self) -> Vec<String> {
        let mut ids = Vec::new();
        if !self.hidden.is_empty() {
            ids.push(pseudo::HIDDEN.to_owned());
        }
        if self.default == Posture::Deny {
            ids.push(pseudo::DEFAULT_DENY.to_owned());
        }
        ids.extend(self.all_tools.iter().map(|limit| limit.id.clone()));
        for entry in self.tools.entries().iter().chain(&self.wildcard) {
            ids.extend(entry.deniers());
        }
        for section in [&self.methods, &self.resources, &self.prompts] {
            ids.extend(section.deniers());
        }
        ids
    }
}

impl Entry {
    fn deniers(&self) -> impl Iterator<Item = String> {
        let rules = self
            .rules
            .iter()
            .chain(&self.approvals)
            .map(|rule| &rule.id);
        rules
            .chain(self.limits.iter().map(|limit| &limit.id))
            .cloned()
    }
}

impl Section {
    fn deniers(&self) -> impl Iterator<Item = String> {
        let denies = [
            (!self.deny.is_empty(), "deny"),
            (self.default == Some(Posture::Deny), "default"),
        ];
        let parts = denies.into_iter().filter(|(denies, _)| *denies);
        parts.map(|(_, part)| format!("{}/{part}", self.pointer))
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "test")]
    use crate::Gate;

    #[test]
    fn everything_that_may_deny_is_named_once() {
        let config = br#"{"policy": {"version": "1", "default": "deny", "hide": ["h"],
            "all_tools": {"limits": [{"counter": "c", "window": "day", "max": 9}]},
            "prompts": {"deny": ["p"], "default": "deny"},
            "tools": {"a": {}, "b": {"deny_if": [{"conditions": []}],
                "require": [{"conditions": [{"path": "args.n", "op": "gt", "value": 0}]}],
                "limits": [{"counter": "d", "window": "day", "max": 1}]}}}}"#;
        let (gate, _) = Gate::load(config).unwrap();
        assert_eq!(
            gate.policies().first().unwrap().policy.deniers(),
            [
                "(hidden)",
                "(default deny)",
                "/all_tools/limits/c",
                "/tools/b/require/0",
                "/tools/b/deny_if/0",
                "/tools/b/limits/d",
                "/prompts/deny",
                "/prompts/default",
            ]
        );
    }
}
