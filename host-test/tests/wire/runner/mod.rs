//! Reads the corpus of raw requests for host-test; `../README.md` says what is what.

pub(crate) mod case;
pub(crate) mod request;

/// The command's own strict YAML.
#[path = "../../../src"]
mod source {
    #[allow(
        dead_code,
        unused_imports,
        unreachable_pub,
        reason = "the command uses all of it"
    )]
    pub(crate) mod yaml;
}

use std::path::{Path, PathBuf};

/// Where the corpus is.
pub(crate) fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/wire")
}
