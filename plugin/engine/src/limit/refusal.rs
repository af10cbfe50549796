//! Why a charge was refused, and when it may be made again.

use std::num::NonZeroU64;

use super::store::StoreError;

/// When a refused charge may be made again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retry {
    /// After so many seconds, rounded up, at least 1, if nobody else takes the units.
    After(NonZeroU64),
    /// Never: it costs more than a whole window admits.
    Never,
}

impl Retry {
    pub(super) fn after(seconds: u64) -> Self {
        Self::After(NonZeroU64::new(seconds).unwrap_or(NonZeroU64::MIN))
    }

    /// The seconds, unless it is never.
    pub fn seconds(self) -> Option<NonZeroU64> {
        match self {
            Self::After(seconds) => Some(seconds),
            Self::Never => None,
        }
    }
}

/// Why a charge was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// Too few units remain.
    Exhausted {
        /// The limit's number.
        max: u64,
        /// Units that remain, fewer than asked for.
        remaining: u64,
        /// When enough will have returned.
        retry: Retry,
    },
    /// As many open-ended subjects as the table's set holds are counted in this window.
    TableFull {
        /// When the first of them will have room to offer.
        retry: Retry,
    },
    /// The counter cannot be read or written.
    Store(StoreError),
}

impl From<StoreError> for Reason {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// A call refused by a limit; it keeps no units of any.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Which of the charges was refused, the first to be.
    pub index: usize,
    /// Why.
    pub reason: Reason,
    /// How many of the charges before it could not be given back, because the store failed:
    /// their units stay used until their windows end.
    pub not_returned: usize,
}
