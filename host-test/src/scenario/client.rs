//! The scripted MCP client: a step to the HTTP request that a client would send.

use host_test::Request;
use serde_json::Value;
use serde_json::value::RawValue;

use super::read::{Era, Sent, What};

/// A request, and what its reply is to be compared with.
#[derive(Debug)]
pub(crate) struct Outgoing {
    pub(crate) http: Request,
    /// The JSON-RPC id, if a reply with it is due.
    pub(crate) id: Option<u64>,
}

/// The request of a step; `id` is the JSON-RPC id, for messages that have one.
pub(crate) fn outgoing(sent: &Sent, id: u64) -> Outgoing {
    let (method, params) = match &sent.what {
        What::Raw { http, body } => {
            return Outgoing {
                http: raw(http, body, &sent.headers),
                id: None,
            };
        }
        What::Operator { http, path } => {
            let mut http = Request::new(http, path);
            if http.method != "GET" {
                http = http.with_header("content-length", "0");
            }
            change_headers(&mut http, &sent.headers);
            return Outgoing { http, id: None };
        }
        What::List(kind) => (format!("{}/list", kind.name()), None),
        What::Call { tool, args } => {
            let name = Value::from(tool.as_str());
            let params = format!("{{\"name\":{name},\"arguments\":{args}}}");
            ("tools/call".to_owned(), Some(params))
        }
        What::Request { method, params } => (method.clone(), params.clone()),
    };
    let params = match sent.era {
        Era::Handshake(_) => params,
        Era::Stateless => Some(with_meta(params)),
    };
    let id = (!method.starts_with("notifications/")).then_some(id);
    let mut body = "{\"jsonrpc\":\"2.0\"".to_owned();
    if let Some(id) = id {
        body.push_str(&format!(",\"id\":{id}"));
    }
    body.push_str(&format!(",\"method\":{}", Value::from(method.as_str())));
    if let Some(params) = &params {
        body.push_str(&format!(",\"params\":{params}"));
    }
    body.push('}');

    let mut http =
        Request::post("/mcp", body).with_header("accept", "application/json, text/event-stream");
    match sent.era {
        // The version is agreed on in initialize, so the header comes after it.
        Era::Handshake(_) if method == "initialize" => {}
        // The header came with 2025-06-18.
        Era::Handshake(version) if version < "2025-06-18" => {}
        Era::Handshake(version) => http = http.with_header("mcp-protocol-version", version),
        Era::Stateless => {
            http = http
                .with_header("mcp-protocol-version", "2026-07-28")
                .with_header("mcp-method", header_value(&method));
            if let Some(name) = mirrored_name(&method, params.as_deref()) {
                http = http.with_header("mcp-name", header_value(&name));
            }
        }
    }
    change_headers(&mut http, &sent.headers);
    Outgoing { http, id }
}

fn raw(method: &str, body: &str, headers: &[(String, Option<String>)]) -> Request {
    let mut http = Request::new(method, "/mcp");
    http.headers.push((
        "accept".to_owned(),
        b"application/json, text/event-stream".to_vec(),
    ));
    if !body.is_empty() || method == "POST" {
        let length = body.len().to_string();
        http = http
            .with_header("content-type", "application/json")
            .with_header("content-length", length);
        http.body = body.as_bytes().to_vec();
        http.has_body = !body.is_empty();
    }
    change_headers(&mut http, headers);
    http
}

fn change_headers(http: &mut Request, changes: &[(String, Option<String>)]) {
    for (name, value) in changes {
        http.headers.retain(|(given, _)| given != name);
        if let Some(value) = value {
            http.headers
                .push((name.clone(), value.clone().into_bytes()));
        }
    }
}

/// The parameters with the `_meta` that 2026-07-28 demands on every request, unless they have one
/// or are no object.
fn with_meta(params: Option<String>) -> String {
    let meta = "\"_meta\":{\"io.modelcontextprotocol/protocolVersion\":\"2026-07-28\",\
                \"io.modelcontextprotocol/clientCapabilities\":{}}";
    let Some(params) = params else {
        return format!("{{{meta}}}");
    };
    match serde_json::from_str::<Value>(&params) {
        Ok(Value::Object(members)) if !members.contains_key("_meta") => {
            let rest = params.trim_start().strip_prefix('{').unwrap_or_default();
            let comma = if members.is_empty() { "" } else { "," };
            format!("{{{meta}{comma}{rest}")
        }
        _ => params,
    }
}

/// The parameter that 2026-07-28 mirrors in `Mcp-Name`.
fn mirrored_name(method: &str, params: Option<&str>) -> Option<String> {
    let member = match method {
        "tools/call" | "prompts/get" => "name",
        "resources/read" => "uri",
        _ => return None,
    };
    let members: std::collections::HashMap<String, Box<RawValue>> =
        serde_json::from_str(params?).ok()?;
    serde_json::from_str(members.get(member)?.get()).ok()
}

/// A value as it may stand in a header: as it is, or as `=?base64?…?=`.
fn header_value(text: &str) -> String {
    let plain = text.bytes().all(|b| (0x20..0x7f).contains(&b))
        && text.trim() == text
        && !text.starts_with("=?base64?");
    if plain {
        text.to_owned()
    } else {
        format!("=?base64?{}?=", base64(text.as_bytes()))
    }
}

/// RFC 4648, section 4, with padding.
fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let group = chunk
            .iter()
            .chain(&[0, 0])
            .take(3)
            .fold(0_u32, |group, byte| group << 8 | u32::from(*byte));
        for (index, shift) in [18, 12, 6, 0].into_iter().enumerate() {
            let sextet = usize::try_from(group >> shift & 63).unwrap_or_default();
            match ALPHABET.get(sextet) {
                Some(letter) if index <= chunk.len() => text.push(char::from(*letter)),
                _ => text.push('='),
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "test")]
    use super::*;
    use crate::scenario::read::{Expectation, ListKind};

    fn request(what: What, era: Era, headers: &[(&str, Option<&str>)]) -> Request {
        let headers = headers
            .iter()
            .map(|(n, v)| ((*n).to_owned(), v.map(str::to_owned)))
            .collect();
        let expect = Expectation::default();
        let sent = Sent {
            what,
            times: 1,
            era,
            headers,
            keep: std::collections::BTreeMap::new(),
            expect,
        };
        outgoing(&sent, 7).http
    }

    fn call(tool: &str, args: &str) -> What {
        What::Call {
            tool: tool.to_owned(),
            args: args.to_owned(),
        }
    }

    fn body(request: &Request) -> &str {
        std::str::from_utf8(&request.body).unwrap()
    }

    fn header<'a>(request: &'a Request, name: &str) -> Option<&'a str> {
        request
            .header(name)
            .map(|v| std::str::from_utf8(v).unwrap())
    }

    #[test]
    fn arguments_keep_their_text() {
        let sent = request(
            call("t", r#"{"b":1.50,"a":1}"#),
            Era::Handshake("2025-11-25"),
            &[],
        );
        assert_eq!(
            body(&sent),
            r#"{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"t","arguments":{"b":1.50,"a":1}}}"#
        );
        assert_eq!(header(&sent, "mcp-protocol-version"), Some("2025-11-25"));
        assert_eq!(
            header(&sent, "content-length"),
            Some(body(&sent).len().to_string()).as_deref()
        );
        assert_eq!(header(&sent, "mcp-name"), None);
    }

    #[test]
    fn the_stateless_era_mirrors_what_the_body_says() {
        let sent = request(call("é", "{}"), Era::Stateless, &[]);
        assert!(body(&sent).contains(
            r#""params":{"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","#
        ));
        assert_eq!(header(&sent, "mcp-method"), Some("tools/call"));
        assert_eq!(header(&sent, "mcp-name"), Some("=?base64?w6k=?="));
        let sent = request(What::List(ListKind::Tools), Era::Stateless, &[]);
        assert_eq!(header(&sent, "mcp-method"), Some("tools/list"));
        serde_json::from_slice::<Value>(&sent.body).unwrap();
        for params in ["{}", r#"{"_meta":{}}"#, r#" {"a":1}"#, "[1]"] {
            let what = What::Request {
                method: "x".to_owned(),
                params: Some(params.to_owned()),
            };
            serde_json::from_slice::<Value>(&request(what, Era::Stateless, &[]).body).unwrap();
        }
    }

    #[test]
    fn headers_are_replaced_and_taken_away() {
        let changes = [
            ("accept", None),
            ("content-type", Some("text/plain")),
            ("x", Some("1")),
        ];
        let sent = request(
            What::List(ListKind::Tools),
            Era::Handshake("2024-11-05"),
            &changes,
        );
        assert_eq!(header(&sent, "accept"), None);
        assert_eq!(header(&sent, "content-type"), Some("text/plain"));
        assert_eq!(header(&sent, "x"), Some("1"));
        assert_eq!(header(&sent, "mcp-protocol-version"), None);
    }

    #[test]
    fn notifications_have_no_id_and_a_get_no_body() {
        let method = "notifications/initialized".to_owned();
        let what = What::Request {
            method,
            params: None,
        };
        let sent = request(what, Era::Handshake("2025-11-25"), &[]);
        assert_eq!(
            body(&sent),
            r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#
        );
        let what = What::Raw {
            http: "GET".to_owned(),
            body: String::new(),
        };
        let sent = request(what, Era::Stateless, &[]);
        assert!(!sent.has_body && header(&sent, "content-length").is_none());
    }

    #[test]
    fn base64_pads() {
        for (text, expected) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
        ] {
            assert_eq!(base64(text.as_bytes()), expected);
        }
    }
}
