//! Waits until files change: by looking at them, which also works where editors replace files,
//! and in containers and network folders, where the system's notices do not.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, SystemTime};

/// How often the files are looked at.
const PERIOD: Duration = Duration::from_millis(250);

/// What tells one state of a file from another; `None` where it is not there.
type Mark = Option<(SystemTime, u64)>;

/// Files as they were when they were looked at last.
#[derive(Debug)]
pub(super) struct Watched(BTreeMap<PathBuf, Mark>);

impl Watched {
    /// Looks at files now. They need not exist.
    pub(super) fn new(files: impl IntoIterator<Item = PathBuf>) -> Watched {
        let marked = files.into_iter().map(|file| (mark(&file), file));
        Watched(marked.map(|(mark, file)| (file, mark)).collect())
    }

    /// A file that is not as it was, if there is one; it is then taken as it is now.
    pub(super) fn changed(&mut self) -> Option<PathBuf> {
        for (file, known) in &mut self.0 {
            let now = mark(file);
            if *known != now {
                *known = now;
                return Some(file.clone());
            }
        }
        None
    }

    /// Returns the first file that is not as it was, once there is one; or what `also` finds.
    pub(super) fn wait(&mut self, mut also: impl FnMut() -> Option<PathBuf>) -> PathBuf {
        loop {
            if let Some(file) = self.changed().or_else(&mut also) {
                return file;
            }
            thread::sleep(PERIOD);
        }
    }
}

fn mark(file: &Path) -> Mark {
    let metadata = std::fs::metadata(file).ok()?;
    Some((metadata.modified().ok()?, metadata.len()))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "test")]
    use super::*;

    #[test]
    fn a_file_that_appears_changes_or_goes_is_noticed_once() {
        let file = std::env::temp_dir().join(format!("toolgate-watch-{}", std::process::id()));
        let _ = std::fs::remove_file(&file);
        let mut watched = Watched::new([file.clone()]);
        assert_eq!(watched.changed(), None);
        std::fs::write(&file, "a").unwrap();
        assert_eq!(watched.wait(|| None), file);
        assert_eq!(watched.changed(), None);
        std::fs::write(&file, "ab").unwrap();
        assert_eq!(watched.changed(), Some(file.clone()));
        std::fs::remove_file(&file).unwrap();
        assert_eq!(watched.changed(), Some(file));
        assert_eq!(watched.changed(), None);
    }
}
