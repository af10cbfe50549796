//! The table of open-ended subjects: exact where it counts, bounded, and closed when full.

use std::collections::BTreeMap;
use std::num::NonZeroU64;

use proptest::prelude::*;
use toolgate_engine::limit::{
    Algorithm, Charge, KEY_BYTES_MAX, MemoryStore, OwnSlot, Reason, Retry, Subject, reserve,
};

use crate::support::{
    SECOND, TEN, admitted, charge, costing, fixed, session, sliding, spend, table, take, used,
};

fn state_bytes(store: &MemoryStore) -> u64 {
    store
        .values()
        .map(|(key, value)| (key.len() + value.len()) as u64)
        .sum()
}

#[test]
fn a_flood_of_sessions_stays_within_the_bound_and_leaves_the_counted_ones_exact() {
    let table = table(8, 4);
    for algorithm in [Algorithm::Fixed, Algorithm::Sliding] {
        let mut store = MemoryStore::new();
        let limit = charge("calls", 2, 60, algorithm);
        let grant = Charge {
            subject: Subject::Own(OwnSlot::grant("ci")),
            ..limit
        };
        let mut calls = BTreeMap::new();
        for call in 0..30_000u64 {
            let number = call % 10_000;
            let now = TEN + call * 100_000;
            match take(&mut store, session(limit, &table, number), now) {
                Ok(_) => *calls.entry(number).or_insert(0u64) += 1,
                Err(refusal) if calls.contains_key(&number) => {
                    assert!(matches!(refusal.reason, Reason::Exhausted { .. }));
                }
                Err(refusal) => assert!(matches!(refusal.reason, Reason::TableFull { .. })),
            }
        }
        // Every set was filled, and each counted session got its number, not one more or less.
        assert_eq!(calls.len(), 8 * 4);
        assert!(calls.values().all(|calls| *calls == 2));
        let bound = table.state_bound(algorithm);
        assert!(store.values().count() as u64 <= bound.keys);
        assert!(state_bytes(&store) <= bound.bytes);
        // A configured grant is not crowded out.
        assert_eq!(admitted(&mut store, grant, TEN + 3 * SECOND, 5), 2);
    }
}

#[test]
fn the_bound_is_met_exactly_when_every_way_uses_every_bucket() {
    let table = table(1, 3);
    for (limit, moments) in [(fixed(99, 60), 1), (sliding(99, 60), 17)] {
        let mut store = MemoryStore::new();
        for moment in 0..moments {
            for number in 0..3 {
                let now = TEN + moment * 60 * SECOND / 16;
                spend(&mut store, session(limit, &table, number), now);
            }
        }
        let (key, value) = store.values().next().unwrap();
        let bound = table.state_bound(limit.quota.algorithm);
        assert_eq!(bound.keys, 1);
        assert_eq!(bound.bytes, (KEY_BYTES_MAX + value.len()) as u64);
        assert!(key.len() <= KEY_BYTES_MAX);
        let documented = if moments == 1 { 20 } else { 148 };
        assert_eq!(value.len(), 16 + 3 * documented);
    }
}

#[test]
fn a_full_set_says_when_it_has_room_and_has_it_then() {
    let table = table(1, 2);
    let wait = |limit, first, second, now| {
        let mut store = MemoryStore::new();
        spend(&mut store, session(limit, &table, 1), first);
        spend(&mut store, session(limit, &table, 2), second);
        let third = session(limit, &table, 3);
        let refusal = take(&mut store, third, now).unwrap_err();
        let Reason::TableFull {
            retry: Retry::After(seconds),
        } = refusal.reason
        else {
            panic!("{refusal:?}");
        };
        let seconds: u64 = NonZeroU64::get(seconds);
        take(&mut store, third, now + (seconds - 1) * SECOND).unwrap_err();
        spend(&mut store, third, now + seconds * SECOND);
        seconds
    };
    let now = TEN + 30 * SECOND;
    assert_eq!(wait(fixed(9, 60), TEN, TEN, now), 30);
    assert_eq!(
        wait(sliding(9, 60), TEN + 10 * SECOND, TEN + 25 * SECOND, now),
        42
    );
}

#[test]
fn a_session_whose_units_were_refunded_makes_room() {
    let table = table(1, 1);
    let mut store = MemoryStore::new();
    let held = take(&mut store, session(fixed(9, 60), &table, 1), TEN).unwrap();
    take(&mut store, session(fixed(9, 60), &table, 2), TEN).unwrap_err();
    held.refund(&mut store).unwrap();
    spend(&mut store, session(fixed(9, 60), &table, 2), TEN);
}

#[test]
fn a_call_refused_by_a_full_table_gives_back_what_it_took_elsewhere() {
    let table = table(1, 1);
    let mut store = MemoryStore::new();
    let everybody = charge("everybody", 9, 60, Algorithm::Fixed);
    let call = |number| [everybody, session(fixed(9, 60), &table, number)];
    let _ = reserve(&mut store, &call(1), TEN).unwrap();
    let refusal = reserve(&mut store, &call(2), TEN).unwrap_err();
    assert_eq!((refusal.index, refusal.not_returned), (1, 0));
    assert_eq!(used(&mut store, everybody, TEN), 1);
}

#[test]
fn a_session_that_costs_nothing_takes_no_way() {
    let table = table(1, 1);
    let mut store = MemoryStore::new();
    spend(&mut store, session(fixed(9, 60), &table, 1), TEN);
    spend(
        &mut store,
        costing(session(fixed(9, 60), &table, 2), 0),
        TEN,
    );
}

#[test]
fn a_clock_that_goes_back_does_not_revive_a_session_that_made_room() {
    let table = table(1, 1);
    let mut store = MemoryStore::new();
    let (first, second) = (
        session(fixed(2, 60), &table, 1),
        session(fixed(2, 60), &table, 2),
    );
    assert_eq!(admitted(&mut store, first, TEN, 5), 2);
    assert_eq!(admitted(&mut store, second, TEN + 60 * SECOND, 1), 1);
    // Its count is gone, so its window must not come again.
    assert_eq!(admitted(&mut store, first, TEN, 5), 0);
}

#[test]
fn fewer_ways_forget_nobody_and_more_ways_make_room_at_once() {
    let mut store = MemoryStore::new();
    let at = |ways, number| session(fixed(2, 60), &table(1, ways), number);
    for number in 0..4 {
        spend(&mut store, at(4, number), TEN);
    }
    take(&mut store, at(2, 9), TEN).unwrap_err();
    for number in 0..4 {
        assert_eq!(admitted(&mut store, at(2, number), TEN, 5), 1);
    }
    spend(&mut store, at(5, 9), TEN);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Against one naive count per session and UTC window: never above, and exact for every
    /// session that the table holds.
    #[test]
    fn sessions_in_a_table_count_as_if_each_were_alone(
        calls in prop::collection::vec((0u64..12, 0u64..40), 1..200),
    ) {
        let table = table(2, 3);
        let mut store = MemoryStore::new();
        let mut counts: BTreeMap<(u64, u64), u64> = BTreeMap::new();
        let mut now = TEN;
        for (number, step) in calls {
            now += step * SECOND / 4;
            let count = counts.entry((number, now / (10 * SECOND))).or_default();
            match take(&mut store, session(fixed(3, 10), &table, number), now) {
                Ok(_) => *count += 1,
                Err(refusal) => match refusal.reason {
                    Reason::Exhausted { .. } => prop_assert_eq!(*count, 3),
                    Reason::TableFull { .. } => prop_assert_eq!(*count, 0),
                    Reason::Store(error) => prop_assert!(false, "{}", error),
                },
            }
            prop_assert!(*count <= 3);
        }
    }
}
