//! Texts of the caller's choice, cut to a length that is safe to repeat.

use std::borrow::Cow;

use crate::json::push_json_string;

/// Names longer than this, in characters, are cut in records and messages.
pub const SHOWN: usize = 128;

/// Whole messages longer than this, in characters, are cut in records.
const SHOWN_MESSAGE: usize = 512;

/// A name of the caller's choice as messages repeat it.
pub fn shown_name(name: &str) -> Cow<'_, str> {
    shown(name, SHOWN)
}

/// Appends a name as a JSON string.
pub(super) fn push_shown(out: &mut String, name: &str) {
    push_json_string(out, &shown_name(name));
}

/// Appends a message as a JSON string.
pub(super) fn push_message(out: &mut String, text: &str) {
    push_json_string(out, &shown(text, SHOWN_MESSAGE));
}

fn shown(text: &str, most: usize) -> Cow<'_, str> {
    // Of as many bytes there are no more characters.
    if text.len() <= most {
        return text.into();
    }
    let mut cut: String = text.chars().take(most).collect();
    if cut.len() < text.len() {
        cut.push('…');
    }
    cut.into()
}

/// The beginning of a text, at most `most` bytes of it, cut between characters.
pub(super) fn cut(text: &str, most: usize) -> &str {
    let end = text.floor_char_boundary(most);
    text.get(..end).unwrap_or(text)
}
