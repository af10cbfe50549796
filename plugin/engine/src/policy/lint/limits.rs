//! Limits that nothing charges, and limits that another never lets a call reach.

use super::Lint;
use crate::limit::Algorithm;
use crate::policy::model::{Cost, Entry, Limit};

impl Lint<'_> {
    /// Every limit of the policy.
    pub(super) fn limits(&mut self) {
        let policy = self.policy;
        let wildcard = policy.wildcard.as_ref();
        let all = &policy.all_tools;
        let callable = self.callable();
        let nothing = "no tool of this policy can be called";
        for (index, limit) in all.iter().enumerate() {
            let at = self.at_limit(None, index, limit);
            self.limit(&at, limit, (!callable).then_some(nothing), all.iter());
        }
        if let Some(entry) = wildcard {
            for (index, limit) in entry.limits.iter().enumerate() {
                let at = self.at_limit(Some(entry), index, limit);
                let above = all.iter().chain(&entry.limits);
                self.limit(&at, limit, (!callable).then_some(nothing), above);
            }
        }
        for entry in policy.tools.entries() {
            let closed = self.closed(entry);
            let closed = closed.map(|why| format!("`{}` is {why}", entry.key));
            for (index, limit) in entry.limits.iter().enumerate() {
                let at = self.at_limit(Some(entry), index, limit);
                let wild = wildcard.into_iter().flat_map(|entry| &entry.limits);
                let above = all.iter().chain(wild).chain(&entry.limits);
                self.limit(&at, limit, closed.as_deref(), above);
            }
        }
    }

    fn limit<'p>(
        &mut self,
        at: &str,
        limit: &Limit,
        closed: Option<&str>,
        charged_with_it: impl Iterator<Item = &'p Limit>,
    ) {
        if let Some(why) = closed {
            let message = format!("nothing charges this limit: {why}");
            self.faults.warn(at, message);
            return;
        }
        let mut others = charged_with_it.filter(|other| other.number != limit.number);
        if let Some(tighter) = others.find(|other| never_reached(limit, other)) {
            let quota = &tighter.quota;
            self.faults.warn(
                at,
                format!(
                    "this limit is never reached: `{}` lets at most {} per {} pass; lower this `max`, or remove one of the two",
                    tighter.id, quota.max, quota.window
                ),
            );
        }
    }

    /// Where a limit stands, by its index: its identifier names it by its counter.
    fn at_limit(&self, entry: Option<&Entry>, index: usize, limit: &Limit) -> String {
        let written = match entry {
            None => Some(&self.raw.all_limits),
            Some(entry) => self.tools.get(entry.key.as_str()).map(|tool| &tool.limits),
        };
        let written = written.and_then(|limits| limits.get(index));
        written.map_or_else(|| self.at(&limit.id), |raw| raw.pointer.clone())
    }
}

/// Whether `other`, which every call that charges `limit` charges too, refuses before `limit`
/// does: as many windows of `other` as one of `limit` touches admit no more than its `max`.
fn never_reached(limit: &Limit, other: &Limit) -> bool {
    let alike = limit.scopes == other.scopes
        && limit.refunds == other.refunds
        && limit.shadow == other.shadow;
    let (cost, other_cost) = match (&limit.cost, &other.cost) {
        (Cost::Fixed(a), Cost::Fixed(b)) => (*a, *b),
        (Cost::From(a), Cost::From(b)) if super::same_path(a, b) => (1, 1),
        _ => return false,
    };
    // Of two that are the same, the second is.
    if !alike || (limit.quota == other.quota && limit.number < other.number) {
        return false;
    }
    let (mine, its) = (limit.quota.window.seconds(), other.quota.window.seconds());
    let (mine, its) = (u64::from(mine.get()), u64::from(its.get()));
    let fixed =
        limit.quota.algorithm == Algorithm::Fixed && other.quota.algorithm == Algorithm::Fixed;
    // Fixed windows of whole multiples share their borders; any others may overlap at one more. A
    // sliding window holds in every interval that is no longer.
    let inside = its >= mine && other.quota.algorithm != Algorithm::Fixed;
    let multiple = mine.checked_rem(its) == Some(0) || its.checked_rem(mine) == Some(0);
    let exact = inside || (fixed && multiple);
    let windows = mine.div_ceil(its).saturating_add(u64::from(!exact));
    let calls = other
        .quota
        .max
        .get()
        .checked_div(other_cost)
        .unwrap_or(u64::MAX);
    let most = calls.saturating_mul(windows).saturating_mul(cost);
    limit.quota.max.get() >= most
}
