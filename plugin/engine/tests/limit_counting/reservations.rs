//! Reservations: all or nothing over several limits, refunds once and into their own window.

use toolgate_engine::limit::{Algorithm, Charge, MemoryStore, Peek, Reason, peek, reserve};

use crate::support::{SECOND, TEN, admitted, charge, costing, fixed, sliding, spend, take, used};

fn three() -> [Charge; 3] {
    [
        charge("burst", 3, 1, Algorithm::Fixed),
        charge("hourly", 9, 3_600, Algorithm::Sliding),
        costing(charge("spend", 100, 86_400, Algorithm::Fixed), 30),
    ]
}

#[test]
fn a_call_refused_by_one_limit_uses_no_other() {
    let mut store = MemoryStore::new();
    for second in 0..3 {
        let _ = reserve(&mut store, &three(), TEN + second * SECOND).unwrap();
    }
    let now = TEN + 3 * SECOND;
    let refusal = reserve(&mut store, &three(), now).unwrap_err();
    assert_eq!(refusal.index, 2);
    assert!(matches!(
        refusal.reason,
        Reason::Exhausted {
            max: 100,
            remaining: 10,
            ..
        }
    ));
    assert_eq!(
        three().map(|charge| used(&mut store, charge, now)),
        [0, 3, 90]
    );
}

#[test]
fn a_reservation_knows_what_remains_and_when_it_returns() {
    let mut store = MemoryStore::new();
    let held = reserve(&mut store, &three(), TEN + 10 * SECOND).unwrap();
    let known = held
        .charges()
        .iter()
        .map(|c| (c.remaining(), c.reset_seconds()));
    assert_eq!(
        known.collect::<Vec<_>>(),
        [(2, 1), (8, 3_600 + 225 - 10), (70, 14 * 3_600 - 10)]
    );
}

#[test]
fn a_refund_returns_every_unit_to_every_limit() {
    let mut store = MemoryStore::new();
    let _ = reserve(&mut store, &three(), TEN).unwrap();
    let held = reserve(&mut store, &three(), TEN).unwrap();
    held.refund(&mut store).unwrap();
    assert_eq!(
        three().map(|charge| used(&mut store, charge, TEN)),
        [1, 1, 30]
    );
}

#[test]
fn a_refund_can_be_for_some_limits_only() {
    let mut store = MemoryStore::new();
    let held = reserve(&mut store, &three(), TEN).unwrap();
    held.refund_where(&mut store, &mut |index| index == 1)
        .unwrap();
    assert_eq!(
        three().map(|charge| used(&mut store, charge, TEN)),
        [1, 0, 30]
    );
}

#[test]
fn a_retry_after_a_refund_counts_once() {
    let mut store = MemoryStore::new();
    for _ in 0..50 {
        take(&mut store, fixed(1, 60), TEN)
            .unwrap()
            .refund(&mut store)
            .unwrap();
    }
    spend(&mut store, fixed(1, 60), TEN);
    take(&mut store, fixed(1, 60), TEN).unwrap_err();
}

#[test]
fn a_refund_after_the_window_is_over_frees_nothing_in_the_next() {
    let mut store = MemoryStore::new();
    let next = TEN + 60 * SECOND;
    let old = take(&mut store, costing(fixed(5, 60), 5), TEN).unwrap();
    spend(&mut store, costing(fixed(5, 60), 4), next);
    old.refund(&mut store).unwrap();
    assert_eq!(used(&mut store, fixed(5, 60), next), 4);
}

#[test]
fn a_refund_reaches_a_window_that_a_clock_going_back_was_charged_to() {
    let mut store = MemoryStore::new();
    spend(&mut store, fixed(5, 60), TEN);
    let held = take(&mut store, fixed(5, 60), TEN - 600 * SECOND).unwrap();
    assert_eq!(held.charges()[0].period(), TEN / (60 * SECOND));
    held.refund(&mut store).unwrap();
    assert_eq!(used(&mut store, fixed(5, 60), TEN), 1);
}

#[test]
fn a_refund_into_a_store_that_forgot_everything_changes_nothing() {
    let mut store = MemoryStore::new();
    let held = take(&mut store, fixed(5, 60), TEN).unwrap();
    let mut store = MemoryStore::new();
    held.refund(&mut store).unwrap();
    assert_eq!(store.values().count(), 0);
    assert_eq!(admitted(&mut store, fixed(5, 60), TEN, 9), 5);
}

#[test]
fn a_cost_of_nothing_takes_nothing_and_passes_a_full_limit() {
    for full in [fixed(2, 60), sliding(2, 60)] {
        let mut store = MemoryStore::new();
        let free = costing(full, 0);
        spend(&mut store, free, TEN);
        assert_eq!(store.values().count(), 0);
        spend(&mut store, costing(full, 2), TEN);
        let held = take(&mut store, free, TEN).unwrap();
        assert_eq!(held.charges()[0].remaining(), 0);
        held.refund(&mut store).unwrap();
        assert_eq!(used(&mut store, full, TEN), 2);
        let lowered = Charge {
            quota: fixed(1, 60).quota,
            ..free
        };
        if full == fixed(2, 60) {
            take(&mut store, lowered, TEN).unwrap_err();
        }
    }
}

#[test]
fn the_same_counter_twice_in_one_call_counts_both_and_gives_both_back() {
    let mut store = MemoryStore::new();
    let twice = [costing(fixed(5, 60), 2), costing(fixed(5, 60), 3)];
    let held = reserve(&mut store, &twice, TEN).unwrap();
    assert_eq!(used(&mut store, fixed(5, 60), TEN), 5);
    let refusal = reserve(&mut store, &twice, TEN).unwrap_err();
    assert_eq!(refusal.index, 0);
    held.refund(&mut store).unwrap();
    assert_eq!(used(&mut store, fixed(5, 60), TEN), 0);
    let refusal = reserve(&mut store, &[twice[1], twice[1]], TEN).unwrap_err();
    assert_eq!(refusal.index, 1);
    assert_eq!(used(&mut store, fixed(5, 60), TEN), 0);
}

#[test]
fn no_limits_is_a_reservation_of_nothing() {
    let mut store = MemoryStore::new();
    let held = reserve(&mut store, &[], TEN).unwrap();
    assert!(held.charges().is_empty());
    held.refund(&mut store).unwrap();
}

#[test]
fn a_peek_foretells_the_charge_and_changes_nothing() {
    let mut store = MemoryStore::new();
    let limit = costing(fixed(5, 60), 3);
    let empty = Peek {
        used: 0,
        remaining: 5,
        reset_seconds: 0,
        refusal: None,
    };
    assert_eq!(peek(&mut store, &limit, TEN), Ok(empty));
    assert_eq!(store.values().count(), 0);
    spend(&mut store, limit, TEN);
    let before: Vec<u8> = store.values().next().unwrap().1.to_vec();
    let seen = peek(&mut store, &limit, TEN).unwrap();
    assert_eq!((seen.used, seen.remaining, seen.reset_seconds), (3, 2, 60));
    assert_eq!(store.values().next().unwrap().1, before);
    let refusal = take(&mut store, limit, TEN).unwrap_err();
    assert_eq!(seen.refusal, Some(refusal.reason));
}

#[test]
fn a_reservation_is_the_size_of_a_vector_and_small_behind_it() {
    use toolgate_engine::limit::{Charged, Reservation};
    assert_eq!(size_of::<Reservation>(), size_of::<Vec<Charged>>());
    assert!(size_of::<Charged>() <= 112, "{}", size_of::<Charged>());
}
