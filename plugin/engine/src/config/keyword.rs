//! Closed sets of words, and the nearest one to a mistyped word.

use super::fault::Faults;
use super::reader::Field;

/// An enum that is written as one word in a document.
pub trait Keyword: Copy + 'static {
    /// What the word says, for messages: `an operator`.
    const WHAT: &'static str;
    /// Every word and its value.
    const WORDS: &'static [(&'static str, Self)];

    /// For some of them the words that people try instead, separated by blanks, for hints.
    const OTHERS: &'static [(&'static str, &'static str)] = &[];
    /// What may stand there besides the words, for messages: `, or an integer of seconds`.
    const BESIDES: &'static str = "";

    /// Reads a field that holds one of the words.
    fn read(field: &Field<'_>, faults: &mut Faults) -> Option<Self> {
        let found = field.value.as_str();
        let found = found.and_then(|word| Self::WORDS.iter().find(|(w, _)| *w == word));
        if found.is_none() {
            refuse(field, &Words::of::<Self>(), None, faults);
        }
        found.map(|(_, value)| *value)
    }
}

/// A [`Keyword`] as messages need it. Not generic: every copy would cost the module.
pub(super) struct Words {
    what: &'static str,
    names: Vec<&'static str>,
    others: &'static [(&'static str, &'static str)],
    besides: &'static str,
}

impl Words {
    pub(super) fn of<K: Keyword>() -> Self {
        Self {
            what: K::WHAT,
            names: K::WORDS.iter().map(|(word, _)| *word).collect(),
            others: K::OTHERS,
            besides: K::BESIDES,
        }
    }
}

/// A fault about a field that holds none of the words; `sure` is what it means, where that is known.
pub(super) fn refuse(field: &Field<'_>, words: &Words, sure: Option<&str>, faults: &mut Faults) {
    let Words { what, besides, .. } = words;
    let mut names = words.names.iter().copied();
    let expected = listing(&mut names.clone());
    let message = match field.value.as_str() {
        Some(word) => {
            let meant = sure.or_else(|| meant(&word, words.others, &mut names));
            let hint = did_you_mean(meant);
            format!("`{word}` is not {what}{hint}; one of {expected}{besides}")
        }
        None => format!("expected {what}, one of {expected}{besides}"),
    };
    faults.error(&field.pointer, message);
}

/// Names as messages list them.
pub(super) fn listing(names: &mut dyn Iterator<Item = &'static str>) -> String {
    let quoted: Vec<_> = names.map(|name| format!("`{name}`")).collect();
    quoted.join(", ")
}

/// `, did you mean …?` where a known name is near enough to be meant.
pub fn hint<'k>(word: &str, mut known: impl Iterator<Item = &'k str>) -> String {
    did_you_mean(nearest(word, &mut known))
}

/// `, did you mean …?` where something is likely to be meant.
pub(super) fn did_you_mean(meant: Option<&str>) -> String {
    match meant {
        Some(name) => format!(", did you mean `{name}`?"),
        None => String::new(),
    }
}

/// The word that was probably meant: the one that `word` is tried for, or else the nearest.
pub(super) fn meant<'k>(
    word: &str,
    others: &[(&'k str, &str)],
    known: &mut dyn Iterator<Item = &'k str>,
) -> Option<&'k str> {
    let mut lines = others.iter();
    let other = lines.find(|(_, tried)| tried.split(' ').any(|t| t.eq_ignore_ascii_case(word)));
    other.map_or_else(|| nearest(word, known), |(meant, _)| Some(*meant))
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
