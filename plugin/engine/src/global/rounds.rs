//! The requests that one call makes of the service, one after the other.
//!
//! A request of the protocol has one `hits_addend` for all its descriptors, so limits with
//! different costs are asked apart. The first that is over ends it: what earlier ones counted
//! stays counted until its window ends, since the protocol takes nothing back. Too strict, never
//! too loose.

use super::ask::{Ask, Values};
use super::{GlobalLimits, Numbers};
use crate::ratelimit::Request;

/// How many counts one HTTP request may ask for at most; only batches come near.
pub const MAX_ASKS: usize = 64;

/// The counts that are asked for in one request, at least one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Round {
    pub(super) hits: u32,
    pub(super) asks: Vec<Ask>,
}

/// All of a call's requests.
#[derive(Debug, Default)]
pub struct Rounds {
    /// The next one last.
    left: Vec<Round>,
}

impl Rounds {
    /// Sums up what is asked of one count, and puts those of one cost together, in order.
    ///
    /// # Errors
    /// The first ask that cannot be made: one too many, or more units than the protocol counts.
    pub fn of(asks: Vec<Ask>) -> Result<Self, Box<Ask>> {
        let mut sums: Vec<Ask> = Vec::with_capacity(asks.len().min(MAX_ASKS));
        for ask in asks {
            if let Some(sum) = sums.iter_mut().find(|sum| sum.same_count(&ask)) {
                sum.cost = sum.cost.saturating_add(ask.cost);
                // Two limits may share a count; the smaller number is the one that holds.
                if ask.limit.quota.max < sum.limit.quota.max {
                    sum.limit = ask.limit;
                    sum.message = ask.message;
                }
            } else if sums.len() < MAX_ASKS {
                sums.push(ask);
            } else {
                return Err(Box::new(ask));
            }
        }
        let mut left: Vec<Round> = Vec::new();
        for ask in sums {
            let Ok(hits) = u32::try_from(ask.cost) else {
                return Err(Box::new(ask));
            };
            match left.iter_mut().find(|round| round.hits == hits) {
                Some(round) => round.asks.push(ask),
                None => left.push(Round {
                    hits,
                    asks: vec![ask],
                }),
            }
        }
        left.reverse();
        Ok(Self { left })
    }

    /// The next request.
    pub fn take(&mut self) -> Option<Round> {
        self.left.pop()
    }
}

impl Round {
    /// The request's bytes.
    pub fn encode(&self, settings: &GlobalLimits) -> Vec<u8> {
        let numbers = settings.numbers == Numbers::Policy;
        let values: Vec<Values> = self.asks.iter().map(|ask| ask.values(numbers)).collect();
        let descriptors: Vec<_> = values.iter().map(Values::descriptor).collect();
        let request = Request {
            domain: &settings.domain,
            hits: self.hits,
            descriptors: &descriptors,
        };
        request.encode()
    }
}
