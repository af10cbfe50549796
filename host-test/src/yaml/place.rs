//! Where in a YAML file a value stands, by its JSON pointer.

use std::collections::HashMap;
use std::fmt;

use saphyr_parser::Marker;

/// A position in a text, both counted from 1; the column in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Position {
    pub(crate) line: usize,
    pub(crate) column: usize,
}

impl From<Marker> for Position {
    fn from(marker: Marker) -> Position {
        Position {
            line: marker.line(),
            column: marker.col().saturating_add(1),
        }
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.line, self.column)
    }
}

/// Where a value stands, and its key if it is a member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) key: Option<Position>,
    pub(crate) value: Position,
}

/// The places of every value of a document.
#[derive(Debug, Default)]
pub(crate) struct Places {
    places: HashMap<String, Place>,
    /// The pointer of the value that is being read.
    pointer: String,
}

impl Places {
    /// The place of the value at a JSON pointer (RFC 6901).
    pub(crate) fn find(&self, pointer: &str) -> Option<Place> {
        self.places.get(pointer).copied()
    }

    /// Every place, with its JSON pointer.
    pub(crate) fn all(&self) -> impl Iterator<Item = (&str, Place)> {
        self.places
            .iter()
            .map(|(pointer, place)| (pointer.as_str(), *place))
    }

    pub(super) fn enter(&mut self, token: &str) {
        self.pointer.push('/');
        self.pointer.push_str(&pointer_token(token));
    }

    pub(super) fn leave(&mut self) {
        let parent = self.pointer.rfind('/').unwrap_or(0);
        self.pointer.truncate(parent);
    }

    pub(super) fn put(&mut self, place: Place) {
        self.places.insert(self.pointer.clone(), place);
    }
}

/// A name as one token of a JSON pointer.
pub(crate) fn pointer_token(token: &str) -> String {
    token.replace('~', "~0").replace('/', "~1")
}
