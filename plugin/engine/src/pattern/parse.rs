//! RE2's syntax: pattern text -> syntax tree.
//!
//! Only what decides whether a text matches is kept: greed and group numbers are read and dropped.

use super::bracket;
use super::class::Class;
use super::scan::Scanner;
use super::{MAX_NESTING, MAX_REPEAT, PatternError, escape};

/// A piece of a pattern.
#[derive(Debug)]
pub(super) enum Node {
    Class(Class),
    Look(Look),
    Concat(Vec<Node>),
    Alternate(Vec<Node>),
    /// At least `min` times, and at most `max` times if there is one.
    Repeat {
        node: Box<Node>,
        min: u32,
        max: Option<u32>,
    },
}

/// A condition on a position in the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Look {
    TextStart,
    TextEnd,
    LineStart,
    LineEnd,
    WordBoundary,
    NotWordBoundary,
}

#[derive(Clone, Copy, Default)]
struct Flags {
    fold: bool,
    multi_line: bool,
    dot_all: bool,
}

/// A group that is still open.
struct Group {
    start: usize,
    alternatives: Vec<Node>,
    concat: Vec<Node>,
    /// The flags to return to where it closes.
    outer: Flags,
}

struct Parser<'a> {
    scanner: Scanner<'a>,
    flags: Flags,
    groups: Vec<Group>,
    alternatives: Vec<Node>,
    concat: Vec<Node>,
    names: Vec<&'a str>,
    /// Whether the piece just read was a repetition, which another may not follow.
    repeated: bool,
}

/// Parses a whole pattern.
pub(super) fn parse(pattern: &str) -> Result<Node, PatternError> {
    let mut parser = Parser {
        scanner: Scanner::new(pattern),
        flags: Flags::default(),
        groups: Vec::new(),
        alternatives: Vec::new(),
        concat: Vec::new(),
        names: Vec::new(),
        repeated: false,
    };
    while !parser.scanner.rest().is_empty() {
        parser.piece()?;
    }
    if let Some(group) = parser.groups.last() {
        return Err(parser
            .scanner
            .error(group.start, "the group is never closed; add `)`"));
    }
    Ok(finish(parser.alternatives, parser.concat))
}

impl<'a> Parser<'a> {
    fn piece(&mut self) -> Result<(), PatternError> {
        let start = self.scanner.position();
        if let Some((min, max)) = self.scanner.repetition() {
            return self.repeat(start, min, max);
        }
        self.repeated = false;
        match self.scanner.next() {
            None => {}
            Some('(') if self.scanner.eat("?") => self.perl_group(start)?,
            Some('(') => self.open(start, self.flags)?,
            Some(')') => self.close(start)?,
            Some('|') => {
                let branch = concat(std::mem::take(&mut self.concat));
                self.alternatives.push(branch);
            }
            Some('^') if self.flags.multi_line => self.concat.push(Node::Look(Look::LineStart)),
            Some('^') => self.concat.push(Node::Look(Look::TextStart)),
            Some('$') if self.flags.multi_line => self.concat.push(Node::Look(Look::LineEnd)),
            Some('$') => self.concat.push(Node::Look(Look::TextEnd)),
            Some('.') => {
                let excluded = if self.flags.dot_all {
                    Class::default()
                } else {
                    Class::single('\n')
                };
                self.concat.push(Node::Class(excluded.negated()));
            }
            Some('[') => {
                let class = bracket::class(&mut self.scanner, start, self.flags.fold)?;
                self.concat.push(Node::Class(class));
            }
            Some('\\') => self.escape(start)?,
            Some(c) => self.literal(c.into()),
        }
        Ok(())
    }

    fn literal(&mut self, code_point: u32) {
        let class = Class::of(&[(code_point, code_point)]);
        let class = if self.flags.fold {
            class.folded()
        } else {
            class
        };
        self.concat.push(Node::Class(class));
    }

    fn repeat(&mut self, start: usize, min: u32, max: Option<u32>) -> Result<(), PatternError> {
        let written = self.scanner.since(start).trim_end_matches('?');
        let written = if written.is_empty() { "?" } else { written };
        if self.repeated {
            let message = format!(
                "`{written}` follows another repetition; RE2 has no possessive ones, and a \
                 repetition of a repetition needs a group, like `(?:a*)*`"
            );
            return Err(self.scanner.error(start, &message));
        }
        if min.max(max.unwrap_or(0)) > MAX_REPEAT {
            let message = format!("`{written}` repeats more than {MAX_REPEAT} times");
            return Err(self.scanner.error(start, &message));
        }
        if max.is_some_and(|max| max < min) {
            let message = format!("`{written}` has its counts the wrong way round");
            return Err(self.scanner.error(start, &message));
        }
        let Some(node) = self.concat.pop() else {
            let message = format!(
                "`{written}` has nothing before it to repeat; write `\\{written}` for the text"
            );
            return Err(self.scanner.error(start, &message));
        };
        let node = Node::Repeat {
            node: Box::new(node),
            min,
            max,
        };
        if node.repeats(MAX_REPEAT) == 0 {
            let message =
                format!("`{written}` repeats a repetition more than {MAX_REPEAT} times in all");
            return Err(self.scanner.error(start, &message));
        }
        self.concat.push(node);
        self.repeated = true;
        Ok(())
    }

    fn open(&mut self, start: usize, inner: Flags) -> Result<(), PatternError> {
        if self.groups.len() >= MAX_NESTING {
            let message = format!("groups stand more than {MAX_NESTING} deep in each other");
            return Err(self.scanner.error(start, &message));
        }
        self.groups.push(Group {
            start,
            alternatives: std::mem::take(&mut self.alternatives),
            concat: std::mem::take(&mut self.concat),
            outer: std::mem::replace(&mut self.flags, inner),
        });
        Ok(())
    }

    fn close(&mut self, start: usize) -> Result<(), PatternError> {
        let Some(group) = self.groups.pop() else {
            return Err(self
                .scanner
                .error(start, "`)` closes no group; write `\\)` for the character"));
        };
        let alternatives = std::mem::replace(&mut self.alternatives, group.alternatives);
        let inside = std::mem::replace(&mut self.concat, group.concat);
        self.concat.push(finish(alternatives, inside));
        self.flags = group.outer;
        Ok(())
    }

    /// What follows `(?`.
    fn perl_group(&mut self, start: usize) -> Result<(), PatternError> {
        let rest = self.scanner.rest();
        if ["=", "!", "<=", "<!"]
            .iter()
            .any(|look| rest.starts_with(look))
        {
            let message =
                "RE2 has no look-around; state what must hold and what must not as two conditions";
            return Err(self.scanner.error(start, message));
        }
        if self.scanner.eat("P<") || self.scanner.eat("<") {
            return self.named_group(start);
        }
        let mut flags = self.flags;
        let (mut set, mut any) = (true, false);
        loop {
            match self.scanner.next() {
                Some('i') => flags.fold = set,
                Some('m') => flags.multi_line = set,
                Some('s') => flags.dot_all = set,
                Some('U') => {}
                Some('-') if set => {
                    (set, any) = (false, false);
                    continue;
                }
                Some(end @ (':' | ')')) if set || any => {
                    if end == ':' {
                        return self.open(start, flags);
                    }
                    self.flags = flags;
                    return Ok(());
                }
                None => {
                    return Err(self
                        .scanner
                        .error(start, "the group is never closed; add `)`"));
                }
                Some(c) => {
                    let written = self.scanner.since(start);
                    let message = format!("`{written}` is not a group of RE2: {}", not_a_group(c));
                    return Err(self.scanner.error(start, &message));
                }
            }
            any = true;
        }
    }

    fn named_group(&mut self, start: usize) -> Result<(), PatternError> {
        let name = self.scanner.until(">").filter(|name| {
            !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        });
        let Some(name) = name else {
            let message = "a group's name is ASCII letters, digits and `_` between `<` and `>`";
            return Err(self.scanner.error(start, message));
        };
        if self.names.contains(&name) {
            let message = format!("two groups have the name `{name}`");
            return Err(self.scanner.error(start, &message));
        }
        self.names.push(name);
        self.open(start, self.flags)
    }

    /// What follows a backslash outside of a class.
    fn escape(&mut self, start: usize) -> Result<(), PatternError> {
        let looks = [
            ("A", Look::TextStart),
            ("z", Look::TextEnd),
            ("b", Look::WordBoundary),
            ("B", Look::NotWordBoundary),
        ];
        if let Some((_, look)) = looks.iter().find(|(letter, _)| self.scanner.eat(letter)) {
            self.concat.push(Node::Look(*look));
        } else if self.scanner.eat("Q") {
            let quoted = self.scanner.until("\\E");
            let quoted = quoted.unwrap_or_else(|| self.scanner.all());
            quoted.chars().for_each(|c| self.literal(c.into()));
        } else if let Some(class) = escape::perl_class(&mut self.scanner, self.flags.fold) {
            self.concat.push(Node::Class(class));
        } else if self.scanner.peek() == Some('C') {
            let message = "`\\C` would match part of a character; write `(?s:.)` for any character";
            return Err(self.scanner.error(start, message));
        } else {
            escape::refuse_unicode_class(&self.scanner, start)?;
            let c = escape::character(&mut self.scanner, start)?;
            self.literal(c);
        }
        Ok(())
    }
}

impl Node {
    /// How often this may be repeated so that counts inside each other stay within `budget`.
    fn repeats(&self, budget: u32) -> u32 {
        let least = |nodes: &[Node]| nodes.iter().map(|node| node.repeats(budget)).min();
        match self {
            Node::Class(_) | Node::Look(_) => budget,
            Node::Concat(nodes) | Node::Alternate(nodes) => least(nodes).unwrap_or(budget),
            Node::Repeat { node, min, max } => {
                let count = max.unwrap_or(*min);
                node.repeats(budget.checked_div(count).unwrap_or(budget))
            }
        }
    }
}

fn concat(mut nodes: Vec<Node>) -> Node {
    match nodes.pop() {
        Some(only) if nodes.is_empty() => only,
        last => {
            nodes.extend(last);
            Node::Concat(nodes)
        }
    }
}

fn finish(mut alternatives: Vec<Node>, last: Vec<Node>) -> Node {
    let last = concat(last);
    if alternatives.is_empty() {
        return last;
    }
    alternatives.push(last);
    Node::Alternate(alternatives)
}

/// What to say where `c` stands in the place of a group's flag.
fn not_a_group(c: char) -> &'static str {
    match c {
        'x' => "there is no flag `x`; write the pattern without spaces and comments",
        'u' => "there is no flag `u`; patterns are always about Unicode characters",
        'R' | '&' | '0'..='9' | '+' | 'P' => "there are no recursion and no backreferences",
        '>' => "there are no atomic groups; write `(?:`",
        '#' => "there are no comments",
        '|' => "there are no branch resets; write `(?:`",
        '(' => "there are no conditions",
        '\'' => "write `(?<name>`",
        _ => "the flags are `i`, `m`, `s` and `U`, like `(?i)` or `(?s-i:`",
    }
}
