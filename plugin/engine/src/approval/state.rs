//! `requestState` of a question that the client's user answers (MCP 2026-07-28, multi-round-trip
//! requests): it comes back from the client, so it is sealed and bound to the call.

use super::book::{Asked, Standing};
use super::id::ApprovalId;
use super::place::row_key;
use super::row::{Row, State};
use crate::base32;
use crate::limit::{Change, Store, StoreError};

/// Says whose state it is: an upstream's own must be told from it.
const PREFIX: &str = "toolgate1.";

/// The purpose of its seal.
const STATE: &str = "request state";

/// The bytes of a state: id, end, seal.
const BYTES: usize = 55;

/// The state that asks for the call of `asked`.
pub fn request_state(asked: &Asked<'_>, standing: &Standing) -> String {
    let ends = standing.ends.to_le_bytes();
    let parts: [&[u8]; 3] = [&standing.id.0, &asked.bond.0, &ends];
    let seal = asked.keys.seal(STATE, &parts);
    let mut out = String::from(PREFIX);
    let mut bytes = Vec::with_capacity(BYTES);
    bytes.extend(standing.id.0);
    bytes.extend(ends);
    bytes.extend(seal);
    base32::push(&mut out, &bytes);
    out
}

/// What a returned state is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Returned {
    /// It is not one of ours.
    Foreign,
    /// It is void: changed, of another call or caller, ended, or used.
    Void,
    /// It was good, and is used up.
    Used(ApprovalId),
}

/// Uses up the request that `state` names, as the user answered: with `yes` the call passes, else
/// the request is denied and stays so until it ends.
///
/// # Errors
/// The store's; nothing is used up as far as can be known.
pub fn accept(
    store: &mut dyn Store,
    asked: &Asked<'_>,
    state: &str,
    yes: bool,
) -> Result<Returned, StoreError> {
    let Some(text) = state.strip_prefix(PREFIX) else {
        return Ok(Returned::Foreign);
    };
    let Some((id, ends)) = open(asked, text) else {
        return Ok(Returned::Void);
    };
    let mut result = Err(StoreError::Corrupt);
    store.update(&row_key(&asked.place.row), &mut |old, out| {
        let mut row = match Row::read(old) {
            Ok(row) => row,
            Err(error) => {
                result = Err(error);
                return Change::Keep;
            }
        };
        result = Ok(Returned::Void);
        row.latest = row.latest.max(asked.now);
        let at = row.requests.iter().position(|r| {
            r.id == id
                && r.bond == asked.bond
                && r.caller == asked.place.caller
                && r.ends == ends
                && r.ends > row.latest
                && r.state == State::Pending
        });
        let Some(at) = at else {
            return Change::Keep;
        };
        if yes {
            row.requests.swap_remove(at);
        } else if let Some(request) = row.requests.get_mut(at) {
            request.state = State::Denied;
            request.by = "user".to_owned();
        }
        result = Ok(Returned::Used(id));
        row.write(out);
        Change::Write
    })?;
    result
}

fn open(asked: &Asked<'_>, text: &str) -> Option<(ApprovalId, u64)> {
    let bytes: [u8; BYTES] = base32::read(text)?;
    let (id, rest) = bytes.split_first_chunk::<15>()?;
    let (ends, seal) = rest.split_first_chunk::<8>()?;
    let seal: &[u8; 32] = seal.try_into().ok()?;
    let parts: [&[u8]; 3] = [id, &asked.bond.0, ends];
    let good = asked.keys.holds(seal, STATE, &parts);
    good.then_some((ApprovalId(*id), u64::from_le_bytes(*ends)))
}
