//! What `run` prints for people.

use super::coverage::Coverage;
use super::play::{Ending, Played};
use super::sum::Sum;
use crate::commands::{failure, style};
use crate::scenario::run::Failure;

/// One scenario: its line, and the cause where it did not pass.
pub(super) fn scenario(played: &Played, show: bool) {
    if show && !played.transcript().is_empty() {
        anstream::println!("{}", played.transcript());
    }
    let path = played.path.display();
    let word = match played.ending {
        Ending::Holds(_) => style::good("pass"),
        Ending::Step(_) | Ending::Transcript { .. } => style::bad("FAIL"),
        Ending::Broken(_) => style::bad("BROKEN"),
    };
    match &played.ending {
        Ending::Holds(remark) => {
            let steps = counted(u64::try_from(played.steps).unwrap_or(u64::MAX), "step");
            let counts = format!("{steps}, {}{remark}", counted(played.requests(), "request"));
            anstream::println!("{word}  {path}  {}", style::dim(&counts));
        }
        Ending::Broken(_) => anstream::println!("{word}  {path}\n{}\n", cause(played)),
        _ => anstream::println!("{word}  {path}\n{}", cause(played)),
    }
}

/// `1 step`, `2 steps`.
fn counted(count: u64, what: &str) -> String {
    let ending = if count == 1 { "" } else { "s" };
    format!("{count} {what}{ending}")
}

/// Why a scenario did not pass; empty where it did.
pub(super) fn cause(played: &Played) -> String {
    match &played.ending {
        Ending::Holds(_) => String::new(),
        Ending::Step(step) => format!("{}{}", failure::of_step(step), hint(played, step)),
        Ending::Transcript { name, golden } => {
            let diff = failure::of_transcript(golden, played.transcript());
            format!(
                "  every step holds, but {name} says otherwise; if what happens is right, \
                 --update writes it\n{diff}"
            )
        }
        Ending::Broken(why) => format!("  {}", why.replace('\n', "\n  ")),
    }
}

/// The command that tells each step to the decision, with all that came before it.
fn hint(played: &Played, failure: &Failure) -> String {
    if !failure.decided {
        return String::new();
    }
    let file = played.path.display().to_string();
    let file = file.replace('\'', "'\\''");
    let mut command = format!(
        "host-test explain --scenario '{file}' --step {}",
        failure.step
    );
    if failure.time.0 > 1 {
        command.push_str(&format!(" --time {}", failure.time.0));
    }
    let command = style::dim(&format!("    each step to it: {command}"));
    format!("{command}\n")
}

/// The last line.
pub(super) fn sum(sum: &Sum) {
    let mut words = vec![format!("{} passed", sum.passed)];
    for (count, what) in [(sum.failed, "failed"), (sum.broken, "broken")] {
        if count > 0 {
            words.push(style::bad(&format!("{count} {what}")));
        }
    }
    anstream::println!("{}", words.join(", "));
}

/// Which rules were never seen to deny, policy by policy.
pub(super) fn coverage(coverage: &[Coverage]) {
    for policy in coverage {
        for never in &policy.never {
            anstream::println!("{}", never.shown);
        }
        let path = policy.path.display();
        let (fired, all) = (policy.fired(), policy.rules);
        let words = format!("{path}: {fired} of {all} rules were seen to deny");
        let words = if fired == all {
            style::good(&words)
        } else {
            style::warning(&words)
        };
        anstream::println!("{words}");
    }
}
