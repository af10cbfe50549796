//! How many scenarios ended how, and the exit code that says so.

use std::process::ExitCode;

use super::play::{Ending, Played};

/// Counts of endings.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Sum {
    pub(super) passed: usize,
    pub(super) failed: usize,
    pub(super) broken: usize,
}

impl Sum {
    pub(super) fn of(played: &[Played]) -> Sum {
        let mut sum = Sum::default();
        for one in played {
            let count = match one.ending {
                Ending::Holds(_) => &mut sum.passed,
                Ending::Step(_) | Ending::Transcript { .. } => &mut sum.failed,
                Ending::Broken(_) => &mut sum.broken,
            };
            *count = count.saturating_add(1);
        }
        sum
    }

    /// As `run --help` documents it.
    pub(super) fn exit_code(self) -> ExitCode {
        match (self.failed, self.broken) {
            (0, 0) => ExitCode::SUCCESS,
            (_, 0) => ExitCode::from(1),
            _ => ExitCode::from(2),
        }
    }
}
