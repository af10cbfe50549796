//! The steps of a request on the operators' side: seen, and decided.

use super::book::{NANOS, seal};
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
    /// There is no such request: it was used, or replaced after it had ended, or never made.
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
    let by = cut(by, NAME_BYTES);
    for row in directory::rows(store)? {
        let mut decided = Ok(Decided::Unknown);
        let mut listed = None;
        store.update(&row_key(&row), &mut |old, out| {
            (decided, listed) = (Ok(Decided::Unknown), None);
            let mut read = match Row::read(old) {
                Ok(row) => row,
                Err(error) => {
                    decided = Err(error);
                    return Change::Keep;
                }
            };
            let now = now.max(read.latest);
            read.latest = now;
            let Some(request) = read.requests.iter_mut().find(|r| r.id == id) else {
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
            listed = Some((shown(request, now), request.place));
            read.write(out);
            Change::Write
        })?;
        if let Some((mut done, place)) = listed {
            // The yes is good for longer than the request was to wait: it stays listed.
            let _ = directory::enter(store, &row, done.ends, now);
            done.notice = notice::get(store, &row, place, id);
            return Ok(Decided::Done(done));
        }
        match decided? {
            Decided::Unknown => {}
            other => return Ok(other),
        }
    }
    Ok(Decided::Unknown)
}

/// All requests that are still kept, those that ended undecided among them.
///
/// # Errors
/// The store's, or a row that is not understood.
pub fn list(store: &mut dyn Store, now: u64) -> Result<Vec<Listed>, StoreError> {
    let mut all = Vec::new();
    for row in directory::rows(store)? {
        let mut read = Err(StoreError::Corrupt);
        store.update(&row_key(&row), &mut |old, _| {
            read = Row::read(old);
            Change::Keep
        })?;
        let read = read?;
        let now = now.max(read.latest);
        for request in &read.requests {
            let mut listed = shown(request, now);
            listed.notice = notice::get(store, &row, request.place, request.id);
            all.push(listed);
        }
    }
    Ok(sorted(all))
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
