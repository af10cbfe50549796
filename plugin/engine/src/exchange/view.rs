//! What a caller may see in lists: what it may call.

use crate::config::policy::Posture;
use crate::decide::{Standing, standing};
use crate::policy::{Check, Entry, Policy, Required, Section};

/// Whether `tool` may be shown: not hidden, and listed or allowed by default. Rules on arguments
/// do not count: they may let some calls through.
pub(super) fn shows_tool(policy: &Policy, tool: &str) -> bool {
    policy.shadow || matches!(standing(policy, tool), Standing::Listed(_))
}

/// Whether a prompt or resource may be shown.
pub(super) fn shows(policy: &Policy, section: &Section, name: &str) -> bool {
    let posture = section
        .find(name)
        .map_or(policy.default, |(posture, _)| posture);
    policy.shadow || posture == Posture::Allow
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
