//! The scenario file as it is written; [`super::read`] checks what these types cannot say.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

/// A whole scenario file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Scenario {
    /// What it proves, for the reader; printed at the head of the transcript.
    pub(crate) description: Option<String>,
    /// A policy file, beside the scenario; or `config`.
    pub(crate) policy: Option<String>,
    /// A file with a whole plugin configuration, beside the scenario; or `policy`.
    pub(crate) config: Option<String>,
    /// A file with the plugin configuration of a second listener of the same proxy, beside the
    /// scenario, for steps with `operator`.
    pub(crate) operators: Option<String>,
    /// The upstream's name in counters and records; default: the folder's name.
    pub(crate) server: Option<String>,
    /// The scripted MCP server behind the proxy.
    #[serde(default)]
    pub(crate) upstream: Upstream,
    /// What happens, in order.
    pub(crate) steps: Vec<Step>,
}

/// The scripted MCP server.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Upstream {
    /// What tools/list answers: names, or whole tool objects.
    #[serde(default)]
    pub(crate) tools: Vec<Box<RawValue>>,
    /// What prompts/list answers: names, or whole prompt objects.
    #[serde(default)]
    pub(crate) prompts: Vec<Box<RawValue>>,
    /// What resources/list answers: URIs, or whole resource objects.
    #[serde(default)]
    pub(crate) resources: Vec<Box<RawValue>>,
    /// Whether it answers as an event stream (SSE) instead of JSON.
    #[serde(default)]
    pub(crate) sse: bool,
    /// Whether initialize gives out session ids: `session-1`, `session-2`, …
    #[serde(default)]
    pub(crate) sessions: bool,
    /// How calls of a tool are answered, by its name; default: a text that names the tool.
    #[serde(default)]
    pub(crate) answers: BTreeMap<String, Answer>,
}

/// How the scripted server answers the calls of one tool.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Answer {
    /// The text of the result.
    pub(crate) text: Option<String>,
    /// Whether the result says `isError`.
    #[serde(default)]
    pub(crate) is_error: bool,
    /// A JSON-RPC error instead of a result.
    pub(crate) error: Option<RpcError>,
    /// An HTTP status with a short text instead of an MCP answer.
    pub(crate) status: Option<u16>,
}

/// A JSON-RPC error.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RpcError {
    pub(crate) code: i64,
    pub(crate) message: String,
}

/// One step: exactly one of the first seven says what happens; the rest is how, and what must come
/// of it.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Step {
    /// Sets the clock: an RFC 3339 time.
    pub(crate) at: Option<String>,
    /// Moves the clock forward: `90s`, `5m`, `1h`, `1d`.
    pub(crate) advance: Option<String>,
    /// Lists `tools`, `prompts` or `resources`.
    pub(crate) list: Option<String>,
    /// Calls this tool.
    pub(crate) call: Option<String>,
    /// Sends a JSON-RPC request of any other method.
    pub(crate) request: Option<String>,
    /// Sends this body as it is.
    pub(crate) raw: Option<String>,
    /// Sends a request without a body to the operators' listener: `POST /path`; `{name}` in it
    /// stands for what a step kept.
    pub(crate) operator: Option<String>,

    /// Said in the transcript before the step.
    pub(crate) note: Option<String>,
    /// The tool's arguments; default `{}`.
    pub(crate) args: Option<Box<RawValue>>,
    /// The parameters of `request`.
    pub(crate) params: Option<Box<RawValue>>,
    /// The HTTP method of `raw`; default POST.
    pub(crate) http: Option<String>,
    /// How often; default 1.
    pub(crate) times: Option<u32>,
    /// Who calls.
    #[serde(rename = "as")]
    pub(crate) caller: Option<Caller>,
    /// Headers added, or replaced; null takes one away.
    #[serde(default)]
    pub(crate) headers: BTreeMap<String, Option<String>>,
    /// What of the reply later steps need: a name, and a JSON pointer into the result or error.
    #[serde(default)]
    pub(crate) keep: BTreeMap<String, String>,
    /// The protocol version that the client speaks; default 2025-11-25.
    pub(crate) era: Option<String>,

    /// What the record must say: allow, deny or reject.
    pub(crate) outcome: Option<String>,
    /// The rule that the record must name.
    pub(crate) rule: Option<String>,
    /// The message that the record must hold.
    pub(crate) message: Option<String>,
    /// The seconds after which the caller is told to try again.
    pub(crate) retry_after: Option<u64>,
    /// The HTTP status.
    pub(crate) status: Option<u16>,
    /// The code of the JSON-RPC error in the reply.
    pub(crate) error: Option<i64>,
    /// A part of what the caller reads.
    pub(crate) reads: Option<String>,
    /// The names in a list's reply, exactly, in order.
    pub(crate) sees: Option<Vec<String>>,
    /// What the upstream received.
    pub(crate) upstream_saw: Option<UpstreamSaw>,
    /// How many units of each counter must remain, by the decision record.
    #[serde(default)]
    pub(crate) remaining: BTreeMap<String, u64>,
    /// Members that the decision record must have, with these values.
    #[serde(default)]
    pub(crate) record: BTreeMap<String, Value>,
}

/// What a request must have been when it reached the upstream.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct UpstreamSaw {
    /// How often; 0 is never. Default: once where the call is allowed, else never.
    pub(crate) times: Option<usize>,
    /// A part of its body.
    pub(crate) body: Option<String>,
    /// Headers with their values; null is a header that it must not have.
    #[serde(default)]
    pub(crate) headers: BTreeMap<String, Option<String>>,
}

impl UpstreamSaw {
    /// The same with the names of headers as they arrive.
    pub(crate) fn in_lower_case(mut self) -> UpstreamSaw {
        let headers = std::mem::take(&mut self.headers).into_iter();
        self.headers = headers
            .map(|(name, value)| (name.to_ascii_lowercase(), value))
            .collect();
        self
    }
}

/// The caller's credential.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Caller {
    /// Sent as `authorization: Bearer …`.
    pub(crate) bearer: Option<String>,
    /// Sent as `x-api-key: …`.
    pub(crate) api_key: Option<String>,
}
