//! One finding as a person reads it: the place, the message, the line with a caret under it.

use std::fmt::Write;

use toolgate_engine::approval::is_unseen;
use toolgate_engine::config::Severity;

use super::super::style;
use super::{Document, Finding};
use crate::yaml::Position;

/// How much of a long line is shown, in characters.
const SHOWN: usize = 100;

/// Not shown of a text that cannot be read: what is wrong is often that the token itself stands there.
const SECRET: &str = "token_sha256";

impl Document {
    /// A finding as text of several lines.
    pub(in crate::commands) fn show(&self, finding: &Finding) -> String {
        let mut text = printable(&self.path.display().to_string());
        if let Some(at) = finding.at {
            // Writing to a string cannot fail.
            let _ = write!(text, ":{at}");
        }
        let severity = match finding.severity {
            Severity::Error => style::bad("error"),
            Severity::Warning => style::warning("warning"),
        };
        let _ = write!(text, ": {severity}: {}", printable(&finding.message));
        if let Some(pointer) = finding.pointer.as_deref().filter(|p| !p.is_empty()) {
            let _ = write!(
                text,
                "\n  {}",
                style::dim(&format!("at {}", printable(pointer)))
            );
        }
        if let Some(excerpt) = finding.at.and_then(|at| self.excerpt(at, finding)) {
            text.push_str(&excerpt);
        }
        text
    }

    /// The line and a caret under the place.
    fn excerpt(&self, at: Position, finding: &Finding) -> Option<String> {
        // The characters of the line from a column on, counted from 0.
        let line = |column: usize| {
            let column = column.saturating_add(1);
            let from = self.index.offset(&self.text, Position { column, ..at });
            let rest = self.text.get(from..).unwrap_or_default().chars();
            rest.take_while(|c| *c != '\n')
                .filter(|c| *c != '\r')
                .map(visible)
        };
        // What could not be read has no structure that says where its secrets are.
        let unread = || finding.pointer.is_none() && line(0).collect::<String>().contains(SECRET);
        if line(0).all(char::is_whitespace) || self.secret_lines.contains(&at.line) || unread() {
            return None;
        }
        let column = at.column.saturating_sub(1);
        // A window around the place, for documents on a single line.
        let from = match line(0).nth(SHOWN) {
            None => 0,
            Some(_) => column.saturating_sub(SHOWN / 2),
        };
        let shown: String = line(from).take(SHOWN).collect();
        let (cut, end) = match from {
            0 => ("", ""),
            _ => ("…", " "),
        };
        let more = line(from).nth(SHOWN).map_or("", |_| "…");
        let number = at.line.to_string();
        let gutter = " ".repeat(number.len());
        let token: String = line(column).take(SHOWN.saturating_add(2)).collect();
        let width = extent(&token).min(SHOWN.saturating_sub(column.saturating_sub(from)));
        let space = " ".repeat(column.saturating_sub(from));
        let carets = "^".repeat(width.max(1));
        Some(format!(
            "\n  {} {cut}{shown}{more}\n  {} {end}{space}{}",
            style::dim(&format!("{number} |")),
            style::dim(&format!("{gutter} |")),
            style::bad(&carets)
        ))
    }
}

/// The length of the token at the start of a text, in characters.
fn extent(text: &str) -> usize {
    let mut chars = text.chars();
    let Some(first) = chars.next() else { return 1 };
    match first {
        '"' | '\'' => {
            let mut escaped = false;
            let inside = chars.take_while(|c| {
                let ends = *c == first && !escaped;
                escaped = *c == '\\' && !escaped;
                !ends
            });
            inside.count().saturating_add(2).min(text.chars().count())
        }
        '{' | '[' | ',' => 1,
        _ => {
            let plain = text.find([',', '}', ']', '#', '"']).unwrap_or(text.len());
            let plain = text.get(..plain).unwrap_or_default();
            let plain = plain.split(": ").next().unwrap_or_default().trim_end();
            plain.trim_end_matches(':').chars().count()
        }
    }
}

fn visible(c: char) -> char {
    match c {
        '\t' => ' ',
        c if c.is_control() => '\u{fffd}',
        c => c,
    }
}

/// Text of the file's that no terminal takes for a command, and in which nothing hides.
pub(in crate::commands) fn printable(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_control() || is_unseen(c) {
            out.extend(c.escape_default());
        } else {
            out.push(c);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_carets_are_as_long_as_what_they_point_at() {
        for (text, width) in [
            ("\"a\\\"b\": 1", 6),
            ("default: deny", 7),
            ("deny # no", 4),
            ("12, 13", 2),
            ("{ \"a\": 1 }", 1),
            ("", 1),
            ("\"open", 5),
        ] {
            assert_eq!(extent(text), width, "{text}");
        }
    }
}
