//! Reading a document strictly: every unknown key, wrong type and range is a fault with its place.

use std::borrow::Cow;

use super::fault::Faults;
use super::keyword::{did_you_mean, listing, nearest};
use crate::json::Value;

/// A value and the JSON pointer of where it stands.
#[derive(Clone, Debug)]
pub struct Field<'a> {
    /// Where it stands.
    pub pointer: String,
    /// What stands there.
    pub value: Value<'a>,
}

/// `pointer` extended by one key or index, escaped as RFC 6901 says.
pub fn below(pointer: &str, key: &str) -> String {
    let key = if key.contains(['~', '/']) {
        Cow::Owned(key.replace('~', "~0").replace('/', "~1"))
    } else {
        Cow::Borrowed(key)
    };
    format!("{pointer}/{key}")
}

impl<'a> Field<'a> {
    /// The root of a document.
    pub fn root(value: Value<'a>) -> Self {
        Self {
            pointer: String::new(),
            value,
        }
    }

    /// A fault about this value: what was expected, what is there.
    pub fn wrong(&self, expected: &str, faults: &mut Faults) {
        let found = self.value.kind().with_article();
        faults.error(&self.pointer, format!("expected {expected}, found {found}"));
    }

    /// A string.
    pub fn string(&self, faults: &mut Faults) -> Option<String> {
        let read = self.value.as_str().map(Cow::into_owned);
        if read.is_none() {
            self.wrong("a string", faults);
        }
        read
    }

    /// A string that is not blank and has no white space at its ends.
    pub fn name(&self, what: &str, faults: &mut Faults) -> Option<String> {
        let name = self.string(faults)?;
        if name.is_empty() || name.trim() != name {
            faults.error(
                &self.pointer,
                format!(
                    "`{name}` is not {what}: it must not be blank or have white space around it"
                ),
            );
            return None;
        }
        Some(name)
    }

    /// A boolean.
    pub fn boolean(&self, faults: &mut Faults) -> Option<bool> {
        let read = self.value.as_bool();
        if read.is_none() {
            self.wrong("true or false", faults);
        }
        read
    }

    /// An integer of a range, exact: `10`, `1e1` and `10.0` are the same.
    pub fn integer(
        &self,
        range: std::ops::RangeInclusive<u64>,
        faults: &mut Faults,
    ) -> Option<u64> {
        let (min, max) = (*range.start(), *range.end());
        let read = self.value.as_number().and_then(|n| n.to_u64());
        match read.filter(|n| range.contains(n)) {
            Some(n) => Some(n),
            None => {
                let found = self.shown();
                let expected = if max == u64::MAX {
                    format!("an integer of at least {min}")
                } else {
                    format!("an integer from {min} to {max}")
                };
                faults.error(&self.pointer, format!("expected {expected}, found {found}"));
                None
            }
        }
    }

    /// The elements of an array.
    pub fn elements(&self, faults: &mut Faults) -> Vec<Field<'a>> {
        if self.value.kind() != crate::json::Kind::Array {
            self.wrong("an array", faults);
        }
        self.value
            .elements()
            .enumerate()
            .map(|(n, value)| Field {
                pointer: format!("{}/{n}", self.pointer),
                value,
            })
            .collect()
    }

    /// The members of an object whose keys are the author's own names.
    pub fn entries(&self, faults: &mut Faults) -> Vec<(String, Field<'a>)> {
        if self.value.kind() != crate::json::Kind::Object {
            self.wrong("an object", faults);
        }
        self.value
            .members()
            .map(|(key, value)| {
                let key = key.decode().into_owned();
                let pointer = below(&self.pointer, &key);
                (key, Field { pointer, value })
            })
            .collect()
    }

    /// The value as a message shows it, shortened.
    pub fn shown(&self) -> String {
        let text: String = self.value.text().chars().take(40).collect();
        if text.len() < self.value.text().len() {
            format!("`{text}…`")
        } else {
            format!("`{text}`")
        }
    }
}

/// An object whose keys are a closed set.
#[derive(Debug)]
pub struct Object<'a> {
    /// Where it stands.
    pub pointer: String,
    members: Vec<(&'static str, Field<'a>)>,
}

impl<'a> Object<'a> {
    /// Reads an object, noting every key that is not `known`.
    ///
    /// The value of a misspelt key is read as that of the key that was meant: its faults are told
    /// as well, where they stand, and the key is not missed. The document is refused in any case.
    pub fn read(field: &Field<'a>, known: &[&'static str], faults: &mut Faults) -> Option<Self> {
        if field.value.kind() != crate::json::Kind::Object {
            field.wrong("an object", faults);
            return None;
        }
        let mut object = Self {
            pointer: field.pointer.clone(),
            members: Vec::new(),
        };
        let mut misspelt = Vec::new();
        for (key, member) in field.entries(faults) {
            if let Some(known) = known.iter().find(|known| **known == key) {
                object.members.push((known, member));
                continue;
            }
            let meant = nearest(&key, &mut known.iter().copied());
            faults.key_error(
                &member.pointer,
                format!(
                    "unknown key `{key}`{}; known here: {}",
                    did_you_mean(meant),
                    listing(&mut known.iter().copied())
                ),
            );
            misspelt.extend(meant.map(|meant| (meant, member)));
        }
        // After the keys that are right: where both are there, only what stands under those is read.
        object.members.extend(misspelt);
        Some(object)
    }

    /// The member of that name.
    pub fn get(&self, key: &str) -> Option<&Field<'a>> {
        self.members
            .iter()
            .find(|(k, _)| *k == key)
            .map(|(_, field)| field)
    }

    /// The member of that name, a fault when it is missing.
    pub fn required(&self, key: &str, faults: &mut Faults) -> Option<&Field<'a>> {
        let found = self.get(key);
        if found.is_none() {
            faults.error(&self.pointer, format!("`{key}` is missing"));
        }
        found
    }
}
