//! One entry under `tools`, in whichever dialects it is written.

use super::approver::{Approver, read_approver};
use super::condition::{RawCondition, read_conditions};
use super::fault::Faults;
use super::keyword::Keyword;
use super::limit::{
    MAX_WINDOW_SECONDS, RawAlgorithm, RawCost, RawLimit, RefundOn, grant_scope, read_limits,
    read_window, seconds,
};
use super::pin::{RawPin, read_pin};
use super::policy::{Mode, read_mode};
use super::reader::{Field, Object, below};

/// Where tool rules come from: one entry under `tools`.
#[derive(Clone, Debug, Default)]
pub struct RawTool<'a> {
    /// Where it stands.
    pub pointer: String,
    /// `pin`.
    pub pin: Option<RawPin>,
    /// `validate`.
    pub validate: Vec<RawValidate<'a>>,
    /// `require`.
    pub require: Vec<RawGuard<'a>>,
    /// `deny_if`.
    pub deny_if: Vec<RawGuard<'a>>,
    /// `approve_if`.
    pub approve_if: Vec<RawApproval<'a>>,
    /// `rules` (dialects B and C).
    pub rules: Vec<RawRule<'a>>,
    /// `limits`.
    pub limits: Vec<RawLimit>,
    /// Whether it only records.
    pub mode: Option<Mode>,
    /// Whether `rules` was there, which makes the document one of dialect B or C.
    pub has_rules: bool,
}

/// `require[]` and `deny_if[]`.
#[derive(Clone, Debug)]
pub struct RawGuard<'a> {
    /// Where it stands, which is also its rule identifier.
    pub pointer: String,
    /// ANDed.
    pub conditions: Vec<RawCondition<'a>>,
    /// The author's words for a denial.
    pub on_deny: Option<String>,
    /// Whether it only records.
    pub mode: Option<Mode>,
}

/// `approve_if[]`, and `action: require_approval`.
#[derive(Clone, Debug)]
pub struct RawApproval<'a> {
    /// Where it stands, which is also its rule identifier.
    pub pointer: String,
    /// When a person must be asked: when all hold.
    pub conditions: Vec<RawCondition<'a>>,
    /// How long an approval waits, in seconds.
    pub timeout: Option<u64>,
    /// What the person is told.
    pub message: Option<String>,
    /// Whom it asks.
    pub by: Approver,
    /// Whether operators see the arguments.
    pub show_arguments: bool,
    /// Whether it only records.
    pub mode: Option<Mode>,
}

/// Which arguments must be there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RawRequired {
    /// Those that the tool's own `inputSchema.required` lists.
    BySchema,
    /// These.
    Listed(Vec<String>),
}

/// One part of `validate`. Its pointer is its rule identifier.
#[derive(Clone, Debug)]
pub enum RawValidate<'a> {
    /// `required_args`, and where it stands.
    Required(String, RawRequired),
    /// `schema`.
    Schema(Field<'a>),
}

/// What a rule of dialect B or C does.
#[derive(Clone, Debug)]
pub enum RawRule<'a> {
    /// `evaluate` (and C's `allow`) with conditions: all must hold.
    Require(RawGuard<'a>),
    /// `deny`: always.
    Deny(RawGuard<'a>),
    /// `require_approval`.
    Approve(RawApproval<'a>),
    /// `rate_limit`.
    Limit(RawLimit),
    /// `validate` inside a rule, with the rule's own words for a denial, and whether it only
    /// records.
    Validate(RawValidate<'a>, Option<String>, Option<Mode>),
    /// `state` with the condition that reads it.
    State(RawState<'a>),
}

/// `state` of dialect B: a counter, and the conditions of its rule, one of which bounds it.
#[derive(Clone, Debug)]
pub struct RawState<'a> {
    /// Where `state` stands.
    pub pointer: String,
    /// The rule's own pointer.
    pub rule: String,
    /// The counter's name.
    pub counter: String,
    /// Window length in seconds.
    pub window: u32,
    /// What one call takes.
    pub cost: RawCost,
    /// The rule's conditions; those on `state.` paths bound the counter, the others must hold.
    pub conditions: Vec<RawCondition<'a>>,
    /// The rule's own words.
    pub on_deny: Option<String>,
    /// Whether it only records.
    pub mode: Option<Mode>,
}

const TOOL_KEYS: [&str; 9] = [
    "pin",
    "validate",
    "require",
    "deny_if",
    "approve_if",
    "rules",
    "limits",
    "mode",
    "description",
];

/// Reads one entry under `tools`.
pub fn read_tool<'a>(field: &Field<'a>, faults: &mut Faults) -> Option<RawTool<'a>> {
    let object = Object::read(field, &TOOL_KEYS, faults)?;
    if let Some(description) = object.get("description") {
        description.string(faults);
    }
    let guards = |key: &str, unconditional: bool, faults: &mut Faults| {
        let elements = object
            .get(key)
            .map_or_else(Vec::new, |f| f.elements(faults));
        elements
            .iter()
            .filter_map(|e| read_guard(e, unconditional, faults))
            .collect()
    };
    let mut tool = RawTool {
        pointer: field.pointer.clone(),
        pin: object.get("pin").and_then(|f| read_pin(f, faults)),
        require: guards("require", false, faults),
        deny_if: guards("deny_if", true, faults),
        mode: read_mode(&object, faults),
        has_rules: object.get("rules").is_some(),
        ..RawTool::default()
    };
    if let Some(validate) = object.get("validate") {
        tool.validate.extend(read_validate(validate, faults));
    }
    for element in object
        .get("approve_if")
        .map_or_else(Vec::new, |f| f.elements(faults))
    {
        tool.approve_if.extend(read_approval(&element, faults));
    }
    if let Some(limits) = object.get("limits") {
        tool.limits = read_limits(limits, faults);
    }
    if let Some(rules) = object.get("rules") {
        for element in rules.elements(faults) {
            read_rule(&element, &mut tool.rules, faults);
        }
    }
    Some(tool)
}

/// `unconditional` is what no conditions mean: always, for `deny_if`; nothing, for `require`.
fn read_guard<'a>(
    field: &Field<'a>,
    unconditional: bool,
    faults: &mut Faults,
) -> Option<RawGuard<'a>> {
    let object = Object::read(field, &["conditions", "on_deny", "mode"], faults)?;
    let empty = |f: &&Field<'a>| {
        f.value
            .text()
            .trim_matches(['[', ']'])
            .trim_ascii()
            .is_empty()
    };
    if let Some(conditions) = object
        .get("conditions")
        .filter(empty)
        .filter(|_| !unconditional)
    {
        faults.error(
            &conditions.pointer,
            "expected at least one condition: a `require` of nothing does nothing",
        );
    }
    let conditions = object
        .required("conditions", faults)
        .map(|f| read_conditions(f, faults));
    Some(RawGuard {
        pointer: field.pointer.clone(),
        conditions: conditions?,
        on_deny: object.get("on_deny").and_then(|f| f.string(faults)),
        mode: read_mode(&object, faults),
    })
}

fn read_approval<'a>(field: &Field<'a>, faults: &mut Faults) -> Option<RawApproval<'a>> {
    let known = [
        "conditions",
        "timeout",
        "message",
        "by",
        "fallback",
        "mode",
        "show_arguments",
    ];
    let object = Object::read(field, &known, faults)?;
    let conditions = object
        .required("conditions", faults)
        .map(|f| read_conditions(f, faults));
    Some(RawApproval {
        pointer: field.pointer.clone(),
        conditions: conditions?,
        timeout: object.get("timeout").and_then(|f| read_timeout(f, faults)),
        message: object.get("message").and_then(|f| f.string(faults)),
        by: read_approver(&object, faults),
        show_arguments: read_show_arguments(&object, faults),
        mode: read_mode(&object, faults),
    })
}

fn read_show_arguments(object: &Object<'_>, faults: &mut Faults) -> bool {
    let shown = object.get("show_arguments");
    shown.and_then(|f| f.boolean(faults)).unwrap_or(false)
}

/// `"30m"`: digits and one of `s`, `m`, `h`, `d`.
fn read_timeout(field: &Field<'_>, faults: &mut Faults) -> Option<u64> {
    let text = field.string(faults)?;
    let seconds = seconds(&text).filter(|s| (1..=MAX_WINDOW_SECONDS).contains(s));
    if seconds.is_none() {
        faults.error(
            &field.pointer,
            format!(
                "`{text}` is not a duration such as `30m`: a number above 0 and one of s, m, h, d"
            ),
        );
    }
    seconds
}

fn read_validate<'a>(field: &Field<'a>, faults: &mut Faults) -> Vec<RawValidate<'a>> {
    let Some(object) = Object::read(field, &["required_args", "schema"], faults) else {
        return Vec::new();
    };
    let mut found = Vec::new();
    if field.value.members().next().is_none() {
        let why = "expected `required_args` or `schema`: a `validate` of nothing does nothing";
        faults.error(&field.pointer, why);
    }
    if let Some(required) = object.get("required_args") {
        let names = match (required.value.kind(), required.value.as_bool()) {
            (_, Some(true)) => Some(RawRequired::BySchema),
            (_, Some(false)) => None,
            (crate::json::Kind::Array, _) => {
                Some(RawRequired::Listed(read_required(required, faults)))
            }
            _ => {
                required.wrong("true, or a list of argument names", faults);
                None
            }
        };
        let pointer = required.pointer.clone();
        found.extend(names.map(|names| RawValidate::Required(pointer, names)));
    }
    if let Some(schema) = object.get("schema") {
        found.push(RawValidate::Schema(schema.clone()));
    }
    found
}

/// The names of arguments; one that cannot be meant would never deny, or always.
fn read_required(field: &Field<'_>, faults: &mut Faults) -> Vec<String> {
    let listed = field.elements(faults);
    if listed.is_empty() {
        let why = "expected at least one argument's name: a list of none requires nothing";
        faults.error(&field.pointer, why);
    }
    let mut names: Vec<String> = Vec::new();
    for element in &listed {
        match element.string(faults) {
            Some(name) if name.trim().is_empty() => {
                faults.error(&element.pointer, "an argument's name must not be blank");
            }
            Some(name) if names.contains(&name) => {
                faults.error(&element.pointer, format!("`{name}` is listed twice"));
            }
            name => names.extend(name),
        }
    }
    names
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Action {
    Evaluate,
    Allow,
    Deny,
    RequireApproval,
}

impl Keyword for Action {
    const WHAT: &'static str = "an action";
    const WORDS: &'static [(&'static str, Self)] = &[
        ("evaluate", Action::Evaluate),
        ("allow", Action::Allow),
        ("deny", Action::Deny),
        ("require_approval", Action::RequireApproval),
        ("require approval", Action::RequireApproval),
    ];
    const OTHERS: &'static [(&'static str, &'static str)] = &[
        ("evaluate", "check require"),
        ("deny", "block reject forbid"),
        ("require_approval", "approve ask"),
    ];
}

const RULE_KEYS: [&str; 11] = [
    "name",
    "action",
    "conditions",
    "on_deny",
    "rate_limit",
    "state",
    "validate",
    "approval_timeout",
    "reason",
    "mode",
    "description",
];

fn read_rule<'a>(field: &Field<'a>, rules: &mut Vec<RawRule<'a>>, faults: &mut Faults) {
    let Some(object) = Object::read(field, &RULE_KEYS, faults) else {
        return;
    };
    let action = object
        .get("action")
        .map_or(Some(Action::Evaluate), |f| Action::read(f, faults));
    let Some(action) = action else { return };
    let name = object
        .get("name")
        .and_then(|f| f.name("a rule's name", faults));
    let conditions = object
        .get("conditions")
        .map(|f| read_conditions(f, faults))
        .unwrap_or_default();
    let reason = object.get("reason").or_else(|| object.get("on_deny"));
    if let (Some(_), Some(on_deny)) = (object.get("reason"), object.get("on_deny")) {
        faults.error(
            &on_deny.pointer,
            "`on_deny` and `reason` say the same thing: keep one",
        );
    }
    let said = reason.and_then(|f| f.string(faults));
    let named = || Some(format!("Denied by rule \"{}\"", name.as_deref()?));
    let on_deny = said.clone().or_else(named);
    let mode = read_mode(&object, faults);
    let only = |key: &str, actions: &[Action], faults: &mut Faults| {
        if let Some(field) = object.get(key)
            && !actions.contains(&action)
        {
            faults.error(
                &field.pointer,
                format!("`{key}` has no meaning under this `action`"),
            );
        }
    };
    only("approval_timeout", &[Action::RequireApproval], faults);
    only("rate_limit", &[Action::Evaluate, Action::Allow], faults);
    only("state", &[Action::Evaluate, Action::Allow], faults);
    only("validate", &[Action::Evaluate, Action::Allow], faults);
    let guard = |conditions| RawGuard {
        pointer: field.pointer.clone(),
        conditions,
        on_deny: on_deny.clone(),
        mode,
    };
    match action {
        Action::Deny => {
            if let Some(conditions) = object.get("conditions") {
                faults.error(
                    &conditions.pointer,
                    "a `deny` rule is unconditional: put the conditions into `deny_if`",
                );
            }
            rules.push(RawRule::Deny(guard(Vec::new())));
        }
        Action::RequireApproval => rules.push(RawRule::Approve(RawApproval {
            pointer: field.pointer.clone(),
            conditions,
            timeout: object
                .get("approval_timeout")
                .and_then(|f| read_timeout(f, faults)),
            message: said.clone(),
            by: Approver::Operator,
            show_arguments: false,
            mode,
        })),
        Action::Evaluate | Action::Allow => {
            if let Some(validate) = object.get("validate") {
                for validate in read_validate(validate, faults) {
                    rules.push(RawRule::Validate(validate, said.clone(), mode));
                }
            }
            let does = ["conditions", "rate_limit", "state", "validate"];
            if action == Action::Evaluate && does.iter().all(|key| object.get(key).is_none()) {
                faults.error(
                    &field.pointer,
                    "this rule does nothing: give it `conditions`, `rate_limit`, `state` or `validate`",
                );
            }
            match (object.get("rate_limit"), object.get("state")) {
                (Some(limit), Some(_)) => {
                    faults.error(
                        &limit.pointer,
                        "`rate_limit` excludes `state`: use two rules",
                    );
                }
                (Some(limit), None) => {
                    if object.get("conditions").is_some() {
                        faults.error(
                            &limit.pointer,
                            "`rate_limit` excludes `conditions`: use two rules",
                        );
                    }
                    let read = read_rate_limit(limit, said.as_deref(), mode, faults);
                    rules.extend(read.map(RawRule::Limit));
                }
                (None, Some(state)) => {
                    let read = read_state(state, &field.pointer, conditions, faults);
                    rules.extend(read.map(|mut state| {
                        state.on_deny = on_deny.clone();
                        state.mode = mode;
                        RawRule::State(state)
                    }));
                }
                (None, None) if !conditions.is_empty() => {
                    rules.push(RawRule::Require(guard(conditions)));
                }
                (None, None) => {
                    if let Some(empty) = object
                        .get("conditions")
                        .filter(|_| action == Action::Evaluate)
                    {
                        faults.error(&empty.pointer, "expected at least one condition");
                    }
                }
            }
        }
    }
}

/// `"10/minute"` (B) or `{max: 10, window: 60}` (C).
fn read_rate_limit(
    field: &Field<'_>,
    said: Option<&str>,
    mode: Option<Mode>,
    faults: &mut Faults,
) -> Option<RawLimit> {
    let (max, window) = if field.value.kind() == crate::json::Kind::Object {
        let object = Object::read(field, &["max", "window"], faults)?;
        let max = object
            .required("max", faults)?
            .integer(1..=u64::MAX, faults);
        let window = read_window(object.required("window", faults)?, faults);
        (max?, window?)
    } else {
        let text = field.string(faults)?;
        let parts = text.split_once('/');
        let parsed = parts.and_then(|(max, window)| {
            let digits = max.trim();
            let plain = digits.bytes().all(|b| b.is_ascii_digit());
            let max = digits
                .parse::<u64>()
                .ok()
                .filter(|max| plain && *max >= 1)?;
            let word = super::limit::NamedWindow::WORDS;
            let window = word.iter().find(|(w, _)| *w == window.trim())?;
            Some((max, window.1.seconds()))
        });
        let Some(parsed) = parsed else {
            faults.error(
                &field.pointer,
                format!("`{text}` is not a rate such as `10/minute`: a count of at least 1 and second, minute, hour or day"),
            );
            return None;
        };
        parsed
    };
    Some(RawLimit {
        pointer: field.pointer.clone(),
        rule: field.pointer.clone(),
        // Never the rule's name: renaming a rule must not start its count anew.
        counter: "rate_limit".to_owned(),
        window,
        max,
        scope: grant_scope(&field.pointer),
        algorithm: RawAlgorithm::Fixed,
        cost: RawCost::Fixed(1),
        refund_on: Some(vec![RefundOn::Unreachable, RefundOn::Error]),
        message: said.map(str::to_owned),
        mode,
    })
}

fn read_state<'a>(
    field: &Field<'a>,
    rule: &str,
    conditions: Vec<RawCondition<'a>>,
    faults: &mut Faults,
) -> Option<RawState<'a>> {
    let keys = ["counter", "window", "increment", "increment_from"];
    let object = Object::read(field, &keys, faults)?;
    let counter = object
        .required("counter", faults)
        .and_then(|f| f.name("a counter's name", faults));
    let window = object
        .required("window", faults)
        .and_then(|f| read_window(f, faults));
    let fixed = object
        .get("increment")
        .map(|f| f.integer(0..=u64::MAX, faults).unwrap_or(1));
    let from = object.get("increment_from").and_then(|f| f.string(faults));
    let cost = match (fixed, from) {
        (Some(n), Some(_)) if n != 0 => {
            faults.error(
                &below(&field.pointer, "increment"),
                "`increment` excludes `increment_from`: keep one",
            );
            RawCost::Fixed(1)
        }
        (_, Some(path)) => RawCost::From(path),
        (Some(0), None) => {
            faults.error(
                &below(&field.pointer, "increment"),
                "expected an integer of at least 1, found `0`: a counter that never moves limits nothing",
            );
            RawCost::Fixed(1)
        }
        (Some(n), None) => RawCost::Fixed(n),
        (None, None) => RawCost::Fixed(1),
    };
    Some(RawState {
        pointer: field.pointer.clone(),
        rule: rule.to_owned(),
        counter: counter?,
        window: window?,
        cost,
        conditions,
        on_deny: None,
        mode: None,
    })
}
