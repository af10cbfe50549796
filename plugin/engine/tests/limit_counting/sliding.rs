//! Sliding windows: what the buckets promise, at their edges.

use toolgate_engine::limit::{MemoryStore, SLIDING_BUCKETS};

use crate::support::{SECOND, TEN, admitted, costing, retry, sliding, spend, take, used};

const MINUTE: u64 = 60 * SECOND;
const BUCKET: u64 = MINUTE / 16;

#[test]
fn no_window_edge_admits_twice_the_number() {
    let mut store = MemoryStore::new();
    let limit = sliding(10, 60);
    assert_eq!(admitted(&mut store, limit, TEN + MINUTE - 1, 25), 10);
    assert_eq!(admitted(&mut store, limit, TEN + MINUTE, 25), 0);
    assert_eq!(admitted(&mut store, limit, TEN + 2 * MINUTE - 2, 25), 0);
}

#[test]
fn units_return_at_most_a_sixteenth_of_the_window_late() {
    assert_eq!(SLIDING_BUCKETS, 16);
    // Charged at the first and at the last instant of a bucket: both return at the same time.
    for (at, late) in [(TEN, BUCKET), (TEN + BUCKET - 1, 1)] {
        let mut store = MemoryStore::new();
        spend(&mut store, sliding(1, 60), at);
        let free = at + MINUTE + late;
        assert_eq!(admitted(&mut store, sliding(1, 60), free - 1, 1), 0);
        assert_eq!(admitted(&mut store, sliding(1, 60), free, 1), 1);
    }
}

#[test]
fn a_refusal_says_when_enough_will_have_returned() {
    let mut store = MemoryStore::new();
    let limit = sliding(10, 60);
    for (at, cost) in [(TEN, 2), (TEN + 20 * SECOND, 3), (TEN + 40 * SECOND, 5)] {
        spend(&mut store, costing(limit, cost), at);
    }
    let now = TEN + 50 * SECOND;
    // Buckets of 3.75 s begin at 0, 18.75 and 37.5 s, and return 63.75 s later.
    for (cost, wait) in [(1, 14), (2, 14), (3, 33), (5, 33), (6, 52), (10, 52)] {
        let refusal = take(&mut store, costing(limit, cost), now).unwrap_err();
        assert_eq!(retry(refusal), Some(wait), "cost {cost}");
    }
    let refusal = take(&mut store, costing(limit, 11), now).unwrap_err();
    assert_eq!(retry(refusal), None);
}

#[test]
fn a_clock_that_goes_back_frees_nothing() {
    let mut store = MemoryStore::new();
    let limit = sliding(3, 60);
    assert_eq!(admitted(&mut store, limit, TEN, 2), 2);
    assert_eq!(admitted(&mut store, limit, TEN - 3_600 * SECOND, 5), 1);
    assert_eq!(admitted(&mut store, limit, 0, 5), 0);
    assert_eq!(admitted(&mut store, limit, TEN + MINUTE, 5), 0);
    assert_eq!(admitted(&mut store, limit, TEN + MINUTE + BUCKET, 5), 3);
}

#[test]
fn a_jump_far_ahead_frees_everything() {
    let mut store = MemoryStore::new();
    let limit = sliding(3, 60);
    for at in 0..16 {
        admitted(&mut store, limit, TEN + at * BUCKET, 1);
    }
    assert_eq!(admitted(&mut store, limit, TEN + (1 << 60), 5), 3);
    assert_eq!(admitted(&mut store, limit, u64::MAX, 5), 3);
}

#[test]
fn a_refund_goes_to_the_bucket_that_was_charged() {
    let mut store = MemoryStore::new();
    let limit = sliding(10, 60);
    spend(&mut store, costing(limit, 4), TEN);
    let later = take(&mut store, costing(limit, 5), TEN + 8 * BUCKET).unwrap();
    spend(&mut store, costing(limit, 1), TEN + 9 * BUCKET);
    later.refund(&mut store).unwrap();
    assert_eq!(used(&mut store, limit, TEN + 9 * BUCKET), 5);
    assert_eq!(used(&mut store, limit, TEN + 17 * BUCKET), 1);
    assert_eq!(used(&mut store, limit, TEN + 26 * BUCKET), 0);
}

#[test]
fn a_refund_after_its_bucket_is_over_returns_nothing() {
    let mut store = MemoryStore::new();
    let limit = sliding(10, 60);
    let old = take(&mut store, costing(limit, 9), TEN).unwrap();
    spend(&mut store, costing(limit, 6), TEN + 17 * BUCKET);
    old.refund(&mut store).unwrap();
    assert_eq!(used(&mut store, limit, TEN + 17 * BUCKET), 6);
}

#[test]
fn a_refund_into_a_bucket_that_a_new_store_does_not_have_takes_from_no_other() {
    let mut store = MemoryStore::new();
    let limit = sliding(10, 60);
    let held = take(&mut store, costing(limit, 2), TEN + 2 * BUCKET).unwrap();
    let mut store = MemoryStore::new();
    spend(&mut store, costing(limit, 4), TEN + BUCKET);
    spend(&mut store, costing(limit, 5), TEN + 3 * BUCKET);
    held.refund(&mut store).unwrap();
    assert_eq!(used(&mut store, limit, TEN + 3 * BUCKET), 9);
}

#[test]
fn the_reset_is_when_all_units_have_returned() {
    let mut store = MemoryStore::new();
    let limit = sliding(10, 60);
    let first = take(&mut store, limit, TEN).unwrap();
    assert_eq!(first.charges()[0].reset_seconds(), 64);
    let free = costing(limit, 0);
    let nothing = take(&mut store, free, TEN + 10 * SECOND).unwrap();
    assert_eq!(nothing.charges()[0].reset_seconds(), 54);
    let over = take(&mut store, free, TEN + 64 * SECOND).unwrap();
    assert_eq!(over.charges()[0].reset_seconds(), 0);
    assert_eq!(over.charges()[0].remaining(), 10);
}
