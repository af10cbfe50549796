//! What the policy says of a call, and why.

pub use crate::policy::pseudo;

use super::taken::Taken;
use crate::approval::{Announcement, Bond, Place};
use crate::global::Ask;
use crate::limit::{Charge, Store};

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
    /// A person must be asked; where one was, how that stands.
    Approval(Option<Box<ApprovalState>>),
}

/// How a request for a person's yes stands, for replies and records.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ApprovalState {
    /// It waits.
    Waits {
        /// Its id, `apr_…`.
        id: String,
        /// Seconds until it ends.
        seconds: u64,
        /// Whether this call made it.
        fresh: bool,
        /// The id of the request for the same call that ended before.
        expired: Option<String>,
        /// What is sent to whoever wants to know of it.
        announcement: Option<Box<Announcement>>,
    },
    /// The client's user is asked by the answer.
    Asks(Question),
    /// A person said no.
    Refused {
        /// The request's id.
        id: String,
        /// Who.
        by: String,
        /// Seconds until it may be asked again.
        seconds: u64,
    },
    /// The answer to a question is worth nothing: of another call, used before, too late.
    Void,
    /// The caller has as many requests open, or denied and not over, as it may.
    Full,
    /// It could not be asked for; what the caller can do.
    Impossible(&'static str),
}

/// A question to the client's user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// The request's id.
    pub id: String,
    /// Seconds until it ends.
    pub seconds: u64,
    /// Whether this call made it.
    pub fresh: bool,
    /// The id of the request for the same call that ended before.
    pub expired: Option<String>,
    /// What the user reads.
    pub text: String,
    /// What comes back with the answer.
    pub state: String,
}

/// A person's yes that a call used up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Approved {
    /// The request's id, `apr_…`.
    pub id: String,
    /// Who gave it.
    pub by: String,
    /// What the call must carry to the upstream instead of what answered our question; `None` where
    /// it answered none.
    pub kept: Option<String>,
    /// What the yes is for, where the call may go on with a question of the upstream's.
    pub goes_on: Option<Box<GoesOn>>,
}

/// An approved call to which the upstream may answer with a question of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GoesOn {
    /// Where the caller's requests stand.
    pub place: Place,
    /// The call.
    pub bond: Bond,
    /// How long a yes is good, in seconds.
    pub timeout: u32,
    /// Who said yes.
    pub by: String,
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

/// What a call took of a limit, for the record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LimitUse {
    /// The limit's number in the policy.
    pub number: usize,
    /// Units per window.
    pub max: u64,
    /// Units that remain.
    pub remaining: u64,
    /// Seconds until all units that are used will have returned.
    pub reset_seconds: u64,
    /// What was charged.
    pub charge: Charge,
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
    /// The person's yes that let it pass.
    pub approved: Option<Approved>,
    /// What the call took of limits that are enforced.
    pub limits: Vec<LimitUse>,
    /// The entry under `tools` that the tool's name led to, by its place.
    pub entry: Option<usize>,
    /// The time of the decision, where a limit asked for it, in nanoseconds since the Unix epoch.
    pub time: Option<u64>,
}

impl Verdict {
    /// Allows, and charges nothing.
    pub fn allowed() -> Self {
        Self {
            denial: None,
            taken: Taken::default(),
            asks: Vec::new(),
            shadow: Vec::new(),
            approved: None,
            limits: Vec::new(),
            entry: None,
            time: None,
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

    /// Gives everything back: the call is not forwarded, and no record says that it was charged.
    pub(crate) fn give_all_back(&mut self, store: &mut dyn Store) {
        self.limits = Vec::new();
        std::mem::take(&mut self.taken).give_all_back(store);
    }

    pub(super) fn note(&mut self, denial: Denial, shadow: bool) {
        if shadow {
            self.shadow.push(denial);
        } else {
            self.denial = Some(denial);
        }
    }
}
