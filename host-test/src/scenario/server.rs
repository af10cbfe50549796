//! The scripted MCP server behind the proxy: answers what the scenario says it offers.

mod answer;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use host_test::{Request, Response};
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::model::{Answer, Upstream};
use super::read::{ListKind, item_name};
use answer::Body;

/// The scripted server. What it answers depends on the request, and on how many sessions it has
/// given out.
#[derive(Debug)]
pub(crate) struct Scripted {
    lists: Vec<(ListKind, Vec<Item>)>,
    answers: BTreeMap<String, Answer>,
    sse: bool,
    gives_sessions: bool,
    sessions: u32,
}

/// What is listed: its name, and its object as JSON text.
#[derive(Debug)]
struct Item {
    name: String,
    json: String,
}

/// A JSON-RPC message as far as the server reads it.
#[derive(Deserialize)]
struct Message<'a> {
    #[serde(borrow)]
    id: Option<&'a RawValue>,
    method: Option<String>,
    #[serde(default)]
    params: Params,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Params {
    name: Option<String>,
    uri: Option<String>,
    #[serde(rename = "protocolVersion")]
    protocol_version: Option<String>,
}

impl Scripted {
    /// The server of a scenario.
    pub(crate) fn new(upstream: &Upstream) -> Scripted {
        let lists = [
            (ListKind::Tools, &upstream.tools),
            (ListKind::Prompts, &upstream.prompts),
            (ListKind::Resources, &upstream.resources),
        ];
        Scripted {
            lists: lists
                .into_iter()
                .map(|(kind, items)| {
                    (
                        kind,
                        items.iter().filter_map(|i| Item::of(kind, i)).collect(),
                    )
                })
                .collect(),
            answers: upstream.answers.clone(),
            sse: upstream.sse,
            gives_sessions: upstream.sessions,
            sessions: 0,
        }
    }

    /// Answers one HTTP request.
    pub(crate) fn answer(&mut self, request: &Request) -> Response {
        if request.method != "POST" {
            return answer::text(405, "only POST is served here").with_header("allow", "POST");
        }
        let Ok(message) = serde_json::from_slice::<Message<'_>>(&request.body) else {
            return Body::error("null", -32700, "Parse error").json(400);
        };
        let stateless = request.header("mcp-protocol-version") == Some(b"2026-07-28");
        let (Some(method), Some(id)) = (&message.method, message.id) else {
            // A notification, or the reply to a request that this server never sends.
            return Response::new(202).with_header("content-length", "0");
        };
        let body = match self.result(method, &message.params, stateless) {
            Ok(result) => Body::result(id.get(), &result),
            Err(Refusal::Http(status)) => {
                return answer::text(status, "the upstream is scripted so");
            }
            Err(Refusal::Rpc(code, text)) => {
                let body = Body::error(id.get(), code, &text);
                if stateless && code == -32601 {
                    return body.json(404);
                }
                body
            }
        };
        let response = if self.sse { body.sse() } else { body.json(200) };
        if method == "initialize" && self.gives_sessions {
            self.sessions = self.sessions.saturating_add(1);
            return response.with_header("mcp-session-id", format!("session-{}", self.sessions));
        }
        response
    }

    /// The result of a request as JSON text.
    fn result(&self, method: &str, params: &Params, stateless: bool) -> Result<String, Refusal> {
        let complete = if stateless {
            "\"resultType\":\"complete\","
        } else {
            ""
        };
        let cached = if stateless {
            ",\"ttlMs\":0,\"cacheScope\":\"public\""
        } else {
            ""
        };
        let info = "\"capabilities\":{\"tools\":{},\"prompts\":{},\"resources\":{}},\
                    \"serverInfo\":{\"name\":\"scripted\",\"version\":\"1\"}";
        let name = params.name.as_deref().unwrap_or_default();
        match method {
            "initialize" => {
                let version = params.protocol_version.as_deref().unwrap_or("2025-11-25");
                Ok(format!(
                    "{{\"protocolVersion\":{},{info}}}",
                    Value::from(version)
                ))
            }
            "ping" => Ok("{}".to_owned()),
            "server/discover" if stateless => Ok(format!(
                "{{{complete}\"supportedVersions\":[\"2026-07-28\"],{info}{cached}}}"
            )),
            "tools/call" => {
                self.find(ListKind::Tools, name)
                    .ok_or_else(|| Refusal::Rpc(-32602, format!("Unknown tool: {name}")))?;
                call(name, self.answers.get(name), complete)
            }
            "prompts/get" if self.find(ListKind::Prompts, name).is_some() => Ok(format!(
                "{{{complete}\"messages\":[{{\"role\":\"user\",\"content\":{{\"type\":\"text\",\
                 \"text\":{}}}}}]}}",
                Value::from(format!("the prompt {name}"))
            )),
            "resources/read" => {
                let uri = params.uri.as_deref().unwrap_or_default();
                self.find(ListKind::Resources, uri)
                    .ok_or_else(|| Refusal::Rpc(-32602, format!("Unknown resource: {uri}")))?;
                Ok(format!(
                    "{{{complete}\"contents\":[{{\"uri\":{},\"text\":{}}}]{cached}}}",
                    Value::from(uri),
                    Value::from(format!("the contents of {uri}"))
                ))
            }
            "prompts/get" => Err(Refusal::Rpc(-32602, format!("Unknown prompt: {name}"))),
            _ => self
                .lists
                .iter()
                .find(|(kind, _)| method == format!("{}/list", kind.name()))
                .map(|(kind, items)| {
                    let items: Vec<&str> = items.iter().map(|item| item.json.as_str()).collect();
                    format!(
                        "{{{complete}\"{}\":[{}]{cached}}}",
                        kind.name(),
                        items.join(",")
                    )
                })
                .ok_or_else(|| Refusal::Rpc(-32601, "Method not found".to_owned())),
        }
    }

    fn find(&self, kind: ListKind, name: &str) -> Option<&Item> {
        let (_, items) = self.lists.iter().find(|(known, _)| *known == kind)?;
        items.iter().find(|item| item.name == name)
    }
}

/// Why there is no result.
enum Refusal {
    Http(u16),
    Rpc(i64, String),
}

/// The result of a call: what the scenario scripts, or a text that names the tool.
fn call(tool: &str, answer: Option<&Answer>, complete: &str) -> Result<String, Refusal> {
    let answer = answer.cloned().unwrap_or_default();
    if let Some(status) = answer.status {
        return Err(Refusal::Http(status));
    }
    if let Some(error) = answer.error {
        return Err(Refusal::Rpc(error.code, error.message));
    }
    let text = answer.text.unwrap_or_else(|| format!("{tool} ran"));
    Ok(format!(
        "{{{complete}\"content\":[{{\"type\":\"text\",\"text\":{}}}],\"isError\":{}}}",
        Value::from(text),
        answer.is_error
    ))
}

impl Item {
    fn of(kind: ListKind, item: &RawValue) -> Option<Item> {
        let name = item_name(kind, item)?;
        let json = if item.get().starts_with('{') {
            item.get().to_owned()
        } else {
            let quoted = Value::from(name.as_str());
            match kind {
                ListKind::Tools => {
                    format!("{{\"name\":{quoted},\"inputSchema\":{{\"type\":\"object\"}}}}")
                }
                ListKind::Prompts => format!("{{\"name\":{quoted}}}"),
                ListKind::Resources => format!("{{\"uri\":{quoted},\"name\":{quoted}}}"),
            }
        };
        Some(Item { name, json })
    }
}
