//! Finds the scenarios under paths.

use std::path::{Path, PathBuf};

use super::Trouble;

/// How a scenario file is called, or how its name ends after a point.
const NAME: &str = "scenario.yaml";

/// Folders that hold no scenarios of ours.
const SKIPPED: [&str; 2] = ["target", "node_modules"];

/// The scenario files under these paths, sorted, each once. A file is taken as it is.
pub(super) fn scenarios(paths: &[PathBuf]) -> Result<Vec<PathBuf>, Trouble> {
    let mut found = Vec::new();
    for path in paths {
        if path.is_dir() {
            let before = found.len();
            walk(path, &mut found)?;
            if found.len() == before {
                return Err(format!("no {NAME} under `{}`", path.display()));
            }
        } else if path.is_file() {
            found.push(path.clone());
        } else {
            return Err(format!("there is no file or folder `{}`", path.display()));
        }
    }
    found.sort();
    found.dedup();
    Ok(found)
}

fn walk(folder: &Path, found: &mut Vec<PathBuf>) -> Result<(), Trouble> {
    let wrong = |why| format!("cannot read the folder `{}`: {why}", folder.display());
    for entry in std::fs::read_dir(folder).map_err(wrong)? {
        let entry = entry.map_err(wrong)?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        // Links to folders are not followed, so that no ring of them is endless.
        if entry.file_type().map_err(wrong)?.is_dir() {
            if !name.starts_with('.') && !SKIPPED.contains(&name.as_ref()) {
                walk(&entry.path(), found)?;
            }
        } else if name == NAME || name.ends_with(&format!(".{NAME}")) {
            found.push(entry.path());
        }
    }
    Ok(())
}

/// The transcript beside a scenario: `transcript.txt`, or `x.transcript.txt` of
/// `x.scenario.yaml` and of `x.yaml`.
pub(super) fn transcript_of(scenario: &Path) -> PathBuf {
    let name = scenario
        .file_name()
        .map(|n| n.to_string_lossy().into_owned());
    let name = name.unwrap_or_default();
    let stem = name
        .strip_suffix(".yaml")
        .or(name.strip_suffix(".yml"))
        .unwrap_or(&name);
    let stem = match stem {
        "scenario" => "",
        stem => stem.strip_suffix(".scenario").unwrap_or(stem),
    };
    let point = if stem.is_empty() { "" } else { "." };
    scenario.with_file_name(format!("{stem}{point}transcript.txt"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn transcripts_are_named_after_their_scenarios() {
        for (scenario, transcript) in [
            ("a/scenario.yaml", "a/transcript.txt"),
            ("a/x.scenario.yaml", "a/x.transcript.txt"),
            ("x.yaml", "x.transcript.txt"),
            ("x.yml", "x.transcript.txt"),
        ] {
            assert_eq!(transcript_of(Path::new(scenario)), Path::new(transcript));
        }
    }
}
