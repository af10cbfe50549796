//! What is wrong with a call's arguments, in words that whoever made it can act on.

use crate::json::{RawStr, Value, push_json_string};

use super::{Ask, Bound, Counted, Schema, Types};

/// The longest part of a message that repeats what somebody else wrote, in characters.
const SHOWN: usize = 300;

/// The longest key of a path, in characters.
const SHOWN_KEY: usize = 64;

/// The most steps of a path; the last are shown.
const SHOWN_STEPS: usize = 8;

/// The arguments as a whole.
pub(super) const ROOT: &str = "the arguments";

/// One step into the arguments.
pub(super) enum Step<'v> {
    Key(RawStr<'v>),
    /// A member that is not there.
    Name(String),
    Index(usize),
}

/// The part of the arguments that a path leads to: `argument "items[0].id"`.
pub(super) fn place(path: &[Step<'_>]) -> String {
    if path.is_empty() {
        return ROOT.to_owned();
    }
    let hidden = path.len().saturating_sub(SHOWN_STEPS);
    let mut text = String::from("argument \"");
    if hidden > 0 {
        text.push('…');
    }
    for (at, step) in path.iter().enumerate().skip(hidden) {
        match step {
            Step::Index(index) => text.push_str(&format!("[{index}]")),
            Step::Key(key) => push_key(&key.decode(), at == 0, &mut text),
            Step::Name(name) => push_key(name, at == 0, &mut text),
        }
    }
    text.push('"');
    text
}

fn push_key(key: &str, first: bool, out: &mut String) {
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-');
    let cut = cut(key, SHOWN_KEY);
    if first || !key.is_empty() && key.chars().all(plain) {
        out.push_str(if first { "" } else { "." });
        out.push_str(&cut);
    } else {
        out.push('[');
        push_json_string(out, &cut);
        out.push(']');
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

/// Names in quotes.
pub(super) fn quoted_names<'n>(names: impl Iterator<Item = &'n str>) -> Vec<String> {
    names.map(|name| format!("\"{name}\"")).collect()
}

/// A list in words.
pub(super) fn and(words: &[String]) -> String {
    words.join(", ")
}

impl Ask {
    /// What to say of a value that does not satisfy this, after its place.
    pub(super) fn failure(&self, schema: &Schema, value: Value<'_>) -> String {
        match self {
            Ask::Nothing => "is not allowed".to_owned(),
            Ask::Type(types) => {
                let found = value.kind().with_article();
                let expected = types.describe();
                // A fraction is a number too.
                if types.meets(Types(Types::INTEGER)) && value.as_number().is_some() {
                    return format!("must be {expected}, not {}", cut(value.text(), SHOWN_KEY));
                }
                format!("must be {expected}, not {found}")
            }
            Ask::Not(id) => match describe(schema.node(*id)) {
                Some(words) => format!("must not {words}"),
                None => "has a form that the policy excludes".to_owned(),
            },
            Ask::Contains(id, least, most) => {
                let words = describe(schema.node(*id));
                let words = words.unwrap_or_else(|| "fit what the policy asks for".to_owned());
                let number = match most {
                    Some(most) if most == least => format!("exactly {least}"),
                    Some(most) if *least == 0 => format!("at most {most}"),
                    Some(most) => format!("{least} to {most}"),
                    None => format!("at least {least}"),
                };
                format!("must have items of which {number} must {words}")
            }
            other => match other.describe() {
                Some(words) => format!("must {words}"),
                None => "does not fit what the policy asks for".to_owned(),
            },
        }
    }

    /// What it asks, after `must` or `must not`; `None` when that takes more than a phrase.
    fn describe(&self) -> Option<String> {
        Some(match self {
            Ask::Type(types) => format!("be {}", types.describe()),
            Ask::Among(among) if among.values.len() == 1 => format!("be {}", shown(&among.shown)),
            Ask::Among(among) => format!("be one of {}", shown(&among.shown)),
            Ask::Number(bound, limit) => format!("be {} {}", bound.describe(), shown(limit)),
            Ask::MultipleOf(divisor) => format!("be a multiple of {}", shown(divisor.text())),
            Ask::Count(counted, bound, limit) => {
                let bound = bound.describe();
                let (one, many) = match counted {
                    Counted::Characters => ("character long", "characters long"),
                    Counted::Items => ("item", "items"),
                    Counted::Properties => ("member", "members"),
                };
                let verb = match counted {
                    Counted::Characters => "be",
                    Counted::Items | Counted::Properties => "have",
                };
                let what = if *limit == 1 { one } else { many };
                format!("{verb} {bound} {limit} {what}")
            }
            Ask::Matches(pattern) => format!("match the pattern `{}`", shown(pattern.as_str())),
            Ask::Unique => "have items that all differ".to_owned(),
            Ask::Members(members) => {
                let names = members.names.iter();
                let only = names.clone().all(|n| n.schema.is_none() && n.required);
                if !only || members.rest.is_some() || !members.patterns.is_empty() {
                    return None;
                }
                let names = quoted_names(names.map(|n| n.name.as_str()));
                format!("have {}", shown(&and(&names)))
            }
            _ => return None,
        })
    }
}

/// What a schema of one part asks.
fn describe(asks: &[Ask]) -> Option<String> {
    match asks {
        [ask] => ask.describe(),
        _ => None,
    }
}

impl Bound {
    fn describe(self) -> &'static str {
        match self {
            Bound::AtLeast => "at least",
            Bound::AtMost => "at most",
            Bound::MoreThan => "more than",
            Bound::LessThan => "less than",
        }
    }
}

impl Types {
    fn describe(self) -> String {
        let names = Self::NAMES.iter().filter(|(bit, ..)| self.0 & bit != 0);
        let names: Vec<_> = names.map(|(.., article)| *article).collect();
        names.join(" or ")
    }
}
