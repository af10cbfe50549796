//! The rows that may hold requests, so that operators can list them: shared data has no listing.
//!
//! One value: version 1, then for each row its 10 bytes and the time, 8 bytes, at which the last of
//! its requests ends. A row that is over makes room for another.

use crate::limit::{Change, Store, StoreError};

const KEY: &str = "tg1/approvals";
const VERSION: u8 = 1;
const ENTRY: usize = 18;

/// Rows with live requests at one time, over all callers: at most 74 kB.
const ROWS: usize = 4_096;

/// What there was no room for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Full {
    /// All rows hold live requests.
    Rows,
    /// The store failed.
    Store(StoreError),
}

/// Makes sure that `row` is listed until `ends`.
pub(super) fn enter(
    store: &mut dyn Store,
    row: &[u8; 10],
    ends: u64,
    now: u64,
) -> Result<(), Full> {
    let mut result = Ok(());
    let written = store.update(KEY, &mut |old, out| {
        result = Ok(());
        let Some(entries) = read(old) else {
            result = Err(Full::Store(StoreError::Corrupt));
            return Change::Keep;
        };
        if entries
            .iter()
            .any(|e| row_of(e) == row && ends_of(e) >= ends)
        {
            return Change::Keep;
        }
        let others = || entries.iter().filter(|e| row_of(e) != row);
        let crowded = entries.len() >= ROWS;
        let live = |e: &&[u8; ENTRY]| !crowded || ends_of(e) > now;
        if others().filter(live).count() >= ROWS {
            result = Err(Full::Rows);
            return Change::Keep;
        }
        out.push(VERSION);
        for entry in others().filter(live) {
            out.extend(entry);
        }
        out.extend(row);
        out.extend(ends.to_le_bytes());
        Change::Write
    });
    written.map_err(Full::Store).and(result)
}

/// The rows that are listed.
pub(super) fn rows(store: &mut dyn Store) -> Result<Vec<[u8; 10]>, StoreError> {
    let mut rows = Err(StoreError::Corrupt);
    store.update(KEY, &mut |old, _| {
        if let Some(entries) = read(old) {
            rows = Ok(entries.iter().map(|entry| *row_of(entry)).collect());
        }
        Change::Keep
    })?;
    rows
}

fn read(old: Option<&[u8]>) -> Option<&[[u8; ENTRY]]> {
    let Some(bytes) = old.filter(|bytes| !bytes.is_empty()) else {
        return Some(&[]);
    };
    let (entries, rest) = bytes.strip_prefix(&[VERSION])?.as_chunks();
    rest.is_empty().then_some(entries)
}

fn row_of(entry: &[u8; ENTRY]) -> &[u8; 10] {
    let (row, _) = entry.split_first_chunk().unwrap_or((&[0; 10], &[]));
    row
}

fn ends_of(entry: &[u8; ENTRY]) -> u64 {
    let ends = entry.last_chunk().copied().unwrap_or_default();
    u64::from_le_bytes(ends)
}
