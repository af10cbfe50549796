//! Runs a plan through a target: every step in order, to the first that does not hold.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use super::check::{self, Mismatch};
use super::client;
use super::read::{Action, Plan, PlannedStep, Sent, What, fill};
use super::reply::compact;
use super::target::{Seen, Target};
use super::time::{DEFAULT, Seconds, show_time};
use super::transcript::Transcript;

/// What came of a scenario.
#[derive(Debug)]
pub(crate) struct Report {
    /// What happened, as text; the same from every target.
    pub(crate) transcript: String,
    /// How many requests were sent.
    pub(crate) requests: u64,
    /// The step that did not hold, if one did not.
    pub(crate) failure: Option<Failure>,
    /// The rules that denied, shadowed ones included, each with its policy's name where known.
    pub(crate) fired: BTreeSet<Fired>,
}

/// A rule that denied: the name of its policy, where the record has it, and its identifier.
pub(crate) type Fired = (Option<String>, String);

/// A step that did not hold.
#[derive(Debug)]
pub(crate) struct Failure {
    /// The step's number, from 1.
    pub(crate) step: usize,
    /// Its line in the file.
    pub(crate) line: usize,
    /// Which of how many times.
    pub(crate) time: (u32, u32),
    /// What was sent, in words.
    pub(crate) sent: String,
    /// The tool call that was sent, if it was one.
    pub(crate) call: Option<Call>,
    /// What was expected and what came.
    pub(crate) mismatches: Vec<Mismatch>,
    /// Everything that was seen.
    pub(crate) seen: Seen,
}

/// A tool call, as `explain` takes it.
#[derive(Debug)]
pub(crate) struct Call {
    /// `{"tool": …, "args": …}`.
    pub(crate) json: String,
    /// `name: value` of each header that the step adds.
    pub(crate) headers: Vec<String>,
    /// The time, RFC 3339.
    pub(crate) at: String,
}

/// Runs a plan.
///
/// # Errors
/// The target is out of reach or out of order; what the filter does is in the report.
pub(crate) fn run(plan: &Plan, target: &mut dyn Target) -> Result<Report, String> {
    let mut runner = Runner {
        clock: DEFAULT,
        transcript: Transcript::new(plan.description.as_deref()),
        requests: 0,
        fired: BTreeSet::new(),
        kept: BTreeMap::new(),
        target,
    };
    if !matches!(
        plan.steps.first(),
        Some(PlannedStep {
            action: Action::SetClock(_),
            ..
        })
    ) {
        runner.target.set_clock(DEFAULT)?;
    }
    let mut failure = None;
    for (index, step) in plan.steps.iter().enumerate() {
        let number = index.saturating_add(1);
        failure = runner.step(number, step)?;
        if failure.is_some() {
            break;
        }
    }
    Ok(Report {
        transcript: runner.transcript.finish(),
        requests: runner.requests,
        failure,
        fired: runner.fired,
    })
}

struct Runner<'a> {
    clock: Seconds,
    transcript: Transcript,
    requests: u64,
    fired: BTreeSet<Fired>,
    /// What steps kept, by name.
    kept: BTreeMap<String, String>,
    target: &'a mut dyn Target,
}

impl Runner<'_> {
    fn step(&mut self, number: usize, step: &PlannedStep) -> Result<Option<Failure>, String> {
        self.transcript.note(step.note.as_deref());
        match &step.action {
            Action::SetClock(to) => self.set_clock(number, *to)?,
            Action::Advance(by) => self.set_clock(number, self.clock.saturating_add(*by))?,
            Action::Send(sent) => return self.send(number, step.line, sent),
        }
        Ok(None)
    }

    fn call(&self, sent: &Sent) -> Option<Call> {
        let What::Call { tool, args } = &sent.what else {
            return None;
        };
        let tool = serde_json::Value::from(tool.as_str());
        let added = sent.headers.iter();
        Some(Call {
            json: format!("{{\"tool\":{tool},\"args\":{}}}", compact(args)),
            headers: added
                .filter_map(|(name, value)| Some(format!("{name}: {}", value.as_ref()?)))
                .collect(),
            at: show_time(self.clock),
        })
    }

    fn set_clock(&mut self, number: usize, to: Seconds) -> Result<(), String> {
        self.clock = to;
        self.transcript.clock(number, to);
        self.target.set_clock(to)
    }

    fn send(&mut self, number: usize, line: usize, sent: &Sent) -> Result<Option<Failure>, String> {
        for time in 1..=sent.times {
            self.requests = self.requests.saturating_add(1);
            let mut outgoing = client::outgoing(sent, self.requests);
            let seen = if matches!(sent.what, What::Operator { .. }) {
                outgoing.http.path = fill(&outgoing.http.path, &self.kept);
                self.target.ask_operators(&outgoing.http)?
            } else {
                self.target.send(&outgoing.http)?
            };
            let (mut mismatches, came) =
                check::check(sent, &outgoing, &seen, self.target.exact_clock());
            for (name, pointer) in &sent.keep {
                match came.reply.find(pointer) {
                    Some(text) => {
                        self.kept.insert(name.clone(), text);
                    }
                    None => mismatches.push(Mismatch {
                        what: "keep",
                        expected: format!("a text at {pointer}"),
                        got: came.reply.shown().join("\n"),
                    }),
                }
            }
            self.transcript.request(number, sent, time, &came);
            let fired = came
                .fired
                .iter()
                .map(|rule| (came.policy.clone(), rule.clone()));
            self.fired.extend(fired);
            if !mismatches.is_empty() {
                return Ok(Some(Failure {
                    step: number,
                    line,
                    time: (time, sent.times),
                    sent: Transcript::title(sent),
                    call: self.call(sent),
                    mismatches,
                    seen,
                }));
            }
        }
        Ok(None)
    }
}
