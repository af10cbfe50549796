//! What is wrong with a scenario file, where, and what would be right.

use std::fmt;
use std::path::{Path, PathBuf};

use serde_path_to_error::Segment;

use crate::yaml::{Places, Position, pointer_token};

/// A file that cannot be run.
#[derive(Debug)]
pub(crate) struct Broken {
    path: PathBuf,
    faults: Vec<Fault>,
}

/// One thing wrong with a file.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    at: Option<Position>,
    why: String,
}

impl Broken {
    pub(crate) fn new(path: &Path, faults: Vec<Fault>) -> Broken {
        Broken {
            path: path.to_owned(),
            faults,
        }
    }

    /// A fault of the file as a whole.
    pub(crate) fn whole(path: &Path, why: String) -> Broken {
        Broken::new(path, vec![Fault { at: None, why }])
    }

    /// A fault at a position of the file.
    pub(crate) fn at(path: &Path, at: Position, why: String) -> Broken {
        Broken::new(path, vec![Fault::at(at, why)])
    }
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, fault) in self.faults.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            write!(f, "{}:{fault}", self.path.display())?;
        }
        Ok(())
    }
}

impl std::error::Error for Broken {}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(at) = self.at {
            write!(f, "{at}:")?;
        }
        write!(f, " {}", self.why)
    }
}

impl Fault {
    pub(super) fn at(at: Position, why: String) -> Fault {
        Fault { at: Some(at), why }
    }

    /// A fault at a JSON pointer, or at the nearest thing above it that stands in the file.
    pub(super) fn under(places: &Places, pointer: &str, why: String) -> Fault {
        let mut pointer = pointer;
        loop {
            if let Some(place) = places.find(pointer) {
                return Fault::at(place.key.unwrap_or(place.value), why);
            }
            match pointer.rsplit_once('/') {
                Some((parent, _)) => pointer = parent,
                None => return Fault { at: None, why },
            }
        }
    }
}

/// An error of serde with its path, as a fault with its line; for an unknown key, with the
/// nearest known one.
pub(super) fn of_serde(
    error: &serde_path_to_error::Error<serde_json::Error>,
    places: &Places,
) -> Fault {
    let text = error.inner().to_string();
    // serde_json adds the position in the JSON, which the reader never sees.
    let text = text.split(" at line ").next().unwrap_or(&text);
    let mut pointer = String::new();
    for segment in error.path().iter() {
        match segment {
            Segment::Seq { index } => pointer.push_str(&format!("/{index}")),
            Segment::Map { key } => pointer.push_str(&format!("/{}", pointer_token(key))),
            Segment::Enum { .. } | Segment::Unknown => {}
        }
    }
    let mut quoted = text.split('`').skip(1).step_by(2);
    let why = match (text.starts_with("unknown field"), quoted.next()) {
        (true, Some(unknown)) => {
            let child = format!("{pointer}/{}", pointer_token(unknown));
            if places.find(&child).is_some() {
                pointer = child;
            }
            unknown_key(unknown, quoted)
        }
        (false, Some(missing)) if text.starts_with("missing field") => {
            format!("the key `{missing}` is missing")
        }
        _ => text.replace("invalid type: ", "wrong type: "),
    };
    Fault::under(places, &pointer, why)
}

fn unknown_key<'a>(unknown: &str, known: impl Iterator<Item = &'a str>) -> String {
    let known: Vec<&str> = known.collect();
    match nearest(unknown, &known) {
        Some(near) => format!("unknown key `{unknown}`; did you mean `{near}`?"),
        None => format!("unknown key `{unknown}`; known here: {}", known.join(", ")),
    }
}

/// The known name that a mistyped one is most like, if any is like it at all.
pub(super) fn nearest<'a>(name: &str, known: &[&'a str]) -> Option<&'a str> {
    let name = name.to_lowercase().replace('-', "_");
    known
        .iter()
        .map(|near| (strsim::jaro_winkler(&name, near), *near))
        .filter(|(likeness, _)| *likeness > 0.8)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, near)| near)
}
