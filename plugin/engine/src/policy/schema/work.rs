//! How much a check may do, and why one had to stop.

use crate::json::{Kind, Value, canonical};

use super::MAX_WORK;
use super::explain::shown;

const TOO_LARGE: &str = "the arguments are too large to be checked against the policy";

/// What is asked cannot be told, so the call is denied; [`Work`] knows why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stop;

/// The work that is left, and why there was a [`Stop`], in words for the caller.
#[derive(Debug)]
pub(super) struct Work {
    left: usize,
    pub(super) why: String,
}

impl Default for Work {
    fn default() -> Self {
        Self {
            left: MAX_WORK,
            why: String::new(),
        }
    }
}

impl Work {
    /// Takes some of the work that is left.
    #[inline(never)]
    pub(super) fn spend(&mut self, units: usize) -> Result<(), Stop> {
        match self.left.checked_sub(units) {
            Some(left) => {
                self.left = left;
                Ok(())
            }
            None => self.stop(TOO_LARGE),
        }
    }

    /// A number that some servers read as infinite.
    pub(super) fn overflow<T>(&mut self, value: Value<'_>) -> Result<T, Stop> {
        let number = shown(value.text());
        self.stop(&format!(
            "the number {number} is too large for any server to read"
        ))
    }

    /// A value's canonical form; there is none where some servers read a number in it as infinite.
    #[inline(never)]
    pub(super) fn canonical(&mut self, value: Value<'_>) -> Result<String, Stop> {
        self.finite(value)?;
        Ok(canonical(value))
    }

    /// Each byte counts once for every value around it, which is what sorting may cost.
    fn finite(&mut self, value: Value<'_>) -> Result<(), Stop> {
        self.spend(value.text().len())?;
        match value.kind() {
            Kind::Number if value.as_number().is_some_and(|n| n.overflows_binary64()) => {
                self.overflow(value)
            }
            Kind::Array => value
                .elements()
                .try_for_each(|element| self.finite(element)),
            Kind::Object => value
                .members()
                .try_for_each(|(_, member)| self.finite(member)),
            _ => Ok(()),
        }
    }

    #[inline(never)]
    pub(super) fn stop<T>(&mut self, why: &str) -> Result<T, Stop> {
        why.clone_into(&mut self.why);
        Err(Stop)
    }
}
