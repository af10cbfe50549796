//! `host-test replay`: what another policy would have decided of what was called.

mod capture;
mod logged;
mod need;
mod tally;

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{ArgGroup, Args};
use toolgate_engine::Gate;

use super::document::{Document, Source};
use super::format::Format;
use super::progress::Progress;
use super::{Trouble, module};
use capture::Capture;
use logged::Logged;
use tally::Tally;

/// Tells what a new policy would have decided differently: by rule, and by caller.
///
/// FILE is an audit log, one decision record a line, or a capture of request bodies, one a line,
/// as `host-test decide` reads them; a line of a capture may also be {"time": …, "headers": {…},
/// "body": …}. Of a capture, --before is the policy to compare with.
///
/// A record holds no arguments but those that the policy lists as safe. Where a rule or a limit
/// needs more than the record holds, the call is told as one that cannot be told; nothing is
/// guessed. Calls are counted from fresh counters, at the times that the records say.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES, group = ArgGroup::new("what").args(["policy", "config"]).required(true))]
pub(super) struct Replay {
    #[command(flatten)]
    source: Source,
    /// The policy or configuration that was in force, for a capture
    #[arg(long, value_name = "FILE")]
    before: Option<PathBuf>,
    /// The upstream's name in counters, for a capture [default: the policy's folder]
    #[arg(long, value_name = "NAME", conflicts_with = "config")]
    server: Option<String>,
    /// How to print
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// The module to run a capture through [default: built from the workspace first]
    #[arg(long, value_name = "FILE")]
    module: Option<PathBuf>,
    /// The audit log or the capture
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

const EXAMPLES: &str = "\
Examples:
  host-test replay --policy new.json audit.log
  host-test replay --policy new.json --before policy.json bodies.ndjson

Exit codes: 0 everything was replayed, whatever came of it; 2 a policy has errors (printed as
`host-test check` does), or the file, a line of it, the command line or the module is at fault.";

impl Replay {
    pub(super) fn run(self) -> Result<ExitCode, Trouble> {
        let document = self.source.read();
        if document.is_refused() {
            return Ok(document.refuse());
        }
        let before = self
            .before
            .as_deref()
            .map(|file| Document::read(file, None));
        if let Some(before) = before.as_ref().filter(|before| before.is_refused()) {
            return Ok(before.refuse());
        }
        let config = document.plugin_config(self.server.as_deref());
        let lines = self.lines()?;
        let mut tally = Tally::default();
        if lines.iter().any(|(_, line)| logged::is_record(line)) {
            if self.before.is_some() {
                return Err("an audit log says itself what was decided: leave --before out".into());
            }
            let (gate, _) = Gate::load(config.as_bytes())
                .map_err(|_| "the policy is refused: see `host-test check`".to_owned())?;
            let mut logged = Logged::new(gate);
            self.each(&lines, |line| logged.line(line, &mut tally))?;
        } else {
            let before = before.ok_or(
                "a capture does not say what was decided: give the policy that was in force, \
                 --before FILE",
            )?;
            let module = module::load(self.module.as_deref())?;
            let before = before.plugin_config(self.server.as_deref());
            let mut capture = Capture::start(&module, before, config)?;
            self.each(&lines, |line| capture.line(line, &mut tally))?;
            if !tally.has_calls() {
                return Err(format!(
                    "`{}` has nothing to replay: no decision record, one a line, as Envoy's access log has \
                     them, and no body of a tools/call",
                    self.file.display()
                ));
            }
        }
        match self.format {
            Format::Text => anstream::print!("{}", tally.text()),
            Format::Json => anstream::println!("{}", tally.json()),
        }
        Ok(ExitCode::SUCCESS)
    }

    /// The lines of the file that are not empty, with their numbers.
    fn lines(&self) -> Result<Vec<(usize, Vec<u8>)>, Trouble> {
        let wrong = |why| format!("cannot read `{}`: {why}", self.file.display());
        let file = std::fs::File::open(&self.file).map_err(wrong)?;
        let mut lines = Vec::new();
        for (index, line) in BufReader::new(file).split(b'\n').enumerate() {
            let line = line.map_err(wrong)?;
            if !line.trim_ascii().is_empty() {
                lines.push((index.saturating_add(1), line));
            }
        }
        if lines.is_empty() {
            return Err(format!("`{}` is empty", self.file.display()));
        }
        Ok(lines)
    }

    fn each(
        &self,
        lines: &[(usize, Vec<u8>)],
        mut replay: impl FnMut(&[u8]) -> Result<(), String>,
    ) -> Result<(), Trouble> {
        let progress = Progress::start("replaying");
        for (done, (number, line)) in lines.iter().enumerate() {
            if done.is_multiple_of(256) {
                progress.now(format!("replaying: {done} of {}", lines.len()));
            }
            replay(line).map_err(|why| format!("{}:{number}: {why}", self.file.display()))?;
        }
        Ok(())
    }
}
