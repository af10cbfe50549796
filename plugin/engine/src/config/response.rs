//! Bounds on what is read of the upstream's answers.

use super::fault::Faults;
use super::reader::Object;

/// The keys.
pub(super) const MAX_LIST_BYTES: &str = "max_list_bytes";
pub(super) const MAX_EVENT_BYTES: &str = "max_event_bytes";
pub(super) const MAX_LIST_ENTRIES: &str = "max_list_entries";

/// The most that a bound in bytes may be, 64 MiB.
const MAX_BYTES: u64 = 64 << 20;
/// The most that `max_list_entries` may be.
const MAX_ENTRIES: u64 = 1_000_000;

/// Bounds on one response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The longest text, in bytes.
    pub bytes: usize,
    /// The most entries in all lists of one text together.
    pub entries: usize,
}

/// How much of an answer is read; beyond it an error takes the answer's place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// The longest answer that may be a list, in bytes; and how many entries it may have.
    pub list: Limits,
    /// The longest event, and so the longest line, of an event stream, in bytes.
    pub event_bytes: usize,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            list: Limits {
                bytes: 4 << 20,
                entries: 50_000,
            },
            event_bytes: 4 << 20,
        }
    }
}

impl Bounds {
    /// The bounds on the one message of an event.
    pub fn event(&self) -> Limits {
        Limits {
            bytes: self.event_bytes,
            entries: self.list.entries,
        }
    }
}

/// Reads them from the plugin's configuration.
pub(super) fn read_bounds(object: &Object<'_>, faults: &mut Faults) -> Bounds {
    let mut bounds = Bounds::default();
    for (key, max, bound) in [
        (MAX_LIST_BYTES, MAX_BYTES, &mut bounds.list.bytes),
        (MAX_EVENT_BYTES, MAX_BYTES, &mut bounds.event_bytes),
        (MAX_LIST_ENTRIES, MAX_ENTRIES, &mut bounds.list.entries),
    ] {
        let read = object.get(key).and_then(|f| f.integer(1..=max, faults));
        if let Some(read) = read.and_then(|n| usize::try_from(n).ok()) {
            *bound = read;
        }
    }
    bounds
}
