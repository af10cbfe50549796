//! What is wrong with a text that is not JSON, in words for the person who wrote it.

use toolgate_engine::json::{MAX_DEPTH, Problem, SyntaxError};

use super::places::position;
use super::{Finding, plain};

/// The engine's refusal with its place, and with what would be right.
pub(super) fn finding(text: &str, error: &SyntaxError) -> Finding {
    let mut offset = error.offset;
    let before = text.get(..offset).unwrap_or_default().trim_ascii_end();
    let after = text.get(offset..).unwrap_or_default();
    let here = after.chars().next();
    let message = match &error.problem {
        Problem::Empty => "the file is empty; a policy begins with `{`".to_owned(),
        Problem::ByteOrderMark => {
            "a byte order mark stands before the text: save the file as UTF-8 without it".to_owned()
        }
        Problem::TooLong => "the file has 4 GiB or more".to_owned(),
        Problem::NotUtf8 => "this byte is not UTF-8: save the file as UTF-8".to_owned(),
        Problem::Expected(_) if before.ends_with(',') && matches!(here, Some('}' | ']')) => {
            offset = before.len().saturating_sub(1);
            "no comma may stand before a closing bracket: remove this `,`".to_owned()
        }
        Problem::Expected(_) | Problem::Trailing if after.starts_with(['/', '#']) => {
            "JSON has no comments: remove this one, or write the file as YAML, which has `#`"
                .to_owned()
        }
        Problem::Expected(_) if here == Some('\'') => {
            "strings and keys stand in double quotes: write \"…\" instead of '…'".to_owned()
        }
        Problem::Expected(_) if mismatched(text, offset).is_some() => {
            mismatched(text, offset).unwrap_or_default()
        }
        Problem::Expected(what) if *what == "`,` or `}`" || *what == "`,` or `]`" => {
            let missing_comma = here.is_some_and(|c| c == '"' || c == '{' || c == '[');
            if missing_comma {
                offset = before.len();
                "a `,` is missing here, between two members".to_owned()
            } else {
                format!("expected {what}, found {}", shown(here))
            }
        }
        Problem::Expected(what) => format!("expected {what}, found {}", shown(here)),
        Problem::EndOfText => unclosed(text),
        Problem::Trailing => {
            "the document ends before this: one file holds one JSON value".to_owned()
        }
        Problem::ControlCharacter if matches!(here, Some('\n' | '\r')) => {
            "this string is not closed on its line: add the `\"` (a new line inside a string is \
             written `\\n`)"
                .to_owned()
        }
        Problem::ControlCharacter => {
            "a control character stands in a string: escape it, such as `\\t` for a tab".to_owned()
        }
        Problem::BadEscape => {
            "JSON has no such escape; write `\\\\` for a backslash, as in \"\\\\d+\"".to_owned()
        }
        Problem::LoneSurrogate => {
            "this escape is half a character: write both halves, or the character itself".to_owned()
        }
        Problem::TooDeep => format!("nested deeper than {MAX_DEPTH}"),
        Problem::DuplicateKey(key) => {
            format!("the key `{key}` stands twice in this object: keep one")
        }
    };
    plain(Some(position(text, offset)), None, message)
}

fn shown(found: Option<char>) -> String {
    found.map_or_else(|| "the end of the file".to_owned(), |c| format!("`{c}`"))
}

/// A bracket that closes another than the one that is open.
fn mismatched(text: &str, offset: usize) -> Option<String> {
    let closing = text.get(offset..)?.chars().next()?;
    let (at, opening) = left_open(text.get(..offset)?)?;
    let wrong = matches!((opening, closing), ('[', '}') | ('{', ']'));
    wrong.then(|| {
        let at = position(text, at);
        format!("`{closing}` does not close the `{opening}` at {at}")
    })
}

/// What the end of the file leaves open, in words.
fn unclosed(text: &str) -> String {
    match left_open(text) {
        None => "the file ends where a value is due".to_owned(),
        Some((at, opening)) => format!(
            "the file ends, but the `{opening}` at {} is not closed",
            position(text, at)
        ),
    }
}

/// The innermost bracket or quote that the end of a text leaves open, and where it stands.
fn left_open(text: &str) -> Option<(usize, char)> {
    let mut open = Vec::new();
    let mut string = None;
    let mut escaped = false;
    for (at, c) in text.char_indices() {
        match (string, c) {
            (Some(_), _) if escaped => escaped = false,
            (Some(_), '\\') => escaped = true,
            (Some(_), '"') => string = None,
            (Some(_), _) => {}
            (None, '"') => string = Some((at, c)),
            (None, '{' | '[') => open.push((at, c)),
            (None, '}' | ']') => {
                open.pop();
            }
            (None, _) => {}
        }
    }
    string.or_else(|| open.pop())
}
