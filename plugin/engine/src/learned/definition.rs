//! How a pinned tool was defined when it was listed last.
//!
//! Only tools that a policy pins are kept. A tool that is not in the table, because it has not been listed since the
//! proxy started or because others took its place, is not known: its calls are denied until it is listed again.

use super::place::Place;
use crate::limit::{Change, Store};
use crate::pin::Pin;
use crate::record::shown_name;

/// Tools remembered under one key: room for 65,536 pinned tools of all servers, about 3 MB of shared data.
const WAYS: usize = 64;
/// A tool's id and the pin of its definition.
const ENTRY: usize = 16 + 32;

/// Remembers how `tool` is defined now.
pub fn see(store: &mut dyn Store, server: &str, tool: &str, pin: Pin) {
    let place = Place::of("pin", server, tool);
    let entry = [place.id.to_be_bytes().as_slice(), &pin.0].concat();
    let _ = store.update(&place.key, &mut |old, out| {
        let old = old.unwrap_or_default();
        if find(old, place.id) == Some(pin) {
            return Change::Keep;
        }
        out.extend_from_slice(&entry);
        let id = place.id.to_be_bytes();
        let others = old.chunks_exact(ENTRY).filter(|e| !e.starts_with(&id));
        others
            .take(WAYS.saturating_sub(1))
            .for_each(|e| out.extend_from_slice(e));
        Change::Write
    });
}

/// The pin of the definition under which `tool` was listed last; `None` where that is not known.
pub fn seen(store: &mut dyn Store, server: &str, tool: &str) -> Option<Pin> {
    let place = Place::of("pin", server, tool);
    let mut found = None;
    let read = store.update(&place.key, &mut |old, _| {
        found = find(old.unwrap_or_default(), place.id);
        Change::Keep
    });
    read.ok()?;
    found
}

fn find(table: &[u8], id: u128) -> Option<Pin> {
    let id = id.to_be_bytes();
    let mut entries = table.chunks_exact(ENTRY);
    let pin = entries.find_map(|entry| entry.strip_prefix(&id))?;
    pin.try_into().ok().map(Pin)
}

/// What is said of a tool that is not defined as pinned: with the hash, so that a person can compare.
pub(crate) fn changed(tool: &str, seen: Pin) -> String {
    format!(
        "Tool \"{}\" has changed: it is defined as {seen} now, which the policy does not pin",
        shown_name(tool)
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::learned::place::SLOTS;
    use crate::limit::MemoryStore;

    #[test]
    fn the_last_definition_of_each_servers_tool_is_known() {
        let mut store = MemoryStore::default();
        assert_eq!(seen(&mut store, "s", "a"), None);
        see(&mut store, "s", "a", Pin([1; 32]));
        see(&mut store, "s", "b", Pin([2; 32]));
        see(&mut store, "t", "a", Pin([3; 32]));
        see(&mut store, "s", "a", Pin([4; 32]));
        assert_eq!(seen(&mut store, "s", "a"), Some(Pin([4; 32])));
        assert_eq!(seen(&mut store, "s", "b"), Some(Pin([2; 32])));
        assert_eq!(seen(&mut store, "t", "a"), Some(Pin([3; 32])));
        assert_eq!(seen(&mut store, "t", "b"), None);
    }

    #[test]
    fn the_table_is_bounded_and_holds_fifty_thousand() {
        let mut store = MemoryStore::default();
        for n in 0..50_000 {
            see(&mut store, "s", &format!("t{n}"), Pin([7; 32]));
        }
        assert!(store.values().count() <= usize::from(SLOTS));
        assert!(store.values().all(|(_, value)| value.len() <= WAYS * ENTRY));
        let known = (0..50_000).filter(|n| seen(&mut store, "s", &format!("t{n}")).is_some());
        assert!(known.count() > 49_000);
        for n in 50_000..200_000 {
            see(&mut store, "s", &format!("t{n}"), Pin([7; 32]));
        }
        assert!(store.values().all(|(_, value)| value.len() <= WAYS * ENTRY));
        assert_eq!(seen(&mut store, "s", "t199999"), Some(Pin([7; 32])));
    }
}
