//! What a test learns about one request and its response.

use std::collections::BTreeMap;
use std::fmt;

use super::error::TrapReport;
use super::log::LogLine;
use super::message::{Request, Response};

/// One request through the proxy: what each side saw and what the filter did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Exchange {
    /// What the client received; `None` if it got nothing (a reset, or a hang).
    pub response: Option<Response>,
    /// Whether the client received the response's end. `false` means a reset or a hang.
    pub response_complete: bool,
    /// What the upstream received; `None` means that no connection was opened.
    pub upstream: Option<Request>,
    /// Whether the upstream received the request's end.
    pub upstream_complete: bool,
    /// A reply that did not come from the upstream; the last one, if there were several.
    pub local_reply: Option<LocalReply>,
    /// What the filter wrote with `set_property`: the path, joined by `.`, to the value. (In
    /// Envoy, filter state by the name `wasm.PATH`.)
    pub filter_state: BTreeMap<String, Vec<u8>>,
    /// What the filter logged.
    pub logs: Vec<LogLine>,
    /// The trap that ended this exchange, if any.
    pub trapped: Option<TrapReport>,
    /// Whether the request passed without the filter (the failure policy `Open` after a trap).
    pub unfiltered: bool,
    /// Whether the filter had the route chosen anew.
    pub route_cache_cleared: bool,
    /// What a real proxy would not have forgiven.
    pub problems: Vec<Problem>,
    /// The callbacks in order, with what they answered.
    pub callbacks: Vec<Callback>,
    /// Calls from the guest to the host, by the function's name.
    pub host_calls: BTreeMap<&'static str, u64>,
    /// Bytes copied between the guest and the host, both ways.
    pub bytes_copied: u64,
    /// Fuel that the guest burnt.
    pub fuel: u64,
}

/// A reply made by the proxy itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LocalReply {
    /// The status code.
    pub status: u16,
    /// Whether the filter sent it; otherwise the proxy (413, 500, 503).
    pub by_filter: bool,
    /// Envoy's response code details.
    pub details: String,
}

/// One call into the guest about a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Callback {
    /// The export's name, such as `proxy_on_request_body`.
    pub name: &'static str,
    /// How many headers, or how many bytes, the guest was told of.
    pub size: u32,
    /// The end of stream that the guest was told of.
    pub end: bool,
    /// What the guest answered: 0 is Continue, 1 Pause; `None` where the answer has no meaning.
    pub answer: Option<u32>,
}

impl fmt::Display for Callback {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}({}, {})", self.name, self.size, self.end)?;
        match self.answer {
            None => Ok(()),
            Some(0) => f.write_str(" -> continue"),
            Some(1) => f.write_str(" -> pause"),
            Some(n) => write!(f, " -> {n}"),
        }
    }
}

/// A fault of the filter that a real proxy would not have forgiven.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Problem {
    /// The stream is paused and nothing can reach it any more: in a proxy it hangs until a
    /// timeout. Holds the callback that paused it.
    Hang(&'static str),
    /// The request left for the upstream with a `content-length` that is not its body's: the
    /// rest would be read as another request.
    RequestLength {
        /// The header.
        claimed: String,
        /// The bytes of the body.
        actual: usize,
    },
    /// The response left for the client with a `content-length` that is not its body's.
    ResponseLength {
        /// The header.
        claimed: String,
        /// The bytes of the body.
        actual: usize,
    },
    /// A message left without a pseudo header that it must have.
    MissingPseudoHeader(&'static str),
    /// The module's allocator gave memory that is not its own.
    Allocator {
        /// The bytes asked for.
        size: u32,
        /// What it gave.
        address: u32,
    },
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Problem::Hang(callback) => write!(
                f,
                "the stream hangs: `{callback}` paused it and nothing can resume it"
            ),
            Problem::RequestLength { claimed, actual } => write!(
                f,
                "the upstream received `content-length: {claimed}` with a body of {actual} bytes"
            ),
            Problem::ResponseLength { claimed, actual } => write!(
                f,
                "the client received `content-length: {claimed}` with a body of {actual} bytes"
            ),
            Problem::MissingPseudoHeader(name) => {
                write!(f, "a message left without its pseudo header `{name}`")
            }
            Problem::Allocator { size, address } => write!(
                f,
                "the allocator, asked for {size} bytes, gave address {address}, which is not in the module's memory"
            ),
        }
    }
}
