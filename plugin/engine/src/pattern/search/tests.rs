//! What a search costs, counted in steps and bytes.
#![allow(clippy::unwrap_used, clippy::arithmetic_side_effects, reason = "test")]

use super::super::parse::parse;
use super::{Cache, MAX_CACHE_BYTES, Program};

fn program(pattern: &str) -> Program {
    Program::compile(&parse(pattern).unwrap()).unwrap()
}

/// Text in which the runs that these patterns count never repeat for long.
fn hostile(length: usize) -> String {
    let mut state = 1_u32;
    let letters = std::iter::repeat_with(|| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        if state >> 31 == 0 { 'a' } else { 'b' }
    });
    letters.take(length).collect()
}

#[test]
fn a_search_takes_at_most_one_step_per_character() {
    for pattern in [
        "(a|b)*a(a|b){20}c",
        "(a*)*(a|aa)*(.*)(.*)c",
        "a.{300}c",
        "(?i)(x+x+)+y|(a|b|ab)*c",
        "\\b(a+)+\\b$",
    ] {
        let program = program(pattern);
        for length in [1_000, 2_000, 4_000, 16_000] {
            let mut cache = Cache::default();
            assert!(!cache.is_match(&program, &hostile(length)), "{pattern}");
            let steps = cache.scratch.steps as usize;
            assert!(
                steps <= length + 1,
                "{pattern}: {steps} steps for {length} characters"
            );
        }
    }
}

#[test]
fn a_simple_pattern_learns_few_states() {
    let program = program("(?i)drop\\s+table");
    let mut cache = Cache::default();
    assert!(!cache.is_match(&program, &hostile(64_000)));
    assert!(cache.scratch.steps < 20);
    let text = format!("{}Drop \n TABLE", hostile(64_000));
    assert!(cache.is_match(&program, &text));
    let learned = cache.scratch.steps;
    assert!(cache.is_match(&program, &text));
    assert_eq!(cache.scratch.steps, learned);
}

#[test]
fn an_anchored_pattern_stops_where_it_can_no_longer_match() {
    let program = program("^(?:https|ssh)://");
    let mut cache = Cache::default();
    assert!(!cache.is_match(&program, &format!("ht{}", hostile(64_000))));
    assert_eq!(cache.scratch.steps, 3);
}

#[test]
fn memory_is_bounded_whatever_the_text() {
    for pattern in [
        "(a|b)*a(a|b){20}c",
        "a.{900}c",
        "[ab]*a[ab]{9}[^a]{9}c",
        "(?s)a.{3}b.{12}b.{5}c",
    ] {
        let program = program(pattern);
        let mut cache = Cache::default();
        for _ in 0..3 {
            assert!(!cache.is_match(&program, &hostile(10_000)));
            assert!(cache.bytes <= MAX_CACHE_BYTES);
            assert!(cache.table.capacity() * 4 <= 2 * MAX_CACHE_BYTES);
            assert_eq!(cache.states.len(), cache.rows.len());
        }
    }
}

#[test]
fn an_answer_does_not_depend_on_what_was_kept() {
    // The match is far beyond the point where the states no longer fit.
    let (yes, no) = ("a{3}b{3}[ab]{60}c", "a{3}b{3}[ab]{60}d");
    let (yes, no) = (program(yes), program(no));
    let text = format!("{}aaabbb{}c", hostile(20_000), hostile(60));
    for program in [&yes, &no] {
        let expected = std::ptr::eq(program, &raw const yes);
        let mut cache = Cache::default();
        for _ in 0..3 {
            assert_eq!(cache.is_match(program, &text), expected);
        }
    }
}
