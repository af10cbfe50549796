//! What servers make of a request body: as `serde_json` reads it, and as Go's `encoding/json` does, which matches keys
//! by case folding; of keys that come twice, the last wins.

use serde_json::value::RawValue;
use toolgate_engine::mcp::{Body, Message, Role};

use super::json::{elements, folded, last, members, same, string};

/// What one message asks a server to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    pub method: String,
    pub name: Option<String>,
    /// The text of `arguments`.
    pub arguments: Option<String>,
}

/// Everything that a server that folds keys could run of a body, which may be a batch.
pub fn asked(body: &[u8]) -> Vec<Asked> {
    let text = String::from_utf8_lossy(body);
    let text = text.trim_start_matches('\u{FEFF}');
    let messages = elements(text).unwrap_or_else(|| {
        let one: Result<Box<RawValue>, _> = serde_json::from_str(text);
        one.into_iter().collect()
    });
    messages.iter().filter_map(|m| ask(m.get())).collect()
}

fn ask(text: &str) -> Option<Asked> {
    let fold = |text: &str| {
        let all = members(text).unwrap_or_default();
        let all = all.into_iter().map(|(key, value)| (folded(&key), value));
        all.collect::<Vec<_>>()
    };
    let envelope = fold(text);
    let params = last(&envelope, "PARAMS").map(fold).unwrap_or_default();
    Some(Asked {
        method: string(last(&envelope, "METHOD")?)?,
        name: last(&params, "NAME").and_then(string),
        arguments: last(&params, "ARGUMENTS").map(str::to_owned),
    })
}

/// Whether `serde_json` reads from `bytes` what the engine read from them.
///
/// # Errors
/// What differs.
pub fn same_body(body: &Body<'_>, bytes: &[u8]) -> Result<(), String> {
    let text = std::str::from_utf8(bytes).map_err(|e| e.to_string())?;
    let root: Box<RawValue> = serde_json::from_str(text).map_err(|e| e.to_string())?;
    match body {
        Body::Single(message) => same_message(message, root.get()),
        Body::Batch(messages) => {
            let theirs = elements(root.get()).ok_or("not an array")?;
            if theirs.len() != messages.len() {
                return Err("other elements".to_owned());
            }
            let mut pairs = messages.iter().zip(&theirs);
            pairs.try_for_each(|(ours, theirs)| same_message(ours, theirs.get()))
        }
    }
}

fn same_message(message: &Message<'_>, text: &str) -> Result<(), String> {
    let differs = |what: &str| Err(format!("{what} differs: {message:?} and {text:?}"));
    let envelope = members(text).ok_or("not an object")?;
    let method = last(&envelope, "method").map(|method| string(method).ok_or(method.to_owned()));
    let role = match (&method, last(&envelope, "id")) {
        (None, _) => Role::Response,
        (Some(_), Some(_)) => Role::Request,
        (Some(_), None) => Role::Notification,
    };
    if message.role != role {
        return differs("role");
    }
    if method.unwrap_or(Ok(String::new())).as_deref() != Ok(&*message.method) {
        return differs("method");
    }
    if message.id != last(&envelope, "id") {
        return differs("id");
    }
    if message.role == Role::Response {
        return Ok(());
    }
    let params = last(&envelope, "params").map(|params| members(params).ok_or("params"));
    let params = params.transpose()?.unwrap_or_default();
    for (ours, key) in [(&message.params.name, "name"), (&message.params.uri, "uri")] {
        let theirs = last(&params, key).map(|text| string(text).ok_or(key));
        if ours.as_deref() != theirs.transpose()?.as_deref() {
            return differs(key);
        }
    }
    match (message.params.arguments, last(&params, "arguments")) {
        (Some(ours), Some(theirs)) => same(ours, theirs),
        (None, None) => Ok(()),
        _ => differs("arguments"),
    }
}
