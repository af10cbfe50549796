//! What is wrong with a scenario as a whole, beyond its single steps.

use serde_json::Value;
use serde_json::value::RawValue;

use super::fault::nearest;
use super::plan::ListKind;
use crate::scenario::model::{Caller, Scenario};
use crate::yaml::pointer_token;

/// Lists where the file wants maps: JSON pointers and reasons. (serde would take a list for the
/// members of a map in order.)
pub(super) fn lists_for_maps(json: &str) -> Vec<(String, String)> {
    let Ok(root) = serde_json::from_str::<Value>(json) else {
        return Vec::new();
    };
    let mut maps = vec![String::new(), "/upstream".to_owned()];
    if let Some(Value::Object(answers)) = root.pointer("/upstream/answers") {
        for tool in answers.keys() {
            let answer = format!("/upstream/answers/{}", pointer_token(tool));
            maps.push(format!("{answer}/error"));
            maps.push(answer);
        }
    }
    if let Some(Value::Array(steps)) = root.get("steps") {
        for index in 0..steps.len() {
            for member in [
                "as",
                "headers",
                "upstream_saw",
                "upstream_saw/headers",
                "remaining",
                "record",
            ] {
                maps.push(format!("/steps/{index}/{member}"));
            }
            maps.push(format!("/steps/{index}"));
        }
    }
    let lists = maps
        .into_iter()
        .filter(|at| root.pointer(at).is_some_and(Value::is_array));
    lists
        .map(|at| {
            (
                at,
                "this is a map, not a list; write `key: value` lines".to_owned(),
            )
        })
        .collect()
}

/// What is wrong with the file beyond single steps: JSON pointers and reasons.
pub(super) fn faults(scenario: &Scenario) -> Vec<(String, String)> {
    let mut faults = Vec::new();
    let mut fault = |pointer: &str, why: &str| faults.push((pointer.to_owned(), why.to_owned()));
    match (&scenario.policy, &scenario.config) {
        (None, None) => fault("", "name the policy: `policy: policy.json`"),
        (Some(_), Some(_)) => fault("/config", "give `policy` or `config`, not both"),
        (None, Some(_)) if scenario.server.is_some() => {
            fault("/server", "with `config`, the server is named in that file");
        }
        (None, Some(_)) if scenario.identity.is_some() => {
            fault(
                "/identity",
                "with `config`, callers are identified in that file",
            );
        }
        _ => {}
    }
    if scenario.steps.is_empty() {
        fault("/steps", "there are no steps");
    }
    if scenario.config.is_none() && scenario.identity.is_none() {
        for (index, step) in scenario.steps.iter().enumerate() {
            let given = |caller: &Caller| caller.bearer.is_some() || caller.api_key.is_some();
            if step.caller.as_ref().is_some_and(given) {
                let why = "nobody looks for a credential, so this changes nothing: give \
                           `identity: [{bearer: true}]` beside `policy`, or a `config` with an identity";
                fault(&format!("/steps/{index}/as"), why);
            }
        }
    }
    let upstream = &scenario.upstream;
    let lists = [
        (ListKind::Tools, &upstream.tools),
        (ListKind::Prompts, &upstream.prompts),
        (ListKind::Resources, &upstream.resources),
    ];
    for (kind, items) in lists {
        for (index, item) in items.iter().enumerate() {
            if item_name(kind, item).is_none() {
                let name = kind.item_name();
                faults.push((
                    format!("/upstream/{}/{index}", kind.name()),
                    format!("write a name, or an object with the string `{name}`"),
                ));
            }
        }
    }
    let tools: Vec<String> = upstream
        .tools
        .iter()
        .filter_map(|tool| item_name(ListKind::Tools, tool))
        .collect();
    for tool in upstream.answers.keys().filter(|t| !tools.contains(t)) {
        let known: Vec<&str> = tools.iter().map(String::as_str).collect();
        let hint = nearest(tool, &known)
            .map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
        faults.push((
            format!("/upstream/answers/{}", pointer_token(tool)),
            format!("the upstream has no tool `{tool}`{hint}"),
        ));
    }
    faults
}

/// The name of an item of a list, which stands alone or in an object.
pub(crate) fn item_name(kind: ListKind, item: &RawValue) -> Option<String> {
    match serde_json::from_str(item.get()).ok()? {
        Value::String(name) => Some(name),
        Value::Object(object) => match object.get(kind.item_name())? {
            Value::String(name) => Some(name.clone()),
            _ => None,
        },
        _ => None,
    }
}
