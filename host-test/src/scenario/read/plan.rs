//! One step as it is written to what is to be done, with every key in its place.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::Value;
use serde_json::value::RawValue;

use super::headers;
use crate::scenario::model::{Step, UpstreamSaw};
use crate::scenario::time::{Seconds, parse_duration, parse_time};

/// What a step does.
#[derive(Debug)]
pub(crate) enum Action {
    /// Sets the clock.
    SetClock(Seconds),
    /// Moves the clock forward by these seconds.
    Advance(i64),
    /// Sends requests and looks at what comes of them.
    Send(Box<Sent>),
}

/// Requests, and what must come of each.
#[derive(Debug)]
pub(crate) struct Sent {
    pub(crate) what: What,
    /// How often, from 1.
    pub(crate) times: u32,
    pub(crate) era: Era,
    /// Added or replaced; `None` takes one away. Names are lower case.
    pub(crate) headers: Vec<(String, Option<String>)>,
    /// What later steps need of the reply: names and JSON pointers.
    pub(crate) keep: BTreeMap<String, String>,
    pub(crate) expect: Expectation,
}

/// What is sent. The values are JSON text.
#[derive(Debug)]
pub(crate) enum What {
    List(ListKind),
    Call {
        tool: String,
        args: String,
    },
    Request {
        method: String,
        params: Option<String>,
    },
    Raw {
        http: String,
        body: String,
    },
    /// To the operators' listener, without a body.
    Operator {
        http: String,
        path: String,
    },
}

/// What a list lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ListKind {
    Tools,
    Prompts,
    Resources,
}

/// Which protocol the client speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Era {
    /// With the handshake, to 2025-11-25; the version goes into the header.
    Handshake(&'static str),
    /// Stateless: 2026-07-28.
    Stateless,
}

/// What the record says came of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Allow,
    Deny,
    Reject,
}

/// What must come of a request; what is `None` is not looked at.
#[derive(Debug, Default)]
pub(crate) struct Expectation {
    pub(crate) outcome: Option<Outcome>,
    pub(crate) rule: Option<String>,
    pub(crate) message: Option<String>,
    pub(crate) retry_after: Option<u64>,
    pub(crate) status: Option<u16>,
    pub(crate) error: Option<i64>,
    pub(crate) reads: Option<String>,
    pub(crate) sees: Option<Vec<String>>,
    pub(crate) upstream_saw: Option<UpstreamSaw>,
    pub(crate) remaining: BTreeMap<String, u64>,
    pub(crate) record: BTreeMap<String, Value>,
}

impl ListKind {
    /// The member of the result, which is also the first half of the method.
    pub(crate) fn name(self) -> &'static str {
        match self {
            ListKind::Tools => "tools",
            ListKind::Prompts => "prompts",
            ListKind::Resources => "resources",
        }
    }

    /// The member that names an item.
    pub(crate) fn item_name(self) -> &'static str {
        match self {
            ListKind::Tools | ListKind::Prompts => "name",
            ListKind::Resources => "uri",
        }
    }
}

impl Outcome {
    /// The outcome of this name in a record or a scenario.
    pub(crate) fn from_name(name: &str) -> Option<Outcome> {
        [Outcome::Allow, Outcome::Deny, Outcome::Reject]
            .into_iter()
            .find(|outcome| outcome.to_string() == name)
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Outcome::Allow => "allow",
            Outcome::Deny => "deny",
            Outcome::Reject => "reject",
        })
    }
}

/// A key of the step, and what is wrong with it.
pub(super) type StepFault = (&'static str, String);

const VERSIONS: [&str; 4] = ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"];

const KINDS: &str = "`at`, `advance`, `list`, `call`, `request`, `raw` or `operator`";

/// One step as it is to be done.
pub(super) fn plan(step: Step) -> Result<Action, StepFault> {
    let kinds = [
        step.at.is_some(),
        step.advance.is_some(),
        step.list.is_some(),
        step.call.is_some(),
        step.request.is_some(),
        step.raw.is_some(),
        step.operator.is_some(),
    ];
    match kinds.into_iter().filter(|given| *given).count() {
        0 => return Err(("", format!("say what the step does: {KINDS}"))),
        1 => {}
        _ => return Err(("", format!("a step does one thing: {KINDS}"))),
    }
    misplaced(&step)?;
    if let Some(text) = &step.at {
        return Ok(Action::SetClock(parse_time(text).map_err(|e| ("at", e))?));
    }
    if let Some(text) = &step.advance {
        return Ok(Action::Advance(
            parse_duration(text).map_err(|e| ("advance", e))?,
        ));
    }
    let times = step.times.unwrap_or(1);
    if !(1..=100_000).contains(&times) {
        return Err(("times", "write a number from 1 to 100000".to_owned()));
    }
    Ok(Action::Send(Box::new(Sent {
        era: era(step.era.as_deref())?,
        headers: headers::of_step(&step)?,
        what: what(&step)?,
        keep: step.keep,
        expect: Expectation {
            outcome: outcome(step.outcome.as_deref())?,
            rule: step.rule,
            message: step.message,
            retry_after: step.retry_after,
            status: step.status,
            error: step.error,
            reads: step.reads,
            sees: step.sees,
            upstream_saw: step.upstream_saw.map(UpstreamSaw::in_lower_case),
            remaining: step.remaining,
            record: step.record,
        },
        times,
    })))
}

fn what(step: &Step) -> Result<What, StepFault> {
    let json = |value: &Option<Box<RawValue>>| value.as_ref().map(|v| v.get().to_owned());
    if let Some(kind) = &step.list {
        return [ListKind::Tools, ListKind::Prompts, ListKind::Resources]
            .into_iter()
            .find(|known| known.name() == kind)
            .map(What::List)
            .ok_or(("list", "write `tools`, `prompts` or `resources`".to_owned()));
    }
    if let Some(tool) = &step.call {
        return Ok(What::Call {
            tool: tool.clone(),
            args: json(&step.args).unwrap_or_else(|| "{}".to_owned()),
        });
    }
    if let Some(method) = &step.request {
        return Ok(What::Request {
            method: method.clone(),
            params: json(&step.params),
        });
    }
    if let Some(line) = &step.operator {
        return match line.split_once(' ') {
            Some((http, path)) if is_method(http) && path.starts_with('/') => Ok(What::Operator {
                http: http.to_owned(),
                path: path.to_owned(),
            }),
            _ => Err(("operator", "write it like `POST /path`".to_owned())),
        };
    }
    let http = step.http.clone().unwrap_or_else(|| "POST".to_owned());
    if !is_method(&http) {
        let why = format!("`{http}` is not an HTTP method; write it like `GET`");
        return Err(("http", why));
    }
    Ok(What::Raw {
        http,
        body: step.raw.clone().unwrap_or_default(),
    })
}

fn is_method(http: &str) -> bool {
    !http.is_empty() && http.bytes().all(|b| b.is_ascii_uppercase())
}

/// Keys that have no meaning in this kind of step.
fn misplaced(step: &Step) -> Result<(), StepFault> {
    let sends = step.at.is_none() && step.advance.is_none();
    // What operators ask is answered by the proxy itself: no call is decided.
    let decided = sends && step.operator.is_none();
    let rules = [
        ("args", step.args.is_some(), step.call.is_some(), "`call`"),
        (
            "params",
            step.params.is_some(),
            step.request.is_some(),
            "`request`",
        ),
        ("http", step.http.is_some(), step.raw.is_some(), "`raw`"),
        ("sees", step.sees.is_some(), step.list.is_some(), "`list`"),
        (
            "era",
            step.era.is_some(),
            sends && step.raw.is_none() && step.operator.is_none(),
            "`list`, `call` or `request`",
        ),
        ("times", step.times.is_some(), sends, ASKING),
        ("as", step.caller.is_some(), sends, ASKING),
        ("headers", !step.headers.is_empty(), sends, ASKING),
        ("outcome", step.outcome.is_some(), decided, SENDING),
        ("rule", step.rule.is_some(), decided, SENDING),
        ("message", step.message.is_some(), decided, SENDING),
        ("retry_after", step.retry_after.is_some(), decided, SENDING),
        ("status", step.status.is_some(), sends, ASKING),
        ("error", step.error.is_some(), decided, SENDING),
        ("reads", step.reads.is_some(), sends, ASKING),
        ("keep", !step.keep.is_empty(), decided, SENDING),
        (
            "upstream_saw",
            step.upstream_saw.is_some(),
            decided,
            SENDING,
        ),
        ("remaining", !step.remaining.is_empty(), decided, SENDING),
        ("record", !step.record.is_empty(), decided, SENDING),
    ];
    for (key, given, allowed, place) in rules {
        if given && !allowed {
            return Err((key, format!("`{key}` belongs to a step with {place}")));
        }
    }
    Ok(())
}

const SENDING: &str = "`list`, `call`, `request` or `raw`";
const ASKING: &str = "`list`, `call`, `request`, `raw` or `operator`";

fn outcome(name: Option<&str>) -> Result<Option<Outcome>, StepFault> {
    name.map(|name| {
        Outcome::from_name(name).ok_or_else(|| {
            let why = format!("`{name}` is no outcome; write `allow`, `deny` or `reject`");
            ("outcome", why)
        })
    })
    .transpose()
}

fn era(version: Option<&str>) -> Result<Era, StepFault> {
    match version {
        None => Ok(Era::Handshake("2025-11-25")),
        Some("2026-07-28") => Ok(Era::Stateless),
        Some(other) => VERSIONS
            .into_iter()
            .find(|known| *known == other)
            .map(Era::Handshake)
            .ok_or_else(|| {
                let known = VERSIONS.join(", ");
                let why = format!("`{other}` is no version of MCP; known: {known}, 2026-07-28");
                ("era", why)
            }),
    }
}
