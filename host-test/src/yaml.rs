//! YAML to JSON text, strictly: what two readers could take differently is refused, and numbers
//! keep their exact text.

mod place;
mod scalar;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::fmt;

use saphyr_parser::{Event, Parser, ScalarStyle, Span};

pub(crate) use place::{Place, Places, Position, pointer_token};

/// How deep collections may nest.
const MAX_DEPTH: usize = 64;

const ALIAS: &str = "aliases (`*name`) are not accepted; write the value out here";

const EMPTY: &str = "the file is empty";

/// A document as JSON.
#[derive(Debug)]
pub(crate) struct Converted {
    /// The document as JSON text, in the order of the file.
    pub(crate) json: String,
    /// Where in the YAML each value of the JSON came from.
    pub(crate) places: Places,
}

/// Why a document cannot be taken, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct YamlError {
    /// Where.
    pub(crate) at: Position,
    /// Why, and what would be right.
    pub(crate) why: String,
}

impl fmt::Display for YamlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.at, self.why)
    }
}

impl std::error::Error for YamlError {}

/// What [`to_json`] says, in words for the person who wrote the text: a `what`, which `begins`.
pub(crate) fn told(why: &str, what: &str, begins: &str) -> String {
    if why.contains("tab") && why.contains("indentation") {
        return "a tab stands in the indentation: YAML indents with spaces".to_owned();
    }
    if why.contains("did not find expected") || why.contains("mapping values are not allowed") {
        return format!("{why}: check that this line is indented like its neighbours");
    }
    if why == EMPTY {
        return format!("{EMPTY}; a {what} begins with `{begins}`");
    }
    why.to_owned()
}

/// Converts one YAML document (YAML 1.2, core schema) to JSON text.
///
/// # Errors
/// Whatever is not YAML, and of YAML: more than one document, directives, anchors, aliases,
/// tags, merge keys, keys that are not strings, duplicate keys, numbers that JSON cannot spell,
/// and nesting deeper than 64.
pub(crate) fn to_json(text: &str) -> Result<Converted, YamlError> {
    let mut writer = Writer::default();
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(|scan| YamlError {
            at: Position::from(*scan.marker()),
            why: if scan.info().contains("unknown anchor") {
                ALIAS.to_owned()
            } else {
                scan.info().to_owned()
            },
        })?;
        if matches!(event, Event::DocumentStart(_)) {
            refuse_directives(text, &span)?;
        }
        writer.take(event, &span)?;
    }
    if writer.documents == 0 {
        return Err(YamlError {
            at: Position { line: 1, column: 1 },
            why: EMPTY.to_owned(),
        });
    }
    Ok(Converted {
        json: writer.json,
        places: writer.places,
    })
}

/// A `%YAML 1.1` would change what plain words mean, and nothing here follows it.
fn refuse_directives(text: &str, start: &Span) -> Result<(), YamlError> {
    let head = text.lines().take(start.start.line()).enumerate();
    for (index, line) in head {
        if line.starts_with('%') {
            return Err(YamlError {
                at: Position {
                    line: index.saturating_add(1),
                    column: 1,
                },
                why: "directives are not accepted; leave this line out (YAML 1.2 is assumed)"
                    .to_owned(),
            });
        }
        if line.starts_with("---") {
            break;
        }
    }
    Ok(())
}

/// A collection that is not finished.
enum Frame {
    List {
        items: usize,
    },
    Map {
        /// The keys so far and where they stand.
        keys: HashMap<String, Position>,
        /// The key that waits for its value.
        key: Option<(String, Position)>,
    },
}

#[derive(Default)]
struct Writer {
    json: String,
    places: Places,
    frames: Vec<Frame>,
    documents: usize,
}

impl Writer {
    fn take(&mut self, event: Event<'_>, span: &Span) -> Result<(), YamlError> {
        let at = Position::from(span.start);
        let refuse = |why: &str| {
            Err(YamlError {
                at,
                why: why.to_owned(),
            })
        };
        match event {
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => Ok(()),
            Event::DocumentStart(_) => {
                self.documents = self.documents.saturating_add(1);
                if self.documents > 1 {
                    return refuse("a second document starts here; one file holds one document");
                }
                Ok(())
            }
            Event::Alias(_) => refuse(ALIAS),
            Event::Scalar(_, _, anchor, _)
            | Event::SequenceStart(anchor, _)
            | Event::MappingStart(anchor, _)
                if anchor != 0 =>
            {
                refuse("anchors (`&name`) are not accepted; write the value out where it is used")
            }
            Event::Scalar(_, _, _, Some(_))
            | Event::SequenceStart(_, Some(_))
            | Event::MappingStart(_, Some(_)) => {
                refuse("tags (`!name`) are not accepted; quote a value to make it a string")
            }
            Event::Scalar(text, style, ..) => {
                if self.wants_key() {
                    self.key(&text, style, at)
                } else {
                    self.scalar(&text, style, at)
                }
            }
            Event::SequenceStart(..) => self.open(Frame::List { items: 0 }, '[', at),
            Event::MappingStart(..) => {
                let frame = Frame::Map {
                    keys: HashMap::new(),
                    key: None,
                };
                self.open(frame, '{', at)
            }
            Event::SequenceEnd => {
                self.close(']');
                Ok(())
            }
            Event::MappingEnd => {
                self.close('}');
                Ok(())
            }
        }
    }

    /// Whether the next node is a key.
    fn wants_key(&self) -> bool {
        matches!(self.frames.last(), Some(Frame::Map { key: None, .. }))
    }

    fn key(&mut self, text: &str, style: ScalarStyle, at: Position) -> Result<(), YamlError> {
        let refuse = |why: String| Err(YamlError { at, why });
        if style == ScalarStyle::Plain {
            if text == "<<" {
                return refuse("merge keys (`<<`) are not accepted; write the members out".into());
            }
            if let Some(kind) = scalar::other_than_string(text) {
                return refuse(format!(
                    "the key `{text}` is {kind}, and keys are strings; write \"{text}\""
                ));
            }
        }
        let Some(Frame::Map { keys, key }) = self.frames.last_mut() else {
            return Ok(());
        };
        if let Some(first) = keys.get(text) {
            return refuse(format!(
                "the key `{text}` stands twice; the first is at {first}"
            ));
        }
        if !keys.is_empty() {
            self.json.push(',');
        }
        keys.insert(text.to_owned(), at);
        *key = Some((text.to_owned(), at));
        push_string(&mut self.json, text);
        self.json.push(':');
        Ok(())
    }

    fn scalar(&mut self, text: &str, style: ScalarStyle, at: Position) -> Result<(), YamlError> {
        let value = match style {
            ScalarStyle::Plain => scalar::resolve(text).map_err(|why| YamlError { at, why })?,
            _ => scalar::Scalar::String,
        };
        self.begin(at);
        match value {
            scalar::Scalar::String => push_string(&mut self.json, text),
            scalar::Scalar::Literal(json) => self.json.push_str(json),
        }
        self.end();
        Ok(())
    }

    fn open(&mut self, frame: Frame, bracket: char, at: Position) -> Result<(), YamlError> {
        if self.wants_key() {
            return Err(YamlError {
                at,
                why: "a key must be a string, not a list or a map".to_owned(),
            });
        }
        if self.frames.len() >= MAX_DEPTH {
            return Err(YamlError {
                at,
                why: format!("nested deeper than {MAX_DEPTH}"),
            });
        }
        self.begin(at);
        self.json.push(bracket);
        self.frames.push(frame);
        Ok(())
    }

    fn close(&mut self, bracket: char) {
        self.frames.pop();
        self.json.push(bracket);
        self.end();
    }

    /// Before a value: the comma of a list, and the value's pointer and place.
    fn begin(&mut self, at: Position) {
        let key = match self.frames.last() {
            None => None,
            Some(Frame::List { items }) => {
                if *items > 0 {
                    self.json.push(',');
                }
                self.places.enter(&items.to_string());
                None
            }
            Some(Frame::Map { key, .. }) => key.as_ref().map(|(name, at)| {
                self.places.enter(name);
                *at
            }),
        };
        self.places.put(Place { key, value: at });
    }

    /// After a value.
    fn end(&mut self) {
        self.places.leave();
        match self.frames.last_mut() {
            None => {}
            Some(Frame::List { items }) => *items = items.saturating_add(1),
            Some(Frame::Map { key, .. }) => *key = None,
        }
    }
}

fn push_string(json: &mut String, text: &str) {
    json.push_str(&serde_json::Value::from(text).to_string());
}
