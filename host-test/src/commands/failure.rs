//! A failed scenario, told so that its cause is seen.

use std::fmt::Write;

use similar::{ChangeTag, TextDiff};

use super::style;
use crate::scenario::reply::Reply;
use crate::scenario::run::Failure;

/// How much of a line of evidence is shown, in characters.
const SHOWN: usize = 1_000;

/// A step that did not hold: what was expected, what came, and everything that was seen.
pub(super) fn of_step(failure: &Failure) -> String {
    let mut text = String::new();
    let (time, times) = failure.time;
    let which = if times > 1 {
        format!(", {time} of {times}")
    } else {
        String::new()
    };
    let title = failure.sent.lines().next().unwrap_or_default();
    line(
        &mut text,
        &style::bold(&format!(
            "step {} (line {}{which}): {title}",
            failure.step, failure.line
        )),
    );
    for mismatch in &failure.mismatches {
        line(&mut text, &format!("  {}", mismatch.what));
        for part in mismatch.expected.lines() {
            line(&mut text, &style::good(&format!("    - expected  {part}")));
        }
        for part in mismatch.got.lines() {
            line(&mut text, &style::bad(&format!("    + got       {part}")));
        }
    }
    let seen = &failure.seen;
    evidence(
        &mut text,
        "record",
        seen.record.as_deref().unwrap_or("none"),
    );
    match &seen.response {
        None => evidence(&mut text, "reply", "none"),
        Some(response) => {
            let reply = Reply::of(response).shown().join("\n");
            evidence(
                &mut text,
                "reply",
                &format!("HTTP {} {reply}", response.status),
            );
        }
    }
    let saw = match seen.upstream.len() {
        0 => "nothing".to_owned(),
        1 => "the request".to_owned(),
        count => format!("{count} requests"),
    };
    evidence(&mut text, "upstream", &format!("saw {saw}"));
    for log in &seen.logs {
        evidence(&mut text, "log", log);
    }
    text
}

/// A transcript that is not the one on file.
pub(super) fn of_transcript(golden: &str, transcript: &str) -> String {
    let diff = TextDiff::from_lines(golden, transcript);
    let mut text = String::new();
    for (index, group) in diff.grouped_ops(3).iter().enumerate() {
        if index > 0 {
            line(&mut text, "  ...");
        }
        for change in group.iter().flat_map(|op| diff.iter_changes(op)) {
            let words = change.value().trim_end_matches('\n');
            line(
                &mut text,
                &match change.tag() {
                    ChangeTag::Equal => format!("    {words}"),
                    ChangeTag::Delete => style::good(&format!("  - {words}")),
                    ChangeTag::Insert => style::bad(&format!("  + {words}")),
                },
            );
        }
    }
    text
}

fn evidence(text: &mut String, what: &str, value: &str) {
    let shown: String = value.chars().take(SHOWN).collect();
    line(text, &style::dim(&format!("  {what}: {shown}")));
}

fn line(text: &mut String, line: &str) {
    // Writing to a string cannot fail.
    let _ = writeln!(text, "  {line}");
}
