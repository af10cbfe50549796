//! What is called, as headers that the proxy's other filters and routes can act on
//! (`export_headers`).

use super::Exchange;
use crate::mcp::Message;

/// The header with the tool of a tools/call. Of every other request it is absent, whatever the
/// client sent.
pub const TOOL_HEADER: &str = "x-mcp-tool";

impl Exchange {
    /// What [`TOOL_HEADER`] must be when the request goes on: a value, or none. `None` where
    /// `export_headers` is off and the header is nobody's business.
    pub fn exported_tool(&self) -> Option<Option<&str>> {
        self.gate
            .export_headers
            .then_some(self.exported_tool.as_deref())
    }

    /// Keeps the tool of a message that may go on.
    pub(super) fn export(&mut self, message: &Message<'_>) {
        if self.gate.export_headers && message.is_tool_call() {
            self.exported_tool = message.params.name.as_deref().map(header_value);
        }
    }
}

/// A name as a header's value: what is no plain character of a tool's name is percent-encoded.
fn header_value(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    for byte in name.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'_' | b'.' | b'/' | b'-' => {
                out.push(char::from(byte));
            }
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::header_value;

    #[test]
    fn a_name_becomes_a_value_that_no_other_name_has() {
        for (name, value) in [
            ("create_charge", "create_charge"),
            ("a.b/c-d", "a.b/c-d"),
            ("50%", "50%25"),
            ("grüß\r\nx: y", "gr%C3%BC%C3%9F%0D%0Ax%3A%20y"),
        ] {
            assert_eq!(header_value(name), value);
        }
    }
}
