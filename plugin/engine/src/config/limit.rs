//! `limits[]`, and the shorthands `rate_limit` and `state` that mean the same.

use super::fault::Faults;
use super::keyword::{Keyword, Words, did_you_mean, meant, refuse};
use super::policy::{Mode, read_mode};
use super::reader::{Field, Object, below};

/// The longest window, in seconds: a leap year.
pub const MAX_WINDOW_SECONDS: u64 = 366 * 86_400;

/// How the window moves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RawAlgorithm {
    /// UTC calendar windows.
    #[default]
    Fixed,
    /// Any interval of the window's length.
    Sliding,
}

impl Keyword for RawAlgorithm {
    const WHAT: &'static str = "an algorithm";
    const WORDS: &'static [(&'static str, Self)] =
        &[("fixed", Self::Fixed), ("sliding", Self::Sliding)];
    const OTHERS: &'static [(&'static str, &'static str)] =
        &[("fixed", "calendar"), ("sliding", "rolling moving")];
}

/// A window by name; any other length is an integer of seconds.
#[derive(Clone, Copy, Debug)]
pub enum NamedWindow {
    /// 1 second.
    Second,
    /// 60 seconds.
    Minute,
    /// 3,600 seconds.
    Hour,
    /// 86,400 seconds.
    Day,
}

impl Keyword for NamedWindow {
    const WHAT: &'static str = "a window";
    const WORDS: &'static [(&'static str, Self)] = &[
        ("second", Self::Second),
        ("minute", Self::Minute),
        ("hour", Self::Hour),
        ("day", Self::Day),
    ];
    const OTHERS: &'static [(&'static str, &'static str)] = &[
        ("second", "s sec"),
        ("minute", "m min minutely"),
        ("hour", "h hr hourly"),
        ("day", "d daily"),
        ("604800", "w week weekly"),
    ];
    const BESIDES: &'static str = ", or an integer of seconds";
}

impl NamedWindow {
    /// Its length in seconds.
    pub fn seconds(self) -> u32 {
        match self {
            Self::Second => 1,
            Self::Minute => 60,
            Self::Hour => 3_600,
            Self::Day => 86_400,
        }
    }
}

/// What one call takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RawCost {
    /// Always the same.
    Fixed(u64),
    /// What an argument says; the path's text.
    From(String),
}

/// A failure after which what was taken is given back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefundOn {
    /// The upstream answered with a JSON-RPC error.
    Error,
    /// The tool's result says `isError`.
    IsError,
    /// No byte of the request went upstream.
    Unreachable,
}

impl Keyword for RefundOn {
    const WHAT: &'static str = "a reason to refund";
    const WORDS: &'static [(&'static str, Self)] = &[
        ("error", Self::Error),
        ("is_error", Self::IsError),
        ("unreachable", Self::Unreachable),
    ];
}

/// One limit as written.
#[derive(Clone, Debug)]
pub struct RawLimit {
    /// Where it stands, by index, for faults.
    pub pointer: String,
    /// The rule identifier: by counter name, for records.
    pub rule: String,
    /// The counter's name, part of its identity.
    pub counter: String,
    /// Window length in seconds, 1 to [`MAX_WINDOW_SECONDS`].
    pub window: u32,
    /// At most this many units per window and scope, at least 1.
    pub max: u64,
    /// Whom one count is for; never empty.
    pub scope: Vec<RawScope>,
    /// How the window moves.
    pub algorithm: RawAlgorithm,
    /// What one call takes.
    pub cost: RawCost,
    /// When it is given back.
    pub refund_on: Option<Vec<RefundOn>>,
    /// The author's own words for a refusal.
    pub message: Option<String>,
    /// Whether it only records.
    pub mode: Option<Mode>,
}

/// A scope's text and where it stands.
#[derive(Clone, Debug)]
pub struct RawScope {
    /// Where.
    pub pointer: String,
    /// `grant`, `session`, `client`, `global` or a path.
    pub text: String,
}

/// The scopes that are words.
const SCOPES: [&str; 4] = ["grant", "session", "client", "global"];

/// What people try instead.
const OTHER_SCOPES: &[(&str, &str)] = &[
    ("grant", "user caller agent token identity per_user"),
    ("client", "ip address client_ip"),
    ("global", "all everyone server"),
];

const KEYS: [&str; 9] = [
    "counter",
    "window",
    "max",
    "scope",
    "algorithm",
    "cost",
    "refund_on",
    "on_deny",
    "mode",
];

/// Reads a `limits` array; `owner` is the rule identifier of what it stands in.
pub fn read_limits(field: &Field<'_>, faults: &mut Faults) -> Vec<RawLimit> {
    let elements = field.elements(faults);
    elements
        .iter()
        .filter_map(|element| read_limit(element, &field.pointer, faults))
        .collect()
}

fn read_limit(field: &Field<'_>, array: &str, faults: &mut Faults) -> Option<RawLimit> {
    let object = Object::read(field, &KEYS, faults)?;
    let counter = object
        .required("counter", faults)
        .and_then(|f| f.name("a counter's name", faults));
    let window = object
        .required("window", faults)
        .and_then(|f| read_window(f, faults));
    let max = object
        .required("max", faults)
        .and_then(|f| f.integer(1..=u64::MAX, faults));
    let scope = object
        .get("scope")
        .map_or_else(|| grant_scope(&field.pointer), |f| read_scope(f, faults));
    let algorithm = object
        .get("algorithm")
        .and_then(|f| RawAlgorithm::read(f, faults))
        .unwrap_or_default();
    let cost = object
        .get("cost")
        .and_then(|f| read_cost(f, faults))
        .unwrap_or(RawCost::Fixed(1));
    let refund_on = object.get("refund_on").map(|f| read_refunds(f, faults));
    let message = object.get("on_deny").and_then(|f| f.string(faults));
    let mode = read_mode(&object, faults);
    let counter = counter?;
    Some(RawLimit {
        rule: below(array, &counter),
        pointer: field.pointer.clone(),
        counter,
        window: window?,
        max: max?,
        scope,
        algorithm,
        cost,
        refund_on,
        message,
        mode,
    })
}

pub(super) fn grant_scope(pointer: &str) -> Vec<RawScope> {
    vec![RawScope {
        pointer: pointer.to_owned(),
        text: "grant".to_owned(),
    }]
}

/// `"minute"` or an integer of seconds.
pub(super) fn read_window(field: &Field<'_>, faults: &mut Faults) -> Option<u32> {
    if field.value.kind() == crate::json::Kind::Number {
        let seconds = field.integer(1..=MAX_WINDOW_SECONDS, faults)?;
        return u32::try_from(seconds).ok();
    }
    let text = field.value.as_str().unwrap_or_default();
    let length = text.parse().ok().or_else(|| seconds(&text));
    if let Some(length) = length.filter(|length| (1..=MAX_WINDOW_SECONDS).contains(length)) {
        let words = NamedWindow::WORDS;
        let named = words.iter().find(|(_, w)| u64::from(w.seconds()) == length);
        let meant = named.map_or_else(|| length.to_string(), |(word, _)| (*word).to_owned());
        refuse(field, &Words::of::<NamedWindow>(), Some(&meant), faults);
        return None;
    }
    NamedWindow::read(field, faults).map(NamedWindow::seconds)
}

/// The seconds of `30m`: digits and one of `s`, `m`, `h`, `d`.
pub(super) fn seconds(text: &str) -> Option<u64> {
    let unit: u64 = match text.chars().last()? {
        's' => 1,
        'm' => 60,
        'h' => 3_600,
        'd' => 86_400,
        _ => return None,
    };
    let digits = text.strip_suffix(['s', 'm', 'h', 'd'])?;
    let plain = digits.bytes().all(|b| b.is_ascii_digit());
    digits
        .parse::<u64>()
        .ok()
        .filter(|_| plain)?
        .checked_mul(unit)
}

fn read_scope(field: &Field<'_>, faults: &mut Faults) -> Vec<RawScope> {
    let single;
    let fields = if field.value.kind() == crate::json::Kind::Array {
        single = field.elements(faults);
        if single.is_empty() {
            faults.error(&field.pointer, "expected at least one scope");
        }
        single
    } else {
        vec![field.clone()]
    };
    let mut scopes: Vec<RawScope> = Vec::new();
    for field in fields {
        if let Some(text) = field.string(faults) {
            if !SCOPES.contains(&text.as_str()) && !text.starts_with("args") {
                let hint = did_you_mean(meant(&text, OTHER_SCOPES, &mut SCOPES.into_iter()));
                faults.error(
                    &field.pointer,
                    format!(
                        "`{text}` is not a scope{hint}; one of `grant`, `session`, `client`, `global`, `args.<path>`, or a list of them"
                    ),
                );
                continue;
            }
            if scopes.iter().any(|s| s.text == text) {
                faults.error(&field.pointer, format!("scope `{text}` is listed twice"));
            }
            scopes.push(RawScope {
                pointer: field.pointer,
                text,
            });
        }
    }
    scopes
}

fn read_cost(field: &Field<'_>, faults: &mut Faults) -> Option<RawCost> {
    if field.value.kind() == crate::json::Kind::Number {
        return field.integer(1..=u64::MAX, faults).map(RawCost::Fixed);
    }
    match field.value.as_str() {
        Some(path) => Some(RawCost::From(path.into_owned())),
        None => {
            field.wrong(
                "an integer of at least 1, or a path such as `args.amount`",
                faults,
            );
            None
        }
    }
}

fn read_refunds(field: &Field<'_>, faults: &mut Faults) -> Vec<RefundOn> {
    let mut reasons = Vec::new();
    for element in field.elements(faults) {
        if let Some(reason) = RefundOn::read(&element, faults) {
            if reasons.contains(&reason) {
                faults.error(&element.pointer, "this reason is listed twice");
            }
            reasons.push(reason);
        }
    }
    reasons
}
