//! What the policy says of a call, and why.

pub use crate::policy::pseudo;

use super::taken::Taken;
use crate::global::Ask;

/// Why a call is denied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Denial {
    /// The rule's identifier.
    pub rule: String,
    /// What the record says; the caller reads it too, but for hidden tools.
    pub message: String,
    /// What kind of denial it is.
    pub kind: DenialKind,
}

/// What kind of denial a [`Denial`] is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DenialKind {
    /// The tool is hidden: the caller reads that it does not exist.
    Hidden,
    /// A rule says so.
    Rule,
    /// A limit says so.
    Limit(LimitState),
    /// A person must be asked.
    Approval,
}

/// How a limit stands, for replies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LimitState {
    /// The counter's name.
    pub counter: String,
    /// Units per window.
    pub max: u64,
    /// Window length in seconds.
    pub window_seconds: u32,
    /// Units that remain.
    pub remaining: u64,
    /// Seconds until a retry may pass; `None` when it never will.
    pub retry_after: Option<u64>,
}

/// What the policy says.
#[derive(Debug)]
pub struct Verdict {
    /// `None` allows.
    pub denial: Option<Denial>,
    /// What was charged, to be kept until the outcome is known.
    pub taken: Taken,
    /// What a rate limit service must admit too before the call may go on.
    pub asks: Vec<Ask>,
    /// What shadowed rules would have denied.
    pub shadow: Vec<Denial>,
}

impl Verdict {
    /// Allows, and charges nothing.
    pub fn allowed() -> Self {
        Self {
            denial: None,
            taken: Taken::default(),
            asks: Vec::new(),
            shadow: Vec::new(),
        }
    }

    /// Denies.
    pub fn denied(denial: Denial) -> Self {
        Self {
            denial: Some(denial),
            ..Self::allowed()
        }
    }

    /// Only records its denial where `shadow` says so.
    pub fn shadowed(mut self, shadow: bool) -> Self {
        if shadow {
            self.shadow.extend(self.denial.take());
        }
        self
    }

    pub(super) fn note(&mut self, denial: Denial, shadow: bool) {
        if shadow {
            self.shadow.push(denial);
        } else {
            self.denial = Some(denial);
        }
    }
}
