//! The reader over a pattern's text.

use super::PatternError;

/// What is left of a pattern.
pub(super) struct Scanner<'a> {
    pattern: &'a str,
    rest: &'a str,
}

impl<'a> Scanner<'a> {
    pub(super) fn new(pattern: &'a str) -> Self {
        Self {
            pattern,
            rest: pattern,
        }
    }

    /// The bytes read so far.
    pub(super) fn position(&self) -> usize {
        self.pattern.len().saturating_sub(self.rest.len())
    }

    pub(super) fn rest(&self) -> &'a str {
        self.rest
    }

    pub(super) fn peek(&self) -> Option<char> {
        self.rest.chars().next()
    }

    pub(super) fn next(&mut self) -> Option<char> {
        let mut chars = self.rest.chars();
        let c = chars.next();
        self.rest = chars.as_str();
        c
    }

    /// Reads `text` if it comes next.
    pub(super) fn eat(&mut self, text: &str) -> bool {
        let rest = self.rest.strip_prefix(text);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    /// Reads up to `end` and it too; nothing if it does not come.
    pub(super) fn until(&mut self, end: &str) -> Option<&'a str> {
        let (before, after) = self.rest.split_once(end)?;
        self.rest = after;
        Some(before)
    }

    /// Reads two bytes, if whole characters end there.
    pub(super) fn two(&mut self) -> Option<&'a str> {
        let (taken, rest) = self.rest.split_at_checked(2)?;
        self.rest = rest;
        Some(taken)
    }

    /// Reads everything.
    pub(super) fn all(&mut self) -> &'a str {
        std::mem::take(&mut self.rest)
    }

    /// The text from `start`, a position, to here.
    pub(super) fn since(&self, start: usize) -> &'a str {
        self.pattern.get(start..self.position()).unwrap_or_default()
    }

    /// An error about what starts at `start`, a position.
    #[cold]
    pub(super) fn error(&self, start: usize, message: &str) -> PatternError {
        let before = self.pattern.get(..start).unwrap_or_default();
        // A message quotes the pattern and must stay one line.
        let mut line = String::with_capacity(message.len());
        for c in message.chars() {
            if c.is_control() {
                line.extend(c.escape_default());
            } else {
                line.push(c);
            }
        }
        PatternError {
            position: Some(before.chars().count().saturating_add(1)),
            message: line,
        }
    }

    /// Reads `*`, `+`, `?` or `{n,m}` with the `?` that makes it lazy: the least and the greatest
    /// count. A brace that starts no count is left: it is a character.
    pub(super) fn repetition(&mut self) -> Option<(u32, Option<u32>)> {
        let mut ahead = Self { ..*self };
        let counts = match ahead.next()? {
            '*' => (0, None),
            '+' => (1, None),
            '?' => (0, Some(1)),
            '{' => {
                let min = ahead.count()?;
                let max = match ahead.next()? {
                    '}' => Some(min),
                    ',' if ahead.eat("}") => None,
                    ',' => {
                        let max = ahead.count()?;
                        ahead.eat("}").then_some(Some(max))?
                    }
                    _ => return None,
                };
                (min, max)
            }
            _ => return None,
        };
        ahead.eat("?");
        self.rest = ahead.rest;
        Some(counts)
    }

    /// Reads a decimal number without leading zeros, saturated.
    fn count(&mut self) -> Option<u32> {
        let digits = self.rest.split(|c: char| !c.is_ascii_digit()).next()?;
        if digits.is_empty() || (digits.len() > 1 && digits.starts_with('0')) {
            return None;
        }
        self.eat(digits);
        Some(digits.parse().unwrap_or(u32::MAX))
    }

    /// Reads `[:name:]`; nothing where no `:]` follows, since then the bracket is a character.
    pub(super) fn posix_name(&mut self) -> Option<&'a str> {
        let (name, rest) = self.rest.strip_prefix("[:")?.split_once(":]")?;
        self.rest = rest;
        Some(name)
    }
}
