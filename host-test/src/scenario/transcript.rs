//! What happened, as text that reads well and is the same from every host.

use super::check::Came;
use super::read::{Era, Outcome, Sent, What};
use super::reply::compact;
use super::time::{Seconds, show_time};

/// How much of a value is shown, in characters.
const SHOWN: usize = 400;

/// A transcript as it grows.
#[derive(Debug, Default)]
pub(crate) struct Transcript {
    text: String,
    /// The last requests of one step that all came out the same.
    group: Option<Group>,
}

#[derive(Debug)]
struct Group {
    step: usize,
    title: String,
    first: u32,
    last: u32,
    times: u32,
    body: Vec<String>,
}

impl Transcript {
    /// A transcript that begins with what the scenario proves.
    pub(crate) fn new(description: Option<&str>) -> Transcript {
        let mut transcript = Transcript::default();
        for line in description.unwrap_or_default().lines() {
            transcript.line(&format!("# {line}"));
        }
        transcript
    }

    /// The text of a note, before the step it belongs to.
    pub(crate) fn note(&mut self, note: Option<&str>) {
        let Some(note) = note else { return };
        self.flush();
        self.gap();
        for line in note.lines() {
            self.line(&format!("# {line}"));
        }
    }

    /// The clock was set.
    pub(crate) fn clock(&mut self, step: usize, to: Seconds) {
        self.flush();
        self.gap();
        self.line(&format!("{step}. clock {}", show_time(to)));
    }

    /// One request and what came of it; equal ones in a row are told once.
    pub(crate) fn request(&mut self, step: usize, sent: &Sent, time: u32, came: &Came) {
        let body = match &sent.what {
            What::Operator { .. } => answer(came),
            _ => body(came),
        };
        if let Some(group) = &mut self.group
            && group.step == step
            && group.body == body
        {
            group.last = time;
            return;
        }
        self.flush();
        self.group = Some(Group {
            step,
            title: Transcript::title(sent),
            first: time,
            last: time,
            times: sent.times,
            body,
        });
    }

    /// The whole text.
    pub(crate) fn finish(mut self) -> String {
        self.flush();
        self.text
    }

    /// What is sent, in one line.
    pub(crate) fn title(sent: &Sent) -> String {
        let mut title = match &sent.what {
            What::List(kind) => format!("{}/list", kind.name()),
            What::Call { tool, args } => format!("tools/call {tool} {}", compact(args)),
            What::Request { method, params } => {
                let params = params.as_deref().map(compact).unwrap_or_default();
                format!("{method} {params}").trim_end().to_owned()
            }
            What::Raw { http, body } => {
                let body = body.escape_debug().to_string();
                format!("{http} {body}").trim_end().to_owned()
            }
            What::Operator { http, path } => format!("operator: {http} {path}"),
        };
        title = cut(&title);
        match sent.era {
            Era::Stateless => title.push_str(" (2026-07-28)"),
            Era::Handshake("2025-11-25") => {}
            Era::Handshake(version) => title.push_str(&format!(" ({version})")),
        }
        for (name, value) in &sent.headers {
            let value = value.as_deref().unwrap_or("(none)");
            title.push_str(&format!("\n   {name}: {}", cut(value)));
        }
        title
    }

    fn flush(&mut self) {
        let Some(group) = self.group.take() else {
            return;
        };
        let which = if group.times == 1 {
            String::new()
        } else if group.first == group.last {
            format!("  [{} of {}]", group.first, group.times)
        } else {
            format!("  [{} to {} of {}]", group.first, group.last, group.times)
        };
        self.gap();
        let (title, headers) = match group.title.split_once('\n') {
            Some((title, headers)) => (title, Some(headers)),
            None => (group.title.as_str(), None),
        };
        self.line(&format!("{}. {title}{which}", group.step));
        if let Some(headers) = headers {
            self.line(headers);
        }
        for line in &group.body {
            self.line(&format!("   {line}"));
        }
    }

    /// An empty line, but not at the start.
    fn gap(&mut self) {
        if !self.text.is_empty() && !self.text.ends_with("\n\n") {
            self.text.push('\n');
        }
    }

    fn line(&mut self, line: &str) {
        self.text.push_str(line.trim_end());
        self.text.push('\n');
    }
}

/// What an operator is answered.
fn answer(came: &Came) -> Vec<String> {
    let status = came
        .status
        .map_or_else(|| "no response".to_owned(), |s| format!("HTTP {s}"));
    let shown = came.reply.shown();
    std::iter::once(status)
        .chain(shown.iter().map(|line| cut(line)))
        .collect()
}

/// What came of a request, line by line.
fn body(came: &Came) -> Vec<String> {
    let mut lines = Vec::new();
    let outcome = came
        .outcome
        .map_or_else(|| "no record".to_owned(), |o| o.to_string());
    let rule = came
        .rule
        .as_ref()
        .map_or_else(String::new, |rule| format!(" by {rule}"));
    lines.push(format!("{outcome}{rule}"));
    // What a denial tells its caller is in the reply; this is what only the operator reads.
    if let Some(message) = &came.message
        && came.outcome != Some(Outcome::Allow)
        && !came.reply.words().contains(message)
    {
        lines.push(format!("for the operator: {}", cut(message)));
    }
    lines.push(if came.reached_upstream {
        "upstream saw it".to_owned()
    } else {
        "upstream saw nothing".to_owned()
    });
    let status = came
        .status
        .map_or_else(|| "no response".to_owned(), |s| format!("HTTP {s}"));
    let kind = came
        .headers
        .iter()
        .find(|(name, _)| *name == "content-type");
    lines.push(match kind {
        Some((_, kind)) => format!("{status}, {kind}"),
        None => status,
    });
    for (name, value) in came
        .headers
        .iter()
        .filter(|(name, _)| *name != "content-type")
    {
        lines.push(format!("{name}: {value}"));
    }
    match &came.listed {
        Some(names) if names.is_empty() => lines.push("sees nothing".to_owned()),
        Some(names) => lines.push(format!("sees {}", names.join(", "))),
        None => lines.extend(came.reply.shown().iter().map(|line| cut(line))),
    }
    lines
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", text.split_at(end).0),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::read::Expectation;
    use crate::scenario::time::DEFAULT;

    fn call(times: u32) -> Sent {
        Sent {
            what: What::Call {
                tool: "t".to_owned(),
                args: "{ }".to_owned(),
            },
            times,
            era: Era::Handshake("2025-11-25"),
            headers: vec![("authorization".to_owned(), Some("Bearer x".to_owned()))],
            keep: std::collections::BTreeMap::new(),
            expect: Expectation::default(),
        }
    }

    fn came(outcome: Outcome, rule: Option<&str>) -> Came {
        Came {
            outcome: Some(outcome),
            rule: rule.map(str::to_owned),
            status: Some(200),
            headers: vec![("content-type", "application/json".to_owned())],
            reached_upstream: outcome == Outcome::Allow,
            ..Came::default()
        }
    }

    #[test]
    fn equal_requests_are_told_once() {
        let mut transcript = Transcript::new(Some("what it proves"));
        transcript.clock(1, DEFAULT);
        for time in 1..=3 {
            transcript.request(2, &call(4), time, &came(Outcome::Allow, None));
        }
        transcript.request(
            2,
            &call(4),
            4,
            &came(Outcome::Deny, Some("/tools/t/limits/x")),
        );
        transcript.note(Some("done"));
        let allowed = "   authorization: Bearer x\n   allow\n   upstream saw it\n   HTTP 200, application/json\n";
        assert_eq!(
            transcript.finish(),
            format!(
                "# what it proves\n\n1. clock 2026-01-01T00:00:00Z\n\n2. tools/call t {{}}  [1 to 3 of 4]\n{allowed}\n\
                 2. tools/call t {{}}  [4 of 4]\n   authorization: Bearer x\n   deny by /tools/t/limits/x\n   \
                 upstream saw nothing\n   HTTP 200, application/json\n\n# done\n"
            )
        );
    }

    #[test]
    fn long_values_are_cut() {
        assert_eq!(cut(&"é".repeat(401)).chars().count(), 401);
        assert_eq!(cut(&"é".repeat(400)), "é".repeat(400));
    }
}
