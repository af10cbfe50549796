//! Everything wrong with a document, not only the first thing.

use std::fmt;

/// How bad a [`Fault`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The document works, but probably not as meant.
    Warning,
    /// The document is refused whole.
    Error,
}

/// One thing wrong, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// How bad it is.
    pub severity: Severity,
    /// JSON pointer (RFC 6901) of the value that is wrong; empty for the document.
    pub pointer: String,
    /// What is wrong and what would be right.
    pub message: String,
    /// Whether it is about the member's key rather than its value.
    pub about_key: bool,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let pointer = if self.pointer.is_empty() {
            "/"
        } else {
            &self.pointer
        };
        write!(f, "{pointer}: {}", self.message)
    }
}

/// The faults found so far.
#[derive(Clone, Debug, Default)]
pub struct Faults {
    list: Vec<Fault>,
}

impl Faults {
    /// Notes what makes the document unusable.
    pub fn error(&mut self, pointer: &str, message: impl Into<String>) {
        self.push(Severity::Error, pointer, message.into());
    }

    /// As [`error`](Self::error), about the key of the member that stands there.
    pub fn key_error(&mut self, pointer: &str, message: impl Into<String>) {
        self.error(pointer, message);
        self.last_is_about_key();
    }

    /// As [`warn`](Self::warn), about the key of the member that stands there.
    pub fn key_warning(&mut self, pointer: &str, message: impl Into<String>) {
        self.warn(pointer, message);
        self.last_is_about_key();
    }

    fn last_is_about_key(&mut self) {
        if let Some(fault) = self.list.last_mut() {
            fault.about_key = true;
        }
    }

    /// Notes what is probably not meant.
    pub fn warn(&mut self, pointer: &str, message: impl Into<String>) {
        self.push(Severity::Warning, pointer, message.into());
    }

    fn push(&mut self, severity: Severity, pointer: &str, message: String) {
        self.list.push(Fault {
            severity,
            pointer: pointer.to_owned(),
            message,
            about_key: false,
        });
    }

    /// Whether any of them refuses the document.
    pub fn fatal(&self) -> bool {
        self.list.iter().any(|f| f.severity == Severity::Error)
    }

    /// All, in the order in which they were met.
    pub fn as_slice(&self) -> &[Fault] {
        &self.list
    }
}
