//! What a tool's name alone decides (steps 2 and 3), which is what tools/list shows.

use super::verdict::{Denial, DenialKind, pseudo};
use crate::config::policy::Posture;
use crate::glob::MAX_MATCHED_BYTES;
use crate::mcp::method::is_plain_name;
use crate::policy::{Entry, Listing, Policy};
use crate::record::shown_name;

/// What a policy says of a tool's name alone, which is what tools/list shows.
#[derive(Debug)]
pub enum Standing<'p> {
    /// Callable as far as the name goes; the rules of this entry apply.
    Listed(Option<&'p Entry>),
    /// Not callable.
    Refused(Denial),
}

/// What the name alone decides (steps 2 and 3).
pub fn standing<'p>(policy: &'p Policy, tool: &str) -> Standing<'p> {
    let refused = |rule: &str, message: String, kind| {
        Standing::Refused(Denial {
            rule: rule.to_owned(),
            message,
            kind,
        })
    };
    let not_permitted = |rule| {
        let message = format!("Tool \"{}\" is not permitted by policy", shown_name(tool));
        refused(rule, message, DenialKind::Rule)
    };
    if tool.len() > MAX_MATCHED_BYTES && !policy.tools.lists(tool) {
        return not_permitted(pseudo::UNSAFE_NAME);
    }
    if policy.hidden.hides(tool) {
        let message = format!("Tool \"{}\" is hidden by policy", shown_name(tool));
        return refused(pseudo::HIDDEN, message, DenialKind::Hidden);
    }
    match policy.tools.find(tool) {
        Listing::Exact(entry) => Standing::Listed(Some(entry)),
        Listing::LookAlike => not_permitted(pseudo::LOOK_ALIKE),
        Listing::Glob(_) | Listing::Unlisted if !is_plain_name(tool) => {
            not_permitted(pseudo::UNSAFE_NAME)
        }
        Listing::Glob(entry) => Standing::Listed(Some(entry)),
        Listing::Unlisted if policy.default == Posture::Allow => Standing::Listed(None),
        Listing::Unlisted => not_permitted(pseudo::DEFAULT_DENY),
    }
}
