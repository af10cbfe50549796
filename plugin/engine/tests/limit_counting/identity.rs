//! Identities: what makes two counters one, what keeps them apart, and what a key may hold.

use std::collections::BTreeSet;

use toolgate_engine::limit::{
    Algorithm, CounterId, Identity, KEY_BYTES_MAX, MemoryStore, OwnSlot, Section, Subject, Window,
};

use crate::support::{TEN, charge, fixed, session, spend, table};

const BASE: Identity<'_> = Identity {
    server: "github",
    section: Section::Tool("create_issue"),
    counter: "calls",
    window: Window::MINUTE,
    algorithm: Algorithm::Fixed,
    shadow: false,
};

#[test]
fn every_part_of_an_identity_tells_counters_apart() {
    let others = [
        Identity {
            server: "gitlab",
            ..BASE
        },
        Identity {
            section: Section::AllTools,
            ..BASE
        },
        Identity {
            section: Section::Tool("all_tools"),
            ..BASE
        },
        Identity {
            section: Section::Tool(""),
            ..BASE
        },
        Identity {
            section: Section::Tool("Create_issue"),
            ..BASE
        },
        Identity {
            counter: "spend",
            ..BASE
        },
        Identity {
            window: Window::HOUR,
            ..BASE
        },
        Identity {
            algorithm: Algorithm::Sliding,
            ..BASE
        },
        Identity {
            shadow: true,
            ..BASE
        },
        // The same characters, cut elsewhere.
        Identity {
            server: "githubcreate_issue",
            section: Section::Tool(""),
            ..BASE
        },
        Identity {
            section: Section::Tool("create_issuecalls"),
            counter: "",
            ..BASE
        },
        BASE,
    ];
    let ids: BTreeSet<CounterId> = others.iter().map(CounterId::of).collect();
    assert_eq!(ids.len(), others.len());
}

#[test]
fn an_identity_stays_the_same_from_one_version_to_the_next() {
    // SHA-256 of the documented encoding, worked out apart from this code. A change of this
    // value resets every counter of everybody who upgrades.
    assert_eq!(
        format!("{:?}", CounterId::of(&BASE)),
        "CounterId(9922700c9e24bf3e46de06229c2049fe)"
    );
}

#[test]
fn a_key_is_short_and_stable_and_free_of_what_callers_send() {
    let mut store = MemoryStore::new();
    let everybody = fixed(1, 60);
    spend(&mut store, everybody, TEN);
    let grant = Subject::Own(OwnSlot::grant("alice's laptop, café"));
    spend(
        &mut store,
        toolgate_engine::limit::Charge {
            subject: grant,
            ..everybody
        },
        TEN,
    );
    spend(&mut store, session(everybody, &table(u32::MAX, 1), 1), TEN);
    let keys: Vec<&str> = store.values().map(|(key, _)| key).collect();
    assert_eq!(keys.len(), 3);
    for key in &keys {
        assert!(key.len() <= KEY_BYTES_MAX, "{key}");
        let (prefix, rest) = key.split_at(4);
        assert_eq!(prefix, "tg1/");
        assert!(
            rest.bytes()
                .all(|b| matches!(b, b'a'..=b'z' | b'2'..=b'7' | b'/')),
            "{key}"
        );
    }
    assert_eq!(keys[0].len(), KEY_BYTES_MAX);
    assert!(
        keys.contains(&"tg1/terhade6es7t4rw6ayrjyicj7y/ozvdrqrwqawiip3eb"),
        "{keys:?}"
    );
}

#[test]
fn the_time_is_in_no_key() {
    let mut store = MemoryStore::new();
    for algorithm in [Algorithm::Fixed, Algorithm::Sliding] {
        for now in [0, TEN, TEN * 2, u64::MAX] {
            spend(&mut store, charge("calls", 9, 1, algorithm), now);
        }
    }
    assert_eq!(store.values().count(), 2);
}

#[test]
fn configured_subjects_have_slots_of_their_own() {
    let slots = [
        OwnSlot::GLOBAL,
        OwnSlot::NO_CREDENTIAL,
        OwnSlot::grant("a"),
        OwnSlot::grant("b"),
        OwnSlot::grant("global"),
        OwnSlot::other("made-up sessions", "a"),
        OwnSlot::other("made-up sessionsa", ""),
    ];
    assert_eq!(slots.iter().collect::<BTreeSet<_>>().len(), slots.len());
    assert_eq!(OwnSlot::grant("a"), OwnSlot::grant("a"));
}

#[test]
fn parts_of_a_subject_do_not_run_together() {
    let (table, counter) = (table(u32::MAX, 1), CounterId::of(&BASE));
    let subjects: [&[&[u8]]; 6] = [
        &[b"ab", b"c"],
        &[b"a", b"bc"],
        &[b"abc"],
        &[b"abc", b""],
        &[b"", b"abc"],
        &[],
    ];
    for (i, a) in subjects.iter().enumerate() {
        for (j, b) in subjects.iter().enumerate() {
            let equal = table.subject(&counter, a) == table.subject(&counter, b);
            assert_eq!(equal, i == j);
        }
    }
    let other = CounterId::of(&Identity {
        shadow: true,
        ..BASE
    });
    assert_ne!(
        table.subject(&counter, &[b"a"]),
        table.subject(&other, &[b"a"])
    );
}
