//! Calls as a capture of request bodies holds them, sent through the module with both policies.

use std::collections::BTreeMap;

use host_test::Module;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::super::clock;
use super::super::decide::line::Line;
use super::super::decide::proxy::Proxy;
use super::super::header;
use super::super::stand_in;
use super::tally::{Compared, Decision, Tally};

/// The clock of a capture that does not set it: 2026-01-01T00:00:00Z.
const START: u64 = 1_767_225_600_000_000_000;

/// A request with more than its body.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Request<'a> {
    time: Option<String>,
    #[serde(default)]
    headers: BTreeMap<String, Values>,
    /// The body as JSON, or the text of it in a string.
    #[serde(borrow)]
    body: &'a RawValue,
}

/// What a header holds: one value, or those of each time that it is sent; none takes the default away.
#[derive(Deserialize)]
#[serde(untagged)]
enum Values {
    One(String),
    Each(Vec<String>),
}

impl Values {
    fn into_list(self) -> Vec<String> {
        match self {
            Values::One(value) => vec![value],
            Values::Each(values) if values.is_empty() => vec![String::new()],
            Values::Each(values) => values,
        }
    }
}

/// The module twice: with the policy before, and with the new one.
pub(super) struct Capture {
    before: Proxy,
    now: Proxy,
}

impl Capture {
    /// # Errors
    /// The module does not start with one of the configurations, in words.
    pub(super) fn start(module: &Module, before: String, now: String) -> Result<Capture, String> {
        let start = |config| Proxy::start(module, stand_in::admit(config), START, Vec::new());
        Ok(Capture {
            before: start(before)?,
            now: start(now)?,
        })
    }

    /// Replays one line: a body, `@…` for the clock, or a request with headers and a time.
    ///
    /// # Errors
    /// What is wrong with the line, or the module fails, in words.
    pub(super) fn line(&mut self, line: &[u8], tally: &mut Tally) -> Result<(), String> {
        if let Some(setting) = line.strip_prefix(b"@") {
            let setting = String::from_utf8_lossy(setting);
            return self.set_time(clock::setting(setting.trim(), self.now.time())?);
        }
        let mut headers = Vec::new();
        let mut body = line.to_vec();
        if let Ok(request) = serde_json::from_slice::<Request<'_>>(line) {
            if let Some(time) = &request.time {
                self.set_time(clock::time(time)?)?;
            }
            for (name, values) in request.headers {
                for value in values.into_list() {
                    headers.push(header::parse(&format!("{name}:{value}"))?);
                }
            }
            let text: Result<String, _> = serde_json::from_str(request.body.get());
            body = text
                .unwrap_or_else(|_| request.body.get().to_owned())
                .into_bytes();
        }
        let before = self.before.decide_with(body.clone(), &headers)?;
        let now = self.now.decide_with(body, &headers)?;
        let Some(tool) = now.tool().or(before.tool()) else {
            tally.pass_over();
            return Ok(());
        };
        tally.add(Compared {
            tool: tool.to_owned(),
            caller: now.caller().or(before.caller()).map(str::to_owned),
            before: decision(&before),
            now: decision(&now),
        });
        Ok(())
    }

    fn set_time(&mut self, to: u64) -> Result<(), String> {
        self.before.set_time(to)?;
        self.now.set_time(to)
    }
}

fn decision(line: &Line) -> Decision {
    if line.is_allowed() {
        Decision::Allow
    } else {
        Decision::Refuse(line.rule().unwrap_or("(malformed)").to_owned())
    }
}
