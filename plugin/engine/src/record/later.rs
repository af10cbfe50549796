//! What comes to light after a record was written: it is added to its end.

use super::shown::push_message;
use super::{SHADOW, key, push_denial};
use crate::decide::Denial;
use crate::json::push_number;

/// What the upstream's answer brought to light.
#[derive(Clone, Copy, Debug)]
pub struct Later<'a> {
    /// Entries that were cut out of lists.
    pub hidden: u64,
    /// Calls that got units back.
    pub refunded: u64,
    /// Pinned tools that were listed otherwise, and whether that was only recorded.
    pub changed: &'a [(Denial, bool)],
}

impl Later<'_> {
    /// The record `written` with it; `None` where there is nothing to add, or no record. `shadowed`
    /// when that one ends in a list of shadowed rules.
    pub fn added_to(&self, mut written: String, mut shadowed: bool) -> Option<String> {
        if self.hidden == 0 && self.refunded == 0 && self.changed.is_empty() {
            return None;
        }
        // The brace that ends it.
        written.pop()?;
        let of = |shadow: bool| self.changed.iter().filter(move |(_, s)| *s == shadow);
        for (denial, _) in of(true) {
            if std::mem::replace(&mut shadowed, true) {
                written.pop();
                written.push(',');
            } else {
                written.push_str(SHADOW);
            }
            push_denial(&mut written, denial);
            written.push(']');
        }
        let mut before = ",\"changed\":[";
        for (denial, _) in of(false) {
            written.push_str(before);
            before = ",";
            push_denial(&mut written, denial);
        }
        if let Some((first, _)) = of(false).next() {
            written.push(']');
            for (name, text) in [("rule", &first.rule), ("message", &first.message)] {
                key(&mut written, name);
                push_message(&mut written, text);
            }
        }
        for (name, count) in [("hidden", self.hidden), ("refunded", self.refunded)] {
            if count > 0 {
                key(&mut written, name);
                push_number(&mut written, count);
            }
        }
        written.push('}');
        Some(written)
    }
}
