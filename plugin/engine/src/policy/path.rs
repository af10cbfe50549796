//! Paths of conditions, costs and scopes: which value of a call a rule reads.

use std::fmt;

use crate::json::{Kind, RawStr, Value, folds_to};

/// The longest path, in characters, and the most segments.
const MAX_PATH: usize = 512;
const MAX_SEGMENTS: usize = 32;

/// Where a path starts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Root {
    /// `args.…`: the call's arguments.
    Args,
    /// `claims.…`: the verified JWT.
    Claims,
    /// `headers.<name>`: a request header, its name in lower case.
    Header(String),
    /// `grant.name`.
    GrantName,
    /// `client.ip`.
    ClientIp,
    /// `tool.name`.
    ToolName,
}

/// One step into a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Segment {
    /// A member.
    Key(String),
    /// An element, from 0.
    Index(usize),
    /// `[*]`: every element.
    Every,
}

/// A parsed path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Path {
    /// Where it starts.
    pub root: Root,
    /// The steps from there.
    pub segments: Vec<Segment>,
    text: String,
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Path {
    /// Parses `args.items[0].id`, `args["a.b"][*]`, `claims.sub`, `headers.x-team`, `grant.name`,
    /// `client.ip`, `tool.name`.
    ///
    /// # Errors
    /// What is wrong with it and what would be right.
    pub fn parse(text: &str) -> Result<Self, String> {
        if text.len() > MAX_PATH {
            return Err(format!("the path is longer than {MAX_PATH} characters"));
        }
        let cut = text.find(['.', '[']).unwrap_or(text.len());
        let (root, rest) = text.split_at_checked(cut).unwrap_or((text, ""));
        let path = |root, segments| {
            Ok(Self {
                root,
                segments,
                text: text.to_owned(),
            })
        };
        match (root, rest) {
            ("args", _) => path(Root::Args, segments(text, rest)?),
            ("claims", _) => path(Root::Claims, segments(text, rest)?),
            ("headers", _) => match rest.strip_prefix('.') {
                Some(name) if is_header_name(name) => {
                    path(Root::Header(name.to_ascii_lowercase()), Vec::new())
                }
                _ => Err(format!("`{text}` is not `headers.<name>`")),
            },
            ("grant", ".name") => path(Root::GrantName, Vec::new()),
            ("client", ".ip") => path(Root::ClientIp, Vec::new()),
            ("tool", ".name") => path(Root::ToolName, Vec::new()),
            ("state", _) => Err(format!(
                "`{text}` reads a counter: only a condition of a rule with that `state` can"
            )),
            _ => Err(format!(
                "`{text}` is not a path: begin with `args.`, `claims.`, `headers.`, or write `grant.name`, `client.ip`, `tool.name`"
            )),
        }
    }

    /// Whether it has a `[*]`.
    pub fn has_every(&self) -> bool {
        self.segments.contains(&Segment::Every)
    }
}

fn is_header_name(name: &str) -> bool {
    !name.is_empty()
        && name
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b))
}

fn segments(whole: &str, mut rest: &str) -> Result<Vec<Segment>, String> {
    let mut segments = Vec::new();
    while !rest.is_empty() {
        if let Some(after) = rest.strip_prefix('.') {
            let end = after.find(['.', '[']).unwrap_or(after.len());
            let (key, tail) = after.split_at_checked(end).unwrap_or((after, ""));
            if key.is_empty() || key.contains([']', '"', ' ']) {
                return Err(format!(
                    "`{whole}` has a step that is not a key: write `[\"…\"]` for keys with dots, brackets, quotes or spaces"
                ));
            }
            segments.push(Segment::Key(key.to_owned()));
            rest = tail;
        } else if let Some(after) = rest.strip_prefix("[*]") {
            segments.push(Segment::Every);
            rest = after;
        } else if rest.starts_with("[\"") {
            let quoted = rest.strip_prefix('[').unwrap_or_default();
            let end =
                closing_quote(quoted).ok_or_else(|| format!("`{whole}` has no closing `\"]`"))?;
            let (key, tail) = quoted.split_at_checked(end).unwrap_or((quoted, ""));
            let parsed = crate::json::parse(key.as_bytes())
                .ok()
                .and_then(Value::as_str);
            let key = parsed
                .ok_or_else(|| format!("`{whole}` has a quoted key that is not a JSON string"))?;
            segments.push(Segment::Key(key.into_owned()));
            rest = tail
                .strip_prefix(']')
                .ok_or_else(|| format!("`{whole}` has no `]` after a quoted key"))?;
        } else {
            let inner = rest.strip_prefix('[').and_then(|r| r.split_once(']'));
            let index = inner.and_then(|(digits, tail)| {
                let fine = digits.bytes().all(|b| b.is_ascii_digit())
                    && (digits == "0" || !digits.starts_with('0'));
                Some((digits.parse().ok().filter(|_| fine)?, tail))
            });
            let (index, tail) = index.ok_or_else(|| {
                format!("`{whole}` has a step that is not `.key`, `[0]`, `[*]` or `[\"key\"]`")
            })?;
            segments.push(Segment::Index(index));
            rest = tail;
        }
    }
    if segments.is_empty() {
        return Err(format!("`{whole}` names no value: write `{whole}.<name>`"));
    }
    if segments.len() > MAX_SEGMENTS {
        return Err(format!("`{whole}` has more than {MAX_SEGMENTS} steps"));
    }
    Ok(segments)
}

/// Just past the quote that closes the string at the start of `text`.
fn closing_quote(text: &str) -> Option<usize> {
    let mut chars = text.char_indices().skip(1);
    while let Some((at, c)) = chars.next() {
        match c {
            '\\' => {
                chars.next();
            }
            '"' => return at.checked_add(1),
            _ => {}
        }
    }
    None
}

/// What a path leads to in one value.
#[derive(Clone, Copy, Debug)]
pub enum Found<'a> {
    /// A value, null included.
    Value(Value<'a>),
    /// Nothing: a key or element that is not there.
    Absent,
    /// Nothing, and a null on the way: absent to `exists`, not readable to the others.
    ThroughNull,
    /// Cannot be told: a step into something that is no container, or a key that a reader which
    /// folds case would take for this one.
    Unreadable,
}

/// Walks `segments` from `value`, telling `visit` of everything they lead to: one thing, or with
/// `[*]` one for each element (none for an empty array).
pub fn walk<'a>(value: Found<'a>, segments: &[Segment], visit: &mut impl FnMut(Found<'a>)) {
    let (Found::Value(current), Some((segment, rest))) = (value, segments.split_first()) else {
        visit(value);
        return;
    };
    if current.is_null() {
        visit(Found::ThroughNull);
        return;
    }
    match (segment, current.kind()) {
        (Segment::Key(key), Kind::Object) => walk(member(current, key), rest, visit),
        (Segment::Index(index), Kind::Array) => {
            let element = current.elements().nth(*index);
            walk(element.map_or(Found::Absent, Found::Value), rest, visit);
        }
        (Segment::Every, Kind::Array) => {
            for element in current.elements() {
                walk(Found::Value(element), rest, visit);
            }
        }
        _ => visit(Found::Unreadable),
    }
}

/// The member `key`; unreadable when another key folds to it (Go servers would read that one).
pub fn member<'a>(object: Value<'a>, key: &str) -> Found<'a> {
    pick(object.members(), key)
}

/// As [`member`], of the members of an object.
pub fn pick<'a>(members: impl Iterator<Item = (RawStr<'a>, Value<'a>)>, key: &str) -> Found<'a> {
    let mut found = Found::Absent;
    let plain = key.is_ascii();
    for (candidate, value) in members {
        // Most are neither, and the length says so.
        if plain && candidate.is_plain() && candidate.raw().len() != key.len() {
            continue;
        }
        if candidate.equals(key) {
            if let Found::Absent = found {
                found = Found::Value(value);
            }
        } else if folds_to(candidate, key) {
            return Found::Unreadable;
        }
    }
    found
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::json::parse;

    #[test]
    fn paths_parse_to_their_steps() {
        let key = |k: &str| Segment::Key(k.into());
        for (text, want) in [
            ("args.a", vec![key("a")]),
            (
                "args.items[0].id",
                vec![key("items"), Segment::Index(0), key("id")],
            ),
            (
                "args.items[*].id",
                vec![key("items"), Segment::Every, key("id")],
            ),
            (
                r#"args["a.b"]["c]\"d"].e"#,
                vec![key("a.b"), key("c]\"d"), key("e")],
            ),
            (
                "claims.realm_access.roles[*]",
                vec![key("realm_access"), key("roles"), Segment::Every],
            ),
        ] {
            assert_eq!(Path::parse(text).unwrap().segments, want, "{text}");
        }
        assert_eq!(
            Path::parse("headers.X-Team").unwrap().root,
            Root::Header("x-team".into())
        );
    }

    #[test]
    fn what_is_not_a_path_is_refused() {
        for text in [
            "",
            "args",
            "args.",
            "arg.a",
            "args.a..b",
            "args.a[",
            "args.a[-1]",
            "args.a[01]",
            "args.a[x]",
            "args[\"a",
            "args[\"a\"",
            "args.a b",
            "headers.",
            "headers.a b",
            "grant",
            "grant.id",
            "tool",
            "state.a.b",
            "$.a",
        ] {
            assert!(Path::parse(text).is_err(), "{text}");
        }
    }

    fn found(arguments: &str, path: &str) -> Vec<String> {
        let path = Path::parse(path).unwrap();
        let value = parse(arguments.as_bytes()).unwrap();
        let mut out = Vec::new();
        walk(Found::Value(value), &path.segments, &mut |f| {
            out.push(match f {
                Found::Value(v) => v.text().to_owned(),
                other => format!("{other:?}"),
            });
        });
        out
    }

    #[test]
    fn a_walk_tells_absent_from_unreadable() {
        assert_eq!(found(r#"{"a":{"b":[1,2]}}"#, "args.a.b[1]"), ["2"]);
        assert_eq!(found(r#"{"a":{"b":[1,2]}}"#, "args.a.b[2]"), ["Absent"]);
        assert_eq!(found(r#"{"a":{"b":[1,2]}}"#, "args.a.b[*]"), ["1", "2"]);
        assert!(found(r#"{"a":[]}"#, "args.a[*].x").is_empty());
        assert_eq!(
            found(r#"{"a":[{"x":1},{}]}"#, "args.a[*].x"),
            ["1", "Absent"]
        );
        assert_eq!(found(r#"{"a":"s"}"#, "args.a.b"), ["Unreadable"]);
        assert_eq!(found(r#"{"a":null}"#, "args.a.b"), ["ThroughNull"]);
        assert_eq!(found(r#"{"a":null}"#, "args.a"), ["null"]);
        assert_eq!(found(r#"{"a":{}}"#, "args.a[*]"), ["Unreadable"]);
        assert_eq!(found(r#"{"A":1}"#, "args.a"), ["Unreadable"]);
        assert_eq!(found(r#"{"a":1,"A":1}"#, "args.a"), ["Unreadable"]);
        assert_eq!(found(r#"{"\u0061":1}"#, "args.a"), ["1"]);
    }
}
