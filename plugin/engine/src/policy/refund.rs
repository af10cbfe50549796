//! Which failures of a call give its units back.

use super::model::Refunds;

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
