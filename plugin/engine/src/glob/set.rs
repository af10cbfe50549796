//! The index over many globs: finding the best match costs about the same for 10 as for 10,000.

use std::cmp::Ordering;
use std::fmt;

use super::Glob;
use crate::json::sorted;

/// Globs of which at most one is the best match for any name: the one with the longest
/// [literal prefix](Glob::literal_prefix).
///
/// The globs stand in groups of equal prefix, and in those in groups of equal suffix. A lookup
/// visits only the groups whose prefix starts the name and whose suffix ends it; both are chains
/// found with one binary search. Inside a group the globs differ by `?` or by their middle alone
/// and are tried in turn.
#[derive(Clone, Debug, Default)]
pub struct GlobSet {
    globs: Vec<Glob>,
    prefixes: Chains<Chains<Vec<usize>>>,
}

/// Two globs of one set that some name matches equally well.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GlobTie {
    /// The position and the text of the glob that was given earlier.
    pub first: (usize, Glob),
    /// The position and the text of the glob that was given later.
    pub second: (usize, Glob),
}

impl fmt::Display for GlobTie {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ((_, first), (_, second)) = (&self.first, &self.second);
        write!(
            f,
            "`{first}` and `{second}` match some of the same names and neither starts with more \
             text than the other; make one start with more text, or list the shared names exactly"
        )
    }
}

impl std::error::Error for GlobTie {}

impl GlobSet {
    /// Indexes globs of which the best match is asked for.
    ///
    /// # Errors
    /// Two globs have equal literal prefixes and share a name, so that neither would be better.
    pub fn ranked(globs: Vec<Glob>) -> Result<Self, GlobTie> {
        let set = Self::overlapping(globs);
        match set.first_tie() {
            Some(tie) => Err(tie),
            None => Ok(set),
        }
    }

    /// Indexes globs of which it matters only whether any matches, as in `hide`.
    #[must_use]
    pub fn overlapping(globs: Vec<Glob>) -> Self {
        let by_prefix = globs
            .iter()
            .enumerate()
            .map(|(index, glob)| (glob.literal_prefix().bytes().collect(), index));
        let prefixes = Chains::build(by_prefix, |group| {
            let by_suffix = group.into_iter().filter_map(|index| {
                let suffix = globs.get(index)?.literal_suffix();
                Some((suffix.bytes().rev().collect(), index))
            });
            Chains::build(by_suffix, |group| group)
        });
        Self { globs, prefixes }
    }

    /// The position, in the order given, of the best match for `name`. Of an
    /// [overlapping](Self::overlapping) set: one of those with the longest literal prefix.
    #[must_use]
    pub fn best_match(&self, name: &str) -> Option<usize> {
        self.candidates(name).find(|index| {
            self.globs
                .get(*index)
                .is_some_and(|glob| glob.matches(name))
        })
    }

    /// The globs whose literal prefix starts `name` and whose literal suffix ends it, those with
    /// the longer prefix first.
    pub(super) fn candidates(&self, name: &str) -> impl Iterator<Item = usize> {
        self.prefixes
            .longest_first(name.bytes())
            .flat_map(|suffixes| suffixes.longest_first(name.bytes().rev()))
            .flatten()
            .copied()
    }

    /// The globs in the order given.
    #[must_use]
    pub fn globs(&self) -> &[Glob] {
        &self.globs
    }

    /// A pair with equal literal prefixes and a common name. Where one's literal suffix does not
    /// end the other's there is no common name, so only the chains of suffixes are compared.
    fn first_tie(&self) -> Option<GlobTie> {
        let pairs = self.prefixes.values().flat_map(|suffixes| {
            suffixes.values_with_shorter().flat_map(|(group, shorter)| {
                let within = group.iter().enumerate().flat_map(|(position, a)| {
                    let rest = group.iter().skip(position.saturating_add(1));
                    rest.map(move |b| (*a, *b))
                });
                let across = shorter
                    .flatten()
                    .flat_map(move |b| group.iter().map(move |a| (*a, *b)));
                within.chain(across)
            })
        });
        pairs.map(|(a, b)| (a.min(b), a.max(b))).find_map(|(a, b)| {
            let (first, second) = (self.globs.get(a)?, self.globs.get(b)?);
            first.overlaps(second).then(|| GlobTie {
                first: (a, first.clone()),
                second: (b, second.clone()),
            })
        })
    }
}

/// A sorted map from byte strings in which every key knows the longest other key it starts with.
///
/// All keys that start a given text lie on one chain: the greatest key not above the text, what
/// that key starts with, and so on. For each key K that starts the text, every key between K and
/// the text starts with K too.
#[derive(Clone, Debug)]
struct Chains<T> {
    links: Vec<Link<T>>,
}

#[derive(Clone, Debug)]
struct Link<T> {
    key: Box<[u8]>,
    value: T,
    shorter: Option<usize>,
}

impl<T> Default for Chains<T> {
    fn default() -> Self {
        Self { links: Vec::new() }
    }
}

impl<T> Chains<T> {
    /// Groups positions by key, in ascending order, and makes a value of each group.
    fn build(
        keyed: impl Iterator<Item = (Vec<u8>, usize)>,
        mut value: impl FnMut(Vec<usize>) -> T,
    ) -> Self {
        let keyed = sorted(keyed.collect());
        let mut chains = Self::default();
        for group in keyed.chunk_by(|(one, _), (other, _)| one == other) {
            let key = group.first().map_or(&[][..], |(key, _)| key);
            let group = group.iter().map(|(_, index)| *index).collect();
            let mut shorter = chains.links.len().checked_sub(1);
            while let Some(link) = shorter.and_then(|index| chains.links.get(index)) {
                if key.starts_with(&link.key) {
                    break;
                }
                shorter = link.shorter;
            }
            chains.links.push(Link {
                key: key.into(),
                value: value(group),
                shorter,
            });
        }
        chains
    }

    /// The values of the keys that start `text`, from the longest key to the shortest.
    fn longest_first(&self, text: impl Iterator<Item = u8> + Clone) -> impl Iterator<Item = &T> {
        let above =
            |link: &Link<T>| link.key.iter().copied().cmp(text.clone()) == Ordering::Greater;
        let end = self.links.partition_point(|link| !above(link));
        self.chain(end.checked_sub(1)).filter_map(move |link| {
            let starts = text
                .clone()
                .take(link.key.len())
                .eq(link.key.iter().copied());
            starts.then_some(&link.value)
        })
    }

    fn values(&self) -> impl Iterator<Item = &T> {
        self.links.iter().map(|link| &link.value)
    }

    /// Every value, with the values of the shorter keys that its key starts with.
    fn values_with_shorter(&self) -> impl Iterator<Item = (&T, impl Iterator<Item = &T>)> {
        self.links.iter().map(|link| {
            (
                &link.value,
                self.chain(link.shorter).map(|link| &link.value),
            )
        })
    }

    fn chain(&self, from: Option<usize>) -> impl Iterator<Item = &Link<T>> {
        let first = from.and_then(|index| self.links.get(index));
        std::iter::successors(first, |link| {
            link.shorter.and_then(|index| self.links.get(index))
        })
    }
}
