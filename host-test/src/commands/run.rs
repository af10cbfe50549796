//! `host-test run`: runs scenarios and compares their transcripts.

mod coverage;
mod json;
mod junit;
mod options;
mod play;
mod pool;
mod sum;
mod text;

use std::collections::BTreeSet;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use super::format::Format;
use super::watch::Watched;
use super::{Trouble, find, module, style};
use crate::scenario::read;
use crate::scenario::target::in_process::Profile;
use play::{Played, Player};
use sum::Sum;

/// Runs scenarios: every scenario.yaml (and *.scenario.yaml) under the paths.
///
/// Each runs in a fresh host with its own clock and scripted MCP server, up to its first step
/// that does not hold. A transcript.txt beside a scenario must equal what happens. How scenarios
/// are written: docs/testing-policies.md.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Run {
    /// Scenario files, or folders to look for them in
    #[arg(value_name = "PATH", default_value = ".")]
    paths: Vec<PathBuf>,
    /// The module to run [default: built from the workspace first]
    #[arg(long, value_name = "FILE")]
    module: Option<PathBuf>,
    /// Write the transcripts of the scenarios that hold
    #[arg(long, conflicts_with = "via")]
    update: bool,
    /// Print the transcripts
    #[arg(long)]
    show: bool,
    /// Say which rules no scenario saw deny
    #[arg(long)]
    coverage: bool,
    /// Run again whenever a scenario, a policy or a transcript is saved; Ctrl-C ends it
    #[arg(long, conflicts_with_all = ["via", "junit"])]
    watch: bool,
    /// The proxy that the host imitates
    #[arg(long, value_enum, default_value_t, conflicts_with = "via")]
    profile: Profile,
    /// How many scenarios run at once [default: one a processor]
    #[arg(long, value_name = "N")]
    jobs: Option<NonZeroUsize>,
    /// How to print
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// Also write the result as JUnit XML
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
    #[command(flatten)]
    proxy: options::Proxy,
}

const EXAMPLES: &str = "\
Examples:
  host-test run examples
  host-test run examples/workprotocol --watch
  host-test run policies --coverage --junit report.xml
  host-test run examples/workprotocol --update
  host-test run examples/workprotocol --via http://127.0.0.1:10000 \\
      --upstream-listen 127.0.0.1:8080 --records access.log --clock-file clock

Exit codes: 0 all scenarios hold; 1 one does not; 2 the command line, a file or the module is at
fault. What --coverage says does not change it.";

impl Run {
    pub(super) fn run(self) -> Result<ExitCode, Trouble> {
        let mut scenarios = find::scenarios(&self.paths)?;
        let proxy = self.proxy.options()?;
        if proxy.is_some() && scenarios.len() > 1 {
            let count = scenarios.len();
            return Err(format!(
                "a proxy runs one policy, so --via runs one scenario, not {count}; name it"
            ));
        }
        let module = match proxy {
            Some(_) if !self.proxy.parity => None,
            _ => Some(module::load(self.module.as_deref())?),
        };
        let player = Player {
            module,
            proxy,
            update: self.update,
            profile: self.profile,
        };
        loop {
            // As they are before the run: what is saved meanwhile has changed, too.
            let watched = self.watch.then(|| files_of(&scenarios));
            let played = self.once(&player, &scenarios)?;
            let Some(watched) = watched else {
                return Ok(Sum::of(&played).exit_code());
            };
            let (changed, found) = self.wait(watched, &scenarios);
            scenarios = found;
            if self.format == Format::Text {
                let changed = format!("\n{} changed", changed.display());
                anstream::println!("{}", style::dim(&changed));
            }
        }
    }

    /// Runs the scenarios once and tells of them.
    fn once(&self, player: &Player, scenarios: &[PathBuf]) -> Result<Vec<Played>, Trouble> {
        let processors = std::thread::available_parallelism().ok();
        let jobs = self.jobs.or(processors).map_or(1, NonZeroUsize::get);
        let as_text = self.format == Format::Text;
        let played = pool::play(player, scenarios, jobs, &mut |one| {
            if as_text {
                text::scenario(one, self.show);
            }
        });
        let coverage = self.coverage.then(|| coverage::of(&played));
        if as_text {
            text::coverage(coverage.as_deref().unwrap_or_default());
            text::sum(&Sum::of(&played));
        } else {
            let json = json::of(&played, coverage.as_deref(), self.show);
            anstream::println!("{json}");
        }
        if let Some(file) = &self.junit {
            junit::of(&played)
                .and_then(|document| std::fs::write(file, document))
                .map_err(|why| format!("cannot write `{}`: {why}", file.display()))?;
        }
        Ok(played)
    }

    /// Waits for a change: which file, and the scenarios that there are now.
    fn wait(&self, mut watched: Watched, scenarios: &[PathBuf]) -> (PathBuf, Vec<PathBuf>) {
        // While a folder is being moved there may be none for a moment.
        let now = || find::scenarios(&self.paths).unwrap_or_else(|_| scenarios.to_vec());
        let came_or_went = || {
            let now = now();
            let differs = |a: &[PathBuf], b: &[PathBuf]| a.iter().find(|p| !b.contains(p)).cloned();
            differs(&now, scenarios).or_else(|| differs(scenarios, &now))
        };
        (watched.wait(came_or_went), now())
    }
}

/// All that decides how scenarios end, but for the module.
fn files_of(scenarios: &[PathBuf]) -> Watched {
    let mut files = BTreeSet::new();
    for scenario in scenarios {
        files.insert(scenario.clone());
        files.insert(find::transcript_of(scenario));
        files.extend(read::decided_by(scenario));
    }
    Watched::new(files)
}
