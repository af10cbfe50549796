//! Short ways to write quotas, charges and times.

use std::num::{NonZeroU8, NonZeroU32, NonZeroU64};

use toolgate_engine::limit::{
    Algorithm, Charge, CounterId, HashKey, Identity, OpenTable, OwnSlot, Quota, Refusal,
    Reservation, Section, Store, Subject, Window, peek, reserve,
};

/// Nanoseconds in a second.
pub(crate) const SECOND: u64 = 1_000_000_000;

/// 2026-01-05T10:00:00Z, the start of a UTC hour.
pub(crate) const TEN: u64 = 1_767_607_200 * SECOND;

pub(crate) fn window(seconds: u32) -> Window {
    Window::of(NonZeroU32::new(seconds).unwrap())
}

pub(crate) fn quota(max: u64, seconds: u32, algorithm: Algorithm) -> Quota {
    Quota {
        max: NonZeroU64::new(max).unwrap(),
        window: window(seconds),
        algorithm,
    }
}

pub(crate) fn counter(name: &str, quota: &Quota) -> CounterId {
    CounterId::of(&Identity {
        server: "github",
        section: Section::Tool("create_issue"),
        counter: name,
        window: quota.window,
        algorithm: quota.algorithm,
        shadow: false,
    })
}

/// A charge of one unit to the counter of that name, for everybody.
pub(crate) fn charge(name: &str, max: u64, seconds: u32, algorithm: Algorithm) -> Charge {
    let quota = quota(max, seconds, algorithm);
    Charge {
        quota,
        counter: counter(name, &quota),
        subject: Subject::Own(OwnSlot::GLOBAL),
        cost: 1,
    }
}

pub(crate) fn fixed(max: u64, seconds: u32) -> Charge {
    charge("calls", max, seconds, Algorithm::Fixed)
}

pub(crate) fn sliding(max: u64, seconds: u32) -> Charge {
    charge("calls", max, seconds, Algorithm::Sliding)
}

pub(crate) fn costing(charge: Charge, cost: u64) -> Charge {
    Charge { cost, ..charge }
}

pub(crate) fn table(sets: u32, ways: u8) -> OpenTable {
    OpenTable::new(
        HashKey(*b"sixteen bytes!!!"),
        NonZeroU32::new(sets).unwrap(),
        NonZeroU8::new(ways).unwrap(),
    )
}

/// The charge, for the session of that number instead of everybody.
pub(crate) fn session(charge: Charge, table: &OpenTable, number: u64) -> Charge {
    let parts: [&[u8]; 2] = [b"session", &number.to_le_bytes()];
    Charge {
        subject: table.subject(&charge.counter, &parts),
        ..charge
    }
}

pub(crate) fn take(
    store: &mut dyn Store,
    charge: Charge,
    now: u64,
) -> Result<Reservation, Refusal> {
    reserve(store, &[charge], now)
}

/// Takes the units, which must be there, for good.
pub(crate) fn spend(store: &mut dyn Store, charge: Charge, now: u64) {
    let _ = take(store, charge, now).unwrap();
}

/// How many of `tries` calls at `now` are admitted.
pub(crate) fn admitted(store: &mut dyn Store, charge: Charge, now: u64, tries: u64) -> u64 {
    (0..tries)
        .map(|_| u64::from(take(store, charge, now).is_ok()))
        .sum()
}

pub(crate) fn used(store: &mut dyn Store, charge: Charge, now: u64) -> u64 {
    peek(store, &charge, now).unwrap().used
}

/// The seconds to wait that a refusal states; none when it says never.
pub(crate) fn retry(refusal: Refusal) -> Option<u64> {
    use toolgate_engine::limit::Reason::{Exhausted, Store, TableFull};
    match refusal.reason {
        Exhausted { retry, .. } | TableFull { retry } => retry.seconds().map(NonZeroU64::get),
        Store(error) => panic!("{error}"),
    }
}
