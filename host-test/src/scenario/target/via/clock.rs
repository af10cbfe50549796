//! The clock of a proxy: set through a file that a library preloaded into it reads, or real.

use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crate::scenario::time::{Seconds, show_time};

/// The longest time that is waited for on a real clock, in seconds.
const MAX_WAIT: i64 = 90;

/// Sets the time, or waits for it.
pub(super) enum Clock {
    /// The file, which says a time that stands still.
    File(PathBuf),
    /// Real time: the scenario's time at an instant, once it has been told one.
    Real(Option<(Seconds, Instant)>),
}

impl Clock {
    pub(super) fn new(file: Option<PathBuf>) -> Clock {
        file.map_or(Clock::Real(None), Clock::File)
    }

    pub(super) fn is_exact(&self) -> bool {
        matches!(self, Clock::File(_))
    }

    pub(super) fn set(&mut self, to: Seconds) -> Result<(), String> {
        match self {
            Clock::File(path) => write_time(path, to)
                .map_err(|why| format!("cannot write the clock to `{}`: {why}", path.display())),
            Clock::Real(start) => {
                let now = Instant::now();
                let wait = match start {
                    // Windows begin with calendar minutes, so the same second of a minute it is.
                    None => until_same_second(to),
                    Some((said, at)) => {
                        let due = seconds(to.saturating_sub(*said))?;
                        due.saturating_sub(now.saturating_duration_since(*at))
                    }
                };
                thread::sleep(wait);
                *start = Some((to, Instant::now()));
                Ok(())
            }
        }
    }
}

/// Replaces the file at once, so that no reader finds half a time in it.
fn write_time(path: &Path, to: Seconds) -> std::io::Result<()> {
    let text = show_time(to).replace('T', " ").replace('Z', "\n");
    let mut aside = path.as_os_str().to_owned();
    aside.push(".new");
    std::fs::write(&aside, format!("@{text}"))?;
    std::fs::rename(&aside, path)
}

fn until_same_second(to: Seconds) -> Duration {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    let now = i64::try_from(now.as_millis()).unwrap_or(i64::MAX);
    let ahead = to
        .saturating_mul(1_000)
        .saturating_sub(now)
        .rem_euclid(60_000);
    // Not before the second begins, whatever the rounding.
    Duration::from_millis(ahead.unsigned_abs().saturating_add(1))
}

fn seconds(wait: i64) -> Result<Duration, String> {
    match u64::try_from(wait) {
        Ok(whole) if wait <= MAX_WAIT => Ok(Duration::from_secs(whole)),
        Ok(_) => Err(format!(
            "a step would wait {wait} s in real time, more than {MAX_WAIT}; set the proxy's \
             clock through --clock-file"
        )),
        Err(_) => Err("a step goes back in time, which needs --clock-file".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "test")]
    use super::*;
    use crate::scenario::time::DEFAULT;

    #[test]
    fn the_file_says_the_time_as_libfaketime_reads_it() {
        let file = std::env::temp_dir().join(format!("toolgate-clock-{}", std::process::id()));
        let mut clock = Clock::new(Some(file.clone()));
        clock.set(DEFAULT + 3_661).unwrap();
        assert_eq!(
            std::fs::read_to_string(&file).unwrap(),
            "@2026-01-01 01:01:01\n"
        );
        std::fs::remove_file(&file).unwrap();
    }

    #[test]
    fn real_time_is_waited_for_but_not_long() {
        let mut clock = Clock::Real(Some((DEFAULT, Instant::now())));
        let before = Instant::now();
        clock.set(DEFAULT + 1).unwrap();
        assert!(before.elapsed() >= Duration::from_millis(900));
        assert!(
            clock
                .set(DEFAULT + 1_000)
                .unwrap_err()
                .contains("--clock-file")
        );
        assert!(clock.set(DEFAULT).unwrap_err().contains("back in time"));
        assert!(until_same_second(DEFAULT + 30) <= Duration::from_millis(60_001));
    }
}
