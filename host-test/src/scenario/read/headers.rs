//! The headers that a step adds: its caller's credential and its own.

use super::plan::StepFault;
use crate::scenario::model::Step;

/// The headers of a step by lower-case name; `None` takes one away.
pub(super) fn of_step(step: &Step) -> Result<Vec<(String, Option<String>)>, StepFault> {
    let mut headers = Vec::new();
    if let Some(caller) = &step.caller {
        let bearer = caller
            .bearer
            .as_ref()
            .map(|token| format!("Bearer {token}"));
        headers.push(("authorization".to_owned(), bearer));
        headers.push(("x-api-key".to_owned(), caller.api_key.clone()));
        headers.retain(|(_, value)| value.is_some());
        if headers.is_empty() {
            return Err(("as", "write `bearer: TOKEN` or `api_key: KEY`".to_owned()));
        }
    }
    for (name, value) in &step.headers {
        let lower = name.to_ascii_lowercase();
        let token = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
        if name.is_empty() || !name.bytes().all(token) {
            return Err(("headers", format!("`{name}` is not a header's name")));
        }
        if ["content-length", "transfer-encoding", "connection", "host"].contains(&lower.as_str()) {
            return Err(("headers", format!("`{name}` is set by the sender")));
        }
        if value.iter().any(|v| v.contains(['\r', '\n', '\0'])) {
            let why = format!("the value of `{name}` has a line break or a NUL");
            return Err(("headers", why));
        }
        headers.push((lower, value.clone()));
    }
    Ok(headers)
}
