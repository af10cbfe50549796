//! What is wrong with a call's arguments, in words that whoever made it can act on.

use std::fmt::Write;

use crate::json::{RawStr, Value, push_json_string};

use super::{Ask, Bound, Counted, Name, Schema, Types};

/// The longest part of a message that repeats what somebody else wrote, in characters.
const SHOWN: usize = 300;

/// The longest key of a path, in characters.
const SHOWN_KEY: usize = 64;

/// The most steps of a path; the last are shown.
const SHOWN_STEPS: usize = 8;

/// A part of the arguments.
pub(super) struct Place<'p> {
    around: Option<&'p Place<'p>>,
    step: Step<'p>,
}

/// One step into the arguments.
#[derive(Clone, Copy)]
pub(super) enum Step<'p> {
    /// The arguments themselves.
    Root,
    Key(RawStr<'p>),
    /// A member that is not there.
    Name(&'p str),
    /// Not a member but its name.
    NameOf(RawStr<'p>),
    Index(usize),
}

impl Place<'_> {
    /// The arguments.
    pub(super) const ROOT: Place<'static> = Place {
        around: None,
        step: Step::Root,
    };

    /// A part of this part.
    pub(super) fn below<'p>(&'p self, step: Step<'p>) -> Place<'p> {
        Place {
            around: Some(self),
            step,
        }
    }

    /// In words: `argument "items[0].id"`.
    pub(super) fn shown(&self) -> String {
        let mut steps = Vec::new();
        let mut next = Some(self);
        while let Some(place) = next {
            steps.push(place.step);
            next = place.around;
        }
        let mut text = String::from(match self.step {
            Step::Root => return "the arguments".to_owned(),
            Step::NameOf(_) => "the name of argument \"",
            _ => "argument \"",
        });
        let mut first = steps.len() <= SHOWN_STEPS;
        if !first {
            text.push('…');
        }
        for step in steps.iter().take(SHOWN_STEPS).rev() {
            let key = match step {
                Step::Root => continue,
                Step::Index(index) => {
                    let _ = write!(text, "[{index}]");
                    first = false;
                    continue;
                }
                Step::Key(key) | Step::NameOf(key) => key.decode(),
                Step::Name(name) => (*name).into(),
            };
            let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-');
            if first || key.bytes().all(plain) {
                text.push_str(if first { "" } else { "." });
                text.push_str(&cut(&key, SHOWN_KEY));
            } else {
                text.push('[');
                push_json_string(&mut text, &cut(&key, SHOWN_KEY));
                text.push(']');
            }
            first = false;
        }
        text.push('"');
        text
    }
}

/// Shortened to what a message bears.
pub(super) fn shown(text: &str) -> String {
    cut(text, SHOWN)
}

fn cut(text: &str, most: usize) -> String {
    let mut cut: String = text.chars().take(most).collect();
    if cut.len() < text.len() {
        cut.push('…');
    }
    cut
}

/// Names in quotes, shortened.
pub(super) fn quoted<'n>(names: impl Iterator<Item = &'n Name>) -> String {
    let mut text = String::new();
    for name in names {
        text.push_str(if text.is_empty() { "\"" } else { ", \"" });
        text.push_str(&name.name);
        text.push('"');
        if text.len() > SHOWN {
            break;
        }
    }
    shown(&text)
}

impl Ask {
    /// What to say of a value that does not satisfy this, after its place.
    pub(super) fn failure(&self, schema: &Schema, value: Value<'_>) -> String {
        let mut text = String::from(" must ");
        match self {
            Ask::Nothing => return " is not allowed".to_owned(),
            Ask::Not(id) => {
                text.push_str("not ");
                if !describe(schema.node(*id), &mut text) {
                    return " has a form that the policy excludes".to_owned();
                }
            }
            Ask::Contains(id, least, most) => {
                let _ = write!(text, "have items of which at least {least}");
                if let Some(most) = most {
                    let _ = write!(text, " and at most {most}");
                }
                text.push_str(" must ");
                if !describe(schema.node(*id), &mut text) {
                    text.push_str("fit what the policy asks for");
                }
            }
            Ask::One(_) => text.push_str("fit exactly one of the alternatives, and fits several"),
            Ask::Type(types) => {
                types.describe(&mut text);
                text.push_str(", not ");
                // A fraction is a number too, so its type would not tell.
                if types.meets(Types(Types::INTEGER)) && value.as_number().is_some() {
                    text.push_str(&cut(value.text(), SHOWN_KEY));
                } else {
                    text.push_str(value.kind().with_article());
                }
            }
            other => {
                if !other.describe(&mut text) {
                    text.push_str("fit what the policy asks for");
                }
            }
        }
        text
    }

    /// Appends what it asks, after `must` or `must not`; `false` when that takes more than a
    /// phrase.
    fn describe(&self, out: &mut String) -> bool {
        let (words, operand) = match self {
            Ask::Type(types) => {
                types.describe(out);
                return true;
            }
            Ask::Among(among) if among.values.len() == 1 => ("be ", among.shown.as_str()),
            Ask::Among(among) => ("be one of ", among.shown.as_str()),
            Ask::Number(bound, limit) => {
                out.push_str("be ");
                (bound.describe(), limit.as_str())
            }
            Ask::MultipleOf(divisor) => ("be a multiple of ", divisor.text()),
            Ask::Count(counted, bound, limit) => {
                let (verb, what) = match counted {
                    Counted::Characters => ("be ", "character"),
                    Counted::Items => ("have ", "item"),
                    Counted::Properties => ("have ", "member"),
                };
                let many = if *limit == 1 { "" } else { "s" };
                let bound = bound.describe();
                let _ = write!(out, "{verb}{bound}{limit} {what}{many}");
                if verb == "be " {
                    out.push_str(" long");
                }
                return true;
            }
            Ask::Matches(pattern) => ("match the pattern ", pattern.as_str()),
            Ask::Unique => ("have items that all differ", ""),
            Ask::Members(members) => {
                let asks_more = |n: &Name| n.schema.is_some() || !n.required;
                if members.rest.is_some()
                    || !members.patterns.is_empty()
                    || members.names.iter().any(asks_more)
                {
                    return false;
                }
                out.push_str("have ");
                out.push_str(&quoted(members.names.iter()));
                return true;
            }
            _ => return false,
        };
        out.push_str(words);
        out.push_str(&shown(operand));
        true
    }
}

/// Appends what a schema of one part asks.
fn describe(asks: &[Ask], out: &mut String) -> bool {
    match asks {
        [ask] => ask.describe(out),
        _ => false,
    }
}

impl Bound {
    fn describe(self) -> &'static str {
        match self {
            Bound::AtLeast => "at least ",
            Bound::AtMost => "at most ",
            Bound::MoreThan => "more than ",
            Bound::LessThan => "less than ",
        }
    }
}

impl Types {
    fn describe(self, out: &mut String) {
        let mut before = "be ";
        for (bit, _, article) in Self::NAMES {
            if self.0 & bit != 0 {
                out.push_str(before);
                out.push_str(article);
                before = " or ";
            }
        }
    }
}
