//! `host-test run`: runs scenarios and compares their transcripts.

mod options;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use host_test::Module;

use super::{Trouble, failure, find, module, style};
use crate::scenario::read::{self, Plan};
use crate::scenario::run::{self, Report};
use crate::scenario::server::Scripted;
use crate::scenario::target::Target;
use crate::scenario::target::in_process::InProcess;
use crate::scenario::target::via::Via;

/// Runs scenarios: every scenario.yaml (and *.scenario.yaml) under the paths.
///
/// Each runs in a fresh host with its own clock and scripted MCP server, up to its first step
/// that does not hold. A transcript.txt beside a scenario must equal what happens.
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
    #[command(flatten)]
    proxy: options::Proxy,
}

const EXAMPLES: &str = "\
Examples:
  host-test run examples
  host-test run examples/workprotocol --update
  host-test run examples/workprotocol --via http://127.0.0.1:10000 \\
      --upstream-listen 127.0.0.1:8080 --records access.log --clock-file clock

Exit codes: 0 all scenarios hold; 1 one does not; 2 the command line, a file or the module is at
fault.";

/// How a scenario ended.
enum Ending {
    Holds,
    Fails(String),
    Broken(String),
}

impl Run {
    pub(super) fn run(self) -> Result<ExitCode, Trouble> {
        let scenarios = find::scenarios(&self.paths)?;
        let proxy = self.proxy.options()?;
        let (mut held, mut failed, mut broken) = (0_usize, 0_usize, 0_usize);
        if proxy.is_some() && scenarios.len() > 1 {
            let count = scenarios.len();
            return Err(format!(
                "a proxy runs one policy, so --via runs one scenario, not {count}; name it"
            ));
        }
        let module = match proxy {
            Some(_) => None,
            None => Some(module::load(self.module.as_deref())?),
        };
        for path in &scenarios {
            let ending = match self.one(path, module.as_ref(), proxy.as_ref()) {
                Ok(ending) => ending,
                Err(why) => Ending::Broken(why),
            };
            let shown = path.display();
            match ending {
                Ending::Holds => held = held.saturating_add(1),
                Ending::Fails(why) => {
                    failed = failed.saturating_add(1);
                    anstream::println!("{}  {shown}\n{why}", style::bad("FAIL"));
                }
                Ending::Broken(why) => {
                    broken = broken.saturating_add(1);
                    let why = why.replace('\n', "\n  ");
                    anstream::println!("{}  {shown}\n  {why}\n", style::bad("BROKEN"));
                }
            }
        }
        let mut sum = vec![format!("{held} passed")];
        for (count, what) in [(failed, "failed"), (broken, "broken")] {
            if count > 0 {
                sum.push(style::bad(&format!("{count} {what}")));
            }
        }
        anstream::println!("{}", sum.join(", "));
        Ok(match (failed, broken) {
            (0, 0) => ExitCode::SUCCESS,
            (_, 0) => ExitCode::from(1),
            _ => ExitCode::from(2),
        })
    }

    /// Runs one scenario; an error is something beside the policy's decisions.
    fn one(
        &self,
        path: &Path,
        module: Option<&Module>,
        proxy: Option<&options::Options>,
    ) -> Result<Ending, String> {
        let plan = read::read(path).map_err(|error| error.to_string())?;
        let server = Scripted::new(&plan.upstream);
        let mut target: Box<dyn Target> = match (proxy, module) {
            (Some(proxy), _) => Box::new(Via::start(proxy, server)?),
            (None, Some(module)) => {
                Box::new(InProcess::start(module, &plan.plugin_config, server)?)
            }
            (None, None) => return Err("neither a module nor a proxy".to_owned()),
        };
        let report = run::run(&plan, target.as_mut())?;
        if self.show {
            anstream::println!("{}", report.transcript);
        }
        if let Some(step) = &report.failure {
            return Ok(Ending::Fails(failure::of_step(step)));
        }
        self.compare(&plan, &report, target.exact_clock())
    }

    /// Compares or writes the transcript of a scenario that holds, and tells that it does.
    fn compare(&self, plan: &Plan, report: &Report, exact_clock: bool) -> Result<Ending, String> {
        let file = find::transcript_of(&plan.path);
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        let golden = match std::fs::read_to_string(&file) {
            Ok(text) => Some(text),
            Err(why) if why.kind() == std::io::ErrorKind::NotFound => None,
            Err(why) => return Err(format!("cannot read `{}`: {why}", file.display())),
        };
        let same = golden.as_deref() == Some(report.transcript.as_str());
        let remark = match &golden {
            _ if self.update && same => String::new(),
            _ if self.update => {
                std::fs::write(&file, &report.transcript)
                    .map_err(|why| format!("cannot write `{}`: {why}", file.display()))?;
                format!("; wrote {name}")
            }
            // Waiting times stand in the transcript, and on a clock that runs they vary.
            _ if !exact_clock => format!("; {name} not compared without --clock-file"),
            None => format!("; there is no {name}, --update writes it"),
            Some(golden) if !same => {
                let diff = failure::of_transcript(golden, &report.transcript);
                return Ok(Ending::Fails(format!(
                    "  every step holds, but {name} says otherwise; if what happens is right, \
                     --update writes it\n{diff}"
                )));
            }
            Some(_) => String::new(),
        };
        let counts = format!("{} steps, {} requests", plan.steps.len(), report.requests);
        anstream::println!(
            "{}  {}  {}",
            style::good("pass"),
            plan.path.display(),
            style::dim(&format!("{counts}{remark}"))
        );
        Ok(Ending::Holds)
    }
}
