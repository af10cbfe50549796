//! Replies that the proxy makes by itself, for the filter or on its own account.

use super::super::exchange::LocalReply;
use super::super::message::{Headers, first};
use super::super::stream::{LocalResponse, Side};
use super::half::Way;
use super::{Drive, Over, Step};

/// A reply to make.
struct Reply {
    status: u16,
    headers: Headers,
    body: Vec<u8>,
    details: String,
    by_filter: bool,
    /// Envoy's response flags.
    flags: u8,
    /// The gRPC status to tell a gRPC client, if the filter gave one.
    grpc_status: Option<u32>,
}

/// What Envoy answers, without a body and past the filter, when the virtual machine failed.
pub(crate) fn failed_stream() -> LocalReply {
    LocalReply {
        status: 503,
        by_filter: false,
        details: "wasm_fail_stream".to_owned(),
    }
}

impl Reply {
    fn own(status: u16, body: &str, details: &str) -> Reply {
        Reply {
            status,
            headers: Headers::new(),
            body: body.as_bytes().to_vec(),
            details: details.to_owned(),
            by_filter: false,
            flags: 0,
            grpc_status: None,
        }
    }
}

impl Drive<'_> {
    /// Makes the reply that the filter asked for; the exchange is then over.
    pub(super) fn guest_reply(&mut self, response: LocalResponse) -> Step {
        self.reply(Reply {
            status: u16::try_from(response.status).unwrap_or(0),
            headers: response.headers,
            body: response.body,
            // Envoy keeps its access log readable.
            details: response
                .details
                .split_ascii_whitespace()
                .collect::<Vec<_>>()
                .join("_"),
            by_filter: true,
            flags: 0,
            grpc_status: u32::try_from(response.grpc_status)
                .ok()
                .filter(|code| *code <= 16),
        })
    }

    /// More was buffered than may be.
    pub(super) fn too_large(&mut self, way: Way) -> Step {
        self.reply(match way {
            Way::Request => Reply::own(413, "Payload Too Large", "request_payload_too_large"),
            Way::Response => Reply::own(500, "Internal Server Error", "response_payload_too_large"),
        })
    }

    /// The upstream did not answer.
    pub(super) fn upstream_failed(&mut self, why: &str, flags: u8) -> Step {
        let body = format!(
            "upstream connect error or disconnect/reset before headers. reset reason: {why}"
        );
        let details = format!("upstream_reset_before_response_started{{{why}}}");
        self.reply(Reply {
            flags,
            ..Reply::own(503, &body, &details.replace(' ', "_"))
        })
    }

    /// Before a response began, a reply passes through the response callbacks; after that, as
    /// long as nothing left for the client, it goes out past the filter; after that, all that
    /// is left is to cut the connection.
    fn reply(&mut self, reply: Reply) -> Step {
        self.out.local_reply = Some(LocalReply {
            status: reply.status,
            by_filter: reply.by_filter,
            details: reply.details.clone(),
        });
        if self.down.response.is_some() {
            return self.reset();
        }
        self.set_origin(&reply.details, reply.flags);
        let (headers, body) = self.form(reply);
        let end = body.is_empty() || self.head;
        if self.response.started {
            self.down
                .headers(headers.clone(), end, &mut self.out.problems);
            if !end {
                self.down.data(body, true);
            }
            self.set_response(Side::new(headers, Headers::new()));
            return Err(Over);
        }
        self.set_response(Side::new(headers, Headers::new()));
        self.headers(Way::Response, end)?;
        if !end {
            self.data(Way::Response, body, true)?;
        }
        if self.down.complete {
            Err(Over)
        } else {
            self.hang()
        }
    }

    /// Headers and body as Envoy makes them: a length and a type where there is a body, neither
    /// where there is none; for gRPC, a status in the headers.
    fn form(&self, reply: Reply) -> (Headers, Vec<u8>) {
        let text = |text: &str| text.as_bytes().to_vec();
        let Reply {
            status,
            headers: extra,
            body,
            grpc_status,
            ..
        } = reply;
        let status = if self.grpc {
            (200, Some(status))
        } else {
            (status, None)
        };
        let mut headers = vec![(":status".to_owned(), text(&status.0.to_string()))];
        headers.extend(extra);
        let mut set = |name: &str, value: Option<Vec<u8>>| {
            headers.retain(|(known, _)| known != name);
            headers.extend(value.map(|value| (name.to_owned(), value)));
        };
        if let Some(http) = status.1 {
            set("content-type", Some(text("application/grpc")));
            let code = grpc_status.unwrap_or_else(|| grpc_code(http));
            set("grpc-status", Some(text(&code.to_string())));
            if !body.is_empty() {
                set("grpc-message", Some(body));
            }
            return (headers, Vec::new());
        }
        if body.is_empty() {
            set("content-length", None);
            set("content-type", None);
        } else {
            set("content-length", Some(text(&body.len().to_string())));
            if first(&headers, "content-type").is_none() {
                headers.push(("content-type".to_owned(), text("text/plain")));
            }
        }
        (headers, body)
    }
}

/// The gRPC status for an HTTP status, after gRPC's own table.
fn grpc_code(http: u16) -> u32 {
    match http {
        400 => 13,
        401 => 16,
        403 => 7,
        404 => 12,
        429 | 502 | 503 | 504 => 14,
        _ => 2,
    }
}
