//! Globs against a naive matcher, and the index against trying every glob.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "test"
)]

use proptest::prelude::*;

use super::{Glob, GlobSet, GlobTooLong, MAX_GLOB_BYTES, is_glob};

fn glob(text: &str) -> Glob {
    Glob::parse(text).unwrap()
}

fn globs(texts: &[&str]) -> Vec<Glob> {
    texts.iter().map(|text| glob(text)).collect()
}

/// What the words say: a star is nothing, or one character and the star again.
fn naive(glob: &[char], name: &[char]) -> bool {
    match (glob, name) {
        ([], _) => name.is_empty(),
        (['*', rest @ ..], _) => naive(rest, name) || (!name.is_empty() && naive(glob, &name[1..])),
        (['?', rest @ ..], [_, name @ ..]) => naive(rest, name),
        ([want, rest @ ..], [have, name @ ..]) => want == have && naive(rest, name),
        _ => false,
    }
}

#[test]
fn a_glob_matches_the_whole_name() {
    for (pattern, yes, no) in [
        (
            "delete_*",
            &["delete_", "delete_repo", "delete_*"][..],
            &["delete", "undelete_x", "Delete_x"][..],
        ),
        (
            "*_admin",
            &["_admin", "x_admin", "a_admin_admin"],
            &["admin", "_admin_", "_Admin"],
        ),
        ("*", &["", "a", "été"], &[]),
        ("**", &["", "a"], &[]),
        ("?", &["a", "é", "𝄞", "*"], &["", "ab", "e\u{301}"]),
        ("a?c", &["abc", "aéc", "a𝄞c"], &["ac", "abbc"]),
        (
            "a*b*c",
            &["abc", "aXbXc", "abcbc", "abbbc"],
            &["acb", "abcd", "xabc"],
        ),
        ("*a?", &["ab", "aab", "xaé"], &["a", "ba", "abc"]),
        ("?*", &["a", "ab"], &[""]),
        ("*?", &["a", "ab"], &[""]),
        ("[a-z].\\d+", &["[a-z].\\d+"], &["a.1"]),
        ("a\\*", &["a\\", "a\\b"], &["a*"]),
        ("", &[""], &["a"]),
        ("plain", &["plain"], &["plain ", "plai"]),
        (
            "db://*/secret",
            &["db:///secret", "db://a/b/secret"],
            &["db:/secret"],
        ),
    ] {
        for name in yes {
            assert!(
                glob(pattern).matches(name),
                "`{pattern}` should match `{name}`"
            );
        }
        for name in no {
            assert!(
                !glob(pattern).matches(name),
                "`{pattern}` should not match `{name}`"
            );
        }
    }
}

#[test]
fn the_literal_prefix_ends_at_the_first_wildcard() {
    for (pattern, prefix, wild) in [
        ("delete_*", "delete_", true),
        ("*_x", "", true),
        ("a?b*", "a", true),
        ("plain", "plain", false),
        ("", "", false),
    ] {
        assert_eq!(glob(pattern).literal_prefix(), prefix);
        assert_eq!(is_glob(pattern), wild);
    }
}

#[test]
fn a_glob_has_a_greatest_length() {
    assert!(Glob::parse(&"a".repeat(MAX_GLOB_BYTES)).is_ok());
    let error = Glob::parse(&"*".repeat(MAX_GLOB_BYTES + 1)).unwrap_err();
    assert_eq!(
        error,
        GlobTooLong {
            bytes: MAX_GLOB_BYTES + 1
        }
    );
    assert_eq!(
        error.to_string(),
        "the glob is 1025 bytes long; at most 1024 are allowed"
    );
}

#[test]
fn many_stars_do_not_multiply_the_work() {
    // A matcher that backtracks into every star would not end.
    let pattern = glob(&"a*".repeat(200));
    assert!(!glob(&format!("{pattern}b")).matches(&"a".repeat(20_000)));
    assert!(pattern.matches(&"a".repeat(20_000)));
}

#[test]
fn the_longer_prefix_is_the_better_match() {
    let set = GlobSet::ranked(globs(&[
        "*",
        "delete_*",
        "delete_repo_*",
        "*_admin_?",
        "d?lete_x",
        "x*_a",
        "x*_b",
    ]))
    .unwrap_err();
    assert_eq!((set.first.0, set.second.0), (0, 3));
    let set = GlobSet::ranked(globs(&[
        "*",
        "delete_*",
        "delete_repo_*",
        "de*_all",
        "d?lete_x",
        "x*_a",
        "x*_b",
        "x*_c_b",
    ]));
    let tie = set.unwrap_err();
    assert_eq!((tie.first.0, tie.second.0), (6, 7));
    let set = GlobSet::ranked(globs(&[
        "*",
        "delete_*",
        "delete_repo_*",
        "de*_all",
        "d?lete_x",
        "x*_a",
        "x*_b",
    ]))
    .unwrap();
    for (name, best) in [
        ("", 0),
        ("read", 0),
        ("delete", 0),
        ("delete_", 1),
        ("delete_x", 1),
        ("dElete_x", 4),
        ("dElete_y", 0),
        ("delete_repo", 1),
        ("delete_repo_", 2),
        ("delete_repo_all", 2),
        ("delete_some_all", 1),
        ("deny_all", 3),
        ("x_a", 5),
        ("x_b", 6),
        ("x_c", 0),
    ] {
        assert_eq!(set.best_match(name), Some(best), "{name}");
    }
    assert_eq!(
        GlobSet::ranked(globs(&["a*"])).unwrap().best_match("b"),
        None
    );
    assert_eq!(GlobSet::default().best_match("b"), None);
}

#[test]
fn ties_are_named() {
    for (a, b, tie) in [
        ("a*", "a*", true),
        ("a*b", "a*c", false),
        ("a*b", "a*bb", true),
        ("*a*", "*b*", true),
        ("a?", "a??", false),
        ("a?", "a*", true),
        ("a?b*", "a?c*", false),
        ("?b*", "?*c", true),
        ("a*", "ab*", false),
        ("*", "?", true),
        ("?x", "?y", false),
        ("é?", "é*", true),
    ] {
        let result = GlobSet::ranked(globs(&[a, b]));
        assert_eq!(result.is_err(), tie, "{a} {b}");
        // A set where any match will do takes both.
        assert_eq!(GlobSet::overlapping(globs(&[a, b])).globs().len(), 2);
    }
    let tie = GlobSet::ranked(globs(&["a*", "b*x", "b*"])).unwrap_err();
    assert!(
        tie.to_string()
            .starts_with("`b*x` and `b*` match some of the same names"),
        "{tie}"
    );
}

#[test]
fn thousands_of_globs_with_one_prefix_are_indexed_by_their_suffix() {
    let many: Vec<Glob> = (0..5000).map(|i| glob(&format!("*_tool_{i:04}"))).collect();
    let set = GlobSet::ranked(many).unwrap();
    for i in [0, 17, 4999] {
        assert_eq!(set.best_match(&format!("x_tool_{i:04}")), Some(i));
    }
    assert_eq!(set.best_match("x_tool_5000"), None);
    let visited = set.candidates("x_tool_0017").count();
    assert_eq!(visited, 1);
}

fn glob_text() -> impl Strategy<Value = String> {
    "[ab*?é]{0,6}"
}

proptest! {
    #[test]
    fn matching_agrees_with_the_naive_matcher(pattern in "[ab*?é]{0,10}", name in "[abé]{0,12}") {
        let chars = |text: &str| text.chars().collect::<Vec<_>>();
        prop_assert_eq!(glob(&pattern).matches(&name), naive(&chars(&pattern), &chars(&name)));
    }

    #[test]
    fn overlap_is_symmetric_and_sees_every_common_name(a in glob_text(), b in glob_text(), name in "[abé]{0,7}") {
        let (a, b) = (glob(&a), glob(&b));
        prop_assert_eq!(a.overlaps(&b), b.overlaps(&a));
        if a.matches(&name) && b.matches(&name) {
            prop_assert!(a.overlaps(&b));
        }
    }

    #[test]
    fn overlap_is_exact(a in "[ab*?]{0,4}", b in "[ab*?]{0,4}") {
        // A shortest common name is no longer than both globs together.
        let mut names = vec![String::new()];
        for _ in 0..8 {
            let longer: Vec<String> = names.iter().flat_map(|name| ["a", "b"].map(|c| format!("{name}{c}"))).collect();
            names.extend(longer);
            names.sort();
            names.dedup();
        }
        let (a, b) = (glob(&a), glob(&b));
        let common = names.iter().any(|name| a.matches(name) && b.matches(name));
        prop_assert_eq!(a.overlaps(&b), common, "{} {}", a, b);
    }

    #[test]
    fn the_index_agrees_with_trying_every_glob(
        texts in proptest::collection::vec(glob_text(), 0..12),
        names in proptest::collection::vec("[abé]{0,7}", 0..12),
    ) {
        let all: Vec<Glob> = texts.iter().map(|text| glob(text)).collect();
        let set = GlobSet::overlapping(all.clone());
        let ranked = GlobSet::ranked(all.clone());
        let tie = (0..all.len()).any(|i| (0..i).any(|j| {
            all[i].literal_prefix() == all[j].literal_prefix() && all[i].overlaps(&all[j])
        }));
        prop_assert_eq!(ranked.is_err(), tie);
        for name in names {
            let prefix = |index: usize| all[index].literal_prefix().len();
            let best = (0..all.len()).filter(|index| all[*index].matches(&name)).map(prefix).max();
            prop_assert_eq!(set.best_match(&name).map(prefix), best);
            if let Ok(ranked) = &ranked {
                prop_assert_eq!(ranked.best_match(&name), set.best_match(&name));
            }
        }
    }
}
