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

/// Said of what would take more than a phrase.
const SOMETHING: &str = "fit what the policy asks for";

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
            push(&mut text, &["…"]);
        }
        for step in steps.iter().take(SHOWN_STEPS).rev() {
            let key = match step {
                Step::Root => continue,
                Step::Index(index) => {
                    push(&mut text, &["["]);
                    push_number(&mut text, u64::try_from(*index).unwrap_or(u64::MAX));
                    push(&mut text, &["]"]);
                    first = false;
                    continue;
                }
                Step::Key(key) | Step::NameOf(key) => key.decode(),
                Step::Name(name) => (*name).into(),
            };
            let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-');
            if first || key.bytes().all(plain) {
                let dot = if first { "" } else { "." };
                push(&mut text, &[dot, &cut(&key, SHOWN_KEY)]);
            } else {
                push(&mut text, &["["]);
                push_json_string(&mut text, &cut(&key, SHOWN_KEY));
                push(&mut text, &["]"]);
            }
            first = false;
        }
        push(&mut text, &["\""]);
        text
    }
}

/// Appends texts. Not inlined: messages are put together in many places.
#[inline(never)]
pub(super) fn push(out: &mut String, texts: &[&str]) {
    for text in texts {
        out.push_str(text);
    }
}

#[inline(never)]
fn push_number(out: &mut String, number: u64) {
    let _ = write!(out, "{number}");
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

/// Those names in quotes that `which` says, shortened; `none` where it says none.
pub(super) fn quoted(names: &[Name], which: fn(&Name) -> bool) -> String {
    let mut text = String::new();
    for name in names.iter().filter(|name| which(name)) {
        let before = if text.is_empty() { "\"" } else { ", \"" };
        push(&mut text, &[before, &name.name, "\""]);
        if text.len() > SHOWN {
            break;
        }
    }
    if text.is_empty() {
        return "none".to_owned();
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
                push(&mut text, &["not "]);
                if !describe(schema.node(*id), &mut text) {
                    return " has a form that the policy excludes".to_owned();
                }
            }
            Ask::Contains(id, least, most) => {
                push(&mut text, &["have items of which at least "]);
                push_number(&mut text, *least);
                if let Some(most) = most {
                    push(&mut text, &[" and at most "]);
                    push_number(&mut text, *most);
                }
                push(&mut text, &[" must "]);
                if !describe(schema.node(*id), &mut text) {
                    push(&mut text, &[SOMETHING]);
                }
            }
            Ask::One(_) => push(
                &mut text,
                &["fit exactly one of the alternatives, and fits several"],
            ),
            Ask::Type(types) => {
                types.describe(&mut text);
                // A fraction is a number too, so its type would not tell.
                if types.meets(Types(Types::INTEGER)) && value.as_number().is_some() {
                    push(&mut text, &[", not ", &cut(value.text(), SHOWN_KEY)]);
                } else {
                    push(&mut text, &[", not ", value.kind().with_article()]);
                }
            }
            other => {
                if !other.describe(&mut text) {
                    push(&mut text, &[SOMETHING]);
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
                push(out, &["be "]);
                (bound.describe(), limit.as_str())
            }
            Ask::MultipleOf(divisor) => ("be a multiple of ", divisor.text()),
            Ask::Count(counted, bound, limit) => {
                let (verb, what) = match counted {
                    Counted::Characters => ("be ", "character"),
                    Counted::Items => ("have ", "item"),
                    Counted::Properties => ("have ", "member"),
                };
                push(out, &[verb, bound.describe()]);
                push_number(out, *limit);
                let many = if *limit == 1 { "" } else { "s" };
                let long = if verb == "be " { " long" } else { "" };
                push(out, &[" ", what, many, long]);
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
                push(out, &["have ", &quoted(&members.names, |n| n.required)]);
                return true;
            }
            _ => return false,
        };
        push(out, &[words, &shown(operand)]);
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
                push(out, &[before, article]);
                before = " or ";
            }
        }
    }
}
