//! What is different, added up by rule and by caller.

use std::collections::BTreeMap;
use std::fmt::Write;

use serde::Serialize;

use super::super::document::printable;
use super::super::style;

/// What a policy says of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Decision {
    Allow,
    /// Refused, by this rule where one is named.
    Refuse(String),
    /// It depends on this, which is not known.
    Unknown {
        rule: String,
        needs: String,
    },
}

/// One call, and what both policies say of it.
#[derive(Debug)]
pub(super) struct Compared {
    pub(super) tool: String,
    pub(super) caller: Option<String>,
    pub(super) before: Decision,
    pub(super) now: Decision,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
enum Change {
    NowDenied,
    NowAllowed,
    OtherRule,
    CannotBeTold,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
struct Difference {
    change: Change,
    /// The rule that decides now, or that decided and does so no more.
    rule: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    needs: String,
    tool: String,
    caller: Option<String>,
}

/// All calls so far.
#[derive(Debug, Default)]
pub(super) struct Tally {
    calls: u64,
    same: u64,
    passed_over: u64,
    differences: BTreeMap<Difference, u64>,
}

impl Tally {
    /// A line that holds no call that a policy for tools could decide otherwise.
    pub(super) fn pass_over(&mut self) {
        self.passed_over = self.passed_over.saturating_add(1);
    }

    /// Whether there was a call at all.
    pub(super) fn has_calls(&self) -> bool {
        self.calls > 0
    }

    pub(super) fn add(&mut self, call: Compared) {
        self.calls = self.calls.saturating_add(1);
        let (change, rule, needs) = match (call.before, call.now) {
            (_, Decision::Unknown { rule, needs }) => (Change::CannotBeTold, rule, needs),
            (Decision::Unknown { rule, needs }, _) => (Change::CannotBeTold, rule, needs),
            (Decision::Allow, Decision::Refuse(rule)) => (Change::NowDenied, rule, String::new()),
            (Decision::Refuse(rule), Decision::Allow) => (Change::NowAllowed, rule, String::new()),
            (Decision::Refuse(before), Decision::Refuse(now)) if before != now => (
                Change::OtherRule,
                format!("{before} -> {now}"),
                String::new(),
            ),
            _ => {
                self.same = self.same.saturating_add(1);
                return;
            }
        };
        let difference = Difference {
            change,
            rule,
            needs,
            tool: call.tool,
            caller: call.caller,
        };
        let count = self.differences.entry(difference).or_default();
        *count = count.saturating_add(1);
    }

    fn count(&self, change: Change) -> u64 {
        let of_it = self.differences.iter().filter(|(d, _)| d.change == change);
        of_it.map(|(_, count)| count).sum()
    }

    /// For people.
    pub(super) fn text(&self) -> String {
        let mut text = String::new();
        let mut line = |line: String| {
            // Writing to a string cannot fail.
            let _ = writeln!(text, "{line}");
        };
        line(format!("{} calls", self.calls));
        let denied = self.count(Change::NowDenied);
        line(format!("{:>7}  as before", self.same));
        line(format!("{denied:>7}  now denied"));
        line(format!(
            "{:>7}  now allowed",
            self.count(Change::NowAllowed)
        ));
        line(format!(
            "{:>7}  denied by another rule",
            self.count(Change::OtherRule)
        ));
        line(format!(
            "{:>7}  cannot be told",
            self.count(Change::CannotBeTold)
        ));
        if self.passed_over > 0 {
            let words = format!("{:>7}  other lines, not replayed", self.passed_over);
            line(style::dim(&words));
        }
        for (change, title) in [
            (Change::NowDenied, style::bad("now denied")),
            (
                Change::NowAllowed,
                style::good("now allowed, by what denied before"),
            ),
            (Change::OtherRule, "denied by another rule".to_owned()),
            (
                Change::CannotBeTold,
                style::warning("cannot be told, by what is missing"),
            ),
        ] {
            let by_rule = self.by(change, |d| {
                let needs = match d.needs.as_str() {
                    "" => String::new(),
                    needs => format!(" needs {needs}"),
                };
                format!("{} {}{needs}", d.tool, d.rule)
            });
            let by_caller = self.by(change, |d| match &d.caller {
                Some(caller) => caller.clone(),
                None => "(no caller in the record)".to_owned(),
            });
            if by_rule.is_empty() {
                continue;
            }
            line(format!("\n{}", style::bold(&title)));
            for (what, count) in by_rule {
                line(format!("{count:>7}  {}", printable(&what)));
            }
            line(style::dim("  by caller"));
            for (caller, count) in by_caller {
                line(format!("{count:>7}  {}", printable(&caller)));
            }
        }
        text
    }

    /// Counts by some name, the largest first.
    fn by(&self, change: Change, name: impl Fn(&Difference) -> String) -> Vec<(String, u64)> {
        let mut counts: BTreeMap<String, u64> = BTreeMap::new();
        for (difference, count) in self.differences.iter().filter(|(d, _)| d.change == change) {
            let sum = counts.entry(name(difference)).or_default();
            *sum = sum.saturating_add(*count);
        }
        let mut counts: Vec<(String, u64)> = counts.into_iter().collect();
        counts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        counts
    }

    /// For scripts: one object on one line.
    pub(super) fn json(&self) -> String {
        #[derive(Serialize)]
        struct Counted<'a> {
            #[serde(flatten)]
            difference: &'a Difference,
            count: u64,
        }
        #[derive(Serialize)]
        struct Whole<'a> {
            calls: u64,
            same: u64,
            now_denied: u64,
            now_allowed: u64,
            other_rule: u64,
            cannot_be_told: u64,
            not_replayed: u64,
            differences: Vec<Counted<'a>>,
        }
        let counted = self.differences.iter();
        let whole = Whole {
            calls: self.calls,
            same: self.same,
            now_denied: self.count(Change::NowDenied),
            now_allowed: self.count(Change::NowAllowed),
            other_rule: self.count(Change::OtherRule),
            cannot_be_told: self.count(Change::CannotBeTold),
            not_replayed: self.passed_over,
            differences: counted
                .map(|(difference, count)| Counted {
                    difference,
                    count: *count,
                })
                .collect(),
        };
        // Maps with text keys cannot fail to become JSON.
        serde_json::to_string(&whole).unwrap_or_default()
    }
}
