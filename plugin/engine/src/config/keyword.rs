//! Closed sets of words, and the nearest one to a mistyped word.

use super::fault::Faults;
use super::reader::Field;

/// An enum that is written as one word in a document.
pub trait Keyword: Copy + 'static {
    /// What the word says, for messages: `an operator`.
    const WHAT: &'static str;
    /// Every word and its value.
    const WORDS: &'static [(&'static str, Self)];

    /// Other words for them that people try, for hints.
    const OTHERS: &'static [(&'static str, &'static str)] = &[];

    /// Reads a field that holds one of the words.
    fn read(field: &Field<'_>, faults: &mut Faults) -> Option<Self> {
        let Some(word) = field.value.as_str() else {
            let message = format!("expected {}, one of {}", Self::WHAT, listing(Self::WORDS));
            faults.error(&field.pointer, message);
            return None;
        };
        let found = Self::WORDS.iter().find(|(w, _)| *w == word);
        if found.is_none() {
            let names = || Self::WORDS.iter().map(|(w, _)| *w);
            let other = Self::OTHERS.iter().find(|(other, _)| *other == word);
            let hint = match other {
                Some((_, meant)) => format!(", did you mean `{meant}`?"),
                None => hint(&word, names()),
            };
            faults.error(
                &field.pointer,
                format!(
                    "`{word}` is not {}{hint}; one of {}",
                    Self::WHAT,
                    listing(Self::WORDS)
                ),
            );
        }
        found.map(|(_, value)| *value)
    }
}

fn listing<T>(words: &[(&str, T)]) -> String {
    let quoted: Vec<_> = words.iter().map(|(w, _)| format!("`{w}`")).collect();
    quoted.join(", ")
}

/// `, did you mean …?` where a known name is near enough to be meant.
pub(crate) fn hint<'k>(word: &str, mut known: impl Iterator<Item = &'k str>) -> String {
    match nearest(word, &mut known) {
        Some(name) => format!(", did you mean `{name}`?"),
        None => String::new(),
    }
}

/// Not generic: every copy would cost a kilobyte of the module.
pub(super) fn nearest<'k>(word: &str, known: &mut dyn Iterator<Item = &'k str>) -> Option<&'k str> {
    // A long word is no typing error, and comparing it would cost its square.
    if word.len() > 64 {
        return None;
    }
    let lower = word.to_ascii_lowercase().replace('-', "_");
    known
        .map(|name| (distance(&lower, &name.to_ascii_lowercase()), name))
        .filter(|(d, name)| *d <= (name.len() / 3).max(1) && *d < name.len())
        .min_by_key(|(d, _)| *d)
        .map(|(_, name)| name)
}

/// Edits (insert, delete, replace, swap of neighbours) between two short words.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut before: Vec<usize> = Vec::new();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    let mut last_a = None;
    for (i, ca) in a.chars().enumerate() {
        let mut next = vec![i.saturating_add(1)];
        let mut last_b = None;
        for (j, cb) in b.iter().enumerate() {
            let at = |r: &[usize], k: usize| r.get(k).copied().unwrap_or(usize::MAX);
            let replaced = at(&row, j).saturating_add(usize::from(ca != *cb));
            let deleted = at(&row, j.saturating_add(1)).saturating_add(1);
            let inserted = at(&next, j).saturating_add(1);
            let mut best = replaced.min(deleted).min(inserted);
            if last_a == Some(*cb) && last_b == Some(ca) {
                best = best.min(at(&before, j.saturating_sub(1)).saturating_add(1));
            }
            next.push(best);
            last_b = Some(*cb);
        }
        before = std::mem::replace(&mut row, next);
        last_a = Some(ca);
    }
    row.last().copied().unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_typing_error_finds_the_word_that_was_meant() {
        let known = ["default", "deny_if", "require", "limits", "tools", "hide"];
        for (word, want) in [
            ("defualt", Some("default")),
            ("Default", Some("default")),
            ("deny-if", Some("deny_if")),
            ("requires", Some("require")),
            ("limit", Some("limits")),
            ("colour", None),
        ] {
            assert_eq!(nearest(word, &mut known.into_iter()), want, "{word}");
        }
    }
}
