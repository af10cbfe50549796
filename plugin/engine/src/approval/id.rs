//! The name of a request for approval, as agents and operators read it.

use std::fmt;

use crate::base32;

/// What every id begins with.
const PREFIX: &str = "apr_";

/// `apr_` and 24 characters: 120 bits that nobody can guess without the configuration's key.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ApprovalId(pub(super) [u8; 15]);

impl ApprovalId {
    /// Reads the one spelling that [`Display`](fmt::Display) gives.
    pub fn parse(text: &str) -> Option<Self> {
        base32::read(text.strip_prefix(PREFIX)?).map(Self)
    }
}

impl fmt::Display for ApprovalId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = String::with_capacity(28);
        text.push_str(PREFIX);
        base32::push(&mut text, &self.0);
        f.write_str(&text)
    }
}

impl fmt::Debug for ApprovalId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
