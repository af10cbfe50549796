//! Globs over tool names, prompts and resource URIs, and the index that finds the best one.

use std::fmt;

mod cover;
mod overlap;
mod set;

pub use set::{GlobSet, GlobTie};

/// The longest glob, in bytes. Together with the length of a name it bounds the work of one match.
pub const MAX_GLOB_BYTES: usize = 1024;

/// The longest name that globs are asked about, in bytes: whoever sends a longer one would choose
/// how much work it is. Longer names pass only where they are listed exactly.
pub const MAX_MATCHED_BYTES: usize = 4 * 1024;

/// Whether a name in a policy is a glob: whether it holds `*` or `?`.
#[must_use]
pub fn is_glob(name: &str) -> bool {
    name.contains(['*', '?'])
}

/// A pattern for a whole name: `*` is any run of characters, the empty one too; `?` is exactly
/// one character (a Unicode scalar value); every other character is itself. There is no escape,
/// and case counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Glob {
    text: String,
}

/// Why a text is not a glob.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GlobTooLong {
    /// The length of the text in bytes.
    pub bytes: usize,
}

impl fmt::Display for GlobTooLong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = self.bytes;
        write!(
            f,
            "the glob is {bytes} bytes long; at most {MAX_GLOB_BYTES} are allowed"
        )
    }
}

impl std::error::Error for GlobTooLong {}

impl Glob {
    /// Reads a glob; a text without `*` and `?` is one that matches only itself.
    ///
    /// # Errors
    /// The text is longer than [`MAX_GLOB_BYTES`].
    pub fn parse(text: &str) -> Result<Self, GlobTooLong> {
        if text.len() > MAX_GLOB_BYTES {
            return Err(GlobTooLong { bytes: text.len() });
        }
        Ok(Self {
            text: text.to_owned(),
        })
    }

    /// The glob as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// What every matching name starts with: the text before the first `*` or `?`.
    #[must_use]
    pub fn literal_prefix(&self) -> &str {
        self.text.split(['*', '?']).next().unwrap_or_default()
    }

    /// What every matching name ends with: the text after the last `*` or `?`, and empty where
    /// there is neither, since then the prefix says all.
    fn literal_suffix(&self) -> &str {
        self.text
            .rsplit_once(['*', '?'])
            .map_or("", |(_, suffix)| suffix)
    }

    /// Whether the glob matches the whole of `name`.
    ///
    /// On a mismatch only the last `*` is asked to take one character more: an earlier one never
    /// needs to, because the shortest text for the part between two stars leaves the most for the
    /// rest. So the work is at most the product of the two lengths.
    #[must_use]
    pub fn matches(&self, name: &str) -> bool {
        let mut glob = self.text.chars();
        let mut name = name.chars();
        let mut retry = None;
        loop {
            let name_here = name.clone();
            match (glob.next(), name.next()) {
                (None, None) => return true,
                (Some('*'), _) => {
                    retry = Some((glob.clone(), name_here.clone()));
                    name = name_here;
                    continue;
                }
                (Some('?'), Some(_)) => continue,
                (Some(want), Some(have)) if want == have => continue,
                // The name is used up: a longer star would leave it no more.
                (Some(_), None) => return false,
                (_, Some(_)) => {}
            }
            let Some((after_star, start)) = &mut retry else {
                return false;
            };
            start.next();
            glob = after_star.clone();
            name = start.clone();
        }
    }
}

impl fmt::Display for Glob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests;
