//! What one call took of its limits, and after which failures it goes back.

use crate::limit::{Reservation, Store};
use crate::policy::Refunds;

/// How a forwarded call failed, as far as `refund_on` tells failures apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The upstream answered it with a JSON-RPC error.
    Error,
    /// The tool's result says `isError`.
    IsError,
    /// No byte of the request went upstream.
    Unreachable,
}

impl Refunds {
    /// Whether units go back after this failure.
    pub fn cover(self, failure: Failure) -> bool {
        match failure {
            Failure::Error => self.error,
            Failure::IsError => self.is_error,
            Failure::Unreachable => self.unreachable,
        }
    }

    /// Whether only the upstream's answer tells.
    pub fn need_answer(self) -> bool {
        self.error || self.is_error
    }

    /// Either.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self {
            error: self.error || other.error,
            is_error: self.is_error || other.is_error,
            unreachable: self.unreachable || other.unreachable,
        }
    }
}

/// The units of one call, those of shadowed limits among them, until its outcome is known.
/// Dropping it keeps them used; giving them back consumes it, so they go back once.
#[derive(Debug, Default)]
pub struct Taken {
    reservation: Reservation,
    /// Of each charge.
    refunds: Vec<Refunds>,
}

impl Taken {
    /// Adds charges, each with what its limit says about refunds.
    pub(super) fn add(&mut self, more: Reservation, refunds: impl Iterator<Item = Refunds>) {
        self.refunds.extend(refunds.take(more.charges().len()));
        self.reservation = std::mem::take(&mut self.reservation).and(more);
    }

    /// What was charged.
    pub fn reservation(&self) -> &Reservation {
        &self.reservation
    }

    /// After which failures any of it goes back.
    pub fn refunds(&self) -> Refunds {
        let each = self.refunds.iter().copied();
        each.fold(Refunds::default(), Refunds::or)
    }

    /// Gives back what this failure returns; the rest is final.
    pub fn give_back(self, failure: Failure, store: &mut dyn Store) {
        let Self {
            reservation,
            refunds,
        } = self;
        let mut wanted = |index| {
            refunds
                .get(index)
                .is_some_and(|r: &Refunds| r.cover(failure))
        };
        // Units that a failing store keeps stay used until their windows end.
        let _ = reservation.refund_where(store, &mut wanted);
    }

    /// Gives everything back: the call is not forwarded.
    pub fn give_all_back(self, store: &mut dyn Store) {
        let _ = self.reservation.refund(store);
    }
}
