//! Regular expressions in RE2's syntax: the operator `regex`, in time linear in the text.
//!
//! The engine is our own because the whole filter must stay under 400 kB, and because RE2's syntax
//! must be parsed here anyway: no Rust crate reads exactly that. Added to a bare wasm32-wasip1
//! module: this 54 kB, `regex-lite` 71 kB (folds ASCII only, slower by an order of magnitude),
//! `regex-automata`'s automata without a parser 37 kB (`nfa-pikevm`) or 69 kB (`hybrid`), `regex`
//! with the fewest features 350 kB, with Unicode case folding 398 kB. It is small because only
//! whether a text matches is asked, not where.

use std::fmt;
use std::sync::{Mutex, TryLockError};

mod alphabet;
mod bracket;
mod class;
mod escape;
mod parse;
mod program;
mod scan;
mod search;

use program::Program;
use search::Cache;

/// The longest pattern, in bytes.
pub const MAX_PATTERN_BYTES: usize = 8 * 1024;

/// How deep groups may stand inside each other.
pub const MAX_NESTING: usize = 200;

/// The largest count in `{n,m}`, and the largest product of counts inside each other: RE2's limit.
pub const MAX_REPEAT: u32 = 1000;

/// The largest compiled pattern: instructions and character ranges together. The work of a search
/// is never more than this times the length of the text.
pub const MAX_PROGRAM: usize = 10_000;

/// How much memory a pattern keeps between searches for what it learned about texts, in bytes.
pub const MAX_CACHE_BYTES: usize = 128 * 1024;

/// A compiled pattern.
///
/// It matches if it occurs anywhere in the text. The syntax and its meaning are RE2's, as
/// documented at <https://github.com/google/re2/wiki/Syntax>: `\d`, `\w`, `\s`, `\b` and `[[:x:]]`
/// are about ASCII, `(?i)` folds by Unicode's simple case folding (15.1), `.` is any character but
/// a line feed, `$` is the end of the text. What RE2 refuses is refused; so are, and not because
/// RE2 would: `\C`, `\p` classes, groups deeper than [`MAX_NESTING`], names that are not ASCII or
/// are used twice, and what exceeds the limits of this module.
///
/// Where RE2's C++ and Go editions differ, Go's meaning is taken: a position inside a character is
/// never a place where `\B` could match.
pub struct Pattern {
    source: Box<str>,
    program: Program,
    cache: Mutex<Cache>,
}

/// Why a pattern was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PatternError {
    /// Where the offending part starts: the number of characters before it, plus one. Absent where
    /// the pattern as a whole is refused.
    pub position: Option<usize>,
    message: String,
}

impl fmt::Display for PatternError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        match self.position {
            Some(position) => write!(f, " (at character {position})"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for PatternError {}

impl Pattern {
    /// Compiles a pattern.
    ///
    /// # Errors
    /// The pattern is not RE2's syntax, or is beyond one of this module's limits.
    pub fn compile(pattern: &str) -> Result<Self, PatternError> {
        let whole = |message| PatternError {
            position: None,
            message,
        };
        if pattern.len() > MAX_PATTERN_BYTES {
            return Err(whole(format!(
                "the pattern is {} bytes long; at most {MAX_PATTERN_BYTES} are allowed",
                pattern.len()
            )));
        }
        let program = Program::compile(&parse::parse(pattern)?).map_err(|_| {
            whole(format!(
                "the pattern is too large: it compiles to more than {MAX_PROGRAM} instructions; \
                 use smaller counts in `{{n,m}}` or split it"
            ))
        })?;
        Ok(Self {
            source: pattern.into(),
            program,
            cache: Mutex::default(),
        })
    }

    /// The pattern as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.source
    }

    /// The size of the compiled pattern, in the units of [`MAX_PROGRAM`].
    #[must_use]
    pub fn size(&self) -> usize {
        self.program.size()
    }

    /// Whether the pattern occurs anywhere in `text`.
    ///
    /// Time is linear in the text: usually one table look-up per character, at worst the
    /// pattern's [size](Self::size) per character.
    #[must_use]
    pub fn is_match(&self, text: &str) -> bool {
        match self.cache.try_lock() {
            Ok(mut cache) => cache.is_match(&self.program, text),
            // Another thread is searching, or one died while it was: do without what is known.
            Err(TryLockError::WouldBlock | TryLockError::Poisoned(_)) => {
                Cache::default().is_match(&self.program, text)
            }
        }
    }
}

impl fmt::Debug for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Pattern").field(&self.source).finish()
    }
}

#[cfg(test)]
mod tests;
