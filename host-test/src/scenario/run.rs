//! Runs a plan through a target: every step in order, to the first that does not hold.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use host_test::Request;

use super::check::{self, Came, Mismatch};
use super::client::{self, Outgoing};
use super::read::{Action, Plan, PlannedStep, Sent, What, fill};
use super::target::{Seen, Target};
use super::time::{DEFAULT, Seconds};
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
    /// Whether a policy decides it: what operators ask, none does.
    pub(crate) decided: bool,
    /// What was expected and what came.
    pub(crate) mismatches: Vec<Mismatch>,
    /// Everything that was seen.
    pub(crate) seen: Seen,
}

/// Runs a plan.
///
/// # Errors
/// The target is out of reach or out of order; what the filter does is in the report.
pub(crate) fn run(plan: &Plan, target: &mut dyn Target) -> Result<Report, String> {
    let mut runner = Runner::start(plan, target)?;
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

/// The request of a step, after everything before it was sent.
pub(crate) struct Reached {
    /// When it would be sent.
    pub(crate) clock: Seconds,
    /// What would be sent.
    pub(crate) request: Request,
}

/// Sends what comes before a step, numbered from 1, and before its `time`, from 1, whatever comes
/// of it.
///
/// # Errors
/// The target is out of reach, or the step sends no such request; in words.
pub(crate) fn up_to(
    plan: &Plan,
    target: &mut dyn Target,
    (number, time): (usize, u32),
) -> Result<Reached, String> {
    let index = number.checked_sub(1);
    let Some(step) = index.and_then(|index| plan.steps.get(index)) else {
        let steps = plan.steps.len();
        return Err(format!(
            "there is no step {number}: the steps are 1 to {steps}"
        ));
    };
    let sent = match &step.action {
        Action::Send(sent) if matches!(sent.what, What::Operator { .. }) => {
            return Err(format!(
                "step {number} asks the operators' listener: no policy decides it"
            ));
        }
        Action::Send(sent) if (1..=sent.times).contains(&time) => sent,
        Action::Send(sent) => {
            let times = sent.times;
            return Err(format!(
                "step {number} has the times 1 to {times}, and no {time}"
            ));
        }
        Action::SetClock(_) | Action::Advance(_) => {
            return Err(format!("step {number} sends nothing: it sets the clock"));
        }
    };
    let mut runner = Runner::start(plan, target)?;
    for (index, before) in plan.steps.iter().enumerate().take(number.saturating_sub(1)) {
        runner.step(index.saturating_add(1), before)?;
    }
    for _ in 1..time {
        runner.once(sent)?;
    }
    Ok(Reached {
        clock: runner.clock,
        request: runner.next(sent).http,
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

impl<'a> Runner<'a> {
    /// Sets the clock to the default, unless the first step sets it.
    fn start(plan: &Plan, target: &'a mut dyn Target) -> Result<Runner<'a>, String> {
        let first = plan.steps.first().map(|step| &step.action);
        if !matches!(first, Some(Action::SetClock(_))) {
            target.set_clock(DEFAULT)?;
        }
        Ok(Runner {
            clock: DEFAULT,
            transcript: Transcript::new(plan.description.as_deref()),
            requests: 0,
            fired: BTreeSet::new(),
            kept: BTreeMap::new(),
            target,
        })
    }

    fn step(&mut self, number: usize, step: &PlannedStep) -> Result<Option<Failure>, String> {
        self.transcript.note(step.note.as_deref());
        match &step.action {
            Action::SetClock(to) => self.set_clock(number, *to)?,
            Action::Advance(by) => self.set_clock(number, self.clock.saturating_add(*by))?,
            Action::Send(sent) => return self.send(number, step.line, sent),
        }
        Ok(None)
    }

    fn set_clock(&mut self, number: usize, to: Seconds) -> Result<(), String> {
        self.clock = to;
        self.transcript.clock(number, to);
        self.target.set_clock(to)
    }

    fn send(&mut self, number: usize, line: usize, sent: &Sent) -> Result<Option<Failure>, String> {
        for time in 1..=sent.times {
            let (seen, mismatches, came) = self.once(sent)?;
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
                    decided: !matches!(sent.what, What::Operator { .. }),
                    mismatches,
                    seen,
                }));
            }
        }
        Ok(None)
    }

    /// The next request of a step.
    fn next(&mut self, sent: &Sent) -> Outgoing {
        self.requests = self.requests.saturating_add(1);
        let mut outgoing = client::outgoing(sent, self.requests);
        if matches!(sent.what, What::Operator { .. }) {
            outgoing.http.path = fill(&outgoing.http.path, &self.kept);
        }
        outgoing
    }

    /// Sends a step's request once, and keeps what later steps need of the reply.
    fn once(&mut self, sent: &Sent) -> Result<(Seen, Vec<Mismatch>, Came), String> {
        let outgoing = self.next(sent);
        let seen = if matches!(sent.what, What::Operator { .. }) {
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
        Ok((seen, mismatches, came))
    }
}
