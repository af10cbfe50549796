//! Where in a file each value of a document stands, by its JSON pointer.

use std::collections::{HashMap, HashSet};

use toolgate_engine::config::Fault;
use toolgate_engine::json::{Kind, RawStr, Sink, SyntaxError, scan};

use crate::yaml::{self, Position, pointer_token};

/// The places of a document's values.
#[derive(Debug)]
pub(super) enum Places {
    /// Of YAML, in lines and columns.
    Yaml(yaml::Places),
    /// Of JSON, in bytes.
    Json(HashMap<String, Offsets>),
}

/// Where a value begins, and its key if it is a member.
#[derive(Clone, Copy, Debug)]
pub(super) struct Offsets {
    key: Option<usize>,
    value: usize,
    container: bool,
}

impl Places {
    /// The places of a JSON text.
    ///
    /// # Errors
    /// The text is not JSON, or leaves room for two readings.
    pub(super) fn of_json(text: &str) -> Result<Places, SyntaxError> {
        let mut reader = Reader {
            text,
            pointer: String::new(),
            open: Vec::new(),
            places: HashMap::new(),
        };
        scan(text.as_bytes(), &mut reader)?;
        Ok(Places::Json(reader.places))
    }

    /// Where a fault is shown: at what it is about, or at the nearest thing around it that stands
    /// in the file. Members that are containers are shown by their keys.
    pub(super) fn find(&self, text: &str, index: &Index, fault: &Fault) -> Option<Position> {
        let mut pointer = fault.pointer.as_str();
        let mut exact = true;
        loop {
            let found = match self {
                Places::Yaml(places) => places.find(pointer).map(|place| {
                    let key = place.key.filter(|key| {
                        let container = starts_container(text, index, place.value, *key);
                        fault.about_key || !exact || container
                    });
                    key.unwrap_or(place.value)
                }),
                Places::Json(places) => places.get(pointer).map(|place| {
                    let key = place
                        .key
                        .filter(|_| fault.about_key || !exact || place.container);
                    index.position(text, key.unwrap_or(place.value))
                }),
            };
            match (found, pointer.rsplit_once('/')) {
                (Some(at), _) => return Some(at),
                (None, Some((parent, _))) => pointer = parent,
                (None, None) => return None,
            }
            exact = false;
        }
    }
}

/// Whether the YAML value at a place is a map or a list: it begins below its key, or with a
/// bracket.
fn starts_container(text: &str, index: &Index, value: Position, key: Position) -> bool {
    let rest = text.get(index.offset(text, value)..).unwrap_or_default();
    value.line > key.line || rest.starts_with(['{', '['])
}

/// The position of a byte offset; of the end for one beyond it.
pub(super) fn position(text: &str, offset: usize) -> Position {
    walk(text, START, |at, _| at >= offset).1
}

/// Where a text begins.
const START: (usize, Position) = (0, Position { line: 1, column: 1 });

/// How far apart in bytes an index knows positions.
const APART: usize = 1_024;

/// Byte offsets and their positions, so that no place of a large file is sought from its beginning.
#[derive(Debug)]
pub(super) struct Index(Vec<(usize, Position)>);

impl Index {
    pub(super) fn of(text: &str) -> Index {
        let mut marks = vec![START];
        let mut next = APART;
        walk(text, START, |at, position| {
            if at >= next {
                marks.push((at, position));
                next = at.saturating_add(APART);
            }
            false
        });
        Index(marks)
    }

    /// The position of a byte offset; of the end for one beyond it.
    pub(super) fn position(&self, text: &str, offset: usize) -> Position {
        let mark = self.last(|(at, _)| *at <= offset);
        walk(text, mark, |at, _| at >= offset).1
    }

    /// The byte offset of a position; of the line's end for one beyond it.
    pub(super) fn offset(&self, text: &str, position: Position) -> usize {
        let reached = |at: Position| (at.line, at.column) >= (position.line, position.column);
        let mark = self.last(|(_, at)| !reached(*at) || *at == position);
        walk(text, mark, |at, here| {
            let ends = || text.get(at..).is_some_and(|rest| rest.starts_with('\n'));
            reached(here) || here.line == position.line && ends()
        })
        .0
    }

    fn last(&self, before: impl Fn(&(usize, Position)) -> bool) -> (usize, Position) {
        let marks = self.0.get(..self.0.partition_point(before));
        marks.and_then(<[_]>::last).copied().unwrap_or(START)
    }
}

/// Goes through a text from a mark on, to the end or to where it is `there`.
fn walk(
    text: &str,
    (from, mut position): (usize, Position),
    mut there: impl FnMut(usize, Position) -> bool,
) -> (usize, Position) {
    for (at, c) in text.get(from..).unwrap_or_default().char_indices() {
        let at = from.saturating_add(at);
        if there(at, position) {
            return (at, position);
        }
        position = match c {
            '\n' => Position {
                line: position.line.saturating_add(1),
                column: 1,
            },
            _ => Position {
                column: position.column.saturating_add(1),
                ..position
            },
        };
    }
    (text.len(), position)
}

/// Members of a plugin configuration that hold no secrets of callers, operators or keys; what is not
/// known here may be a misspelt one that does.
const OPEN: [&str; 16] = [
    "allowed_origins",
    "audit",
    "export_headers",
    "global_limits",
    "hold_headers",
    "identity",
    "max_body_bytes",
    "max_event_bytes",
    "max_list_bytes",
    "max_list_entries",
    "max_subjects",
    "metrics",
    "policies",
    "policy",
    "server",
    "sessions",
];

/// And in the others: what names callers and services.
const NAMES: [&str; 6] = ["authority", "cluster", "path", "policy", "san", "subject"];

impl Places {
    /// The lines of a plugin configuration on which a secret may stand.
    pub(super) fn secret_lines(&self, text: &str, index: &Index) -> HashSet<usize> {
        let all: Vec<(&str, usize)> = match self {
            Places::Yaml(places) => places.all().map(|(p, at)| (p, at.value.line)).collect(),
            Places::Json(places) => {
                let line = |place: &Offsets| index.position(text, place.value).line;
                places
                    .iter()
                    .map(|(p, at)| (p.as_str(), line(at)))
                    .collect()
            }
        };
        let parent = |(pointer, _): &(&'_ str, usize)| Some(pointer.rsplit_once('/')?.0.to_owned());
        let parents: HashSet<String> = all.iter().filter_map(parent).collect();
        let secret = |pointer: &str| {
            let mut steps = pointer.split('/').skip(1);
            let open = steps.next().is_none_or(|first| OPEN.contains(&first));
            let named = steps.last().is_some_and(|last| NAMES.contains(&last));
            !open && !named && !parents.contains(pointer)
        };
        let secret = all.iter().filter(|(pointer, _)| secret(pointer));
        secret.map(|(_, line)| *line).collect()
    }
}

/// A container that is being read.
#[derive(Debug)]
struct Open {
    /// The length of its own pointer.
    pointer: usize,
    /// Elements so far; members are named by their keys.
    elements: usize,
    list: bool,
    /// Where the key of the member that is due begins.
    key: Option<usize>,
}

struct Reader<'a> {
    text: &'a str,
    /// The pointer of the value that is due.
    pointer: String,
    open: Vec<Open>,
    places: HashMap<String, Offsets>,
}

impl<'a> Reader<'a> {
    /// Names a list's next element.
    fn due(&mut self) {
        if let Some(open) = self.open.last_mut()
            && open.list
        {
            self.pointer.truncate(open.pointer);
            self.pointer.push_str(&format!("/{}", open.elements));
            open.elements = open.elements.saturating_add(1);
        }
    }

    /// Where a part of the text begins.
    fn offset(&self, part: &str) -> usize {
        (part.as_ptr() as usize).saturating_sub(self.text.as_ptr() as usize)
    }
}

impl<'a> Sink<'a> for Reader<'a> {
    fn key(&mut self, _: usize, key: RawStr<'a>) {
        let at = self.offset(key.raw()).saturating_sub(1);
        if let Some(open) = self.open.last_mut() {
            open.key = Some(at);
            self.pointer.truncate(open.pointer);
            self.pointer.push('/');
            self.pointer.push_str(&pointer_token(&key.decode()));
        }
    }

    fn open(&mut self, _: usize, kind: Kind) {
        self.due();
        self.open.push(Open {
            pointer: self.pointer.len(),
            elements: 0,
            list: kind == Kind::Array,
            key: None,
        });
    }

    fn value(&mut self, _: usize, kind: Kind, text: &'a str) {
        let container = matches!(kind, Kind::Object | Kind::Array);
        if container {
            let closed = self.open.pop().map_or(0, |open| open.pointer);
            self.pointer.truncate(closed);
        } else {
            self.due();
        }
        let place = Offsets {
            key: self.open.last().and_then(|open| open.key),
            value: self.offset(text),
            container,
        };
        self.places.insert(self.pointer.clone(), place);
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "test")]
    use super::*;

    #[test]
    fn an_index_agrees_with_going_through_the_text() {
        let text = "é\n\n".repeat(300) + &"ü,".repeat(2_000) + "\r\nend";
        let index = Index::of(&text);
        for (offset, _) in text.char_indices() {
            let at = position(&text, offset);
            assert_eq!(index.position(&text, offset), at, "{offset}");
            assert_eq!(index.offset(&text, at), offset, "{at}");
        }
        let end = position(&text, usize::MAX);
        assert_eq!(index.position(&text, text.len() + 5), end);
        let beyond = Position { line: 1, column: 9 };
        assert_eq!(index.offset(&text, beyond), "é".len());
    }

    #[test]
    fn every_value_of_a_json_text_has_its_place() {
        let text = "{\n \"a/b\": [1, {\"x\": [], \"é\": true}],\n \"c\": \"d\"\n}";
        let Places::Json(places) = Places::of_json(text).unwrap() else {
            return;
        };
        let mut seen: Vec<(String, String)> = places
            .iter()
            .map(|(pointer, place)| {
                let key = place.key.map_or(String::new(), |key| {
                    let at = position(text, key);
                    format!("{}:{} ", at.line, at.column)
                });
                let at = position(text, place.value);
                (pointer.clone(), format!("{key}{}:{}", at.line, at.column))
            })
            .collect();
        seen.sort();
        let expected = [
            ("", "1:1"),
            ("/a~1b", "2:2 2:9"),
            ("/a~1b/0", "2:10"),
            ("/a~1b/1", "2:13"),
            ("/a~1b/1/x", "2:14 2:19"),
            ("/a~1b/1/é", "2:23 2:28"),
            ("/c", "3:2 3:7"),
        ];
        let expected = expected.map(|(pointer, at)| (pointer.to_owned(), at.to_owned()));
        assert_eq!(seen, expected);
    }
}
