//! The keys of the objects that are open, and whether one stands twice.
#![expect(
    clippy::arithmetic_side_effects,
    reason = "every position is bounded by the length of the input"
)]

use std::borrow::Cow;
use std::hash::Hasher;

use rustc_hash::FxHasher;

use super::fault::{Problem, SyntaxError, fault};
use super::sort::sorted;
use super::text::RawStr;

/// Members up to this many are compared pairwise as they come; of larger objects all keys at the end.
const PAIRWISE: usize = 8;

/// A key of an object that is open: where its text stands, without the quotes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key {
    start: u32,
    end: u32,
}

impl Key {
    /// Positions fit: a text is shorter than 4 GiB.
    pub(super) fn at(start: usize, end: usize) -> Self {
        Self {
            start: start as u32,
            end: end as u32,
        }
    }

    /// One of 64 bits for a key without escapes; equal keys have equal ones.
    #[inline]
    pub(super) fn bit(self, bytes: &[u8]) -> u64 {
        let byte = |at: u32| bytes.get(at as usize).map_or(0, |byte| u32::from(*byte));
        let length = self.end.wrapping_sub(self.start).wrapping_mul(7);
        1 << (length.wrapping_add(byte(self.start) * 5 + byte(self.end - 1)) % 64)
    }

    fn of(self, text: &str) -> RawStr<'_> {
        // Quotes stand on both sides, so this is never cut inside a character.
        let raw = text.get(self.start as usize..self.end as usize);
        RawStr::new(raw.unwrap_or_default())
    }

    #[cold]
    fn twice(self, text: &str) -> SyntaxError {
        // An attacker's megabyte key is not echoed whole.
        let shown = self.of(text).chars().take(64).collect();
        fault(self.start as usize - 1, Problem::DuplicateKey(shown))
    }
}

/// Refuses `key` where it is one of the few `before` it in its object; with many, [`all_differ`]
/// compares them at the end.
///
/// # Errors
/// [`Problem::DuplicateKey`] at the opening quote of the second.
pub(super) fn differs(key: Key, before: &[Key], text: &str) -> Result<(), SyntaxError> {
    let this = key.of(text);
    if before.len() < PAIRWISE && before.iter().any(|other| same(other.of(text), this)) {
        return Err(key.twice(text));
    }
    Ok(())
}

/// Refuses the keys of a whole object when two are the same, as far as [`differs`] did not.
///
/// # Errors
/// As [`differs`].
pub(super) fn all_differ(keys: &[Key], text: &str) -> Result<(), SyntaxError> {
    if keys.len() <= PAIRWISE {
        return Ok(());
    }
    match duplicate_of_many(keys, text) {
        Some(key) => Err(key.twice(text)),
        None => Ok(()),
    }
}

fn same(a: RawStr<'_>, b: RawStr<'_>) -> bool {
    match (a.has_escape(), b.has_escape()) {
        (false, false) => a.raw() == b.raw(),
        (false, true) => b.equals(a.raw()),
        (true, false) => a.equals(b.raw()),
        (true, true) => a.chars().eq(b.chars()),
    }
}

/// Looks for a key that stands twice among many, in a table of their hashes. Whoever picks keys of
/// equal hashes makes it sort instead, at n log n.
fn duplicate_of_many(keys: &[Key], text: &str) -> Option<Key> {
    if keys.iter().any(|key| key.of(text).has_escape()) {
        return sorted_duplicate(keys, text);
    }
    let size = (keys.len() * 2).next_power_of_two();
    let mut table = vec![0u32; size];
    let mut steps = keys.len() * 4;
    for (index, key) in keys.iter().enumerate() {
        let raw = key.of(text).raw();
        let mut hasher = FxHasher::default();
        hasher.write(raw.as_bytes());
        let mut place = hasher.finish() as usize & (size - 1);
        while let Some(taken) = table.get(place).filter(|taken| **taken != 0) {
            if keys.get(*taken as usize - 1)?.of(text).raw() == raw {
                return Some(*key);
            }
            if steps == 0 {
                return sorted_duplicate(keys, text);
            }
            steps -= 1;
            place = (place + 1) & (size - 1);
        }
        *table.get_mut(place)? = index as u32 + 1;
    }
    None
}

/// Sorting keeps an object with very many keys at n log n, whatever keys an attacker picks.
fn sorted_duplicate(keys: &[Key], text: &str) -> Option<Key> {
    let decoded: Vec<(Cow<'_, str>, Key)> = keys
        .iter()
        .map(|key| (key.of(text).decode(), *key))
        .collect();
    let decoded = sorted(decoded);
    let mut pairs = decoded.iter().zip(decoded.iter().skip(1));
    pairs.find(|(a, b)| a.0 == b.0).map(|(_, b)| b.1)
}
