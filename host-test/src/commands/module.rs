//! Finds the module: the file that was named, or one built from the workspace just now.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use host_test::{Module, ModuleError};

use super::Trouble;
use super::progress::Progress;

/// The package that is the module.
const PACKAGE: &str = "toolgate";

/// Loads the module from a file, or builds it first so that it is never stale.
pub(super) fn load(file: Option<&Path>) -> Result<Module, Trouble> {
    let path = match file {
        Some(file) => file.to_owned(),
        None => {
            let workspace = workspace()?;
            let _progress = Progress::start("building toolgate.wasm");
            build(&workspace)?
        }
    };
    Module::from_file(&path).map_err(|error| match error {
        // It names the file itself.
        ModuleError::Unreadable(_) => format!("{error}; without --module it is built"),
        _ => format!("`{}`: {error}", path.display()),
    })
}

/// The workspace above the current folder, or else above this program.
fn workspace() -> Result<PathBuf, Trouble> {
    let current = std::env::current_dir().ok();
    let program = std::env::current_exe().ok();
    current
        .iter()
        .chain(&program)
        .flat_map(|start| start.ancestors())
        .find(|folder| is_workspace(folder))
        .map(Path::to_owned)
        .ok_or_else(|| {
            "there is no Toolgate workspace above this folder to build the module from; pass \
             --module FILE"
                .to_owned()
        })
}

fn is_workspace(folder: &Path) -> bool {
    let manifest = std::fs::read_to_string(folder.join("plugin/Cargo.toml"));
    manifest.is_ok_and(|text| text.contains("name = \"toolgate\""))
        && folder.join("Cargo.toml").is_file()
}

/// Builds the module, which takes no time when it is fresh, and says where it lies.
fn build(workspace: &Path) -> Result<PathBuf, Trouble> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(&cargo)
        .args(["build", "--release", "--quiet", "--target", "wasm32-wasip1"])
        .args(["-p", PACKAGE, "--message-format", "json-render-diagnostics"])
        .current_dir(workspace)
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .map_err(|why| {
            let cargo = Path::new(&cargo).display();
            format!("cannot run `{cargo}` to build the module: {why}; pass --module FILE")
        })?;
    if !output.status.success() {
        return Err("the module does not build (see above); pass --module FILE".to_owned());
    }
    let messages = String::from_utf8_lossy(&output.stdout);
    messages
        .lines()
        .filter_map(artifact)
        .next_back()
        .ok_or_else(|| "the build made no .wasm; pass --module FILE".to_owned())
}

/// The .wasm that a message of cargo tells of.
fn artifact(message: &str) -> Option<PathBuf> {
    let message: serde_json::Value = serde_json::from_str(message).ok()?;
    if message.pointer("/target/name")?.as_str()? != PACKAGE {
        return None;
    }
    let files = message.get("filenames")?.as_array()?;
    let mut files = files.iter().filter_map(|file| file.as_str());
    files
        .find(|file| file.ends_with(".wasm"))
        .map(PathBuf::from)
}
