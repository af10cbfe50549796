//! Reserving units of several limits at once, all or nothing, and giving them back.

use super::id::CounterId;
use super::key::{self, KEY_BYTES_MAX};
use super::refusal::{Reason, Refusal};
use super::store::{Change, Store, StoreError};
use super::subject::Subject;
use super::tally::{self, Ask};
use super::window::{Periods, Quota};

/// Units asked of one limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Charge {
    /// What the limit admits. Its window and algorithm are those that `counter` was made from.
    pub quota: Quota,
    /// Which counter.
    pub counter: CounterId,
    /// Whose count.
    pub subject: Subject,
    /// How many units. 0 takes none and writes nothing, but is still refused where more units
    /// are in use than `max` (it was lowered) and where the store fails.
    pub cost: u64,
}

/// One charge that was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Charged {
    charge: Charge,
    period: u64,
    remaining: u64,
    reset_seconds: u64,
}

impl Charged {
    /// What was asked for.
    pub fn charge(&self) -> &Charge {
        &self.charge
    }

    /// Units left after this charge, as of the moment it was made.
    pub fn remaining(&self) -> u64 {
        self.remaining
    }

    /// Whole seconds, rounded up, until all units charged so far will have returned: for `fixed`
    /// to the window's end, for `sliding` up to 17/16 of the window. 0 when none are in use.
    pub fn reset_seconds(&self) -> u64 {
        self.reset_seconds
    }

    /// The number of the period charged: calendar windows since the epoch for `fixed`, buckets of
    /// 1/16 of the window for `sliding`. Later than the time asked for after a clock went back.
    pub fn period(&self) -> u64 {
        self.period
    }
}

/// Units taken from every limit of a call: keep it to keep them, or give them back once.
///
/// The size of a vector, with about 100 bytes a charge behind it; it holds no key and no bytes of
/// the caller's.
#[derive(Debug, Default)]
#[must_use = "dropping a reservation keeps its units used"]
pub struct Reservation {
    charged: Vec<Charged>,
}

impl Reservation {
    /// The charges, in the order they were asked for.
    pub fn charges(&self) -> &[Charged] {
        &self.charged
    }

    /// Both reservations as one, in order.
    pub fn and(mut self, mut other: Self) -> Self {
        if self.charged.is_empty() {
            return other;
        }
        self.charged.append(&mut other.charged);
        self
    }

    /// Gives all units back into the windows they were charged in; where such a window is over,
    /// nothing changes.
    ///
    /// # Errors
    /// The first of the store's; the other charges are given back nevertheless. Units that could
    /// not be returned stay used until their window ends.
    pub fn refund(self, store: &mut dyn Store) -> Result<(), StoreError> {
        self.refund_where(store, &mut |_| true)
    }

    /// As [`refund`](Self::refund), but only the charges for whose index `wanted` is true; the
    /// others are final.
    ///
    /// # Errors
    /// As [`refund`](Self::refund).
    pub fn refund_where(
        self,
        store: &mut dyn Store,
        wanted: &mut dyn FnMut(usize) -> bool,
    ) -> Result<(), StoreError> {
        let mut result = Ok(());
        let mut key = String::with_capacity(KEY_BYTES_MAX);
        for (index, charged) in self.charged.iter().enumerate() {
            if wanted(index) {
                result = result.and(give_back(store, &mut key, charged));
            }
        }
        result
    }
}

/// Takes the units of all `charges` at `now` (nanoseconds since the Unix epoch), or of none.
///
/// Charges are made in order. When one is refused, those made are given back before this returns;
/// another call may have been refused meanwhile for want of them, but none was admitted too many.
/// Two charges of one counter and subject both count: their sum never exceeds the smaller `max`,
/// but `remaining` of the first is then out of date.
///
/// # Errors
/// The first charge that was refused, and why.
pub fn reserve(
    store: &mut dyn Store,
    charges: &[Charge],
    now: u64,
) -> Result<Reservation, Refusal> {
    let mut charged = Vec::with_capacity(charges.len());
    let mut key = String::with_capacity(KEY_BYTES_MAX);
    for (index, charge) in charges.iter().enumerate() {
        match take(store, &mut key, charge, now) {
            Ok(taken) => charged.push(taken),
            Err(reason) => {
                let failures = charged
                    .iter()
                    .filter(|taken| give_back(store, &mut key, taken).is_err());
                return Err(Refusal {
                    index,
                    reason,
                    not_returned: failures.count(),
                });
            }
        }
    }
    Ok(Reservation { charged })
}

/// What a charge would meet, without making it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peek {
    /// Units in use.
    pub used: u64,
    /// Units that remain; 0 where more are in use than `max`.
    pub remaining: u64,
    /// Whole seconds, rounded up, until all units in use will have returned; 0 when none are.
    pub reset_seconds: u64,
    /// Why the charge would be refused, if it would be.
    pub refusal: Option<Reason>,
}

/// Looks at a counter as `charge` would find it at `now`; changes nothing.
///
/// # Errors
/// The counter cannot be read.
pub fn peek(store: &mut dyn Store, charge: &Charge, now: u64) -> Result<Peek, StoreError> {
    let mut key = String::with_capacity(KEY_BYTES_MAX);
    key::write(&mut key, &charge.counter, &charge.subject);
    let ask = ask(charge, now);
    let mut result = Err(StoreError::Unavailable);
    store.update(&key, &mut |old, _| {
        result = tally::look(old, &ask).map(|standing| Peek {
            used: standing.used,
            remaining: ask.max.saturating_sub(standing.used),
            reset_seconds: standing.reset_seconds(&ask),
            refusal: standing.refusal(&ask),
        });
        Change::Keep
    })?;
    result
}

fn ask(charge: &Charge, now: u64) -> Ask {
    let (fingerprint, ways) = match charge.subject {
        Subject::Own(_) => (0, 1),
        Subject::Open(slot) => (slot.fingerprint, slot.ways.get()),
    };
    Ask {
        periods: Periods::of(&charge.quota),
        fingerprint,
        ways,
        max: charge.quota.max.get(),
        cost: charge.cost,
        now,
    }
}

fn take(
    store: &mut dyn Store,
    key: &mut String,
    charge: &Charge,
    now: u64,
) -> Result<Charged, Reason> {
    key::write(key, &charge.counter, &charge.subject);
    let ask = ask(charge, now);
    // Stands if the store never asks.
    let mut result = Err(Reason::Store(StoreError::Unavailable));
    store.update(key, &mut |old, out| {
        let (answer, change) = match tally::charge(old, out, &ask) {
            Ok((standing, change)) => (Ok(standing.charged(charge, &ask)), change),
            Err(reason) => (Err(reason), Change::Keep),
        };
        result = answer;
        change
    })?;
    result
}

fn give_back(store: &mut dyn Store, key: &mut String, charged: &Charged) -> Result<(), StoreError> {
    let charge = &charged.charge;
    if charge.cost == 0 {
        return Ok(());
    }
    key::write(key, &charge.counter, &charge.subject);
    // The time does not matter to a refund.
    let ask = ask(charge, 0);
    let mut result = Err(StoreError::Unavailable);
    store.update(key, &mut |old, out| {
        let change = tally::give_back(old, out, &ask, charged.period);
        result = change.map(|_| ());
        change.unwrap_or(Change::Keep)
    })?;
    result
}

impl tally::Standing<'_> {
    fn charged(&self, charge: &Charge, ask: &Ask) -> Charged {
        let used = self.used.saturating_add(charge.cost);
        let reset_seconds = match charge.cost {
            0 => self.reset_seconds(ask),
            _ => ask.periods.seconds_until_free(self.index, ask.now),
        };
        Charged {
            charge: *charge,
            period: self.index,
            remaining: ask.max.saturating_sub(used),
            reset_seconds,
        }
    }
}
