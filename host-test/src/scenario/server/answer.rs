//! HTTP responses of the scripted server.

use host_test::Response;
use serde_json::Value;

/// A JSON-RPC reply as JSON text.
pub(super) struct Body(String);

impl Body {
    /// A result; both parameters are JSON text.
    pub(super) fn result(id: &str, result: &str) -> Body {
        Body(format!(
            "{{\"jsonrpc\":\"2.0\",\"id\":{id},\"result\":{result}}}"
        ))
    }

    /// An error; `id` is JSON text.
    pub(super) fn error(id: &str, code: i64, message: &str) -> Body {
        Body(format!(
            "{{\"jsonrpc\":\"2.0\",\"id\":{id},\"error\":{{\"code\":{code},\"message\":{}}}}}",
            Value::from(message)
        ))
    }

    /// The reply as one JSON body.
    pub(super) fn json(self, status: u16) -> Response {
        Response::new(status)
            .with_header("content-type", "application/json")
            .with_body(self.0)
    }

    /// The reply as an event stream, cut within an event, as networks do.
    pub(super) fn sse(self) -> Response {
        let mut event = format!("event: message\ndata: {}\n\n", self.0).into_bytes();
        let rest = event.split_off(event.len() / 2);
        Response::new(200)
            .with_header("content-type", "text/event-stream")
            .with_header("cache-control", "no-cache")
            .with_chunk(event)
            .with_chunk(rest)
    }
}

/// A response of plain text.
pub(super) fn text(status: u16, text: &str) -> Response {
    Response::new(status)
        .with_header("content-type", "text/plain")
        .with_body(text)
}
