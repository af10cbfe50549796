//! JSON as `serde_json` reads it: members in order, duplicates kept, values as their text.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use toolgate_engine::json::{Kind, Value};

/// The members of an object, in order; a key that comes twice is there twice.
pub struct Members(pub Vec<(String, Box<RawValue>)>);

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Pairs;
        impl<'de> Visitor<'de> for Pairs {
            type Value = Members;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = map.next_entry()? {
                    pairs.push(pair);
                }
                Ok(Members(pairs))
            }
        }
        deserializer.deserialize_map(Pairs)
    }
}

/// The members of an object's text; `None` of anything else.
pub fn members(text: &str) -> Option<Vec<(String, Box<RawValue>)>> {
    serde_json::from_str::<Members>(text).ok().map(|m| m.0)
}

/// The elements of an array's text; `None` of anything else.
pub fn elements(text: &str) -> Option<Vec<Box<RawValue>>> {
    serde_json::from_str(text).ok()
}

/// A string's text, decoded; `None` of anything else.
pub fn string(text: &str) -> Option<String> {
    serde_json::from_str(text).ok()
}

/// The value of the last member that is called so, as most servers read duplicates.
pub fn last<'m>(members: &'m [(String, Box<RawValue>)], key: &str) -> Option<&'m str> {
    let mut found = members.iter().rev().filter(|(k, _)| k == key);
    found.next().map(|(_, value)| value.get())
}

/// A key as Go's `encoding/json` compares it: simple case folding, whose only letters beyond ASCII
/// that fold to ASCII are U+017F and U+212A.
pub fn folded(key: &str) -> String {
    let fold = |c: char| match c {
        '\u{17F}' => 'S',
        '\u{212A}' => 'K',
        c => c.to_ascii_uppercase(),
    };
    key.chars().map(fold).collect()
}

/// Whether the engine and `serde_json` read the same from one text. Numbers are compared as text:
/// neither side may have touched them.
///
/// # Errors
/// What differs.
pub fn same(value: Value<'_>, text: &str) -> Result<(), String> {
    let differs = |what: &str| Err(format!("{what}: {:?} and {text:?}", value.text()));
    match value.kind() {
        Kind::Object => {
            let Some(theirs) = members(text) else {
                return differs("not an object");
            };
            if value.members().count() != theirs.len() {
                return differs("other keys");
            }
            for ((key, member), (their_key, theirs)) in value.members().zip(&theirs) {
                if key.decode() != their_key.as_str() {
                    return differs("another key");
                }
                same(member, theirs.get())?;
            }
            Ok(())
        }
        Kind::Array => {
            let Some(theirs) = elements(text) else {
                return differs("not an array");
            };
            if value.elements().count() != theirs.len() {
                return differs("other elements");
            }
            let mut pairs = value.elements().zip(&theirs);
            pairs.try_for_each(|(ours, theirs)| same(ours, theirs.get()))
        }
        Kind::String => match string(text) {
            Some(string) if value.as_str().as_deref() == Some(string.as_str()) => Ok(()),
            other => differs(&format!("{other:?}")),
        },
        Kind::Number => {
            let digits = text.starts_with(|c: char| c == '-' || c.is_ascii_digit());
            if digits && text == value.text() {
                Ok(())
            } else {
                differs("another number")
            }
        }
        Kind::Bool => {
            let truth = serde_json::from_str::<bool>(text).ok();
            if truth.is_some() && truth == value.as_bool() {
                Ok(())
            } else {
                differs("another truth")
            }
        }
        Kind::Null if text == "null" => Ok(()),
        Kind::Null => differs("not null"),
    }
}
