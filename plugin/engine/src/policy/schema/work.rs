//! How much a check may do, and why one had to stop.

use std::cmp::Ordering;

use crate::json::{Kind, Value, canonical, parse};

use super::MAX_WORK;
use super::explain::{Place, shown};

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

    /// A number that differs from one of the policy, but not for every server.
    #[inline(never)]
    pub(super) fn too_close<T>(&mut self, at: &Place<'_>, text: &str) -> Result<T, Stop> {
        let (place, value) = (at.shown(), shown(text));
        self.stop(&format!(
            "{place} is {value}, which not every server tells from a number of the policy: write it with at most 15 digits"
        ))
    }

    /// Stops where two canonical texts that differ may be one value to a server, since nothing but
    /// numbers that are too close tells them apart.
    pub(super) fn told_apart(&mut self, at: &Place<'_>, a: &str, b: &str) -> Result<(), Stop> {
        self.spend(1)?;
        let scalar = |text: &str| matches!(text.bytes().next(), Some(b'"' | b't' | b'f' | b'n'));
        if scalar(a) || scalar(b) {
            return Ok(());
        }
        self.spend(a.len().saturating_add(b.len()))?;
        match (parse(a.as_bytes()), parse(b.as_bytes())) {
            (Ok(x), Ok(y)) if !self.may_be_one(x, y)? => Ok(()),
            _ => self.too_close(at, a),
        }
    }

    /// Whether some server may read both as one value; members are in canonical order.
    fn may_be_one(&mut self, a: Value<'_>, b: Value<'_>) -> Result<bool, Stop> {
        self.spend(a.text().len().saturating_add(b.text().len()))?;
        if let (Some(a), Some(b)) = (a.as_number(), b.as_number()) {
            return Ok(a.cmp_as_read(&b).is_none_or(Ordering::is_eq));
        }
        if a.kind() != b.kind() {
            return Ok(false);
        }
        match a.kind() {
            Kind::Array => {
                let (mut a, mut b) = (a.elements(), b.elements());
                loop {
                    match (a.next(), b.next()) {
                        (None, None) => return Ok(true),
                        (Some(a), Some(b)) if self.may_be_one(a, b)? => {}
                        _ => return Ok(false),
                    }
                }
            }
            Kind::Object => {
                let (mut a, mut b) = (a.members(), b.members());
                loop {
                    match (a.next(), b.next()) {
                        (None, None) => return Ok(true),
                        (Some((key, a)), Some((other, b)))
                            if key.raw() == other.raw() && self.may_be_one(a, b)? => {}
                        _ => return Ok(false),
                    }
                }
            }
            _ => Ok(a.text() == b.text()),
        }
    }

    #[inline(never)]
    pub(super) fn stop<T>(&mut self, why: &str) -> Result<T, Stop> {
        why.clone_into(&mut self.why);
        Err(Stop)
    }
}
