//! One set of the table of sessions: its entries, its bytes, and who makes room when it is full.
//!
//! ```text
//! offset  size  field
//!      0     1  version, 1
//!      1        entries: fingerprint 8, owner 8, last used 8 (seconds), flags 1
//! ```

use super::Owner;
use crate::limit::StoreError;

/// The most sessions of one set.
pub const WAYS: u32 = 16;

const VERSION: u8 = 1;
const ENTRY_BYTES: usize = 25;
const OPENED: u8 = 1;

/// A session that was not used for a day gives way to anybody's.
const IDLE_SECONDS: u64 = 86_400;

/// A use is noted only when the last one noted is so many seconds ago: most requests write nothing.
const TOUCH_SECONDS: u64 = 60;

/// The longest value, in bytes.
pub(super) fn bytes_max() -> usize {
    ways().saturating_mul(ENTRY_BYTES).saturating_add(1)
}

fn ways() -> usize {
    usize::try_from(WAYS).unwrap_or(16)
}

/// One session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    /// Tells the sessions of a set apart.
    pub(super) fingerprint: u64,
    pub(super) owner: Owner,
    /// Seconds since the Unix epoch.
    pub(super) used: u64,
    /// Whether the upstream opened it, rather than somebody used it first.
    pub(super) opened: bool,
}

/// The sessions of one set.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Entries(Vec<Entry>);

impl Entries {
    /// Reads a value; an empty one has no entries.
    pub(super) fn read(bytes: &[u8]) -> Result<Self, StoreError> {
        let Some((version, rest)) = bytes.split_first() else {
            return Ok(Self::default());
        };
        let (entries, tail) = rest.as_chunks::<ENTRY_BYTES>();
        if *version != VERSION || !tail.is_empty() || entries.len() > ways() {
            return Err(StoreError::Corrupt);
        }
        Ok(Self(entries.iter().filter_map(read_entry).collect()))
    }

    pub(super) fn write(&self, out: &mut Vec<u8>) {
        out.push(VERSION);
        for entry in &self.0 {
            out.extend_from_slice(&entry.fingerprint.to_le_bytes());
            out.extend_from_slice(&entry.owner.0.to_le_bytes());
            out.extend_from_slice(&entry.used.to_le_bytes());
            out.push(if entry.opened { OPENED } else { 0 });
        }
    }

    pub(super) fn find(&self, fingerprint: u64) -> Option<Entry> {
        let mut entries = self.0.iter();
        entries.find(|e| e.fingerprint == fingerprint).copied()
    }

    /// Notes that a session was used; false where that was noted lately. A clock that went back
    /// changes nothing.
    pub(super) fn touch(&mut self, fingerprint: u64, now: u64) -> bool {
        let entry = self.0.iter_mut().find(|e| e.fingerprint == fingerprint);
        let stale = |e: &&mut Entry| now >= e.used.saturating_add(TOUCH_SECONDS);
        match entry.filter(stale) {
            Some(entry) => {
                entry.used = now;
                true
            }
            None => false,
        }
    }

    pub(super) fn remove(&mut self, fingerprint: u64) -> bool {
        let before = self.0.len();
        self.0.retain(|e| e.fingerprint != fingerprint);
        self.0.len() < before
    }

    /// Adds a session that is not there, at the cost of the one that has to go.
    pub(super) fn insert(&mut self, entry: Entry) {
        self.0.push(entry);
        if self.0.len() <= ways() {
            return;
        }
        let count = |owner: Owner| self.0.iter().filter(|e| e.owner == owner).count();
        let idle = |e: &Entry| e.used.saturating_add(IDLE_SECONDS) <= entry.used;
        // Of those that have the most, the newcomer's caller gives way first; of one caller's,
        // those that were only used before those that the upstream opened.
        let newest = self.0.len().saturating_sub(1);
        let victim = self
            .0
            .iter()
            .enumerate()
            .filter(|(index, _)| *index != newest)
            .max_by_key(|(_, e)| {
                let rank = (idle(e), count(e.owner), e.owner == entry.owner);
                (rank, !e.opened, std::cmp::Reverse(e.used))
            });
        if let Some((index, victim)) = victim {
            // One that comes alone into a set in which nobody has two takes no other's place.
            let fair = idle(victim) || count(victim.owner) > 1 || victim.owner == entry.owner;
            self.0.swap_remove(if fair { index } else { newest });
        }
    }
}

fn read_entry(bytes: &[u8; ENTRY_BYTES]) -> Option<Entry> {
    let (fingerprint, rest) = bytes.split_first_chunk()?;
    let (owner, rest) = rest.split_first_chunk()?;
    let (used, flags) = rest.split_first_chunk()?;
    Some(Entry {
        fingerprint: u64::from_le_bytes(*fingerprint),
        owner: Owner(u64::from_le_bytes(*owner)),
        used: u64::from_le_bytes(*used),
        opened: flags == [OPENED],
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(fingerprint: u64, owner: u64, used: u64) -> Entry {
        Entry {
            fingerprint,
            owner: Owner(owner),
            used,
            opened: true,
        }
    }

    #[test]
    fn a_value_reads_as_written_and_nothing_else_is_one() {
        let mut entries = Entries::default();
        for n in 0..u64::from(WAYS) {
            entries.insert(entry(n, n % 3, n));
        }
        let mut out = Vec::new();
        entries.write(&mut out);
        assert_eq!(out.len(), bytes_max());
        assert_eq!(Entries::read(&out), Ok(entries));
        assert_eq!(Entries::read(&[]), Ok(Entries::default()));
        for wrong in [
            out.split_last().map(|(_, rest)| rest).unwrap_or_default(),
            &[2],
            &[1, 0],
            &[out.as_slice(), &[0; 25]].concat(),
        ] {
            assert_eq!(Entries::read(wrong), Err(StoreError::Corrupt));
        }
    }

    #[test]
    fn whoever_has_the_most_makes_room() {
        let mut entries = Entries::default();
        entries.insert(entry(1, 100, 0));
        entries.insert(entry(2, 100, 0));
        for n in 10..1_000 {
            entries.insert(entry(n, 200, n));
        }
        assert!(entries.find(1).is_some() && entries.find(2).is_some());
        assert!(entries.find(999).is_some(), "the newest stays");
        assert_eq!(entries.0.len(), 16);
        // The other caller comes back and gets its share.
        for n in 2_000..2_006 {
            entries.insert(entry(n, 100, n));
        }
        let of = |owner| entries.0.iter().filter(|e| e.owner == Owner(owner)).count();
        assert_eq!((of(100), of(200)), (8, 8));
    }

    #[test]
    fn nobody_who_has_one_session_loses_it_to_a_newcomer() {
        let mut entries = Entries::default();
        for n in 0..40 {
            entries.insert(entry(n, n, n));
        }
        assert!((0..16).all(|n| entries.find(n).is_some()));
        entries.insert(entry(99, 99, IDLE_SECONDS + 3));
        assert!(
            entries.find(0).is_none() && entries.find(99).is_some(),
            "idle for a day"
        );
    }
}
