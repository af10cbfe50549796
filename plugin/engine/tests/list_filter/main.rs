//! What the list filter promises: hidden entries never pass, everything else stays to the byte.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]
#![allow(clippy::string_slice, clippy::arithmetic_side_effects)]

mod cases;
#[path = "../oracle/mod.rs"]
mod oracle;
mod pre_check;
mod random;

use toolgate_engine::json::Value;
use toolgate_engine::mcp::list::{Limits, View};

const LIMITS: Limits = Limits {
    bytes: 1 << 20,
    entries: 1000,
};

/// Hides whatever begins with `hidden`, and notes what it is asked.
#[derive(Default)]
struct Caller {
    private: bool,
    asked: Vec<(String, String)>,
}

impl View for Caller {
    fn shows_tool(&mut self, name: &str, tool: Value<'_>) -> bool {
        self.asked.push((name.to_owned(), tool.text().to_owned()));
        !name.starts_with("hidden")
    }
    fn shows_prompt(&mut self, name: &str) -> bool {
        !name.starts_with("hidden")
    }
    fn shows_resource(&mut self, uri: &str) -> bool {
        !uri.starts_with("hidden")
    }
    fn private(&self) -> bool {
        self.private
    }
}
