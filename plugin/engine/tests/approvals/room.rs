//! Floods stay within their row, and leave other callers' requests alone.

use toolgate_engine::approval::{Answer, Asked, Bond, Place, ROW_PLACES, decide, go_on};
use toolgate_engine::limit::MemoryStore;

use super::support::{CALL, Fact, SECOND, START, answer, approve, keys, passes, places, waits};

fn bytes(store: &MemoryStore) -> usize {
    store
        .values()
        .map(|(key, value)| key.len() + value.len())
        .sum()
}

#[test]
fn a_hundred_thousand_requests_of_one_caller_stay_within_eight() {
    let (mut store, keys) = (MemoryStore::new(), keys(1, None));
    let victim = Fact {
        caller: "victim",
        ..CALL
    };
    let id = waits(&mut store, &victim.asked(&keys, START)).id;
    let mut full = 0;
    for n in 0..100_000u32 {
        let mut digest = [0u8; 32];
        digest[..4].copy_from_slice(&n.to_le_bytes());
        let asked = Asked {
            bond: Bond::of(&[b"grant", b"alice"], "shop", "t", &digest, &[1; 32]),
            ..CALL.asked(&keys, START)
        };
        full += usize::from(answer(&mut store, &asked) == Answer::Full);
    }
    assert_eq!(full, 100_000 - 8);
    assert!(bytes(&store) < 8_000, "{} bytes", bytes(&store));
    approve(&mut store, &keys, id, START);
    assert!(passes(&mut store, &victim.asked(&keys, START)));
}

#[test]
fn a_hundred_thousand_made_up_callers_stay_within_the_shared_rows() {
    let (mut store, keys) = (MemoryStore::new(), keys(1, None));
    let known = waits(&mut store, &CALL.asked(&keys, START)).id;
    for n in 0..100_000u32 {
        let name = n.to_le_bytes();
        let asked = Asked {
            place: places().open(&[b"bearer", &name]),
            bond: Bond::of(&[b"bearer", &name], "shop", "t", &[1; 32], &[1; 32]),
            ..CALL.asked(&keys, START)
        };
        answer(&mut store, &asked);
    }
    // 256 shared rows, each full, and one of its own.
    let rows = store
        .values()
        .filter(|(key, _)| key.matches('/').count() == 2);
    assert_eq!(rows.count(), 257);
    assert!(
        bytes(&store) < 256 * usize::from(ROW_PLACES) * 512,
        "{} bytes",
        bytes(&store)
    );
    approve(&mut store, &keys, known, START);
    assert!(passes(&mut store, &CALL.asked(&keys, START)));
}

#[test]
fn what_has_ended_makes_room() {
    let (mut store, keys) = (MemoryStore::new(), keys(1, None));
    for arguments in 0..8 {
        let fact = Fact { arguments, ..CALL };
        waits(&mut store, &fact.asked(&keys, START));
    }
    let ninth = Fact {
        arguments: 9,
        ..CALL
    };
    assert_eq!(answer(&mut store, &ninth.asked(&keys, START)), Answer::Full);
    let later = START + 1_800 * SECOND;
    for arguments in 9..17 {
        let fact = Fact { arguments, ..CALL };
        assert!(waits(&mut store, &fact.asked(&keys, later)).fresh);
    }
}

/// Asks for one call after the other at once and denies each, until no more may be asked: how many.
fn denied_until_full(store: &mut MemoryStore, asked: impl Fn(u8) -> Asked<'static>) -> u8 {
    for n in 0..=ROW_PLACES {
        let asked = asked(n);
        match answer(store, &asked) {
            Answer::Wait(standing) => {
                decide(store, asked.keys, standing.id, false, "olga", START).unwrap();
            }
            Answer::Full => return n,
            other => panic!("{other:?}"),
        }
    }
    panic!("never full")
}

#[test]
fn a_no_is_not_driven_out_by_newer_requests() {
    let mut store = MemoryStore::new();
    let keys: &'static _ = Box::leak(Box::new(keys(1, None)));
    let own = |n| {
        let fact = Fact {
            arguments: n,
            ..CALL
        };
        fact.asked(keys, START)
    };
    assert_eq!(denied_until_full(&mut store, own), ROW_PLACES);
    for n in 0..ROW_PLACES {
        let still = answer(&mut store, &own(n));
        assert!(matches!(still, Answer::Refused { .. }), "{n}: {still:?}");
    }
    // Nor by a call that goes on.
    go_on(&mut store, &own(100), "olga").unwrap();
    assert!(matches!(
        answer(&mut store, &own(0)),
        Answer::Refused { .. }
    ));
    // Another caller is not concerned, and an end makes room.
    let bob = Fact {
        caller: "bob",
        ..CALL
    };
    waits(&mut store, &bob.asked(keys, START));
    let later = Asked {
        now: START + 1_800 * SECOND,
        ..own(99)
    };
    waits(&mut store, &later);
}

#[test]
fn in_a_shared_row_what_was_denied_counts_so_that_nobody_fills_it() {
    let mut store = MemoryStore::new();
    let keys: &'static _ = Box::leak(Box::new(keys(1, None)));
    let of = |name: &'static [u8]| {
        move |n| Asked {
            place: places().open(&[b"bearer", name]),
            ..Fact {
                arguments: n,
                ..CALL
            }
            .asked(keys, START)
        }
    };
    assert_eq!(denied_until_full(&mut store, of(b"mallory")), 8);
    // Of so many others some stand in mallory's row.
    let names: Vec<&'static [u8]> = (0..1_000u32)
        .map(|n| &*Box::leak(Box::new(n.to_le_bytes())) as &[u8])
        .collect();
    let theirs = row_of(of(b"mallory")(0).place);
    let neighbour = names
        .iter()
        .find(|name| row_of(of(name)(0).place) == theirs)
        .unwrap();
    for n in 0..8 {
        waits(&mut store, &of(neighbour)(n));
    }
}

/// What tells rows apart, of a place.
fn row_of(place: Place) -> String {
    let shown = format!("{place:?}");
    shown.split("caller").next().unwrap().to_owned()
}

#[test]
fn of_any_interleaving_of_retries_exactly_one_passes() {
    // Every attempt to write meets up to three conflicts first; the closure is asked anew each time.
    for conflicts in 0..4 {
        let (mut store, keys) = (MemoryStore::new(), keys(1, None));
        let id = waits(&mut store, &CALL.asked(&keys, START)).id;
        approve(&mut store, &keys, id, START);
        let mut left = conflicts;
        store.inject(move |_| {
            if left == 0 {
                return toolgate_engine::limit::Fault::None;
            }
            left -= 1;
            toolgate_engine::limit::Fault::Conflict
        });
        let asked = CALL.asked(&keys, START);
        let passed = (0..8).filter(|_| passes(&mut store, &asked)).count();
        assert_eq!(passed, 1);
    }
}
