//! What a policy lets pass, by category.

use clap::ValueEnum;
use toolgate_risk::{Category, SignalKind, Verdict};

/// A choice of rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Preset {
    Strict,
    Recommended,
    Permissive,
}

/// The rule for one tool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rule {
    /// Passes.
    Allow,
    /// Passes so many times a minute.
    PerMinute(u32),
    /// Passes once a person has approved the call.
    Approve,
    /// Is not listed, and denied.
    Hide,
}

impl Preset {
    pub(super) fn name(self) -> &'static str {
        match self {
            Preset::Strict => "strict",
            Preset::Recommended => "recommended",
            Preset::Permissive => "permissive",
        }
    }

    /// The rule for a tool of this verdict.
    pub(super) fn rule(self, verdict: &Verdict) -> Rule {
        let mut signals = verdict.signals.iter();
        if signals.any(|signal| signal.kind == SignalKind::Instructions) {
            return Rule::Hide;
        }
        match (self, verdict.category) {
            (Preset::Strict, Category::Read) => Rule::PerMinute(60),
            (_, Category::Read) => Rule::Allow,
            (Preset::Strict, Category::Write) => Rule::PerMinute(10),
            (Preset::Recommended, Category::Write) => Rule::PerMinute(30),
            (Preset::Permissive, Category::Write) => Rule::PerMinute(120),
            (Preset::Strict, Category::Execute) => Rule::Approve,
            (Preset::Recommended, Category::Execute) => Rule::PerMinute(10),
            (Preset::Permissive, Category::Execute) => Rule::PerMinute(30),
            (Preset::Strict, Category::Financial) => Rule::Hide,
            (_, Category::Financial) => Rule::Approve,
            (Preset::Permissive, Category::Destructive) => Rule::Approve,
            (_, Category::Destructive) => Rule::Hide,
        }
    }
}

impl Rule {
    /// In words, for the table and the page.
    pub(super) fn words(self) -> String {
        match self {
            Rule::Allow => "allow".to_owned(),
            Rule::PerMinute(max) => format!("{max} a minute"),
            Rule::Approve => "after approval".to_owned(),
            Rule::Hide => "hide".to_owned(),
        }
    }
}
