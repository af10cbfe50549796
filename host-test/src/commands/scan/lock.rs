//! What a policy was written from: each tool's verdict and digests of its definition, in a file beside
//! the policy, so that a later scan can tell what has changed.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::preset::Preset;
use super::source::Found;
use super::tool::Scanned;
use crate::commands::Trouble;

/// The file `POLICY.scan.json` beside `POLICY.json`.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Lock {
    /// The version of this format.
    v: u32,
    pub(super) server: String,
    preset: String,
    pub(super) tools: BTreeMap<String, Entry>,
}

/// One tool, as it was.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Entry {
    pub(super) category: String,
    pub(super) risk: String,
    pub(super) signals: Vec<String>,
    /// SHA-256 of each member of the definition, as JSON with sorted keys and no white space.
    pub(super) definition: BTreeMap<String, String>,
}

/// Where the lock of a policy lies.
pub(super) fn beside(policy: &Path) -> PathBuf {
    policy.with_extension("scan.json")
}

/// The lock's text.
pub(super) fn of(found: &Found, tools: &[Scanned], preset: Preset) -> Result<String, Trouble> {
    let lock = Lock {
        v: 1,
        server: found.server.clone(),
        preset: preset.name().to_owned(),
        tools: tools
            .iter()
            .map(|tool| (tool.name.clone(), entry(tool)))
            .collect(),
    };
    let text = serde_json::to_string_pretty(&lock);
    text.map(|text| text + "\n")
        .map_err(|why| format!("cannot write the lock: {why}"))
}

/// What the lock says of a tool.
pub(super) fn entry(tool: &Scanned) -> Entry {
    let verdict = &tool.verdict;
    let members = tool.definition.as_object();
    Entry {
        category: verdict.category.to_string(),
        risk: verdict.risk.to_string(),
        signals: verdict
            .signals
            .iter()
            .map(|s| s.kind.name().to_owned())
            .collect(),
        definition: members
            .into_iter()
            .flatten()
            .filter(|(key, _)| *key != "name")
            .map(|(key, value)| (key.clone(), digest(value)))
            .collect(),
    }
}

/// Reads the lock of a policy; `None` where there is none.
pub(super) fn read(policy: &Path) -> Result<Option<Lock>, Trouble> {
    let path = beside(policy);
    let wrong = |why: &dyn std::fmt::Display| format!("`{}`: {why}", path.display());
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(why) if why.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(why) => return Err(wrong(&why)),
    };
    let lock: Lock = serde_json::from_str(&text).map_err(|why| wrong(&why))?;
    if lock.v != 1 {
        return Err(wrong(&format!(
            "version {} is not 1; scan again with this version",
            lock.v
        )));
    }
    Ok(Some(lock))
}

fn digest(value: &Value) -> String {
    let mut text = String::new();
    canonical(value, &mut text);
    let digest = Sha256::digest(text.as_bytes());
    digest.iter().fold(String::new(), |mut hex, byte| {
        // Writing to a string cannot fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

fn canonical(value: &Value, out: &mut String) {
    match value {
        Value::Object(members) => {
            let sorted: BTreeMap<&String, &Value> = members.iter().collect();
            out.push('{');
            for (index, (key, value)) in sorted.into_iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                out.push_str(&Value::from(key.as_str()).to_string());
                out.push(':');
                canonical(value, out);
            }
            out.push('}');
        }
        Value::Array(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                canonical(item, out);
            }
            out.push(']');
        }
        plain => out.push_str(&plain.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_order_of_keys_is_no_change_and_that_of_items_is() {
        let text = |value| {
            let mut out = String::new();
            canonical(&value, &mut out);
            out
        };
        assert_eq!(
            text(json!({"b": [1, {"d": null, "c": "\""}], "a": true})),
            r#"{"a":true,"b":[1,{"c":"\"","d":null}]}"#
        );
        assert_ne!(digest(&json!([1, 2])), digest(&json!([2, 1])));
    }
}
