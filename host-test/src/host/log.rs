//! What a module wrote to the host's log.

use std::fmt;

/// How grave a line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Level {
    Trace,
    Debug,
    Info,
    Warn,
    Error,
    Critical,
}

impl Level {
    /// The level of a number of the ABI.
    pub(crate) fn from_number(number: i32) -> Option<Level> {
        Some(match number {
            0 => Level::Trace,
            1 => Level::Debug,
            2 => Level::Info,
            3 => Level::Warn,
            4 => Level::Error,
            5 => Level::Critical,
            _ => return None,
        })
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Level::Trace => "trace",
            Level::Debug => "debug",
            Level::Info => "info",
            Level::Warn => "warn",
            Level::Error => "error",
            Level::Critical => "critical",
        })
    }
}

/// One line of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogLine {
    /// When, in nanoseconds since the Unix epoch of the test's clock.
    pub time: u64,
    /// Which worker wrote it; `None` for the main thread and the canary.
    pub worker: Option<usize>,
    /// How grave it is.
    pub level: Level,
    /// The text, with whatever is not UTF-8 replaced.
    pub text: String,
}

impl fmt::Display for LogLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.worker {
            Some(worker) => write!(f, "[{}] worker {worker}: {}", self.level, self.text),
            None => write!(f, "[{}] main: {}", self.level, self.text),
        }
    }
}
