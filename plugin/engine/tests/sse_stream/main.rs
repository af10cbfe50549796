//! What the event stream promises: the same out whatever the chunks, events as they are whole, and
//! nothing hidden for any reader of streams.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]
#![allow(clippy::string_slice, clippy::arithmetic_side_effects)]

mod cases;
#[path = "../oracle/mod.rs"]
mod oracle;
mod random;

use toolgate_engine::json::Value;
use toolgate_engine::mcp::list::{Filtered, Limits, View, filter, may_hold_list};
use toolgate_engine::mcp::sse::{Edit, EventStream, TooLong};

const LIMIT: usize = 1 << 20;

struct HideHidden;

impl View for HideHidden {
    fn shows_tool(&mut self, name: &str, _: Value<'_>) -> bool {
        !name.starts_with("hidden")
    }
    fn shows_prompt(&mut self, _: &str) -> bool {
        true
    }
    fn shows_resource(&mut self, _: &str) -> bool {
        true
    }
    fn private(&self) -> bool {
        false
    }
}

/// The edit that the filter makes; what cannot be filtered does not pass.
fn hide(data: &str, _: &str) -> Edit {
    if !may_hold_list(data.as_bytes()) {
        return Edit::Keep;
    }
    let limits = Limits {
        bytes: LIMIT,
        entries: 100,
    };
    match filter(data.as_bytes(), &mut HideHidden, limits) {
        Ok(Filtered::Unchanged) => Edit::Keep,
        Ok(Filtered::Changed { text, .. }) => Edit::Replace(text),
        Err(_) => Edit::Drop,
    }
}

/// An edit for streams that are not MCP: by the data's first letter.
fn by_letter(data: &str, name: &str) -> Edit {
    match data.chars().next() {
        Some('r') => Edit::Replace(format!(" {name}\n{data}\r\nend")),
        Some('d') => Edit::Drop,
        _ => Edit::Keep,
    }
}

fn push_all<'a>(
    chunks: impl IntoIterator<Item = &'a [u8]>,
    limit: usize,
    edit: &mut dyn FnMut(&str, &str) -> Edit,
) -> (Vec<u8>, Result<(), TooLong>) {
    let mut stream = EventStream::new(limit);
    let mut out = Vec::new();
    let mut done = Ok(());
    for chunk in chunks {
        done = done.and(stream.push(chunk, false, edit, &mut out));
    }
    done = done.and(stream.push(b"", true, edit, &mut out));
    (out, done)
}

fn whole(text: &[u8], edit: &mut dyn FnMut(&str, &str) -> Edit) -> Vec<u8> {
    let (out, done) = push_all([text], LIMIT, edit);
    assert_eq!(done, Ok(()));
    out
}
