//! Reads the corpus of raw requests for host-test; `../README.md` says what is what.

pub(crate) mod case;
pub(crate) mod request;
pub(crate) mod seen;

/// The command's own strict YAML, and what it compares of a record.
#[path = "../../../src"]
mod source {
    #[allow(
        dead_code,
        unused_imports,
        unreachable_pub,
        reason = "the command uses all of it"
    )]
    pub(crate) mod yaml;

    #[path = "scenario/target/lasting.rs"]
    pub(crate) mod lasting;
}

use std::path::{Path, PathBuf};

/// Where the corpus is.
pub(crate) fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/wire")
}
