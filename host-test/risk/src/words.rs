//! Names and texts as words in lower case.

/// How much is read: of a text in words and marks, of a name in characters. A verdict that hangs on what comes later hangs on
/// what no person reads either.
const LONGEST: usize = 2_000;

/// A part of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// A word of prose, in lower case; hyphens stay (`read-only`).
    Word(String),
    /// A comma, a slash or an ampersand: what joins verbs.
    Joint,
    /// The end of a sentence, or what separates as much.
    Stop,
}

impl Part {
    /// The word, where it is one.
    pub(crate) fn word(&self) -> Option<&str> {
        match self {
            Part::Word(word) => Some(word),
            Part::Joint | Part::Stop => None,
        }
    }
}

/// The words of a name: `getHTTPLogs`, `get-http-logs` and `get_http_logs` have the same three.
pub(crate) fn of_name(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut before = ' ';
    let mut rest = name.chars().take(LONGEST).peekable();
    while let Some(c) = rest.next() {
        let next_is_small = rest.peek().is_some_and(|c| c.is_lowercase());
        let starts = c.is_uppercase()
            && (before.is_lowercase()
                || before.is_numeric()
                || before.is_uppercase() && next_is_small);
        if !c.is_alphanumeric() || starts {
            words.push(String::new());
        }
        if c.is_alphanumeric()
            && let Some(word) = words.last_mut()
        {
            word.extend(c.to_lowercase());
        }
        before = c;
    }
    words.retain(|word| !word.is_empty());
    words
}

/// The words and marks of a text. Names of other things in it (`ack_task`, `INSTANODE_TOKEN`) are no
/// words of it: they keep their underscore, and match no verb.
pub(crate) fn of_text(text: &str) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut word = String::new();
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        if parts.len() >= LONGEST {
            break;
        }
        let inside = rest.peek().is_some_and(|c| c.is_alphanumeric());
        match c {
            _ if c.is_alphanumeric() || c == '_' => word.extend(c.to_lowercase()),
            '-' | '\'' | '.' if inside && !word.is_empty() => word.push(c),
            _ => {
                if !word.is_empty() {
                    parts.push(Part::Word(std::mem::take(&mut word)));
                }
                match c {
                    ',' | '/' | '&' | '+' => parts.push(Part::Joint),
                    '.' | '!' | '?' | ';' | ':' | '\n' | '–' | '—' | '(' => {
                        parts.push(Part::Stop)
                    }
                    _ => {}
                }
            }
        }
    }
    if !word.is_empty() {
        parts.push(Part::Word(word));
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_every_style_have_the_same_words() {
        let same = [
            "getHTTPLogs",
            "get-http-logs",
            "get_http_logs",
            "Get.Http/logs",
            "get__HTTP_Logs_",
        ];
        for name in same {
            assert_eq!(of_name(name), ["get", "http", "logs"], "{name}");
        }
        assert_eq!(of_name("runNextJSAudit"), ["run", "next", "js", "audit"]);
        assert_eq!(of_name("s3Get"), ["s3", "get"]);
        assert!(of_name("___").is_empty());
    }

    #[test]
    fn a_text_keeps_its_marks_and_the_names_in_it() {
        let word = |w: &str| Part::Word(w.to_owned());
        assert_eq!(
            of_text("Read-only: calls ack_task, e.g. twice."),
            [
                word("read-only"),
                Part::Stop,
                word("calls"),
                word("ack_task"),
                Part::Joint,
                word("e.g"),
                Part::Stop,
                word("twice"),
                Part::Stop,
            ]
        );
        assert!(of_text(&"word ".repeat(100_000)).len() <= LONGEST + 1);
    }
}
