//! From asked to used, denied or expired.

use toolgate_engine::approval::{
    Answer, ApprovalId, Asked, Bond, Cursor, Decided, PAGE, State, decide, list,
};
use toolgate_engine::limit::{Fault, MemoryStore};

use super::support::{CALL, SECOND, START, answer, approve, keys, passes, waits};

#[test]
fn a_call_waits_is_approved_passes_once_and_waits_again() {
    let (mut store, keys) = (MemoryStore::new(), keys(1, None));
    let first = waits(&mut store, &CALL.asked(&keys, START));
    assert!(first.fresh);
    assert_eq!(first.left, 1_800);
    let again = waits(&mut store, &CALL.asked(&keys, START + SECOND));
    assert_eq!(
        (again.id, again.fresh, again.left),
        (first.id, false, 1_799)
    );

    approve(&mut store, &keys, first.id, START + 2 * SECOND);
    let used = answer(&mut store, &CALL.asked(&keys, START + 3 * SECOND));
    let expected = Answer::Pass {
        id: first.id,
        by: "olga".to_owned(),
    };
    assert_eq!(used, expected);
    let next = waits(&mut store, &CALL.asked(&keys, START + 3 * SECOND));
    assert!(next.fresh);
    assert_ne!(next.id, first.id);
}

#[test]
fn a_no_is_told_until_it_ends_and_then_it_may_be_asked_again() {
    let (mut store, keys) = (MemoryStore::new(), keys(1, None));
    let id = waits(&mut store, &CALL.asked(&keys, START)).id;
    let done = decide(&mut store, &keys, id, false, "olga", START).unwrap();
    assert!(matches!(done, Decided::Done(listed) if listed.state == State::Denied));
    let refused = answer(&mut store, &CALL.asked(&keys, START + SECOND));
    let by = "olga".to_owned();
    let again = 1_799;
    assert_eq!(refused, Answer::Refused { id, by, again });
    let next = waits(&mut store, &CALL.asked(&keys, START + 1_800 * SECOND));
    assert_eq!(next.expired, Some(id));
    assert_ne!(next.id, id);
}

#[test]
fn what_was_decided_is_not_decided_again() {
    let (mut store, keys) = (MemoryStore::new(), keys(1, None));
    let id = waits(&mut store, &CALL.asked(&keys, START)).id;
    decide(&mut store, &keys, id, false, "olga", START).unwrap();
    let second = decide(&mut store, &keys, id, true, "oskar", START).unwrap();
    assert_eq!(second, Decided::Before(State::Denied, "olga".to_owned()));
    assert!(!passes(&mut store, &CALL.asked(&keys, START)));
}

#[test]
fn a_request_that_ended_cannot_be_approved_and_a_yes_that_ended_passes_nothing() {
    let (mut store, keys) = (MemoryStore::new(), keys(1, None));
    let id = waits(&mut store, &CALL.asked(&keys, START)).id;
    let late = START + 1_800 * SECOND;
    let decided = decide(&mut store, &keys, id, true, "olga", late).unwrap();
    assert_eq!(decided, Decided::Expired);

    let id = waits(&mut store, &CALL.asked(&keys, late)).id;
    approve(&mut store, &keys, id, late + SECOND);
    let over = late + SECOND + 1_800 * SECOND;
    let next = waits(&mut store, &CALL.asked(&keys, over));
    assert_eq!(next.expired, Some(id));
    // The clock goes back to when the yes was good: it does not come back.
    assert!(!passes(&mut store, &CALL.asked(&keys, late + 2 * SECOND)));
}

#[test]
fn a_yes_is_good_for_the_timeout_counted_from_the_decision() {
    let (mut store, keys) = (MemoryStore::new(), keys(1, None));
    let id = waits(&mut store, &CALL.asked(&keys, START)).id;
    approve(&mut store, &keys, id, START + 1_799 * SECOND);
    let last = START + 1_799 * SECOND + 1_800 * SECOND - 1;
    assert!(passes(&mut store, &CALL.asked(&keys, last)));
}

#[test]
fn operators_see_who_asks_for_what_and_nothing_of_another_request() {
    let (mut store, keys) = (MemoryStore::new(), keys(1, None));
    let id = waits(&mut store, &CALL.asked(&keys, START)).id;
    let listed = list(&mut store, &keys, START + SECOND, None).unwrap();
    assert_eq!(listed.next, None);
    let listed = listed.requests;
    assert_eq!(listed.len(), 1);
    let one = listed.first().unwrap();
    assert_eq!(
        (one.id, one.state, one.expired),
        (id, State::Pending, false)
    );
    let expected = format!(
        r#"{{"id":"{id}","caller":"alice","server":"shop","tool":"create_refund","rule":"/tools/create_refund/approve_if/0","message":"Refunds need a person.","arguments":{{"amount":150}}}}"#
    );
    assert_eq!(one.notice.as_deref(), Some(expected.as_str()));
    let unknown = ApprovalId::parse("apr_aaaaaaaaaaaaaaaaaaaaaaaa").unwrap();
    let decided = decide(&mut store, &keys, unknown, true, "olga", START).unwrap();
    assert_eq!(decided, Decided::Unknown);
}

#[test]
fn a_long_list_comes_in_pages_whole_and_in_order_whatever_is_used_meanwhile() {
    let (mut store, keys) = (MemoryStore::new(), keys(1, None));
    let requests = 2 * PAGE + 7;
    let asked = |n: usize| {
        let name = format!("caller-{}", n / 8);
        Asked {
            place: super::support::places().configured("grant", &name),
            bond: Bond::of(&[name.as_bytes()], "shop", "t", &[n as u8; 32], &[1; 32]),
            // Some at the same moment.
            ..CALL.asked(&keys, START + (n / 3) as u64)
        }
    };
    let mut made: Vec<ApprovalId> = (0..requests)
        .map(|n| waits(&mut store, &asked(n)).id)
        .collect();
    let walk = |store: &mut MemoryStore, used: &mut dyn FnMut(&mut MemoryStore, usize)| {
        let (mut seen, mut sizes, mut after) = (Vec::new(), Vec::new(), None);
        loop {
            let page = list(store, &keys, START + SECOND, after).unwrap();
            sizes.push(page.requests.len());
            assert!(page.requests.iter().all(|one| one.notice.is_some()));
            seen.extend(page.requests);
            after = page.next;
            let Some(next) = after else {
                return (seen, sizes);
            };
            assert_eq!(Cursor::parse(&next.to_string()), Some(next));
            used(store, sizes.len());
        }
    };
    let (seen, sizes) = walk(&mut store, &mut |_, _| {});
    assert_eq!(sizes, [PAGE, PAGE, 7]);
    assert!(seen.is_sorted_by_key(|one| one.asked));
    let mut ids: Vec<ApprovalId> = seen.iter().map(|one| one.id).collect();
    ids.sort();
    made.sort();
    assert_eq!(ids, made);
    // The last of a page is used up before the next page is asked for: none is left out.
    let last = seen[PAGE - 1].id;
    let (again, _) = walk(&mut store, &mut |store, pages| {
        if pages == 1 {
            approve(store, &keys, last, START + SECOND);
            let at = (0..requests).find(|n| passes(store, &asked(*n)));
            assert!(at.is_some());
        }
    });
    assert!(made.iter().all(|id| again.iter().any(|one| one.id == *id)));
    for no_cursor in [
        "",
        "-",
        "1",
        "1-",
        "-apr_aaaaaaaaaaaaaaaaaaaaaaaa",
        "1-apr_x",
    ] {
        assert_eq!(Cursor::parse(no_cursor), None, "{no_cursor}");
    }
}

#[test]
fn a_store_that_fails_or_holds_nonsense_passes_nothing() {
    let (mut store, keys) = (MemoryStore::new(), keys(1, None));
    let id = waits(&mut store, &CALL.asked(&keys, START)).id;
    approve(&mut store, &keys, id, START);
    let asked = CALL.asked(&keys, START);
    for fault in [Fault::Unavailable, Fault::Conflict] {
        store.inject(move |_| fault);
        assert!(
            toolgate_engine::approval::ask(&mut store, &asked, &super::support::NOTICE).is_err()
        );
        store.heal();
    }
    let rows: Vec<(String, Vec<u8>)> = store
        .values()
        .map(|(key, value)| (key.to_owned(), value.to_vec()))
        .collect();
    for (key, value) in &rows {
        if key == "tg1/approvals" || key.matches('/').count() != 2 {
            continue;
        }
        for cut in 1..value.len() {
            store.put(key, value.get(..cut).unwrap().to_vec());
            let result =
                toolgate_engine::approval::ask(&mut store, &asked, &super::support::NOTICE);
            assert!(result.is_err(), "cut to {cut} bytes: {result:?}");
        }
        store.put(key, value.clone());
    }
    assert!(passes(&mut store, &asked));
}
