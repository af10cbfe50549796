//! A call that goes on: where the upstream answers an approved call with a question of its own, the
//! yes is good for the same call with the answer to it, once more.

use super::book::{Asked, fresh, make_room, seal};
use super::directory;
use super::place::row_key;
use super::row::{NAME_BYTES, Request, Row, State};
use crate::json::cut;
use crate::limit::{Change, Store, StoreError};

/// Gives a yes to the call of `asked`, whose bond is that of the next round trip: `by` gave it for
/// the round before. Where there is one already, or no room, nothing changes; without a yes that
/// round asks anew.
///
/// # Errors
/// The store's; that round asks anew then.
pub fn go_on(store: &mut dyn Store, asked: &Asked<'_>, by: &str) -> Result<(), StoreError> {
    let by = cut(by, NAME_BYTES);
    let mut result = Ok(None);
    store.update(&row_key(&asked.place.row), &mut |old, out| {
        result = Ok(None);
        let mut row = match Row::read(old) {
            Ok(row) => row,
            Err(error) => {
                result = Err(error);
                return Change::Keep;
            }
        };
        let now = asked.now.max(row.latest.saturating_add(1));
        row.latest = now;
        let ours = |r: &Request| r.bond == asked.bond && r.caller == asked.place.caller;
        if row.requests.iter().any(|r| ours(r) && r.ends > now) {
            return Change::Keep;
        }
        row.requests.retain(|r| !ours(r));
        if !make_room(&mut row, asked, now) {
            return Change::Keep;
        }
        let Some(place) = row.free_place() else {
            return Change::Keep;
        };
        let mut request = fresh(asked, now, place);
        request.state = State::Approved;
        request.by = by.to_owned();
        request.seal = seal(asked.keys, &request);
        result = Ok(Some(request.ends));
        row.requests.push(request);
        row.write(out);
        Change::Write
    })?;
    if let Some(ends) = result? {
        // Operators see it as long as it is there; it is good without that.
        let _ = directory::enter(store, &asked.place.row, ends, asked.now);
    }
    Ok(())
}
