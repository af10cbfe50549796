//! What `run --format json` prints: one JSON object on one line, a promise to scripts.

use serde::Serialize;
use serde_json::value::RawValue;

use super::coverage::Coverage;
use super::play::{Ending, Played};
use super::sum::Sum;
use super::text;

#[derive(Serialize)]
struct Run<'a> {
    passed: usize,
    failed: usize,
    broken: usize,
    scenarios: Vec<Scenario<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    coverage: Option<Vec<Policy>>,
}

#[derive(Serialize)]
struct Scenario<'a> {
    path: String,
    outcome: &'static str,
    steps: usize,
    requests: u64,
    milliseconds: u64,
    /// Why it did not pass, as the text output tells it.
    cause: Option<String>,
    /// The step that did not hold.
    failure: Option<Failure<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    transcript: Option<&'a str>,
}

#[derive(Serialize)]
struct Failure<'a> {
    step: usize,
    line: usize,
    /// Which of its repetitions, from 1.
    time: u32,
    sent: &'a str,
    mismatches: Vec<Mismatch<'a>>,
    record: Option<Record<'a>>,
}

/// The decision record.
#[derive(Serialize)]
#[serde(untagged)]
enum Record<'a> {
    Json(&'a RawValue),
    /// As a broken module or another proxy may write it.
    Broken(&'a str),
}

impl<'a> Record<'a> {
    fn of(text: &'a str) -> Record<'a> {
        let one_line = !text.contains(['\n', '\r']);
        let json = serde_json::from_str(text).ok().filter(|_| one_line);
        json.map_or(Record::Broken(text), Record::Json)
    }
}

#[derive(Serialize)]
struct Mismatch<'a> {
    what: &'a str,
    expected: &'a str,
    got: &'a str,
}

#[derive(Serialize)]
struct Policy {
    policy: String,
    rules: usize,
    fired: usize,
    never: Vec<Never>,
}

#[derive(Serialize)]
struct Never {
    policy: String,
    rule: String,
    line: Option<usize>,
}

/// The object as text.
pub(super) fn of(played: &[Played], coverage: Option<&[Coverage]>, show: bool) -> String {
    let sum = Sum::of(played);
    let run = Run {
        passed: sum.passed,
        failed: sum.failed,
        broken: sum.broken,
        scenarios: played.iter().map(|one| scenario(one, show)).collect(),
        coverage: coverage.map(|all| all.iter().map(policy).collect()),
    };
    // Maps with text keys cannot fail to become JSON.
    serde_json::to_string(&run).unwrap_or_default()
}

fn scenario(played: &Played, show: bool) -> Scenario<'_> {
    let failure = match &played.ending {
        Ending::Step(failure) => Some(Failure {
            step: failure.step,
            line: failure.line,
            time: failure.time.0,
            sent: &failure.sent,
            mismatches: failure
                .mismatches
                .iter()
                .map(|one| Mismatch {
                    what: one.what,
                    expected: &one.expected,
                    got: &one.got,
                })
                .collect(),
            record: failure.seen.record.as_deref().map(Record::of),
        }),
        _ => None,
    };
    let outcome = match played.ending {
        Ending::Holds(_) => "passed",
        Ending::Step(_) | Ending::Transcript { .. } => "failed",
        Ending::Broken(_) => "broken",
    };
    let cause = anstream::adapter::strip_str(&text::cause(played)).to_string();
    Scenario {
        path: played.path.display().to_string(),
        outcome,
        steps: played.steps,
        requests: played.requests(),
        milliseconds: u64::try_from(played.took.as_millis()).unwrap_or(u64::MAX),
        cause: Some(cause).filter(|cause| !cause.is_empty()),
        failure,
        transcript: show.then(|| played.transcript()),
    }
}

fn policy(coverage: &Coverage) -> Policy {
    let never = coverage.never.iter().map(|never| Never {
        policy: never.policy.clone(),
        rule: never.rule.clone(),
        line: never.at.map(|at| at.line),
    });
    Policy {
        policy: coverage.path.display().to_string(),
        rules: coverage.rules,
        fired: coverage.fired(),
        never: never.collect(),
    }
}
