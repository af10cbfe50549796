//! Parts of a record that the configuration alone decides: spelled when it is compiled, not for
//! every request.

use super::key;
use super::shown::{push_message, push_shown};
use crate::json::push_number;

/// Such a part, as it stands in every record that has it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Prepared(String);

impl Prepared {
    /// The members that name a policy: its name and the hash for people.
    pub fn policy(name: &str, hash: &str) -> Self {
        let mut out = String::new();
        for (member, value) in [("policy", name), ("policy_hash", hash)] {
            key(&mut out, member);
            push_shown(&mut out, value);
        }
        Self(out)
    }

    /// The beginning of a limit, up to the units that remain: its rule, its counter, units per window.
    pub fn limit(rule: &str, counter: &str, max: u64) -> Self {
        let mut out = String::from("{\"rule\":");
        push_message(&mut out, rule);
        key(&mut out, "counter");
        push_message(&mut out, counter);
        key(&mut out, "max");
        push_number(&mut out, max);
        key(&mut out, "remaining");
        Self(out)
    }

    pub(super) fn push(&self, out: &mut String) {
        out.push_str(&self.0);
    }
}
