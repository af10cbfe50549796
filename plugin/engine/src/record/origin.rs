//! Which request a record is about: what ties it to traces and to other logs.

use crate::json::cut;
use crate::mcp::Headers;

/// The longest request id that is recorded, in bytes.
const MAX_ID_BYTES: usize = 128;

/// The names that others know a request by; empty where there are none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    /// `x-request-id`.
    pub id: String,
    /// `traceparent` (W3C Trace Context), only where it is well formed.
    pub trace: String,
}

impl Origin {
    /// Reads them from the request's headers. They are the caller's unless the proxy sets them.
    pub fn read(headers: &Headers<'_>) -> Self {
        let text = |name: &str| {
            let value = headers.all(name).next()?;
            std::str::from_utf8(value).ok()
        };
        let id = text("x-request-id").map(|id| cut(id, MAX_ID_BYTES));
        let trace = text("traceparent").filter(|trace| is_traceparent(trace));
        Self {
            id: id.unwrap_or_default().to_owned(),
            trace: trace.unwrap_or_default().to_owned(),
        }
    }
}

/// `00-<32 digits>-<16 digits>-<2 digits>`, hexadecimal in lower case.
fn is_traceparent(text: &str) -> bool {
    let mut parts = text.split('-');
    let mut digits = |count: usize| {
        let part = parts.next().unwrap_or_default();
        let hex = |b: u8| matches!(b, b'0'..=b'9' | b'a'..=b'f');
        part.len() == count && part.bytes().all(hex)
    };
    let fits = digits(2) && digits(32) && digits(16) && digits(2);
    fits && parts.next().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_well_formed_trace_is_kept() {
        let good = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        assert!(is_traceparent(good));
        for bad in [
            "",
            "00-",
            "secret",
            &good.to_uppercase(),
            &format!("{good}-x"),
        ] {
            assert!(!is_traceparent(bad), "{bad}");
        }
    }
}
