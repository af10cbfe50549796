//! What comes of looking at a tool.

use std::fmt;

use crate::{Reason, Signal};

/// What calling a tool does, at worst.
///
/// The order is that of how much harm a category promises, for taking the worse of two.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Category {
    /// Gives back what is there and changes nothing.
    Read,
    /// Creates or changes data.
    Write,
    /// Starts something whose effects depend on what is started: a job, a program, a navigation.
    Execute,
    /// Moves money, or shows what it is moved by: payments, invoices, subscriptions.
    Financial,
    /// Takes away what may not come back.
    Destructive,
}

impl Category {
    /// All of them, from the least harm to the most.
    pub const ALL: [Category; 5] = [
        Category::Read,
        Category::Write,
        Category::Execute,
        Category::Financial,
        Category::Destructive,
    ];
}

impl fmt::Display for Category {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Category::Read => "Read",
            Category::Write => "Write",
            Category::Execute => "Execute",
            Category::Financial => "Financial",
            Category::Destructive => "Destructive",
        })
    }
}

/// How much can go wrong when an agent calls a tool without limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Risk {
    /// It reads.
    Low,
    /// It changes data, or reads what is better kept.
    Medium,
    /// It starts things, overwrites, or reads accounts of money.
    High,
    /// It destroys, spends, or runs whatever it is given.
    Critical,
}

impl Risk {
    /// All of them, from the least to the most.
    pub const ALL: [Risk; 4] = [Risk::Low, Risk::Medium, Risk::High, Risk::Critical];
}

impl fmt::Display for Risk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Risk::Low => "Low",
            Risk::Medium => "Medium",
            Risk::High => "High",
            Risk::Critical => "Critical",
        })
    }
}

/// The verdict on one tool, and everything that led to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// What calling it does, at worst.
    pub category: Category,
    /// How much can go wrong.
    pub risk: Risk,
    /// What about it deserves a rule, each kind once, in the order of [`crate::SignalKind`].
    pub signals: Vec<Signal>,
    /// Why, in the order of deciding; never empty.
    pub reasons: Vec<Reason>,
}
