//! What a caller may see in lists: what it may call.

use crate::config::policy::Posture;
use crate::decide::{Standing, standing};
use crate::pin::Pin;
use crate::policy::{Check, Entry, Listing, Policy, Required, Rule};

/// Whether `tool` may be shown: not hidden, and listed or allowed by default. Rules on arguments
/// do not count: they may let some calls through.
pub(super) fn shows_tool(policy: &Policy, tool: &str) -> bool {
    policy.shadow || matches!(standing(policy, tool), Standing::Listed(_))
}

/// Whether a prompt or resource may be shown, by what its section says of it.
pub(super) fn shows(policy: &Policy, said: Option<(Posture, String)>) -> bool {
    let posture = said.map_or(policy.default, |(posture, _)| posture);
    policy.shadow || posture == Posture::Allow
}

/// The rule that pins the tool's definition, and the pins; only a tool that is listed by name has one.
pub(super) fn pinned<'p>(policy: &'p Policy, tool: &str) -> Option<(&'p Rule, &'p [Pin])> {
    if !policy.pins {
        return None;
    }
    let Listing::Exact(entry) = policy.tools.find(tool) else {
        return None;
    };
    entry.rules.iter().find_map(|rule| match &rule.check {
        Check::Pinned(pins) => Some((rule, pins.as_slice())),
        _ => None,
    })
}

/// Whether some rule needs to know what the tool's own schema requires.
pub(super) fn needs_schema(policy: &Policy, tool: &str) -> bool {
    if !policy.learns {
        return false;
    }
    let by_schema = |entry: &Entry| {
        let mut rules = entry.rules.iter();
        rules.any(|rule| matches!(rule.check, Check::Required(Required::BySchema)))
    };
    let entry = match standing(policy, tool) {
        Standing::Listed(entry) => entry,
        Standing::Refused(_) => None,
    };
    entry.into_iter().chain(&policy.wildcard).any(by_schema)
}
