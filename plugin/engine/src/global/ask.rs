//! What a call asks of the service for one limit.

use super::expressed;
use crate::limit::{CounterId, Quota, base32};
use crate::policy::Limit;
use crate::ratelimit::{Descriptor, Override};

/// The longest counter's name that a descriptor shows, in bytes.
const SHOWN: usize = 64;

/// Units of one limit, for one subject.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ask {
    /// The limit, for a denial.
    pub limit: Counted,
    /// Units, at least 1.
    pub cost: u64,
    /// Which message of the body, from 0.
    pub message: usize,
    counter: CounterId,
    /// Whom the count is for: the same name in every proxy.
    subject: [u8; 16],
}

/// What a denial says of a limit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counted {
    /// Its identifier.
    pub id: String,
    /// What a refused caller reads.
    pub message: String,
    /// The counter's name.
    pub counter: String,
    /// How much per window.
    pub quota: Quota,
}

/// A descriptor's values, which it borrows.
pub(super) struct Values {
    limit: String,
    counter: String,
    subject: String,
    over: Option<Override>,
}

impl Ask {
    /// Asks for `cost` units of `limit`, in the first message.
    pub(crate) fn new(limit: &Limit, counter: CounterId, subject: [u8; 16], cost: u64) -> Self {
        Self {
            limit: Counted {
                id: limit.id.clone(),
                message: limit.message.clone(),
                counter: limit.counter.clone(),
                quota: limit.quota,
            },
            cost,
            message: 0,
            counter,
            subject,
        }
    }

    /// Whether both count in the same place.
    pub(super) fn same_count(&self, other: &Self) -> bool {
        self.counter == other.counter && self.subject == other.subject
    }

    pub(super) fn over(&self) -> Option<Override> {
        expressed(&self.limit.quota).ok()
    }

    /// The descriptor's values; with `numbers`, the limit's own number and window go along.
    pub(super) fn values(&self, numbers: bool) -> Values {
        let mut counter = String::with_capacity(26);
        base32(&mut counter, self.counter.as_bytes());
        let mut subject = String::with_capacity(26);
        base32(&mut subject, &self.subject);
        Values {
            limit: shown(&self.limit.counter),
            counter,
            subject,
            over: self.over().filter(|_| numbers),
        }
    }
}

impl Values {
    /// `limit` is for people and for the service's configuration; `counter` and `subject` are
    /// hashes, so that nothing a caller sends reaches the service and no two counts are alike.
    pub(super) fn descriptor(&self) -> Descriptor<'_> {
        Descriptor {
            entries: [
                ("limit", &self.limit),
                ("counter", &self.counter),
                ("subject", &self.subject),
            ],
            limit: self.over,
        }
    }
}

/// A counter's name with only what no service gives a meaning of its own.
fn shown(counter: &str) -> String {
    let plain = |c: char| match c {
        'a'..='z' | 'A'..='Z' | '0'..='9' | '.' | '-' => c,
        _ => '_',
    };
    counter.chars().take(SHOWN).map(plain).collect()
}
