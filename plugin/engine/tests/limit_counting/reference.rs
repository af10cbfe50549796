//! Both algorithms against a naive reference, over random traces and clocks.
//!
//! The reference keeps every charge it admitted, with its time, and adds them up anew each time.

use std::num::NonZeroU64;

use proptest::prelude::*;
use toolgate_engine::limit::{Algorithm, Charge, MemoryStore, Reason, Reservation, peek, reserve};

use crate::support::{SECOND, TEN, charge, costing};

/// What one counter admitted, and the highest time at which it was ever charged.
#[derive(Default)]
struct Naive {
    admitted: Vec<Admitted>,
    latest: u64,
}

struct Admitted {
    call: usize,
    at: u64,
    cost: u64,
}

impl Naive {
    /// The time that counts: a clock that goes back stands still.
    fn time(&self, now: u64) -> u64 {
        self.latest.max(now)
    }

    fn used(&self, charge: &Charge, now: u64) -> u64 {
        let now = u128::from(self.time(now));
        let window = u128::from(charge.quota.window.seconds().get()) * u128::from(SECOND);
        let counts = |at: u64| match charge.quota.algorithm {
            Algorithm::Fixed => u128::from(at) / window == now / window,
            // Until a whole window after the end of the sixteenth in which it was charged.
            Algorithm::Sliding => {
                let sixteenth = window / 16;
                now < (u128::from(at) / sixteenth + 1) * sixteenth + window
            }
        };
        self.admitted
            .iter()
            .filter(|a| counts(a.at))
            .map(|a| a.cost)
            .sum()
    }

    fn admits(&self, charge: &Charge, now: u64) -> bool {
        self.used(charge, now)
            .checked_add(charge.cost)
            .is_some_and(|after| after <= charge.quota.max.get())
    }

    fn pass(&mut self, charge: &Charge, now: u64) {
        if charge.cost > 0 {
            self.latest = self.time(now);
        }
    }

    fn admit(&mut self, call: usize, charge: &Charge, now: u64) {
        self.pass(charge, now);
        if charge.cost > 0 {
            let (at, cost) = (self.latest, charge.cost);
            self.admitted.push(Admitted { call, at, cost });
        }
    }

    fn refund(&mut self, call: usize) {
        self.admitted.retain(|a| a.call != call);
    }

    /// The most units in any interval as long as the window, both ends included.
    fn worst_interval(&self, charge: &Charge) -> u64 {
        let window = u64::from(charge.quota.window.seconds().get()) * SECOND;
        let ends = self.admitted.iter().map(|end| {
            let inside = |a: &&Admitted| a.at <= end.at && end.at - a.at <= window;
            self.admitted.iter().filter(inside).map(|a| a.cost).sum()
        });
        ends.max().unwrap_or(0)
    }
}

#[derive(Clone, Debug)]
enum Step {
    /// Moves the clock by nanoseconds.
    Move(i64),
    /// Sets the clock.
    Jump(u64),
    /// Asks for these costs of the limits, none meaning that the limit is not asked.
    Call([Option<u64>; 3]),
    /// Refunds one of the calls that hold units.
    Refund(prop::sample::Index),
}

fn step() -> impl Strategy<Value = Step> {
    let second = SECOND as i64;
    let cost = prop_oneof![2 => Just(None), 6 => (0u64..4).prop_map(Some), 1 => any::<u64>().prop_map(Some)];
    prop_oneof![
        8 => (0..5 * second).prop_map(Step::Move),
        3 => (-30 * second..60 * second).prop_map(Step::Move),
        // To the edges of seconds and of sixteenths of them.
        3 => (0..64i64).prop_map(move |n| Step::Move(n * second / 16 - 1)),
        1 => prop_oneof![any::<u64>(), Just(u64::MAX), Just(0), TEN..TEN * 2].prop_map(Step::Jump),
        24 => [cost.clone(), cost.clone(), cost].prop_map(Step::Call),
        6 => any::<prop::sample::Index>().prop_map(Step::Refund),
    ]
}

fn limits() -> impl Strategy<Value = [Charge; 3]> {
    let algorithm = || prop_oneof![Just(Algorithm::Fixed), Just(Algorithm::Sliding)];
    let limit = |name: &'static str| {
        let max = prop_oneof![8 => 1u64..12, 1 => Just(u64::MAX)];
        (max, 1u32..40, algorithm()).prop_map(move |(max, w, a)| charge(name, max, w, a))
    };
    (limit("a"), limit("b"), limit("c")).prop_map(|(a, b, c)| [a, b, c])
}

/// Runs a trace on both and compares every answer.
fn agree(limits: [Charge; 3], steps: Vec<Step>, monotone: bool) -> Result<(), TestCaseError> {
    let mut store = MemoryStore::new();
    let mut naive: [Naive; 3] = Default::default();
    let mut held: Vec<(usize, Reservation)> = Vec::new();
    let mut now = TEN;
    for (call, step) in steps.into_iter().enumerate() {
        match step {
            Step::Move(by) if monotone => now = now.saturating_add(by.unsigned_abs()),
            Step::Move(by) => now = now.saturating_add_signed(by),
            Step::Jump(to) => now = if monotone { now.max(to) } else { to },
            Step::Call(costs) => {
                let asked = (0..3).filter_map(|i| Some((i, costing(limits[i], costs[i]?))));
                let (which, charges): (Vec<usize>, Vec<Charge>) = asked.unzip();
                let first = (0..which.len()).find(|i| {
                    charges[*i].cost > charges[*i].quota.max.get()
                        || !naive[which[*i]].admits(&charges[*i], now)
                });
                match reserve(&mut store, &charges, now) {
                    Ok(reservation) => {
                        prop_assert_eq!(first, None);
                        for (i, charge) in which.iter().zip(&charges) {
                            naive[*i].admit(call, charge, now);
                        }
                        held.push((call, reservation));
                    }
                    Err(refusal) => {
                        prop_assert_eq!(first, Some(refusal.index));
                        // What was taken and given back has shown the counters the time.
                        for i in 0..refusal.index {
                            naive[which[i]].pass(&charges[i], now);
                        }
                        let charge = charges[refusal.index];
                        waits_long_enough(&mut store, &charge, refusal.reason, now)?;
                    }
                }
            }
            Step::Refund(index) if !held.is_empty() => {
                let (call, reservation) = held.swap_remove(index.index(held.len()));
                prop_assert_eq!(reservation.refund(&mut store), Ok(()));
                naive.iter_mut().for_each(|n| n.refund(call));
            }
            Step::Refund(_) => {}
        }
        for (naive, limit) in naive.iter().zip(&limits) {
            let seen = peek(&mut store, limit, now).unwrap();
            prop_assert_eq!(seen.used, naive.used(limit, now));
            let max = limit.quota.max.get();
            prop_assert_eq!(seen.remaining, max - seen.used);
            if limit.quota.algorithm == Algorithm::Sliding {
                prop_assert!(naive.worst_interval(limit) <= max);
            }
        }
    }
    Ok(())
}

/// The wait that a refusal states is enough, and a second less is not.
fn waits_long_enough(
    store: &mut MemoryStore,
    charge: &Charge,
    reason: Reason,
    now: u64,
) -> Result<(), TestCaseError> {
    let Reason::Exhausted {
        max,
        remaining,
        retry,
    } = reason
    else {
        return Err(TestCaseError::fail(format!("{reason:?}")));
    };
    prop_assert!(remaining < charge.cost && remaining <= max);
    let Some(seconds) = retry.seconds().map(NonZeroU64::get) else {
        prop_assert!(charge.cost > max);
        return Ok(());
    };
    let at = |seconds: u64| now.checked_add(seconds.checked_mul(SECOND)?);
    if let Some(then) = at(seconds) {
        prop_assert_eq!(peek(store, charge, then).unwrap().refusal, None);
    }
    if let Some(then) = at(seconds - 1) {
        prop_assert!(peek(store, charge, then).unwrap().refusal.is_some());
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn every_answer_is_that_of_the_reference_whatever_the_clock_does(
        limits in limits(),
        steps in prop::collection::vec(step(), 1..80),
    ) {
        agree(limits, steps, false)?;
    }

    #[test]
    fn every_answer_is_that_of_the_reference_while_the_clock_only_advances(
        limits in limits(),
        steps in prop::collection::vec(step(), 1..80),
    ) {
        agree(limits, steps, true)?;
    }
}
