//! Runs a plan through a target: every step in order, to the first that does not hold.

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use host_test::Request;

use super::check::{self, Mismatch};
use super::client;
use super::read::{Action, Plan, PlannedStep, Sent};
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
    let mut runner = Runner {
        clock: DEFAULT,
        transcript: Transcript::new(plan.description.as_deref()),
        requests: 0,
        fired: BTreeSet::new(),
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

/// The request of a step, after everything before it was sent.
pub(crate) struct Reached {
    /// When it would be sent.
    pub(crate) clock: Seconds,
    /// What would be sent.
    pub(crate) request: Request,
}

/// Sends what comes before a step, numbered from 1, and before its `time`, from 1, and looks at
/// nothing that comes of it.
///
/// # Errors
/// The target is out of reach, or the step sends nothing so often; in words.
pub(crate) fn up_to(
    plan: &Plan,
    target: &mut dyn Target,
    (number, time): (usize, u32),
) -> Result<Reached, String> {
    let mut clock = DEFAULT;
    let mut requests = 0u64;
    target.set_clock(clock)?;
    for (index, step) in plan.steps.iter().enumerate().take(number) {
        let is_it = index.saturating_add(1) == number;
        match &step.action {
            Action::SetClock(to) => clock = *to,
            Action::Advance(by) => clock = clock.saturating_add(*by),
            Action::Send(sent) => {
                for now in 1..=sent.times {
                    requests = requests.saturating_add(1);
                    let request = client::outgoing(sent, requests).http;
                    if is_it && now == time {
                        return Ok(Reached { clock, request });
                    }
                    target.send(&request)?;
                }
                continue;
            }
        }
        target.set_clock(clock)?;
    }
    let steps = plan.steps.len();
    Err(match plan.steps.get(number.wrapping_sub(1)) {
        None => format!("there is no step {number}: the scenario has {steps}"),
        Some(PlannedStep {
            action: Action::Send(sent),
            ..
        }) => format!("step {number} is sent {} times, not {time}", sent.times),
        Some(_) => format!("step {number} sends nothing: it sets the clock"),
    })
}

struct Runner<'a> {
    clock: Seconds,
    transcript: Transcript,
    requests: u64,
    fired: BTreeSet<Fired>,
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

    fn set_clock(&mut self, number: usize, to: Seconds) -> Result<(), String> {
        self.clock = to;
        self.transcript.clock(number, to);
        self.target.set_clock(to)
    }

    fn send(&mut self, number: usize, line: usize, sent: &Sent) -> Result<Option<Failure>, String> {
        for time in 1..=sent.times {
            self.requests = self.requests.saturating_add(1);
            let outgoing = client::outgoing(sent, self.requests);
            let seen = self.target.send(&outgoing.http)?;
            let (mismatches, came) =
                check::check(sent, &outgoing, &seen, self.target.exact_clock());
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
                    mismatches,
                    seen,
                }));
            }
        }
        Ok(None)
    }
}
