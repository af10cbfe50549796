//! Finding what a policy says about a name: exact first, then the best glob, and look-alikes.

use rustc_hash::{FxHashMap, FxHashSet};

use super::model::Entry;
use crate::glob::{Glob, GlobSet};

/// The entries under `tools`, found in the same time however many there are.
#[derive(Debug, Default)]
pub struct ToolTable {
    entries: Vec<Entry>,
    exact: FxHashMap<String, usize>,
    globs: GlobSet,
    /// The entry of each of `globs`.
    glob_entries: Vec<usize>,
    folded: FxHashSet<String>,
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
        entries: Vec<Entry>,
        exact: FxHashMap<String, usize>,
        globs: GlobSet,
        glob_entries: Vec<usize>,
    ) -> Self {
        let folded = exact.keys().map(|name| name.to_ascii_lowercase()).collect();
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
        if self.is_look_alike(name) {
            return Listing::LookAlike;
        }
        let best = self.globs.best_match(name);
        match best.and_then(|n| self.glob_entries.get(n)).and_then(entry) {
            Some(entry) => Listing::Glob(entry),
            None => Listing::Unlisted,
        }
    }

    /// Whether `name` equals an exactly listed one only after trimming or ASCII case folding.
    fn is_look_alike(&self, name: &str) -> bool {
        !self.folded.is_empty() && self.folded.contains(&name.trim().to_ascii_lowercase())
    }

    /// All entries, in document order.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }
}

/// A set of names and globs.
#[derive(Debug, Default)]
pub struct Names {
    exact: FxHashSet<String>,
    folded: FxHashSet<String>,
    globs: GlobSet,
}

impl Names {
    /// Builds the set.
    pub(super) fn new(exact: FxHashSet<String>, globs: Vec<Glob>) -> Self {
        let folded = exact.iter().map(|name| name.to_ascii_lowercase()).collect();
        Self {
            exact,
            folded,
            globs: GlobSet::overlapping(globs),
        }
    }

    /// Whether `name` is in it, exactly or by a glob.
    pub fn contains(&self, name: &str) -> bool {
        self.exact.contains(name) || self.globs.best_match(name).is_some()
    }

    /// Whether `name` equals one of the exact names only after trimming or ASCII case folding.
    pub fn has_look_alike(&self, name: &str) -> bool {
        !self.folded.is_empty()
            && !self.exact.contains(name)
            && self.folded.contains(&name.trim().to_ascii_lowercase())
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
        self.all || self.names.contains(name) || self.names.has_look_alike(name)
    }

    /// Whether nothing is hidden.
    pub fn is_empty(&self) -> bool {
        !self.all && self.names.is_empty()
    }
}
