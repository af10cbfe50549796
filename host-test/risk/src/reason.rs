//! Why a verdict is what it is.

use std::fmt;

/// What of a tool's definition a reason is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Source {
    /// The tool's name.
    Name,
    /// Its description.
    Description,
    /// Its input schema.
    Schema,
    /// Its annotations.
    Annotations,
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Source::Name => "name",
            Source::Description => "description",
            Source::Schema => "schema",
            Source::Annotations => "annotations",
        })
    }
}

/// One thing that led to a verdict. Its text may quote the server: whoever shows it must escape it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason {
    /// Where it was seen.
    pub source: Source,
    /// What was seen and what follows, in one line.
    pub text: String,
}

impl Reason {
    pub(crate) fn new(source: Source, text: impl Into<String>) -> Self {
        let text = text.into();
        Self { source, text }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.source, self.text)
    }
}
