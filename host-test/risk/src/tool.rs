//! A tool's definition, as a server lists it.

use serde_json::Value;

/// What a server says of one tool. All of it is the server's claim, and none of it is trusted.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tool<'a> {
    /// The server's name, where it is known: its words at the head of a tool's name mean nothing
    /// (`slack_list_channels`).
    pub server: Option<&'a str>,
    /// `name`.
    pub name: &'a str,
    /// `description`; empty where there is none.
    pub description: &'a str,
    /// `inputSchema`, a JSON Schema.
    pub input_schema: Option<&'a Value>,
    /// `annotations`.
    pub annotations: Option<&'a Value>,
}
