//! Patterns against RE2's answers, against the `regex` crate, and at their limits.
#![allow(
    clippy::unwrap_used,
    clippy::arithmetic_side_effects,
    clippy::panic,
    reason = "test"
)]

use proptest::prelude::*;

use super::class::{Class, LAST};
use super::{MAX_NESTING, MAX_PATTERN_BYTES, MAX_PROGRAM, Pattern};
use crate::json::fold;

mod cases;

fn refusal(pattern: &str) -> String {
    match Pattern::compile(pattern) {
        Ok(_) => panic!("`{pattern}` was not refused"),
        Err(error) => error.to_string(),
    }
}

#[test]
fn patterns_mean_what_they_mean_to_re2() {
    for (pattern, found, not_found) in cases::CASES {
        let compiled = Pattern::compile(pattern).unwrap();
        assert!(
            !found.is_empty() || !not_found.is_empty(),
            "`{pattern}` is not tried"
        );
        // Twice, since the second time goes by what the first learned.
        for text in found.iter().chain(*found) {
            assert!(
                compiled.is_match(text),
                "`{pattern}` should be found in {text:?}"
            );
        }
        for text in not_found.iter().chain(*not_found) {
            assert!(
                !compiled.is_match(text),
                "`{pattern}` should not be found in {text:?}"
            );
        }
    }
}

#[test]
fn a_position_inside_a_character_is_no_position() {
    assert!(!Pattern::compile(r"\B").unwrap().is_match("aéa"));
}

#[test]
fn refusals_say_what_and_where_and_what_to_write() {
    for (pattern, message) in [
        (
            "x(?=a)",
            "RE2 has no look-around; state what must hold and what must not as two conditions (at character 2)",
        ),
        (
            "(?!a)",
            "RE2 has no look-around; state what must hold and what must not as two conditions (at character 1)",
        ),
        (
            "(?<!é)",
            "RE2 has no look-around; state what must hold and what must not as two conditions (at character 1)",
        ),
        (
            "é(a)\\1",
            "`\\1` is not an escape of RE2: RE2 has no backreferences (at character 5)",
        ),
        (
            "(?P=n)",
            "`(?P` is not a group of RE2: there are no recursion and no backreferences (at character 1)",
        ),
        (
            "(?R)",
            "`(?R` is not a group of RE2: there are no recursion and no backreferences (at character 1)",
        ),
        (
            "(?x) a",
            "`(?x` is not a group of RE2: there is no flag `x`; write the pattern without spaces and comments (at character 1)",
        ),
        (
            "(?iu)a",
            "`(?iu` is not a group of RE2: there is no flag `u`; patterns are always about Unicode characters (at character 1)",
        ),
        (
            "(?\n)",
            "`(?\\n` is not a group of RE2: the flags are `i`, `m`, `s` and `U`, like `(?i)` or `(?s-i:` (at character 1)",
        ),
        (
            "\\Z",
            "`\\Z` is not an escape of RE2: write `\\n?\\z` for the end of the text or the line feed before it (at character 1)",
        ),
        (
            "\\pL",
            "Unicode classes are not supported; write the ranges, like `[a-z\\x{DF}-\\x{F6}]`, or `[^\\x00-\\x7F]` for everything outside of ASCII (at character 1)",
        ),
        ("[a\\P{Greek}]", "Unicode classes are not supported"),
        (
            "\\C",
            "`\\C` would match part of a character; write `(?s:.)` for any character (at character 1)",
        ),
        (
            "[a--b]",
            "the range `a--` runs backwards; write `\\-` for the character (at character 2)",
        ),
        (
            "[\\b]",
            "`\\b` is not an escape of RE2: in a class RE2 has no word boundary; write `\\x08` for a backspace (at character 2)",
        ),
        (
            "[[:foo:]]",
            "`[:foo:]` is not a class of RE2; there are `[:alpha:]`, `[:digit:]` and others (at character 2)",
        ),
        (
            "a[b",
            "the class is never closed; add `]`, or write `\\[` for the character (at character 2)",
        ),
        ("a(b", "the group is never closed; add `)` (at character 2)"),
        (
            "a)",
            "`)` closes no group; write `\\)` for the character (at character 2)",
        ),
        (
            "*a",
            "`*` has nothing before it to repeat; write `\\*` for the text (at character 1)",
        ),
        (
            "a|{2}",
            "`{2}` has nothing before it to repeat; write `\\{2}` for the text (at character 3)",
        ),
        (
            "a++",
            "`+` follows another repetition; RE2 has no possessive ones, and a repetition of a repetition needs a group, like `(?:a*)*` (at character 3)",
        ),
        ("a{2}{3}", "`{3}` follows another repetition"),
        (
            "a{1001}",
            "`{1001}` repeats more than 1000 times (at character 2)",
        ),
        (
            "a{99999999999}",
            "`{99999999999}` repeats more than 1000 times (at character 2)",
        ),
        (
            "(?:a{100}){100}",
            "`{100}` repeats a repetition more than 1000 times in all (at character 11)",
        ),
        (
            "a{3,2}",
            "`{3,2}` has its counts the wrong way round (at character 2)",
        ),
        (
            "a\\",
            "the pattern ends in `\\`; write `\\\\` for a backslash (at character 2)",
        ),
        (
            "\\x{110000}",
            "`\\x` needs two hexadecimal digits or a code point up to 10FFFF in braces, like `\\x2F` or `\\x{1F600}` (at character 1)",
        ),
        ("\\xG0", "`\\x` needs two hexadecimal digits"),
        ("\\x4é", "`\\x` needs two hexadecimal digits"),
        (
            "\\q",
            "`\\q` is not an escape of RE2: a letter is written without a backslash (at character 1)",
        ),
        ("\\é", "`\\é` is not an escape of RE2"),
        (
            "(?<é>a)",
            "a group's name is ASCII letters, digits and `_` between `<` and `>` (at character 1)",
        ),
        (
            "(?<n>a)(?P<n>b)",
            "two groups have the name `n` (at character 8)",
        ),
        (
            "[a-\\d]",
            "`\\d` is not an escape of RE2: a class cannot be the end of a range (at character 4)",
        ),
    ] {
        let refusal = refusal(pattern);
        assert!(refusal.starts_with(message), "`{pattern}` gives: {refusal}");
    }
}

#[test]
fn a_pattern_can_be_shared() {
    fn shared<T: Send + Sync>(_: &T) {}
    shared(&Pattern::compile("a").unwrap());
}

#[test]
fn every_limit_is_enforced() {
    let long = "a".repeat(MAX_PATTERN_BYTES);
    assert!(Pattern::compile(&long).unwrap().is_match(&long));
    assert_eq!(
        refusal(&format!("{long}a")),
        "the pattern is 8193 bytes long; at most 8192 are allowed"
    );

    let deep = format!("{}a{}", "(".repeat(MAX_NESTING), ")".repeat(MAX_NESTING));
    assert!(Pattern::compile(&deep).unwrap().is_match("a"));
    assert_eq!(
        refusal(&format!("({deep})")),
        "groups stand more than 200 deep in each other (at character 201)"
    );

    let large = Pattern::compile("^(?:[a-c].{1}de.fb){1000}$").unwrap();
    assert!(
        large.size() > 6000 && large.size() <= MAX_PROGRAM,
        "{}",
        large.size()
    );
    assert_eq!(
        refusal("^(?:[a-c]..de...fb){1000}$"),
        "the pattern is too large: it compiles to more than 10000 instructions; use smaller counts in `{n,m}` or split it"
    );
    // Ranges of characters count too.
    let classes: String = (0..1100)
        .filter_map(|i| char::from_u32(0x4E00 + 2 * i))
        .collect();
    let counted = "x{1000}".repeat(8);
    assert!(Pattern::compile(&counted).is_ok());
    let message = refusal(&format!("[{classes}][^{classes}]{counted}"));
    assert!(message.starts_with("the pattern is too large"), "{message}");
}

#[test]
fn folding_agrees_with_the_unicode_tables_of_regex_syntax() {
    use regex_syntax::hir::{ClassUnicode, ClassUnicodeRange};

    // Beyond this nothing folds, by either table.
    const TOP: u32 = 0x1_F000;
    fold::equivalents((TOP, LAST), |c| panic!("{c:X} folds"));
    let mut differing = Vec::new();
    for c in (0..TOP).filter_map(char::from_u32) {
        let mut theirs = ClassUnicode::new([ClassUnicodeRange::new(c, c)]);
        theirs.case_fold_simple();
        let theirs: Vec<_> = theirs
            .ranges()
            .iter()
            .map(|range| (range.start().into(), range.end().into()))
            .collect();
        if Class::single(c).folded().ranges() != theirs {
            differing.push(u32::from(c));
        }
    }
    differing.retain(|c| !LATER.iter().any(|range| range.contains(c)));
    assert!(differing.is_empty(), "{differing:X?}");
}

/// Letters that came with Unicode 16, and the older ones whose other case they are.
const LATER: &[std::ops::RangeInclusive<u32>] = &[
    0x019B..=0x019B,
    0x0264..=0x0264,
    0x1C89..=0x1C8A,
    0xA7CB..=0xA7CD,
    0xA7DA..=0xA7DC,
    0x1_0D50..=0x1_0D65,
    0x1_0D70..=0x1_0D85,
];

/// Patterns that mean the same to RE2 and, after [`for_regex`], to the `regex` crate.
fn common() -> impl Strategy<Value = String> {
    let atom = prop_oneof![
        4 => "[abk1_ é]",
        1 => Just(".".to_owned()),
        1 => prop_oneof!["\\[[abk]-[ks]\\]", "\\[\\^[ab1][_é]\\]", Just("[0-9A-F]".to_owned())],
        1 => prop_oneof![Just("^"), Just("$"), Just("\\b"), Just("\\A"), Just("\\z")].prop_map(str::to_owned),
        1 => Just("(?:)".to_owned()),
    ];
    atom.prop_recursive(5, 24, 4, |inner| {
        prop_oneof![
            3 => proptest::collection::vec(inner.clone(), 1..4).prop_map(|parts| parts.concat()),
            1 => proptest::collection::vec(inner.clone(), 2..4).prop_map(|parts| format!("(?:{})", parts.join("|"))),
            1 => (inner, prop_oneof![Just("*"), Just("+"), Just("?"), Just("{2}"), Just("{1,3}"), Just("{2,}?"), Just("{0,4}")])
                .prop_map(|(part, count)| format!("(?:{part}){count}")),
        ]
    })
}

fn for_regex(pattern: &str) -> String {
    pattern.replace("\\b", "(?-u:\\b)")
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1500, ..ProptestConfig::default() })]

    #[test]
    fn answers_agree_with_the_regex_crate(
        pattern in common(),
        flags in prop_oneof![Just(""), Just("(?i)"), Just("(?m)"), Just("(?s)"), Just("(?ims)")],
        texts in proptest::collection::vec("[abkKs1_ é\n\u{212a}ſ]{0,8}", 1..12),
    ) {
        let pattern = format!("{flags}{pattern}");
        let theirs = regex::Regex::new(&for_regex(&pattern)).unwrap();
        let ours = Pattern::compile(&pattern).unwrap();
        for text in &texts {
            prop_assert_eq!(ours.is_match(text), theirs.is_match(text), "`{}` in {:?}", &pattern, text);
        }
    }

    #[test]
    fn no_pattern_panics(pattern in "[-a(){}\\[\\]|*+?^$.\\\\:<>P=!,0-9iQExdé&~]{0,24}", text in ".{0,16}") {
        if let Ok(pattern) = Pattern::compile(&pattern) {
            let first = pattern.is_match(&text);
            prop_assert_eq!(pattern.is_match(&text), first);
        }
    }
}
