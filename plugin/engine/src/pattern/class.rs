//! Sets of characters, and the named ones of RE2's syntax.

use crate::json::fold;

/// The largest code point.
pub(super) const LAST: u32 = 0x10_FFFF;

/// A set of code points: ranges with both ends included, ascending, with a gap between each two.
///
/// Ranges are put in their place as they come; sorting them afterwards would be three times the code.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Class {
    ranges: Vec<(u32, u32)>,
}

impl Class {
    pub(super) fn of(ranges: &[(u32, u32)]) -> Self {
        let mut class = Self::default();
        class.extend(ranges);
        class
    }

    pub(super) fn single(c: char) -> Self {
        Self::of(&[(c.into(), c.into())])
    }

    pub(super) fn ranges(&self) -> &[(u32, u32)] {
        &self.ranges
    }

    pub(super) fn extend(&mut self, ranges: &[(u32, u32)]) {
        for (low, high) in ranges {
            self.insert(*low, *high);
        }
    }

    fn insert(&mut self, low: u32, high: u32) {
        // The ranges that overlap or touch the new one become one with it.
        let from = self
            .ranges
            .partition_point(|(_, last)| last.saturating_add(1) < low);
        let to = self
            .ranges
            .partition_point(|(first, _)| *first <= high.saturating_add(1));
        match self.ranges.get_mut(from..to) {
            Some([(first, last), rest @ ..]) => {
                let end = rest.last().map_or(*last, |(_, last)| *last);
                (*first, *last) = (low.min(*first), high.max(end));
                self.ranges.drain(from.saturating_add(1)..to);
            }
            _ => self.ranges.insert(from, (low, high)),
        }
    }

    /// Every character outside of this set.
    pub(super) fn negated(&self) -> Self {
        let mut ranges = Vec::with_capacity(self.ranges.len().saturating_add(1));
        let mut next = 0;
        for (low, high) in &self.ranges {
            if let Some(before) = low.checked_sub(1).filter(|before| *before >= next) {
                ranges.push((next, before));
            }
            next = high.saturating_add(1);
        }
        if next <= LAST {
            ranges.push((next, LAST));
        }
        Self { ranges }
    }

    /// This set and every character that differs from one of its by case alone.
    pub(super) fn folded(mut self) -> Self {
        let own = self.ranges.clone();
        for range in own {
            fold::equivalents(range, |c| self.insert(c, c));
        }
        self
    }
}

const DIGIT: &[(u32, u32)] = &[(0x30, 0x39)];
const UPPER: &[(u32, u32)] = &[(0x41, 0x5A)];
const LOWER: &[(u32, u32)] = &[(0x61, 0x7A)];
const WORD: &[(u32, u32)] = &[(0x30, 0x39), (0x41, 0x5A), (0x5F, 0x5F), (0x61, 0x7A)];

/// The set that `\d`, `\s` or `\w` stands for, by its letter.
pub(super) fn perl(letter: char) -> Option<&'static [(u32, u32)]> {
    Some(match letter {
        'd' => DIGIT,
        // No vertical tab, unlike `[[:space:]]`.
        's' => &[(0x09, 0x0A), (0x0C, 0x0D), (0x20, 0x20)],
        'w' => WORD,
        _ => return None,
    })
}

/// The set that `[:name:]` stands for.
pub(super) fn posix(name: &str) -> Option<&'static [(u32, u32)]> {
    Some(match name {
        "alnum" => &[(0x30, 0x39), (0x41, 0x5A), (0x61, 0x7A)],
        "alpha" => &[(0x41, 0x5A), (0x61, 0x7A)],
        "ascii" => &[(0x00, 0x7F)],
        "blank" => &[(0x09, 0x09), (0x20, 0x20)],
        "cntrl" => &[(0x00, 0x1F), (0x7F, 0x7F)],
        "digit" => DIGIT,
        "graph" => &[(0x21, 0x7E)],
        "lower" => LOWER,
        "print" => &[(0x20, 0x7E)],
        "punct" => &[(0x21, 0x2F), (0x3A, 0x40), (0x5B, 0x60), (0x7B, 0x7E)],
        "space" => &[(0x09, 0x0D), (0x20, 0x20)],
        "upper" => UPPER,
        "word" => WORD,
        "xdigit" => &[(0x30, 0x39), (0x41, 0x46), (0x61, 0x66)],
        _ => return None,
    })
}
