//! Where in a file each value of a document stands, by its JSON pointer.

use std::collections::HashMap;

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
    pub(super) fn find(&self, text: &str, fault: &Fault) -> Option<Position> {
        let mut pointer = fault.pointer.as_str();
        let mut exact = true;
        loop {
            let found = match self {
                Places::Yaml(places) => places.find(pointer).map(|place| {
                    let key = place.key.filter(|key| {
                        let container = starts_container(text, place.value, *key);
                        fault.about_key || !exact || container
                    });
                    key.unwrap_or(place.value)
                }),
                Places::Json(places) => places.get(pointer).map(|place| {
                    let key = place
                        .key
                        .filter(|_| fault.about_key || !exact || place.container);
                    position(text, key.unwrap_or(place.value))
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
fn starts_container(text: &str, value: Position, key: Position) -> bool {
    let line = text.lines().nth(value.line.saturating_sub(1));
    let first = line.and_then(|line| line.chars().nth(value.column.saturating_sub(1)));
    value.line > key.line || matches!(first, Some('{' | '['))
}

/// The position of a byte offset; of the end for one beyond it.
pub(super) fn position(text: &str, offset: usize) -> Position {
    let before = text.get(..offset).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |at| at.saturating_add(1));
    let in_line = before.get(line_start..).unwrap_or_default();
    Position {
        line: before.matches('\n').count().saturating_add(1),
        column: in_line.chars().count().saturating_add(1),
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
