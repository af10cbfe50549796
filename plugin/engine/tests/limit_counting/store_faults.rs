//! Stores that fail and values that are not ours: always a denial, never a reset.

use proptest::prelude::*;
use toolgate_engine::limit::{
    Algorithm, Fault, MemoryStore, Reason, Store, StoreError, Updater, peek, reserve,
};

use crate::support::{
    TEN, admitted, charge, costing, fixed, session, sliding, spend, table, take, used,
};

fn stored(store: &MemoryStore) -> (String, Vec<u8>) {
    let (key, value) = store.values().next().unwrap();
    (key.to_owned(), value.to_vec())
}

/// A reservation, the reading of it and its refund meet the value with this error.
fn all_fail(charge: toolgate_engine::limit::Charge, key: &str, value: &[u8]) {
    let mut store = MemoryStore::new();
    let held = take(&mut store, charge, TEN).unwrap();
    store.put(key, value.to_vec());
    let refusal = take(&mut store, charge, TEN).unwrap_err();
    assert_eq!(
        refusal.reason,
        Reason::Store(StoreError::Corrupt),
        "{value:?}"
    );
    let free = take(&mut store, costing(charge, 0), TEN).unwrap_err();
    assert_eq!(free.reason, Reason::Store(StoreError::Corrupt));
    assert_eq!(peek(&mut store, &charge, TEN), Err(StoreError::Corrupt));
    assert_eq!(held.refund(&mut store), Err(StoreError::Corrupt));
    assert_eq!(stored(&store).1, value, "left as it was");
}

#[test]
fn a_value_that_is_cut_short_or_too_long_or_of_another_version_denies() {
    let table = table(1, 4);
    for charge in [
        fixed(9, 60),
        sliding(9, 60),
        session(fixed(9, 60), &table, 1),
    ] {
        let mut store = MemoryStore::new();
        spend(&mut store, charge, TEN);
        let (key, value) = stored(&store);
        for length in 0..value.len() {
            all_fail(charge, &key, &value[..length]);
        }
        all_fail(charge, &key, &[&value[..], &[0]].concat());
        // Version, algorithm, number of cells, seconds of the window, unknown periods, no units.
        for (at, byte) in [
            (0, 0),
            (0, 2),
            (1, 2),
            (2, 0),
            (2, 2),
            (4, 61),
            (24, 0),
            (27, 1),
        ] {
            let mut value = value.clone();
            value[at] = byte;
            all_fail(charge, &key, &value);
        }
        let mut empty = value.clone();
        empty[28..36].fill(0);
        all_fail(charge, &key, &empty);
        let mut twice = [&value[..], &value[16..]].concat();
        twice[2] = 2;
        all_fail(charge, &key, &twice);
    }
}

#[test]
fn a_value_of_the_other_algorithm_denies() {
    let mut store = MemoryStore::new();
    spend(&mut store, sliding(9, 60), TEN);
    let (_, value) = stored(&store);
    let mut store = MemoryStore::new();
    spend(&mut store, fixed(9, 60), TEN);
    let (key, _) = stored(&store);
    all_fail(fixed(9, 60), &key, &value);
}

proptest! {
    #[test]
    fn no_value_makes_the_engine_panic(value in prop::collection::vec(any::<u8>(), 0..200), now: u64) {
        for algorithm in [Algorithm::Fixed, Algorithm::Sliding] {
            let charge = charge("calls", 9, 60, algorithm);
            let mut store = MemoryStore::new();
            let held = take(&mut store, charge, now).unwrap();
            let (key, ours) = stored(&store);
            // With the header of a real value the rest is looked at, too.
            let value = [&ours[..16], &value[..]].concat();
            store.put(&key, value);
            let _ = take(&mut store, charge, now);
            let _ = peek(&mut store, &charge, now);
            let _ = held.refund(&mut store);
        }
    }
}

#[test]
fn conflicts_cost_attempts_and_never_units() {
    let mut store = MemoryStore::new();
    let mut turn = 0;
    store.inject(move |_| {
        turn += 1;
        if turn % 3 == 0 {
            Fault::None
        } else {
            Fault::Conflict
        }
    });
    assert_eq!(admitted(&mut store, fixed(10, 60), TEN, 25), 10);
    assert_eq!(used(&mut store, fixed(10, 60), TEN), 10);
}

#[test]
fn a_store_that_never_yields_denies() {
    for (fault, error) in [
        (Fault::Conflict, StoreError::Contention),
        (Fault::Unavailable, StoreError::Unavailable),
    ] {
        let mut store = MemoryStore::new();
        store.inject(move |_| fault);
        let refusal = take(&mut store, fixed(10, 60), TEN).unwrap_err();
        assert_eq!(refusal.reason, Reason::Store(error));
        store.heal();
        assert_eq!(used(&mut store, fixed(10, 60), TEN), 0);
    }
}

#[test]
fn a_store_that_fails_at_the_second_limit_gives_the_first_back() {
    let (a, b) = (
        charge("a", 5, 60, Algorithm::Fixed),
        charge("b", 5, 60, Algorithm::Fixed),
    );
    let mut store = MemoryStore::new();
    let mut attempt = 0;
    store.inject(move |_| {
        attempt += 1;
        if attempt == 2 {
            Fault::Unavailable
        } else {
            Fault::None
        }
    });
    let refusal = reserve(&mut store, &[a, b], TEN).unwrap_err();
    assert_eq!((refusal.index, refusal.not_returned), (1, 0));
    assert_eq!(used(&mut store, a, TEN), 0);
}

#[test]
fn units_that_cannot_be_given_back_stay_used_and_are_reported() {
    let (a, b) = (
        charge("a", 5, 60, Algorithm::Fixed),
        charge("b", 5, 60, Algorithm::Fixed),
    );
    let mut store = MemoryStore::new();
    let mut attempt = 0;
    store.inject(move |_| {
        attempt += 1;
        if attempt == 1 {
            Fault::None
        } else {
            Fault::Unavailable
        }
    });
    let refusal = reserve(&mut store, &[a, b], TEN).unwrap_err();
    assert_eq!((refusal.index, refusal.not_returned), (1, 1));
    assert_eq!(used(&mut store, a, TEN), 1);
}

#[test]
fn a_store_that_claims_success_without_asking_denies() {
    struct Silent;
    impl Store for Silent {
        fn update(&mut self, _: &str, _: &mut Updater<'_>) -> Result<(), StoreError> {
            Ok(())
        }
    }
    let refusal = take(&mut Silent, fixed(1, 60), TEN).unwrap_err();
    assert_eq!(refusal.reason, Reason::Store(StoreError::Unavailable));
    assert_eq!(
        peek(&mut Silent, &fixed(1, 60), TEN),
        Err(StoreError::Unavailable)
    );
}
