//! The decision records of a proxy: a file that it appends one line a request to.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

/// How long a record may lag behind its response.
const PATIENCE: Duration = Duration::from_secs(5);

/// How often the file is looked at.
const INTERVAL: Duration = Duration::from_millis(5);

/// The end of the file, as far as it was read.
pub(super) struct Records {
    path: PathBuf,
    file: File,
    /// What was read after the last whole line.
    rest: Vec<u8>,
}

impl Records {
    /// Opens the file, made empty if there is none, and skips what it holds.
    pub(super) fn open(path: &Path) -> Result<Records, String> {
        let wrong = |why| format!("cannot read the records in `{}`: {why}", path.display());
        let mut file = File::options()
            .read(true)
            .append(true)
            .create(true)
            .open(path)
            .map_err(wrong)?;
        file.seek(SeekFrom::End(0)).map_err(wrong)?;
        Ok(Records {
            path: path.to_owned(),
            file,
            rest: Vec::new(),
        })
    }

    /// The next record; `None` if the proxy wrote a line without one (`-`).
    pub(super) fn next(&mut self) -> Result<Option<String>, String> {
        let start = Instant::now();
        loop {
            if let Some(end) = self.rest.iter().position(|byte| *byte == b'\n') {
                let tail = self.rest.split_off(end.saturating_add(1));
                let line = std::mem::replace(&mut self.rest, tail);
                let line = String::from_utf8_lossy(&line).trim().to_owned();
                return Ok(Some(line).filter(|line| !line.is_empty() && line != "-"));
            }
            let path = self.path.display();
            let read = self.file.read_to_end(&mut self.rest);
            match read.map_err(|why| format!("cannot read the records in `{path}`: {why}"))? {
                0 if start.elapsed() > PATIENCE => {
                    return Err(format!(
                        "no record in `{path}` within {} s; does the proxy log to it, one line \
                         a request, and flush soon (Envoy: --file-flush-interval-msec 50)?",
                        PATIENCE.as_secs()
                    ));
                }
                0 => thread::sleep(INTERVAL),
                _ => {}
            }
        }
    }
}
