//! What tools/list taught: which arguments a tool's own schema requires, and in [`definition`] how it is defined.
//!
//! Kept in the store, so that every worker knows what any of them has seen. The table has a fixed
//! number of keys; tools that share one stand side by side in it, the oldest leaves first, and a
//! tool that is not there is not known: calls that need its schema are denied.

pub mod definition;
mod place;

use place::Place;

use crate::json::{Kind, Value, parse, push_json_string};
use crate::limit::{Change, Store};

/// Tools remembered under one key.
const WAYS: usize = 8;
/// The longest list of argument names kept for one tool, in bytes of JSON; longer is not learned.
const MAX_LIST: usize = 4_096;

/// Remembers what the schema of `tool` requires. `definition` is the tool's entry in a tools/list.
pub fn learn(store: &mut dyn Store, server: &str, tool: &str, definition: Value<'_>) {
    let place = Place::of("schema", server, tool);
    let id = format!("{:032x}", place.id);
    let list = required_of(definition);
    let _ = store.update(&place.key, &mut |old, out| {
        let known = old.and_then(|bytes| parse(bytes).ok());
        let same = known.and_then(|k| k.get(&id)).map(Value::text);
        if same == list.as_deref() {
            return Change::Keep;
        }
        rewrite(known, &id, list.as_deref(), out);
        Change::Write
    });
}

/// The arguments that the schema of `tool` requires; `None` when it was never seen.
pub fn required(store: &mut dyn Store, server: &str, tool: &str) -> Option<Vec<String>> {
    let place = Place::of("schema", server, tool);
    let id = format!("{:032x}", place.id);
    let mut found = None;
    store
        .update(&place.key, &mut |old, _| {
            found = old
                .and_then(|bytes| parse(bytes).ok())
                .and_then(|known| known.get(&id))
                .map(|list| {
                    let names = list.elements().filter_map(Value::as_str);
                    names.map(std::borrow::Cow::into_owned).collect()
                });
            Change::Keep
        })
        .ok()?;
    found
}

/// `inputSchema.required` as a JSON list; `None` when it is not one that can be kept.
fn required_of(definition: Value<'_>) -> Option<String> {
    let schema = definition.get("inputSchema")?;
    if schema.kind() != Kind::Object {
        return None;
    }
    let Some(required) = schema.get("required") else {
        return Some("[]".to_owned());
    };
    let strings = required.elements().all(|e| e.kind() == Kind::String);
    let fits = required.text().len() <= MAX_LIST;
    (required.kind() == Kind::Array && strings && fits).then(|| required.text().to_owned())
}

/// The table's value anew: an object from tool to list, newest first.
fn rewrite(known: Option<Value<'_>>, id: &str, list: Option<&str>, out: &mut Vec<u8>) {
    let mut text = String::from("{");
    let newest = list.map(|list| (id.to_owned(), list));
    let others = known
        .iter()
        .flat_map(|k| k.members())
        .filter_map(|(key, value)| {
            let key = key.decode().into_owned();
            (key != id).then_some((key, value.text()))
        });
    for (n, (key, list)) in newest.into_iter().chain(others).take(WAYS).enumerate() {
        if n > 0 {
            text.push(',');
        }
        push_json_string(&mut text, &key);
        text.push(':');
        text.push_str(list);
    }
    text.push('}');
    out.extend_from_slice(text.as_bytes());
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::limit::MemoryStore;

    fn teach(store: &mut MemoryStore, tool: &str, definition: &str) {
        learn(store, "s", tool, parse(definition.as_bytes()).unwrap());
    }

    #[test]
    fn what_a_list_shows_is_known_and_what_changes_is_forgotten() {
        let mut store = MemoryStore::default();
        assert_eq!(required(&mut store, "s", "a"), None);
        teach(&mut store, "a", r#"{"inputSchema":{"required":["x","y"]}}"#);
        teach(&mut store, "b", r#"{"inputSchema":{"type":"object"}}"#);
        assert_eq!(required(&mut store, "s", "a").unwrap(), ["x", "y"]);
        assert!(required(&mut store, "s", "b").unwrap().is_empty());
        assert_eq!(required(&mut store, "other", "a"), None);
        teach(&mut store, "a", r#"{"inputSchema":{"required":"x"}}"#);
        assert_eq!(required(&mut store, "s", "a"), None);
    }

    #[test]
    fn ten_thousand_tools_stay_in_a_bounded_table() {
        let mut store = MemoryStore::default();
        for n in 0..10_000 {
            teach(&mut store, &format!("t{n}"), r#"{"inputSchema":{}}"#);
        }
        assert!(store.values().count() <= usize::from(place::SLOTS));
        assert!(required(&mut store, "s", "t9999").unwrap().is_empty());
    }
}
