//! Whatever is changed, the yes is void.

use toolgate_engine::approval::{
    ApprovalId, Asked, Decided, Keys, Place, Returned, Standing, Worth, decide, list, request_state,
};
use toolgate_engine::limit::MemoryStore;

use super::support::{CALL, Fact, SECOND, START, approve, keys, passes, places, waits};

/// A store in which the call has a yes.
fn approved(keys: &Keys) -> MemoryStore {
    let mut store = MemoryStore::new();
    let id = waits(&mut store, &CALL.asked(keys, START)).id;
    approve(&mut store, keys, id, START);
    store
}

#[test]
fn a_yes_passes_no_other_call() {
    let keys = keys(1, None);
    let others = [
        (
            "another caller",
            Fact {
                caller: "mallory",
                ..CALL
            },
        ),
        (
            "another server",
            Fact {
                server: "other",
                ..CALL
            },
        ),
        (
            "another tool",
            Fact {
                tool: "create_refunds",
                ..CALL
            },
        ),
        (
            "other arguments",
            Fact {
                arguments: 2,
                ..CALL
            },
        ),
        ("another policy", Fact { policy: 2, ..CALL }),
    ];
    for (what, other) in others {
        let mut store = approved(&keys);
        assert!(!passes(&mut store, &other.asked(&keys, START)), "{what}");
        let stolen = Asked {
            place: CALL.place(),
            ..other.asked(&keys, START)
        };
        assert!(!passes(&mut store, &stolen), "{what}, in the same row");
        assert!(
            passes(&mut store, &CALL.asked(&keys, START)),
            "{what}: the right one"
        );
    }
    // The parts of a bond cannot be shifted into one another.
    let shifted = Fact {
        server: "shopc",
        tool: "reate_refund",
        ..CALL
    };
    assert!(shifted.bond() != CALL.bond());
}

#[test]
fn a_yes_of_a_key_that_is_gone_is_void_and_of_the_one_before_is_good() {
    let old = keys(1, None);
    let mut store = approved(&old);
    assert!(!passes(
        &mut store.clone_values(),
        &CALL.asked(&keys(2, None), START)
    ));
    assert!(passes(&mut store, &CALL.asked(&keys(2, Some(1)), START)));
}

#[test]
fn every_byte_of_a_stored_yes_is_sealed() {
    let keys = keys(1, None);
    let fresh = approved(&keys);
    let (key, value) = fresh
        .values()
        .find(|(key, _)| key.matches('/').count() == 2)
        .map(|(key, value)| (key.to_owned(), value.to_vec()))
        .unwrap();
    let mut void = 0;
    for at in 0..value.len() {
        let mut changed = value.clone();
        *changed.get_mut(at).unwrap() ^= 1;
        let mut store = MemoryStore::new();
        store.put(&key, changed);
        let result = toolgate_engine::approval::ask(
            &mut store,
            &CALL.asked(&keys, START),
            &super::support::NOTICE,
        );
        if !matches!(result, Ok(toolgate_engine::approval::Answer::Pass { .. })) {
            void += 1;
        }
    }
    // What is not sealed is the time of the last write, the time of asking, the place of the
    // notice and the timeout: none of them says what passes, or until when.
    assert_eq!(
        value.len() - void,
        8 + 8 + 1 + 4 - 1 /* the top of `latest` ends it */
    );
}

/// The key of the only value that `is` says, and the value.
fn stored(store: &MemoryStore, is: impl Fn(&str) -> bool) -> (String, Vec<u8>) {
    let found = store.values().find(|(key, _)| is(key));
    found
        .map(|(key, value)| (key.to_owned(), value.to_vec()))
        .unwrap()
}

/// What an operator would do with the only request.
fn decided(store: &mut MemoryStore, keys: &Keys, id: ApprovalId, yes: bool) -> Decided {
    decide(store, keys, id, yes, "olga", START).unwrap()
}

#[test]
fn who_writes_the_shared_data_without_a_key_chooses_nothing_that_operators_approve() {
    let keys = keys(1, None);
    let mut store = MemoryStore::new();
    let id = waits(&mut store, &CALL.asked(&keys, START)).id;
    let (notice, text) = stored(&store, |key| key.ends_with("/0"));
    assert!(String::from_utf8_lossy(&text).contains("\"amount\":150"));
    // Every byte of what operators read is sealed.
    for at in 0..text.len() {
        let mut changed = text.clone();
        changed[at] ^= 1;
        store.put(&notice, changed);
        let listed = list(&mut store, &keys, START, None).unwrap().requests;
        assert_eq!(listed[0].notice, None, "byte {at}");
    }
    // Nobody says yes to what is not shown; saying no needs no reason.
    assert_eq!(decided(&mut store, &keys, id, true), Decided::Unshown);
    assert!(!passes(&mut store, &CALL.asked(&keys, START)));
    // That retry has written it again.
    let listed = list(&mut store, &keys, START, None).unwrap().requests;
    assert!(listed[0].notice.is_some());
    store.put(&notice, b"x".to_vec());
    let no = decided(&mut store, &keys, id, false);
    assert!(matches!(no, Decided::Done(_)), "{no:?}");

    // Another call put under what operators read.
    let mut store = MemoryStore::new();
    let id = waits(&mut store, &CALL.asked(&keys, START)).id;
    let other = Fact {
        arguments: 2,
        ..CALL
    };
    let mut elsewhere = MemoryStore::new();
    waits(&mut elsewhere, &other.asked(&keys, START));
    let is_row = |key: &str| key.matches('/').count() == 2;
    let (row, theirs) = stored(&elsewhere, is_row);
    let (_, mut ours) = stored(&store, is_row);
    // Version, count, latest and the id stand before the bond.
    ours[25..57].copy_from_slice(&theirs[25..57]);
    store.put(&row, ours);
    assert_eq!(decided(&mut store, &keys, id, true), Decided::Unknown);
    assert!(!passes(&mut store, &other.asked(&keys, START)));
}

#[test]
fn operators_with_another_key_see_and_decide_nothing() {
    let (ours, theirs) = (keys(1, None), keys(2, None));
    let mut store = MemoryStore::new();
    let id = waits(&mut store, &CALL.asked(&ours, START)).id;
    assert_eq!(list(&mut store, &theirs, START, None).unwrap().requests, []);
    for yes in [true, false] {
        assert_eq!(decided(&mut store, &theirs, id, yes), Decided::Unknown);
    }
    let both = keys(2, Some(1));
    assert_eq!(
        list(&mut store, &both, START, None).unwrap().requests.len(),
        1
    );
    approve(&mut store, &ours, id, START);
    assert!(passes(&mut store, &CALL.asked(&ours, START)));
}

#[test]
fn a_returned_state_passes_its_call_once() {
    let (mut store, keys) = (MemoryStore::new(), keys(1, None));
    let asked = CALL.asked(&keys, START);
    let standing = waits(&mut store, &asked);
    let state = request_state(&asked, &standing, "");
    assert_eq!(
        accept(&mut store, &asked, &state, true),
        used(&standing, START)
    );
    assert_eq!(accept(&mut store, &asked, &state, true), Worth::Void);
}

#[test]
fn a_declined_question_stays_declined() {
    let (mut store, keys) = (MemoryStore::new(), keys(1, None));
    let asked = CALL.asked(&keys, START);
    let standing = waits(&mut store, &asked);
    let state = request_state(&asked, &standing, "");
    assert_eq!(
        accept(&mut store, &asked, &state, false),
        used(&standing, START)
    );
    assert_eq!(accept(&mut store, &asked, &state, true), Worth::Void);
    assert!(!passes(&mut store, &asked));
}

#[test]
fn a_state_that_was_changed_or_belongs_elsewhere_is_void() {
    let keys = keys(1, None);
    let mut store = MemoryStore::new();
    let asked = CALL.asked(&keys, START);
    let standing = waits(&mut store, &asked);
    let state = request_state(&asked, &standing, "");
    let mut forged: Vec<(String, String)> = Vec::new();
    for at in "toolgate1.".len()..state.len() {
        let mut bytes = state.clone().into_bytes();
        let byte = bytes.get_mut(at).unwrap();
        *byte = if *byte == b'a' { b'b' } else { b'a' };
        forged.push((format!("character {at}"), String::from_utf8(bytes).unwrap()));
    }
    forged.push((
        "truncated".into(),
        state.get(..state.len() - 1).unwrap().into(),
    ));
    forged.push(("extended".into(), format!("{state}a")));
    forged.push((
        "upper case".into(),
        format!("toolgate1.{}", state.get(10..).unwrap().to_uppercase()),
    ));
    forged.push(("padded".into(), format!("{state}=")));
    forged.push(("empty".into(), "toolgate1.".into()));
    forged.push((
        "unicode".into(),
        format!("toolgate1.\u{ff41}{}", state.get(11..).unwrap()),
    ));
    forged.push((
        "spaced".into(),
        format!("toolgate1. {}", state.get(10..).unwrap()),
    ));
    for (what, text) in forged {
        assert_eq!(
            accept(&mut store, &asked, &text, true),
            Worth::Void,
            "{what}"
        );
    }
    for (what, foreign) in [
        ("other prefix", "toolgate2.x"),
        ("none", "eyJhIjoxfQ"),
        ("blank", ""),
    ] {
        assert_eq!(Returned::read(foreign), None, "{what}");
    }
    let elsewhere: [(&str, Asked<'_>); 7] = [
        (
            "another caller",
            Fact {
                caller: "mallory",
                ..CALL
            }
            .asked(&keys, START),
        ),
        (
            "another tool",
            Fact { tool: "x", ..CALL }.asked(&keys, START),
        ),
        (
            "other arguments",
            Fact {
                arguments: 2,
                ..CALL
            }
            .asked(&keys, START),
        ),
        (
            "another policy",
            Fact { policy: 2, ..CALL }.asked(&keys, START),
        ),
        (
            "another server",
            Fact {
                server: "x",
                ..CALL
            }
            .asked(&keys, START),
        ),
        ("after its end", CALL.asked(&keys, START + 1_800 * SECOND)),
        (
            "another row",
            Asked {
                place: open_place(),
                ..asked
            },
        ),
    ];
    for (what, asked) in elsewhere {
        assert_eq!(
            accept(&mut store, &asked, &state, true),
            Worth::Void,
            "{what}"
        );
    }
    // After all of these the right one is still good: no forgery uses up a request.
    assert_eq!(
        accept(&mut store, &asked, &state, true),
        used(&standing, START)
    );
}

/// What the user's answer to a state leads to.
fn accept(store: &mut MemoryStore, asked: &Asked<'_>, state: &str, yes: bool) -> Worth {
    let returned = Returned::read(state).unwrap();
    toolgate_engine::approval::accept(store, asked, &returned, yes).unwrap()
}

fn used(standing: &Standing, now: u64) -> Worth {
    Worth::Used {
        id: standing.id,
        left: (standing.ends - now).div_ceil(SECOND),
    }
}

fn open_place() -> Place {
    places().open(&[b"bearer", b"alice"])
}

trait Copied {
    fn clone_values(&self) -> MemoryStore;
}

impl Copied for MemoryStore {
    fn clone_values(&self) -> MemoryStore {
        let mut copy = MemoryStore::new();
        for (key, value) in self.values() {
            copy.put(key, value.to_vec());
        }
        copy
    }
}
