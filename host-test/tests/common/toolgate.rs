//! The real filter, built from the sources as they are, so that no test meets a stale one.

#![allow(
    dead_code,
    clippy::unwrap_used,
    reason = "test; not every test uses all of it"
)]

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use host_test::Module;

/// `toolgate.wasm`, built once in this process.
pub(crate) fn path() -> &'static Path {
    static PATH: OnceLock<PathBuf> = OnceLock::new();
    PATH.get_or_init(|| {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let output = Command::new(env!("CARGO"))
            .args(["build", "--release", "--quiet", "--target", "wasm32-wasip1"])
            .args(["-p", "toolgate", "--message-format", "json"])
            .current_dir(root)
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        // Cargo's own word for where the module lies.
        let said = String::from_utf8(output.stdout).unwrap();
        let file = said
            .lines()
            .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
            .filter_map(|message| Some(message.get("filenames")?.get(0)?.as_str()?.to_owned()))
            .rfind(|file| file.ends_with("toolgate.wasm"))
            .unwrap();
        PathBuf::from(file)
    })
}

/// The same, compiled once.
pub(crate) fn module() -> &'static Module {
    static MODULE: OnceLock<Module> = OnceLock::new();
    MODULE.get_or_init(|| Module::from_file(path()).unwrap())
}
