//! The steps of a request on the operators' side: seen, and decided.

use std::fmt;

use super::book::{NANOS, is_named, seal};
use super::directory;
use super::id::ApprovalId;
use super::keys::Keys;
use super::notice;
use super::place::row_key;
use super::row::{NAME_BYTES, Request, Row, State};
use crate::json::{cut, sorted};
use crate::limit::{Change, Store, StoreError};

/// What became of an operator's decision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decided {
    /// It holds.
    Done(Listed),
    /// The request had been decided before: how, and by whom.
    Before(State, String),
    /// The request had ended.
    Expired,
    /// Nothing says what it is for: nobody may say yes to it.
    Unshown,
    /// There is no such request: it was used, or replaced after it had ended, or never made, or made
    /// with another key.
    Unknown,
}

/// A request as operators see it, the oldest first.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Listed {
    /// When it was made, in nanoseconds since 1970.
    pub asked: u64,
    /// Its name.
    pub id: ApprovalId,
    /// Where it stands.
    pub state: State,
    /// When it ends, or ended.
    pub ends: u64,
    /// Whether that is over.
    pub expired: bool,
    /// Who decided; empty while nobody has.
    pub by: String,
    /// What it is about, a JSON object; `None` where that is not known.
    pub notice: Option<String>,
}

/// How many requests a page of the list has: with what is shown of each, less than 1 MB.
pub const PAGE: usize = 50;

/// The place of a request in the list, the oldest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cursor {
    asked: u64,
    id: ApprovalId,
}

impl Cursor {
    /// Reads the one spelling that [`Display`](fmt::Display) gives.
    pub fn parse(text: &str) -> Option<Self> {
        let (asked, id) = text.split_once('-')?;
        Some(Self {
            asked: asked.parse().ok()?,
            id: ApprovalId::parse(id)?,
        })
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.asked, self.id)
    }
}

/// A part of the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// At most [`PAGE`].
    pub requests: Vec<Listed>,
    /// The last of them, where more follow.
    pub next: Option<Cursor>,
}

/// Decides a request: `yes` or no, by the operator `by` (at most 64 bytes).
///
/// A yes is good for the request's timeout, counted anew.
///
/// # Errors
/// The store's; nothing is decided as far as can be known.
pub fn decide(
    store: &mut dyn Store,
    keys: &Keys,
    id: ApprovalId,
    yes: bool,
    by: &str,
    now: u64,
) -> Result<Decided, StoreError> {
    let Some((listed, row)) = find(store, keys, now, id)? else {
        return Ok(Decided::Unknown);
    };
    if yes && listed.notice.is_none() {
        return Ok(Decided::Unshown);
    }
    let by = cut(by, NAME_BYTES);
    let mut decided = Ok(Decided::Unknown);
    store.update(&row_key(&row), &mut |old, out| {
        decided = Ok(Decided::Unknown);
        let mut read = match Row::read(old) {
            Ok(row) => row,
            Err(error) => {
                decided = Err(error);
                return Change::Keep;
            }
        };
        let now = now.max(read.latest);
        read.latest = now;
        let request = read.requests.iter_mut().find(|r| r.id == id);
        let Some(request) = request.filter(|r| is_named(keys, &row, r)) else {
            return Change::Keep;
        };
        if request.ends <= now {
            decided = Ok(Decided::Expired);
            return Change::Keep;
        }
        if request.state != State::Pending {
            decided = Ok(Decided::Before(request.state, request.by.clone()));
            return Change::Keep;
        }
        let good = u64::from(request.timeout).saturating_mul(NANOS);
        request.ends = now.saturating_add(good);
        request.by = by.to_owned();
        request.state = if yes { State::Approved } else { State::Denied };
        request.seal = if yes { seal(keys, request) } else { [0; 32] };
        decided = Ok(Decided::Done(shown(request, now)));
        read.write(out);
        Change::Write
    })?;
    if let Ok(Decided::Done(done)) = &mut decided {
        // The yes is good for longer than the request was to wait: it stays listed.
        let _ = directory::enter(store, &row, done.ends, now);
        done.notice = listed.notice;
    }
    decided
}

/// A page of all requests that are kept, those that ended undecided among them: the first, or the
/// one that follows `after`.
///
/// # Errors
/// The store's, or a row that is not understood.
pub fn list(
    store: &mut dyn Store,
    keys: &Keys,
    now: u64,
    after: Option<Cursor>,
) -> Result<Page, StoreError> {
    let mut all = Vec::new();
    each(store, keys, now, None, &mut |listed, row, place| {
        if after.is_none_or(|after| listed.cursor() > after) {
            all.push((listed, *row, place));
        }
    })?;
    let more = all.len() > PAGE;
    let mut requests = Vec::with_capacity(all.len().min(PAGE));
    for (mut listed, row, place) in sorted(all).into_iter().take(PAGE) {
        listed.notice = notice::get(store, keys, &row, place, listed.id);
        requests.push(listed);
    }
    let next = requests.last().filter(|_| more).map(Listed::cursor);
    Ok(Page { requests, next })
}

/// One request, and its row.
///
/// # Errors
/// As [`list`].
pub fn find(
    store: &mut dyn Store,
    keys: &Keys,
    now: u64,
    id: ApprovalId,
) -> Result<Option<(Listed, [u8; 10])>, StoreError> {
    let mut found = None;
    each(store, keys, now, Some(id), &mut |listed, row, place| {
        found = Some((listed, *row, place));
    })?;
    Ok(found.map(|(mut listed, row, place)| {
        listed.notice = notice::get(store, keys, &row, place, id);
        (listed, row)
    }))
}

/// Every request that was made with one of the keys, or only that with the id, with its row and its
/// place there.
fn each(
    store: &mut dyn Store,
    keys: &Keys,
    now: u64,
    only: Option<ApprovalId>,
    see: &mut dyn FnMut(Listed, &[u8; 10], u8),
) -> Result<(), StoreError> {
    for row in directory::rows(store)? {
        let mut read = Err(StoreError::Corrupt);
        store.update(&row_key(&row), &mut |old, _| {
            read = Row::read(old);
            Change::Keep
        })?;
        let read = read?;
        let now = now.max(read.latest);
        let wanted = |r: &Request| only.is_none_or(|id| r.id == id);
        for request in &read.requests {
            if wanted(request) && is_named(keys, &row, request) {
                see(shown(request, now), &row, request.place);
            }
        }
    }
    Ok(())
}

impl Listed {
    fn cursor(&self) -> Cursor {
        Cursor {
            asked: self.asked,
            id: self.id,
        }
    }
}

fn shown(request: &Request, now: u64) -> Listed {
    Listed {
        id: request.id,
        state: request.state,
        asked: request.asked,
        ends: request.ends,
        expired: request.ends <= now,
        by: request.by.clone(),
        notice: None,
    }
}
