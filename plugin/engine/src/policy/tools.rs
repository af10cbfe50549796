//! Finding what a policy says about a name: exact first, then the best glob, and look-alikes.

use std::borrow::Cow;

use rustc_hash::{FxHashMap, FxHashSet};

use super::model::Entry;
use crate::glob::{Glob, GlobSet, MAX_MATCHED_BYTES};

/// The entries under `tools`, found in the same time however many there are.
#[derive(Debug, Default)]
pub struct ToolTable {
    entries: Vec<Entry>,
    exact: FxHashMap<String, usize>,
    globs: GlobSet,
    /// The entry of each of `globs`.
    glob_entries: Vec<usize>,
    folded: Folded,
}

/// What a policy says of a tool's name.
#[derive(Clone, Copy, Debug)]
pub enum Listing<'p> {
    /// By exactly this name.
    Exact(&'p Entry),
    /// By a glob.
    Glob(&'p Entry),
    /// A listed name that this one equals only after trimming or case folding.
    LookAlike,
    /// Nothing.
    Unlisted,
}

impl ToolTable {
    /// Builds the table.
    pub(super) fn new(
        mut entries: Vec<Entry>,
        exact: FxHashMap<String, usize>,
        globs: GlobSet,
        glob_entries: Vec<usize>,
    ) -> Self {
        for (number, entry) in entries.iter_mut().enumerate() {
            entry.number = number;
        }
        let folded = Folded::new(exact.keys(), &globs);
        Self {
            entries,
            exact,
            globs,
            glob_entries,
            folded,
        }
    }

    /// What is said of `name`.
    pub fn find(&self, name: &str) -> Listing<'_> {
        let entry = |index: &usize| self.entries.get(*index);
        if let Some(entry) = self.exact.get(name).and_then(entry) {
            return Listing::Exact(entry);
        }
        if self.folded.lists(name) {
            return Listing::LookAlike;
        }
        let best = self.globs.best_match(name);
        match best.and_then(|n| self.glob_entries.get(n)).and_then(entry) {
            Some(entry) => Listing::Glob(entry),
            None if self.folded.matches(name, &self.globs) => Listing::LookAlike,
            None => Listing::Unlisted,
        }
    }

    /// Whether exactly `name` is listed, not by a glob.
    pub fn lists(&self, name: &str) -> bool {
        self.exact.contains_key(name)
    }

    /// All entries, in document order.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }
}

/// Names and globs without their case, to find what equals them only after folding.
#[derive(Debug, Default)]
struct Folded {
    exact: FxHashSet<String>,
    /// `None` where the globs are in lower case already.
    globs: Option<GlobSet>,
}

impl Folded {
    fn new<'n>(exact: impl Iterator<Item = &'n String>, globs: &GlobSet) -> Self {
        let folds = |glob: &Glob| glob.as_str().bytes().any(|b| b.is_ascii_uppercase());
        let folded = |glob: &Glob| Glob::parse(&glob.as_str().to_ascii_lowercase()).ok();
        let globs = globs.globs();
        Self {
            exact: exact.map(|name| name.trim().to_ascii_lowercase()).collect(),
            globs: globs
                .iter()
                .any(folds)
                .then(|| GlobSet::overlapping(globs.iter().filter_map(folded).collect())),
        }
    }

    /// Whether an exact name is equal after trimming and ASCII case folding.
    fn lists(&self, name: &str) -> bool {
        !self.exact.is_empty() && self.exact.contains(&*folded(name))
    }

    /// Whether a glob matches after trimming and ASCII case folding; `globs` are those as written.
    fn matches(&self, name: &str, globs: &GlobSet) -> bool {
        if globs.globs().is_empty() || name.len() > MAX_MATCHED_BYTES {
            return false;
        }
        let folded = folded(name);
        // Where folding changes nothing, they have been asked.
        (folded != name || self.globs.is_some())
            && self
                .globs
                .as_ref()
                .unwrap_or(globs)
                .best_match(&folded)
                .is_some()
    }
}

/// A name after trimming and ASCII case folding.
fn folded(name: &str) -> Cow<'_, str> {
    let trimmed = name.trim();
    if trimmed.bytes().any(|byte| byte.is_ascii_uppercase()) {
        Cow::Owned(trimmed.to_ascii_lowercase())
    } else {
        Cow::Borrowed(trimmed)
    }
}

/// A set of names and globs.
#[derive(Debug, Default)]
pub struct Names {
    exact: FxHashSet<String>,
    globs: GlobSet,
    folded: Folded,
}

impl Names {
    /// Builds the set.
    pub(super) fn new(exact: FxHashSet<String>, globs: Vec<Glob>) -> Self {
        let globs = GlobSet::overlapping(globs);
        Self {
            folded: Folded::new(exact.iter(), &globs),
            exact,
            globs,
        }
    }

    /// Whether `name` is in it, exactly or by a glob.
    pub fn contains(&self, name: &str) -> bool {
        self.exact.contains(name) || self.globs.best_match(name).is_some()
    }

    /// Whether `name` is in it only after trimming or ASCII case folding.
    pub fn has_look_alike(&self, name: &str) -> bool {
        let by_glob = || !self.contains(name) && self.folded.matches(name, &self.globs);
        !self.exact.contains(name) && (self.folded.lists(name) || by_glob())
    }

    /// Whether `name` is in it, exactly, by a glob, or after trimming or ASCII case folding: as
    /// [`contains`](Self::contains) and [`has_look_alike`](Self::has_look_alike) together say.
    pub fn has_any(&self, name: &str) -> bool {
        self.contains(name) || self.folded.lists(name) || self.folded.matches(name, &self.globs)
    }

    /// Whether it cannot be told whether `name` is in it: too long to be matched against globs.
    pub fn cannot_tell(&self, name: &str) -> bool {
        name.len() > MAX_MATCHED_BYTES && !self.globs.globs().is_empty() && !self.lists(name)
    }

    /// Whether exactly `name` is listed, not by a glob.
    pub fn lists(&self, name: &str) -> bool {
        self.exact.contains(name)
    }

    /// Whether nothing is in it.
    pub fn is_empty(&self) -> bool {
        self.exact.is_empty() && self.globs.globs().is_empty()
    }
}

/// What `hide` says.
#[derive(Debug, Default)]
pub struct Hidden {
    /// Everything.
    pub all: bool,
    /// These.
    pub names: Names,
}

impl Hidden {
    /// Whether a tool is hidden; a look-alike of a hidden name is too.
    pub fn hides(&self, name: &str) -> bool {
        self.all || self.names.has_any(name)
    }

    /// Whether nothing is hidden.
    pub fn is_empty(&self) -> bool {
        !self.all && self.names.is_empty()
    }
}
