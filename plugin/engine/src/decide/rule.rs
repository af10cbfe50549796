//! One rule asked about one call (step 4).

use std::borrow::Cow;

use super::Call;
use super::fact::{Text, claim_text, client_ip, header_text, push_beside, push_part};
use super::verdict::{Denial, DenialKind};
use crate::json::{Kind, Value, push_json_string};
use crate::learned::{self, definition};
use crate::pin::Pin;
use crate::policy::condition::{Condition, Quantifier, Truth};
use crate::policy::path::{Found, Root};
use crate::policy::{Check, Required, Rule};
use crate::record::shown_name;
use crate::surroundings::Surroundings;
use crate::trace::Trace;

/// The denial of a rule, when it denies.
pub(super) fn ask(
    rule: &Rule,
    call: &Call<'_>,
    kind: DenialKind,
    around: &mut dyn Surroundings,
    trace: &mut impl Trace,
) -> Option<Denial> {
    let wrong = match &rule.check {
        Check::Pinned(pins) => changed(pins, call, around)?,
        Check::Required(required) => missing(required, call, around)?,
        Check::Schema(schema) => {
            let why = schema.check(call.arguments.value()).err()?;
            format!("Tool \"{}\": {why}", shown_name(call.tool))
        }
        Check::Require(conditions) => {
            let holds = conditions
                .iter()
                .map(|c| evaluate(c, call, Quantifier::All, around, trace));
            if holds.fold(true, |all, truth| all & (truth == Truth::Holds)) {
                return None;
            }
            String::new()
        }
        Check::DenyIf(conditions) => {
            let mut all = true;
            let mut unknown = false;
            for condition in conditions {
                match evaluate(condition, call, Quantifier::Any, around, trace) {
                    Truth::Holds => {}
                    Truth::Fails => all = false,
                    Truth::Unknown => unknown = true,
                }
            }
            if !all && !unknown {
                return None;
            }
            String::new()
        }
    };
    let message = match rule.message.as_str() {
        "" => wrong,
        said => said.to_owned(),
    };
    Some(Denial {
        rule: rule.id.clone(),
        message,
        kind,
    })
}

/// Writes which rule asks, and what its conditions look at beside the call.
pub(super) fn push_why(
    out: &mut Vec<u8>,
    rule: &Rule,
    call: &Call<'_>,
    around: &mut dyn Surroundings,
) {
    push_part(out, rule.id.as_bytes());
    if let Check::Require(conditions) | Check::DenyIf(conditions) = &rule.check {
        for condition in conditions {
            push_beside(out, &condition.path, call.headers, around);
        }
    }
}

/// What is wrong with a pinned tool's definition.
fn changed(pins: &[Pin], call: &Call<'_>, around: &mut dyn Surroundings) -> Option<String> {
    match definition::seen(around, call.server, call.tool) {
        Some(seen) if pins.contains(&seen) => None,
        Some(seen) => Some(definition::changed(call.tool, seen)),
        None => Some(format!(
            "Tool \"{}\" must be listed with tools/list before it is called: its definition is pinned and has not been seen yet",
            shown_name(call.tool)
        )),
    }
}

/// What is wrong with the arguments that must be there.
fn missing(required: &Required, call: &Call<'_>, around: &mut dyn Surroundings) -> Option<String> {
    let learned;
    let names = match required {
        Required::Listed(names) => names,
        Required::BySchema => match learned::required(around, call.server, call.tool) {
            Some(names) => {
                learned = names;
                &learned
            }
            None => {
                return Some(format!(
                    "Tool \"{}\" must be listed with tools/list before it is called: its required arguments are not known yet",
                    shown_name(call.tool)
                ));
            }
        },
    };
    let absent = names.iter().find(|name| !has_argument(call, name))?;
    Some(format!(
        "Tool \"{}\" requires the argument \"{absent}\"",
        shown_name(call.tool)
    ))
}

/// Whether an argument is there, is not null, and has no twin that folds to it.
fn has_argument(call: &Call<'_>, name: &str) -> bool {
    matches!(call.arguments.member(name), Found::Value(value) if !value.is_null())
}

fn evaluate(
    condition: &Condition,
    call: &Call<'_>,
    quantifier: Quantifier,
    around: &mut dyn Surroundings,
    trace: &mut impl Trace,
) -> Truth {
    let truth = answer(condition, call, quantifier, around, trace);
    trace.condition(condition, truth);
    truth
}

fn answer(
    condition: &Condition,
    call: &Call<'_>,
    quantifier: Quantifier,
    around: &mut dyn Surroundings,
    trace: &mut impl Trace,
) -> Truth {
    let mut watch = |found: Found<'_>, truth| trace.value(condition, found, truth);
    let text = match &condition.path.root {
        Root::Args => {
            let start = call.arguments.enter(&condition.path.segments);
            return condition.ask(start, quantifier, call.effort, &mut watch);
        }
        Root::ToolName => Text::Is(Cow::Borrowed(call.tool)),
        Root::GrantName => call
            .grant
            .map_or(Text::Absent, |grant| Text::Is(Cow::Borrowed(&grant.name))),
        Root::ClientIp => match client_ip(around) {
            Some(ip) => Text::Is(Cow::Owned(ip)),
            None => Text::Absent,
        },
        Root::Header(name) => header_text(call.headers, name),
        Root::Claims => claim_text(&condition.path, around),
    };
    match text {
        Text::Is(text) => {
            let mut json = String::with_capacity(text.len().saturating_add(2));
            push_json_string(&mut json, &text);
            let value = Value::proven(Kind::String, &json);
            condition.test_value(Found::Value(value), call.effort, &mut watch)
        }
        Text::Absent => condition.test_value(Found::Absent, call.effort, &mut watch),
        Text::Unreadable => condition.test_value(Found::Unreadable, call.effort, &mut watch),
    }
}
