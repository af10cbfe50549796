//! Fixed windows: the UTC calendar, its edges, and clocks that misbehave.

use toolgate_engine::limit::{Algorithm, MemoryStore, Reason, Retry, Window};

use crate::support::{SECOND, TEN, admitted, charge, costing, fixed, retry, spend, take, used};

#[test]
fn a_window_admits_its_number_and_not_one_more() {
    let mut store = MemoryStore::new();
    assert_eq!(admitted(&mut store, fixed(10, 60), TEN, 25), 10);
}

#[test]
fn the_first_call_ever_is_admitted_at_any_time_of_the_clock() {
    for now in [0, 1, TEN, u64::MAX] {
        for algorithm in [Algorithm::Fixed, Algorithm::Sliding] {
            for seconds in [1, 60, u32::MAX] {
                let mut store = MemoryStore::new();
                let charge = charge("calls", 1, seconds, algorithm);
                assert_eq!(admitted(&mut store, charge, now, 3), 1, "{charge:?} {now}");
            }
        }
    }
}

#[test]
fn windows_begin_on_the_utc_calendar() {
    let day = 86_400;
    let midnight = TEN - 10 * 3_600 * SECOND;
    for (seconds, start) in [
        (1, TEN),
        (60, TEN),
        (3_600, TEN),
        (day, midnight),
        (7, TEN - 2 * SECOND),
    ] {
        assert_eq!((start / SECOND) % u64::from(seconds), 0);
        let mut store = MemoryStore::new();
        let last = start + u64::from(seconds) * SECOND - 1;
        assert_eq!(admitted(&mut store, fixed(2, seconds), start - 1, 3), 2);
        assert_eq!(admitted(&mut store, fixed(2, seconds), start, 3), 2);
        assert_eq!(admitted(&mut store, fixed(2, seconds), last, 3), 0);
        assert_eq!(admitted(&mut store, fixed(2, seconds), last + 1, 3), 2);
    }
}

#[test]
fn a_refusal_says_what_remains_and_when_the_window_ends() {
    let mut store = MemoryStore::new();
    let now = TEN + 12 * SECOND + 1;
    spend(&mut store, costing(fixed(10, 60), 8), now);
    let refusal = take(&mut store, costing(fixed(10, 60), 3), now).unwrap_err();
    let expected = Reason::Exhausted {
        max: 10,
        remaining: 2,
        retry: Retry::After(48.try_into().unwrap()),
    };
    assert_eq!(refusal.reason, expected);
    let late = TEN + 60 * SECOND - 1;
    let refusal = take(&mut store, costing(fixed(10, 60), 3), late).unwrap_err();
    assert_eq!(retry(refusal), Some(1));
}

#[test]
fn a_cost_above_the_maximum_is_never_worth_a_retry() {
    let mut store = MemoryStore::new();
    let refusal = take(&mut store, costing(fixed(10, 60), 11), TEN).unwrap_err();
    let expected = Reason::Exhausted {
        max: 10,
        remaining: 10,
        retry: Retry::Never,
    };
    assert_eq!(refusal.reason, expected);
    assert_eq!(store.values().count(), 0);
}

#[test]
fn costs_that_would_overflow_are_refused() {
    for algorithm in [Algorithm::Fixed, Algorithm::Sliding] {
        let mut store = MemoryStore::new();
        let all = charge("spend", u64::MAX, 60, algorithm);
        spend(&mut store, costing(all, u64::MAX - 1), TEN);
        take(&mut store, costing(all, u64::MAX), TEN).unwrap_err();
        take(&mut store, costing(all, 2), TEN).unwrap_err();
        spend(&mut store, costing(all, 1), TEN);
        take(&mut store, costing(all, 1), TEN).unwrap_err();
        assert_eq!(used(&mut store, all, TEN), u64::MAX);
    }
}

#[test]
fn a_clock_that_goes_back_frees_nothing() {
    let mut store = MemoryStore::new();
    let limit = fixed(3, 60);
    assert_eq!(admitted(&mut store, limit, TEN, 2), 2);
    // An hour back: the stored window still counts, and is over when it always was.
    let back = TEN - 3_600 * SECOND;
    assert_eq!(admitted(&mut store, limit, back, 5), 1);
    let refusal = take(&mut store, limit, back).unwrap_err();
    assert_eq!(retry(refusal), Some(3_600 + 60));
    assert_eq!(admitted(&mut store, limit, TEN + 59 * SECOND, 5), 0);
    assert_eq!(admitted(&mut store, limit, TEN + 60 * SECOND, 5), 3);
}

#[test]
fn a_clock_that_swings_over_a_window_edge_admits_no_window_twice() {
    let mut store = MemoryStore::new();
    let limit = fixed(3, 60);
    let edge = TEN + 60 * SECOND;
    assert_eq!(admitted(&mut store, limit, edge - 1, 5), 3);
    assert_eq!(admitted(&mut store, limit, edge, 1), 1);
    assert_eq!(admitted(&mut store, limit, edge - 1, 5), 2);
    assert_eq!(admitted(&mut store, limit, edge, 5), 0);
}

#[test]
fn a_raised_maximum_keeps_the_count_and_a_lowered_one_refuses_at_once() {
    let mut store = MemoryStore::new();
    assert_eq!(admitted(&mut store, fixed(5, 60), TEN, 9), 5);
    assert_eq!(admitted(&mut store, fixed(8, 60), TEN, 9), 3);
    let refusal = take(&mut store, fixed(2, 60), TEN).unwrap_err();
    let expected = Reason::Exhausted {
        max: 2,
        remaining: 0,
        retry: Retry::After(60.try_into().unwrap()),
    };
    assert_eq!(refusal.reason, expected);
}

#[test]
fn a_window_is_named_as_a_message_would_name_it() {
    let names = [Window::SECOND, Window::MINUTE, Window::HOUR, Window::DAY].map(|w| w.to_string());
    assert_eq!(names, ["second", "minute", "hour", "day"]);
    let seconds =
        [Window::SECOND, Window::MINUTE, Window::HOUR, Window::DAY].map(|w| w.seconds().get());
    assert_eq!(seconds, [1, 60, 3_600, 86_400]);
    assert_eq!(crate::support::window(90).to_string(), "90 seconds");
    assert_eq!(crate::support::window(60).to_string(), "minute");
}
