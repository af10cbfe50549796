//! Texts of the caller's choice: cut to a length that is safe to repeat, and spelled so that no
//! reader of a log takes one for a new line or a command.

use std::borrow::Cow;
use std::fmt::Write as _;

use crate::json::{is_clean, push_clean, push_json_string};

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
    push_cut(out, name, SHOWN);
}

/// Appends a message as a JSON string.
pub(super) fn push_message(out: &mut String, text: &str) {
    push_cut(out, text, SHOWN_MESSAGE);
}

fn push_cut(out: &mut String, text: &str, most: usize) {
    if text.len() <= most && is_clean(text) {
        push_clean(out, text);
    } else {
        push_spelled(out, &shown(text, most));
    }
}

/// As [`push_json_string`], and escapes what JSON allows but some readers of lines and terminals
/// obey: C1 controls, U+2028 and U+2029, and marks that turn the direction of writing.
fn push_spelled(out: &mut String, text: &str) {
    if text.is_ascii() || !text.chars().any(is_obeyed) {
        push_json_string(out, text);
        return;
    }
    let mut plain = String::with_capacity(text.len());
    push_json_string(&mut plain, text);
    for c in plain.chars() {
        if is_obeyed(c) {
            // Writing to a `String` cannot fail.
            let _ = write!(out, "\\u{:04x}", u32::from(c));
        } else {
            out.push(c);
        }
    }
}

fn is_obeyed(c: char) -> bool {
    matches!(c, '\u{80}'..='\u{9f}' | '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_character_ends_a_line_or_commands_a_terminal() {
        let text = "é\u{85}\u{9b}2J\u{2028}\u{202e}x\u{2066}\n\u{7f}\u{0}";
        let mut out = String::new();
        push_shown(&mut out, text);
        assert_eq!(out, r#""é\u0085\u009b2J\u2028\u202ex\u2066\n\u007f\u0000""#);
        let back: String = serde_json::from_str(&out).unwrap_or_default();
        assert_eq!(back, text);
    }

    #[test]
    fn what_is_long_is_cut_between_characters() {
        assert_eq!(shown_name(&"é".repeat(128)), "é".repeat(128));
        assert_eq!(
            shown_name(&"é".repeat(129)),
            format!("{}…", "é".repeat(128))
        );
    }
}
