//! The hints that a server gives about its tool. The protocol calls them untrusted, so a hint makes a
//! verdict worse, or decides where nothing else does; it never argues one down.

use serde_json::Value;

/// The hints that were given, as booleans; what is no boolean is no hint.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Hints {
    pub(crate) read_only: Option<bool>,
    pub(crate) destructive: Option<bool>,
}

impl Hints {
    pub(crate) fn read(annotations: Option<&Value>) -> Self {
        let hint = |name| annotations?.get(name)?.as_bool();
        Self {
            read_only: hint("readOnlyHint"),
            destructive: hint("destructiveHint"),
        }
    }
}
