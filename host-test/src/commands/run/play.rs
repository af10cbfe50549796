//! Plays one scenario and tells how it ended.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use host_test::Module;

use super::options;
use crate::commands::document::{Document, Kind};
use crate::commands::find;
use crate::scenario::read::{self, Plan};
use crate::scenario::run::{self, Failure, Report};
use crate::scenario::server::Scripted;
use crate::scenario::target::Target;
use crate::scenario::target::in_process::{InProcess, Profile};
use crate::scenario::target::paired::Paired;
use crate::scenario::target::via::Via;

/// How scenarios are played.
pub(super) struct Player {
    /// The module, unless there is only a proxy.
    pub(super) module: Option<Module>,
    pub(super) proxy: Option<options::Options>,
    /// Whether transcripts are written instead of compared.
    pub(super) update: bool,
    /// The proxy that the host imitates.
    pub(super) profile: Profile,
}

/// One scenario that was played.
pub(super) struct Played {
    pub(super) path: PathBuf,
    /// How many steps it has; 0 where it could not be read.
    pub(super) steps: usize,
    pub(super) took: Duration,
    pub(super) ending: Ending,
    /// What happened, where it could be played.
    pub(super) report: Option<Report>,
    /// The file that decides, and the plugin's configuration made from it.
    pub(super) decided_by: Option<(PathBuf, String)>,
}

/// How a scenario ended.
pub(super) enum Ending {
    /// Everything is as it must be; with a remark about the transcript, or none.
    Holds(String),
    /// A step does not hold.
    Step(Box<Failure>),
    /// Every step holds, but the transcript on file (by this name) says otherwise.
    Transcript { name: String, golden: String },
    /// It could not be played, for this reason.
    Broken(String),
}

impl Played {
    /// What happened, as text.
    pub(super) fn transcript(&self) -> &str {
        self.report.as_ref().map_or("", |r| r.transcript.as_str())
    }

    /// How many requests were sent.
    pub(super) fn requests(&self) -> u64 {
        self.report.as_ref().map_or(0, |report| report.requests)
    }
}

/// What `check` says of the file that decides, where the module refused it for that.
fn refused(plan: &Plan, why: String) -> String {
    let kind = match plan.by_config {
        true => Kind::Config,
        false => Kind::Policy,
    };
    let document = Document::read(&plan.decided_by, Some(kind));
    match document.is_refused() {
        true => document.errors().join("\n"),
        false => why,
    }
}

impl Player {
    /// Plays one scenario in a host of its own.
    pub(super) fn play(&self, path: &Path) -> Played {
        let began = Instant::now();
        let mut played = Played {
            path: path.to_owned(),
            steps: 0,
            took: Duration::ZERO,
            ending: Ending::Holds(String::new()),
            report: None,
            decided_by: None,
        };
        if let Err(why) = self.fill(path, &mut played) {
            played.ending = Ending::Broken(why);
        }
        played.took = began.elapsed();
        played
    }

    /// An error is something beside the policy's decisions.
    fn fill(&self, path: &Path, played: &mut Played) -> Result<(), String> {
        let plan = read::read(path).map_err(|error| error.to_string())?;
        played.steps = plan.steps.len();
        played.decided_by = Some((plan.decided_by.clone(), plan.plugin_config.clone()));
        let mut target = self.target(&plan).map_err(|why| refused(&plan, why))?;
        let mut report = run::run(&plan, target.as_mut())?;
        played.ending = match report.failure.take() {
            Some(step) => Ending::Step(Box::new(step)),
            None => self.compare(&plan, &report, target.exact_clock())?,
        };
        played.report = Some(report);
        Ok(())
    }

    fn target(&self, plan: &Plan) -> Result<Box<dyn Target>, String> {
        let server = Scripted::new(&plan.upstream);
        Ok(match (&self.proxy, &self.module) {
            (Some(proxy), None) => Box::new(Via::start(proxy, server)?),
            (Some(proxy), Some(module)) => {
                let own = Scripted::new(&plan.upstream);
                let here = InProcess::start(module, plan, own, self.profile)?;
                Box::new(Paired::new(here, Via::start(proxy, server)?))
            }
            (None, Some(module)) => Box::new(InProcess::start(module, plan, server, self.profile)?),
            (None, None) => return Err("neither a module nor a proxy".to_owned()),
        })
    }

    /// Compares or writes the transcript of a scenario whose steps hold.
    fn compare(&self, plan: &Plan, report: &Report, exact_clock: bool) -> Result<Ending, String> {
        let file = find::transcript_of(&plan.path);
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        let golden = match std::fs::read_to_string(&file) {
            Ok(text) => Some(text),
            Err(why) if why.kind() == std::io::ErrorKind::NotFound => None,
            Err(why) => return Err(format!("cannot read `{}`: {why}", file.display())),
        };
        let same = golden.as_deref() == Some(report.transcript.as_str());
        Ok(Ending::Holds(match golden {
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
                let name = name.into_owned();
                return Ok(Ending::Transcript { name, golden });
            }
            Some(_) => String::new(),
        }))
    }
}
