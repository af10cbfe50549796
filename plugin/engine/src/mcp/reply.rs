//! What a caller is answered instead of the upstream's word.

use crate::json::push_json_string;

/// An HTTP answer made here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// HTTP status.
    pub status: u16,
    /// Header names, lower case, and values.
    pub headers: Vec<(&'static str, String)>,
    /// The body, JSON or empty.
    pub body: String,
}

impl Reply {
    /// JSON with a status.
    pub fn json(status: u16, body: String) -> Self {
        Self {
            status,
            headers: vec![("content-type", "application/json".to_owned())],
            body,
        }
    }

    /// 202 without a body: what a notification is owed, whether or not it goes on.
    pub fn accepted() -> Self {
        Self {
            status: 202,
            headers: Vec::new(),
            body: String::new(),
        }
    }
}

/// A request that is malformed or ambiguous: answered with an HTTP error, never forwarded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejection {
    /// HTTP status, 400 unless HTTP has a better word.
    pub status: u16,
    /// JSON-RPC code: -32700, -32600 or -32020.
    pub code: i32,
    /// The request's id as spelled, where it was read.
    pub id: Option<String>,
    /// What was wrong, and what would be right.
    pub message: String,
}

impl Rejection {
    /// Not JSON: 400 with -32700.
    pub fn parse(message: String) -> Self {
        Self {
            status: 400,
            code: -32700,
            id: None,
            message,
        }
    }

    /// Not a JSON-RPC 2.0 message, or an ambiguous one: 400 with -32600.
    pub fn request(id: Option<String>, message: String) -> Self {
        Self {
            status: 400,
            code: -32600,
            id,
            message,
        }
    }

    /// Headers that contradict the body (MCP 2026-07-28, "Header validation"): 400 with -32020.
    pub fn header_mismatch(id: Option<&str>, message: String) -> Self {
        Self {
            status: 400,
            code: -32020,
            id: id.map(str::to_owned),
            message,
        }
    }

    /// A request of MCP 2026-07-28 by its header whose `_meta` names no version: 400 with -32602, as
    /// servers answer it (conformance suite, `sep-2575-request-meta-invalid`).
    pub fn meta_missing(id: Option<&str>) -> Self {
        Self {
            status: 400,
            code: -32602,
            id: id.map(str::to_owned),
            message: "`_meta` names no `io.modelcontextprotocol/protocolVersion`".to_owned(),
        }
    }

    /// Refused for what HTTP says of it, with -32600 in the body.
    pub fn http(status: u16, message: &str) -> Self {
        Self {
            status,
            code: -32600,
            id: None,
            message: message.to_owned(),
        }
    }

    /// As an HTTP answer.
    pub fn reply(&self) -> Reply {
        let body = error(self.id.as_deref(), self.code, &self.message, None);
        Reply::json(self.status, body)
    }
}

/// A JSON-RPC error response; `id` and `data` are JSON texts.
pub fn error(id: Option<&str>, code: i32, message: &str, data: Option<&str>) -> String {
    let mut out = String::with_capacity(message.len().saturating_add(96));
    out.push_str("{\"jsonrpc\":\"2.0\",\"id\":");
    out.push_str(id.unwrap_or("null"));
    out.push_str(",\"error\":{\"code\":");
    out.push_str(&code.to_string());
    out.push_str(",\"message\":");
    push_json_string(&mut out, message);
    if let Some(data) = data {
        out.push_str(",\"data\":");
        out.push_str(data);
    }
    out.push_str("}}");
    out
}

/// A tools/call result that says the call failed (`isError`), which every client hands to its
/// model; `id` and `meta` are JSON texts, `complete` adds the `resultType` of 2026-07-28.
pub fn tool_error(id: &str, texts: &[&str], meta: &str, complete: bool) -> String {
    let mut out = String::with_capacity(256);
    out.push_str("{\"jsonrpc\":\"2.0\",\"id\":");
    out.push_str(id);
    out.push_str(",\"result\":{");
    if complete {
        out.push_str("\"resultType\":\"complete\",");
    }
    out.push_str("\"content\":[");
    for (n, text) in texts.iter().enumerate() {
        if n > 0 {
            out.push(',');
        }
        out.push_str("{\"type\":\"text\",\"text\":");
        push_json_string(&mut out, text);
        out.push('}');
    }
    out.push_str("],\"isError\":true,\"_meta\":{\"toolgate/denial\":");
    out.push_str(meta);
    out.push_str("}}}");
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replies_are_json_with_the_id_as_spelled() {
        let rejection = Rejection::request(Some("\"a\\u0062\"".into()), "say \"x\"".into());
        assert_eq!(
            rejection.reply().body,
            r#"{"jsonrpc":"2.0","id":"a\u0062","error":{"code":-32600,"message":"say \"x\""}}"#
        );
        assert_eq!(
            tool_error("7", &["no"], "{}", true),
            r#"{"jsonrpc":"2.0","id":7,"result":{"resultType":"complete","content":[{"type":"text","text":"no"}],"isError":true,"_meta":{"toolgate/denial":{}}}}"#
        );
    }
}
