//! Why there is no listing.

use std::fmt;

/// Why a server's tools could not be listed, in words for a person. They may quote the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListError {
    why: String,
    said: String,
}

impl ListError {
    pub(crate) fn new(why: impl Into<String>) -> Self {
        Self {
            why: why.into(),
            said: String::new(),
        }
    }

    /// With the last that the program said on standard error.
    pub(crate) fn with_said(mut self, said: String) -> Self {
        self.said = said;
        self
    }
}

impl fmt::Display for ListError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.why)?;
        if !self.said.is_empty() {
            write!(f, "\nthe program's last words:\n{}", self.said)?;
        }
        Ok(())
    }
}

impl std::error::Error for ListError {}
