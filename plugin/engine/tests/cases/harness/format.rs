//! The case files: what may stand in one, and what makes one invalid. Documented in `../README.md`.
//!
//! Knows nothing of the engine's types, so that any host of the policy can run the same files.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

/// Midday-free start of every case: 2026-01-05T10:00:00Z, in seconds since the Unix epoch.
const START: u64 = 1_767_607_200;
const NANOS: u64 = 1_000_000_000;

/// JSON exactly as written, so that no number is rounded and no key reordered on the way.
pub type Raw = Box<RawValue>;

fn written<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Raw>, D::Error> {
    Raw::deserialize(from).map(Some)
}

/// One case.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Case {
    pub about: String,
    #[serde(deserialize_with = "written")]
    pub policy: Option<Raw>,
    #[serde(deserialize_with = "written")]
    pub config: Option<Raw>,
    pub policy_text: Option<String>,
    pub config_text: Option<String>,
    pub steps: Vec<Step>,
    pub refused: Option<Vec<Said>>,
    pub warned: Option<Vec<Said>>,
}

/// A fault that loading must name.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Said {
    pub pointer: String,
    pub message: String,
}

/// One thing that happens, and what must come of it.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Step {
    pub note: Option<String>,
    #[serde(deserialize_with = "written")]
    pub at: Option<Raw>,
    // What happens: exactly one of these.
    pub call: Option<String>,
    pub method: Option<String>,
    pub body: Option<String>,
    pub body_hex: Option<String>,
    pub http: Option<String>,
    #[serde(deserialize_with = "written")]
    pub learn: Option<Raw>,
    #[serde(deserialize_with = "written")]
    pub load_policy: Option<Raw>,
    #[serde(deserialize_with = "written")]
    pub load_config: Option<Raw>,
    pub store: Option<Store>,
    // How it happens.
    #[serde(deserialize_with = "written")]
    pub args: Option<Raw>,
    #[serde(deserialize_with = "written")]
    pub params: Option<Raw>,
    #[serde(deserialize_with = "written")]
    pub id: Option<Raw>,
    pub headers: BTreeMap<String, Values>,
    pub client: Option<String>,
    pub claims: Option<serde_json::Value>,
    pub san: Option<String>,
    pub cluster: Option<String>,
    pub list: Option<String>,
    pub arrives: Arrives,
    pub fill: usize,
    pub times: Option<u32>,
    // What must come of it.
    pub outcome: Option<Outcome>,
    pub rule: Option<String>,
    pub message: Option<String>,
    pub status: Option<u16>,
    pub code: Option<i64>,
    pub retry_after: Option<u64>,
    pub caller: Option<String>,
    pub shadow: Vec<String>,
    pub reply: Option<serde_json::Value>,
    pub reply_headers: BTreeMap<String, String>,
    pub sees: Option<Vec<String>>,
    pub answer: Option<serde_json::Value>,
    pub refused: Option<Vec<Said>>,
}

/// A header's value, or its values when it is sent several times, or not at all.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub enum Values {
    One(String),
    Many(Vec<String>),
}

/// What the record says became of a request.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    Allow,
    Deny,
    Reject,
}

impl Outcome {
    pub fn word(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Deny => "deny",
            Self::Reject => "reject",
        }
    }
}

/// Whether the place that holds counters works.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum Store {
    Works,
    Fails,
}

/// The form in which the upstream's answer arrives.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum Arrives {
    #[default]
    Json,
    Sse,
    Compressed,
}

impl Case {
    /// Reads a case file.
    ///
    /// # Errors
    /// What is wrong with it, a case that would check nothing included.
    pub fn read(text: &str) -> Result<Self, String> {
        let case: Self = serde_json::from_str(text).map_err(|e| e.to_string())?;
        if case.about.trim().is_empty() {
            return Err("`about` is missing: say what the case shows".into());
        }
        let documents = [
            case.policy.is_some(),
            case.config.is_some(),
            case.policy_text.is_some(),
            case.config_text.is_some(),
        ];
        if documents.into_iter().filter(|there| *there).count() != 1 {
            return Err(
                "expected exactly one of `policy`, `config`, `policy_text`, `config_text`".into(),
            );
        }
        let empty = |said: &Option<Vec<Said>>| said.as_ref().is_some_and(Vec::is_empty);
        if empty(&case.refused) || empty(&case.warned) {
            return Err("`refused` and `warned` name at least one fault".into());
        }
        if case.refused.is_some() && !case.steps.is_empty() {
            return Err("`refused` excludes `steps`: nothing runs".into());
        }
        if case.refused.is_none() && case.warned.is_none() && case.steps.is_empty() {
            return Err("this case checks nothing: give it `steps`, `refused` or `warned`".into());
        }
        for (n, step) in case.steps.iter().enumerate() {
            step.proven().map_err(|why| format!("step {n}: {why}"))?;
        }
        Ok(case)
    }

    /// The plugin's configuration that the case is about, as text.
    pub fn configuration(&self) -> String {
        match (&self.policy, &self.config, &self.policy_text) {
            (Some(policy), ..) => wrapped(policy.get()),
            (_, Some(config), _) => config.get().to_owned(),
            (.., Some(policy)) => wrapped(policy),
            _ => self.config_text.clone().unwrap_or_default(),
        }
    }
}

/// The configuration that has only a policy.
pub fn wrapped(policy: &str) -> String {
    format!("{{\"server\":\"test\",\"policy\":{policy}}}")
}

impl Step {
    /// Whether it sends a request.
    pub fn sends(&self) -> bool {
        self.load_policy.is_none() && self.load_config.is_none() && self.store.is_none()
    }

    fn proven(&self) -> Result<(), String> {
        self.time(0)?;
        let acts = [
            self.call.is_some(),
            self.method.is_some(),
            self.body.is_some(),
            self.body_hex.is_some(),
            self.http.is_some() && self.body.is_none(),
            self.learn.is_some(),
            self.load_policy.is_some(),
            self.load_config.is_some(),
            self.store.is_some(),
        ];
        if acts.into_iter().filter(|act| *act).count() != 1 {
            return Err(
                "expected exactly one of `call`, `method`, `body`, `body_hex`, `http`, `learn`, `load_policy`, `load_config`, `store`"
                    .into(),
            );
        }
        self.placed()?;
        if !self.sends() {
            return Ok(());
        }
        let outcome = match (self.outcome, &self.learn) {
            (Some(outcome), _) => outcome,
            (None, Some(_)) => Outcome::Allow,
            (None, None) => return Err("`outcome` is missing: this step checks nothing".into()),
        };
        match outcome {
            Outcome::Allow
                if self.learn.is_none() && (self.rule.is_some() || self.message.is_some()) =>
            {
                Err("an allowed call has no `rule` and no `message`".into())
            }
            Outcome::Deny if self.rule.is_none() => {
                Err("`rule` is missing: any rule could have denied".into())
            }
            Outcome::Reject if self.status.is_none() => {
                Err("`status` is missing: any fault could have been met".into())
            }
            _ => Ok(()),
        }
    }

    /// Refuses members that mean nothing beside this step's act.
    fn placed(&self) -> Result<(), String> {
        let only = |there: bool, allowed: bool, what: &str| {
            if there && !allowed {
                Err(format!("`{what}` has no meaning in this step"))
            } else {
                Ok(())
            }
        };
        let learns = self.learn.is_some();
        let loads = self.load_policy.is_some() || self.load_config.is_some();
        let asks = self.call.is_some() || self.method.is_some();
        only(self.args.is_some(), self.call.is_some(), "args")?;
        only(self.params.is_some(), self.method.is_some(), "params")?;
        only(self.id.is_some(), asks, "id")?;
        only(self.list.is_some(), learns, "list")?;
        only(self.sees.is_some(), learns, "sees")?;
        only(self.answer.is_some(), learns, "answer")?;
        only(self.fill > 0, learns, "fill")?;
        only(self.arrives != Arrives::Json, learns, "arrives")?;
        only(self.refused.is_some(), loads, "refused")?;
        only(self.outcome.is_some(), self.sends(), "outcome")?;
        only(self.times == Some(0), false, "times: 0")
    }

    /// When it happens, in nanoseconds since the Unix epoch; `before` when the step does not say.
    pub fn time(&self, before: u64) -> Result<u64, String> {
        let Some(at) = &self.at else {
            return Ok(before);
        };
        let text = at.get();
        let read = match text.strip_prefix('"').and_then(|t| t.strip_suffix('"')) {
            Some(date) => instant(date),
            None => seconds(text).and_then(|n| n.checked_add(start())),
        };
        read.ok_or_else(|| {
            format!("`at` is {text}: expected 2026-01-05T10:00:00Z, or seconds from it")
        })
    }
}

/// When every case begins, in nanoseconds since the Unix epoch.
pub fn start() -> u64 {
    START.saturating_mul(NANOS)
}

/// A decimal number of seconds as nanoseconds.
fn seconds(text: &str) -> Option<u64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits: String = fraction
        .chars()
        .chain("000000000".chars())
        .take(9)
        .collect();
    let nanos: u64 = digits.parse().ok().filter(|_| fraction.len() <= 9)?;
    let whole: u64 = whole.parse().ok()?;
    whole.checked_mul(NANOS)?.checked_add(nanos)
}

/// `YYYY-MM-DDTHH:MM:SS[.fff]Z` as nanoseconds since the Unix epoch.
fn instant(text: &str) -> Option<u64> {
    let (date, time) = text.strip_suffix('Z')?.split_once('T')?;
    let mut date = date.splitn(3, '-').map(|part| part.parse::<u64>().ok());
    let (year, month, day) = (date.next()??, date.next()??, date.next()??);
    let (hour, rest) = time.split_once(':')?;
    let (minute, second) = rest.split_once(':')?;
    let (hour, minute): (u64, u64) = (hour.parse().ok()?, minute.parse().ok()?);
    let before_month = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334];
    let leaps =
        |year: u64| Some(year.checked_div(4)? - year.checked_div(100)? + year.checked_div(400)?);
    let years = year.checked_sub(1970)?;
    let leap_year = leaps(year)? != leaps(year - 1)?;
    let days = years * 365 + leaps(year - 1)? - leaps(1969)?
        + before_month.get(usize::try_from(month).ok()?.checked_sub(1)?)?
        + u64::from(leap_year && month > 2)
        + day.checked_sub(1)?;
    let whole = days * 86_400 + hour * 3_600 + minute * 60;
    whole.checked_mul(NANOS)?.checked_add(seconds(second)?)
}
