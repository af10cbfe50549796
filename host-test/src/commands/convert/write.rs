//! The canonical text of a policy, from what the engine made of it.

use toolgate_engine::config::policy::{DenyWith, Posture, RawPolicy, RawSection};
use toolgate_engine::json::{Value, push_json_string};
use toolgate_engine::limit::Algorithm;
use toolgate_engine::policy::condition::{Condition, Ordering, Scalar, Test};
use toolgate_engine::policy::{Check, Cost, Entry, Limit, Policy, Refunds, Required, Rule, Scope};

use super::Trouble;

/// The whole document; `source` is what it was read from, for what is kept word for word.
pub(super) fn policy(
    source: Value<'_>,
    raw: &RawPolicy<'_>,
    policy: &Policy,
) -> Result<String, Trouble> {
    let mut members = vec![
        "\"version\": \"1\"".to_owned(),
        format!("\"default\": {}", posture(policy.default)),
    ];
    if let Some(description) = source.get("description") {
        members.push(format!("\"description\": {}", description.text()));
    }
    if policy.shadow {
        members.push("\"mode\": \"shadow\"".to_owned());
    }
    if raw.deny_with == DenyWith::Error {
        members.push("\"deny_with\": \"error\"".to_owned());
    }
    if raw.hide.all {
        members.push("\"hide\": \"*\"".to_owned());
    } else if !raw.hide.names.is_empty() {
        members.push(format!("\"hide\": [{}]", names(&raw.hide.names)));
    }
    if !policy.all_tools.is_empty() {
        let limits = block("limits", policy.all_tools.iter().map(limit), "    ");
        members.push(format!("\"all_tools\": {{\n    {limits}\n  }}"));
    }
    let sections = [
        ("methods", &raw.methods),
        ("resources", &raw.resources),
        ("prompts", &raw.prompts),
    ];
    for (name, found) in sections {
        members.extend(found.as_ref().map(|s| section(name, s)));
    }
    let mut tools = Vec::new();
    for (name, _) in &raw.tools {
        let entries = policy.tools.entries().iter().chain(&policy.wildcard);
        let Some(found) = entries.into_iter().find(|entry| entry.key == *name) else {
            return Err(format!(
                "the entry `{name}` was lost: this is a fault of host-test"
            ));
        };
        let body = entry(source, found)?;
        let body = match body.as_slice() {
            [] => "{}".to_owned(),
            parts => format!("{{\n      {}\n    }}", parts.join(",\n      ")),
        };
        tools.push(format!("{}: {body}", string(name)));
    }
    if !tools.is_empty() {
        members.push(format!(
            "\"tools\": {{\n    {}\n  }}",
            tools.join(",\n    ")
        ));
    }
    Ok(format!("{{\n  {}\n}}\n", members.join(",\n  ")))
}

/// The members of one entry under `tools`.
fn entry(source: Value<'_>, entry: &Entry) -> Result<Vec<String>, Trouble> {
    let (mut require, mut deny_if) = (Vec::new(), Vec::new());
    let (mut required, mut schema) = (None, None);
    for rule in &entry.rules {
        match &rule.check {
            Check::Require(conditions) => require.push((rule, conditions)),
            Check::DenyIf(conditions) => deny_if.push((rule, conditions)),
            Check::Required(names) => {
                plain_validate(rule)?;
                let text = match names {
                    Required::BySchema => "true".to_owned(),
                    Required::Listed(names) => {
                        let names: Vec<_> = names.iter().map(|n| string(n)).collect();
                        format!("[{}]", names.join(", "))
                    }
                };
                once(&mut required, text, &rule.id, "required_args")?;
            }
            Check::Schema(_) => {
                plain_validate(rule)?;
                let text =
                    at(source, &rule.id).ok_or_else(|| format!("no schema at {}", rule.id))?;
                once(&mut schema, text.to_owned(), &rule.id, "schema")?;
            }
        }
    }
    let mut parts = Vec::new();
    let validate = [("required_args", required), ("schema", schema)];
    let validate: Vec<String> = validate
        .into_iter()
        .filter_map(|(name, text)| Some(format!("\"{name}\": {}", text?)))
        .collect();
    if !validate.is_empty() {
        parts.push(format!("\"validate\": {{ {} }}", validate.join(", ")));
    }
    for (name, guards) in [("require", require), ("deny_if", deny_if)] {
        let texts = guards.iter().enumerate().map(|(n, (rule, conditions))| {
            let own = format!(
                "/tools/{}/{name}/{n}",
                entry.key.replace('~', "~0").replace('/', "~1")
            );
            guard(rule, conditions, &own)
        });
        if !guards.is_empty() {
            parts.push(block(name, texts, "      "));
        }
    }
    if !entry.approvals.is_empty() {
        parts.push(approvals(source, entry)?);
    }
    if !entry.limits.is_empty() {
        parts.push(block("limits", entry.limits.iter().map(limit), "      "));
    }
    Ok(parts)
}

/// `validate` has no words and no mode of its own.
fn plain_validate(rule: &Rule) -> Result<(), Trouble> {
    if rule.message.is_empty() && !rule.shadow {
        return Ok(());
    }
    Err(format!(
        "{}: `validate` has no `on_deny` and no `mode` in the canonical form: remove them first",
        rule.id
    ))
}

fn once(slot: &mut Option<String>, text: String, id: &str, what: &str) -> Result<(), Trouble> {
    match slot {
        Some(known) if *known != text => Err(format!(
            "{id}: this tool has two different `{what}`, and the canonical form has room for one: merge them first"
        )),
        _ => {
            *slot = Some(text);
            Ok(())
        }
    }
}

fn guard(rule: &Rule, list: &[Condition], own: &str) -> String {
    let mut text = format!("{{ \"conditions\": [{}]", conditions(list));
    if rule.message != format!("Denied by rule \"{own}\"") {
        text.push_str(&format!(", \"on_deny\": {}", string(&rule.message)));
    }
    text.push_str(mode(rule.shadow));
    text.push_str(" }");
    text
}

fn approvals(source: Value<'_>, entry: &Entry) -> Result<String, Trouble> {
    let mut texts = Vec::new();
    for rule in &entry.approvals {
        let Check::DenyIf(list) = &rule.check else {
            return Err(format!(
                "{}: not an approval: this is a fault of host-test",
                rule.id
            ));
        };
        let mut text = format!("{{ \"conditions\": [{}]", conditions(list));
        let timeout = ["timeout", "approval_timeout"];
        let timeout = timeout
            .iter()
            .find_map(|key| at(source, &format!("{}/{key}", rule.id)));
        if let Some(timeout) = timeout {
            text.push_str(&format!(", \"timeout\": {timeout}"));
        }
        text.push_str(&format!(", \"message\": {}", string(&rule.message)));
        text.push_str(mode(rule.shadow));
        text.push_str(" }");
        texts.push(text);
    }
    Ok(block("approve_if", texts.into_iter(), "      "))
}

fn conditions(list: &[Condition]) -> String {
    let texts: Vec<String> = list.iter().map(condition).collect();
    texts.join(", ")
}

fn condition(condition: &Condition) -> String {
    let list = |scalars: &[Scalar]| {
        let texts: Vec<String> = scalars.iter().map(scalar).collect();
        format!("[{}]", texts.join(", "))
    };
    let (op, value) = match &condition.test {
        Test::OneOf(one) if one.len() == 1 => ("eq", one.iter().map(scalar).collect()),
        Test::OneOf(several) => ("in", list(several)),
        Test::NoneOf(one) if one.len() == 1 => ("neq", one.iter().map(scalar).collect()),
        Test::NoneOf(several) => ("not_in", list(several)),
        Test::Compare(Ordering::Less, number) => ("lt", number.clone()),
        Test::Compare(Ordering::AtMost, number) => ("lte", number.clone()),
        Test::Compare(Ordering::More, number) => ("gt", number.clone()),
        Test::Compare(Ordering::AtLeast, number) => ("gte", number.clone()),
        Test::Matches(pattern) => ("regex", string(pattern.as_str())),
        Test::Contains(part) => ("contains", scalar(part)),
        Test::Exists(there) => ("exists", there.to_string()),
    };
    let path = string(&condition.path.to_string());
    format!("{{ \"path\": {path}, \"op\": \"{op}\", \"value\": {value} }}")
}

fn scalar(scalar: &Scalar) -> String {
    match scalar {
        Scalar::String(text) => string(text),
        Scalar::Number(text) => text.clone(),
        Scalar::Bool(value) => value.to_string(),
    }
}

fn limit(limit: &Limit) -> String {
    let quota = &limit.quota;
    let window = quota.window.to_string();
    let window = match window.strip_suffix(" seconds") {
        Some(seconds) => seconds.to_owned(),
        None => string(&window),
    };
    let mut text = format!(
        "{{ \"counter\": {}, \"window\": {window}, \"max\": {}, \"scope\": {}",
        string(&limit.counter),
        quota.max,
        scopes(&limit.scopes)
    );
    if quota.algorithm == Algorithm::Sliding {
        text.push_str(", \"algorithm\": \"sliding\"");
    }
    match &limit.cost {
        Cost::Fixed(1) => {}
        Cost::Fixed(units) => text.push_str(&format!(", \"cost\": {units}")),
        Cost::From(path) => text.push_str(&format!(", \"cost\": {}", string(&path.to_string()))),
    }
    let usual = Refunds {
        unreachable: true,
        ..Refunds::default()
    };
    if limit.refunds != usual {
        let reasons = [
            ("error", limit.refunds.error),
            ("is_error", limit.refunds.is_error),
            ("unreachable", limit.refunds.unreachable),
        ];
        let reasons = reasons.iter().filter(|(_, wanted)| *wanted);
        let reasons: Vec<String> = reasons.map(|(reason, _)| string(reason)).collect();
        text.push_str(&format!(", \"refund_on\": [{}]", reasons.join(", ")));
    }
    let default = format!(
        "Rate limit of {} per {} reached. Try again later.",
        quota.max, quota.window
    );
    if limit.message != default {
        text.push_str(&format!(", \"on_deny\": {}", string(&limit.message)));
    }
    text.push_str(mode(limit.shadow));
    text.push_str(" }");
    text
}

fn scopes(scopes: &[Scope]) -> String {
    let texts: Vec<String> = scopes
        .iter()
        .map(|scope| match scope {
            Scope::Grant => string("grant"),
            Scope::Client => string("client"),
            Scope::Global => string("global"),
            Scope::Argument(path) => string(&path.to_string()),
        })
        .collect();
    match texts.as_slice() {
        [one] => one.clone(),
        several => format!("[{}]", several.join(", ")),
    }
}

fn section(name: &str, section: &RawSection) -> String {
    let mut parts = Vec::new();
    parts.extend(
        section
            .default
            .map(|d| format!("\"default\": {}", posture(d))),
    );
    for (key, list) in [("allow", &section.allow), ("deny", &section.deny)] {
        if !list.is_empty() {
            parts.push(format!("\"{key}\": [{}]", names(list)));
        }
    }
    if parts.is_empty() {
        return format!("\"{name}\": {{}}");
    }
    format!("\"{name}\": {{ {} }}", parts.join(", "))
}

fn names(list: &[(String, String)]) -> String {
    let texts: Vec<String> = list.iter().map(|(name, _)| string(name)).collect();
    texts.join(", ")
}

fn posture(posture: Posture) -> &'static str {
    match posture {
        Posture::Allow => "\"allow\"",
        Posture::Deny => "\"deny\"",
    }
}

fn mode(shadow: bool) -> &'static str {
    if shadow { ", \"mode\": \"shadow\"" } else { "" }
}

/// `"name": [` with an element a line.
fn block(name: &str, elements: impl Iterator<Item = String>, indent: &str) -> String {
    let elements: Vec<String> = elements.map(|e| format!("\n{indent}  {e}")).collect();
    format!("\"{name}\": [{}\n{indent}]", elements.join(","))
}

fn string(text: &str) -> String {
    let mut out = String::new();
    push_json_string(&mut out, text);
    out
}

/// The text at a JSON pointer.
fn at<'a>(source: Value<'a>, pointer: &str) -> Option<&'a str> {
    let mut value = source;
    for step in pointer.split('/').skip(1) {
        let key = step.replace("~1", "/").replace("~0", "~");
        value = match key.parse::<usize>() {
            Ok(index) if value.elements().next().is_some() => value.elements().nth(index)?,
            _ => value.get(&key)?,
        };
    }
    Some(value.text())
}
