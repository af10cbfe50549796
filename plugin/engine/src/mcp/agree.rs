//! The body is the truth: whatever the headers repeat of it must say the same.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::head::Head;
use super::message::Message;
use super::method;
use super::mirror;
use super::reply::Rejection;

/// The first protocol version without sessions, where headers mirror the body.
pub const STATELESS: &str = "2026-07-28";

/// Which protocol generation a request belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Era {
    /// Up to 2025-11-25: a handshake, perhaps sessions.
    Handshake,
    /// 2026-07-28 and later: every request stands alone and mirrors itself in headers.
    Stateless,
}

impl Era {
    /// The era of a version; dates compare as text.
    pub fn of(version: &str) -> Self {
        let dated = version.len() == STATELESS.len() && version.is_ascii();
        if dated && version >= STATELESS {
            Era::Stateless
        } else {
            Era::Handshake
        }
    }
}

/// Checks a single message against the headers that came with it.
///
/// # Errors
/// 400 with -32020 when they disagree, or when 2026-07-28 requires a header that is missing.
pub fn agree(head: &Head, message: &Message<'_>) -> Result<Era, Rejection> {
    let mismatch = |why: String| Err(Rejection::header_mismatch(message.id, why));
    let version = head.version.as_deref().map(str::trim);
    let by_header = version.map_or(Era::Handshake, Era::of);
    let by_body = message
        .params
        .version
        .as_deref()
        .map_or(Era::Handshake, Era::of);
    let stateless = by_header == Era::Stateless || by_body == Era::Stateless;
    if stateless && message.method.is_empty() {
        return mismatch(format!("a response cannot be posted in {STATELESS}"));
    }
    if stateless {
        match (version, message.params.version.as_deref()) {
            (Some(header), Some(body)) if header == body => {}
            (None, _) => return mismatch("header `mcp-protocol-version` is missing".into()),
            // Notifications carry no `_meta` of their own in every SDK.
            (Some(_), None) if message.id.is_none() => {}
            (Some(_), None) => return Err(Rejection::meta_missing(message.id)),
            _ => {
                return mismatch(
                    "header `mcp-protocol-version` and the body's protocol version differ".into(),
                );
            }
        }
    }
    match head.mcp_method.as_deref() {
        // A response has no method: nothing can agree with it, an empty header neither.
        Some(sent)
            if !message.method.is_empty() && decoded(sent).as_deref() == Some(&*message.method) => {
        }
        Some(_) => return mismatch("header `mcp-method` differs from the body's `method`".into()),
        None if stateless => return mismatch("header `mcp-method` is missing".into()),
        None => {}
    }
    let target = target(message);
    match (head.mcp_name.as_deref(), target) {
        (Some(sent), Some(name)) if decoded(sent).as_deref() == Some(name) => {}
        (Some(_), _) => return mismatch("header `mcp-name` differs from the body".into()),
        (None, Some(_)) if stateless && requires_name(&message.method) => {
            return mismatch("header `mcp-name` is missing".into());
        }
        (None, _) => {}
    }
    let arguments = message.params.arguments;
    if let Some(name) = mirror::without_argument(&head.mcp_params, decoded, arguments) {
        return mismatch(format!(
            "header `mcp-param-{name}` mirrors no argument of the body"
        ));
    }
    Ok(if stateless {
        Era::Stateless
    } else {
        Era::Handshake
    })
}

/// Headers cannot mirror several messages at once.
///
/// # Errors
/// 400 with -32600 unless the request itself says version 2025-03-26 and mirrors nothing.
pub fn agree_batch(head: &Head) -> Result<(), Rejection> {
    if head.version.as_deref().map(str::trim) != Some("2025-03-26") {
        return Err(Rejection::request(
            None,
            "batches exist only in MCP 2025-03-26: send one message, or header `mcp-protocol-version: 2025-03-26`".into(),
        ));
    }
    if head.mcp_method.is_some() || head.mcp_name.is_some() || !head.mcp_params.is_empty() {
        return Err(Rejection::header_mismatch(
            None,
            "a batch cannot be mirrored in `mcp-*` headers".into(),
        ));
    }
    Ok(())
}

fn requires_name(name: &str) -> bool {
    matches!(
        name,
        method::TOOLS_CALL | method::PROMPTS_GET | method::RESOURCES_READ
    )
}

/// What `Mcp-Name` mirrors.
fn target<'m>(message: &'m Message<'_>) -> Option<&'m str> {
    match message.method.as_ref() {
        method::TOOLS_CALL | method::PROMPTS_GET => message.params.name.as_deref(),
        method::RESOURCES_READ => message.params.uri.as_deref(),
        _ => message
            .params
            .name
            .as_deref()
            .or(message.params.uri.as_deref()),
    }
}

/// A header value, its `=?base64?…?=` form decoded; `None` when that form is broken.
fn decoded(sent: &str) -> Option<Cow<'_, str>> {
    let sent = sent.trim_matches([' ', '\t']);
    let inner = sent.strip_prefix("=?base64?");
    // Without its end it is an ordinary value (the conformance suite's `validate-param-match`).
    let Some(inner) = inner.and_then(|inner| inner.strip_suffix("?=")) else {
        return Some(Cow::Borrowed(sent));
    };
    let bytes = STANDARD.decode(inner).ok()?;
    String::from_utf8(bytes).ok().map(Cow::Owned)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]
    use super::super::head::Headers;
    use super::super::message::{Body, read_body};
    use super::*;

    const CALL: &str = r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"pay","arguments":{"amount":1e2,"to":"zoë"}}}"#;
    const MODERN: &str = r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"pay","_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28"}}}"#;

    fn check(body: &str, sent: &[(&str, &str)]) -> Result<Era, i32> {
        let headers: Headers<'_> = [(":method", "POST"), ("content-type", "application/json")]
            .iter()
            .chain(sent)
            .map(|(n, v)| (n.as_bytes(), v.as_bytes()))
            .collect();
        let head = Head::read(&headers).unwrap();
        match read_body(body.as_bytes()).unwrap() {
            Body::Single(message) => agree(&head, &message).map_err(|r| r.code),
            Body::Batch(_) => panic!("batch"),
        }
    }

    #[test]
    fn what_headers_repeat_must_be_what_the_body_says() {
        let version = ("mcp-protocol-version", "2026-07-28");
        let method = ("mcp-method", "tools/call");
        let name = ("mcp-name", "pay");
        type Case<'c> = (&'c str, &'c [(&'c str, &'c str)], Result<Era, i32>);
        let cases: &[Case<'_>] = &[
            (CALL, &[], Ok(Era::Handshake)),
            (
                CALL,
                &[("mcp-protocol-version", "2025-11-25")],
                Ok(Era::Handshake),
            ),
            (CALL, &[method, name], Ok(Era::Handshake)),
            (CALL, &[("mcp-name", "=?base64?cGF5?=")], Ok(Era::Handshake)),
            (CALL, &[("mcp-name", "=?base64?cGF5")], Err(-32020)),
            (CALL, &[("mcp-name", "Pay")], Err(-32020)),
            (CALL, &[("mcp-method", "tools/list")], Err(-32020)),
            (CALL, &[("mcp-param-amount", "100")], Ok(Era::Handshake)),
            (CALL, &[("mcp-param-amount", "101")], Err(-32020)),
            (
                CALL,
                &[("mcp-param-to", "=?base64?em/Dqw==?=")],
                Ok(Era::Handshake),
            ),
            (CALL, &[version, method, name], Err(-32602)),
            (MODERN, &[version, method, name], Ok(Era::Stateless)),
            (MODERN, &[], Err(-32020)),
            (MODERN, &[version, name], Err(-32020)),
            (MODERN, &[version, method], Err(-32020)),
            (
                MODERN,
                &[version, method, ("mcp-name", "read")],
                Err(-32020),
            ),
            (
                MODERN,
                &[("mcp-protocol-version", "2025-11-25"), method, name],
                Err(-32020),
            ),
            (
                r#"{"jsonrpc":"2.0","id":1,"result":{}}"#,
                &[method],
                Err(-32020),
            ),
            (
                r#"{"jsonrpc":"2.0","id":1,"result":{}}"#,
                &[("mcp-method", "")],
                Err(-32020),
            ),
            (
                r#"{"jsonrpc":"2.0","id":1,"result":{}}"#,
                &[],
                Ok(Era::Handshake),
            ),
        ];
        for (body, sent, want) in cases {
            assert_eq!(check(body, sent), *want, "{body} {sent:?}");
        }
    }
}
