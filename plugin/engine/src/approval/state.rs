//! `requestState` of a question that the client's user answers (MCP 2026-07-28, multi-round-trip
//! requests): it comes back from the client, so it is sealed and bound to the call.
//!
//! What the call itself carried of an earlier round trip with the upstream is kept in it: the client
//! sends back only the newest state.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::book::{Asked, Standing, seconds};
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

/// The longest that a question keeps of an earlier round trip, in bytes.
pub const MAX_KEPT_BYTES: usize = 64 << 10;

/// The state that asks for the call of `asked`, which carried `kept`, at most [`MAX_KEPT_BYTES`].
pub fn request_state(asked: &Asked<'_>, standing: &Standing, kept: &str) -> String {
    let ends = standing.ends.to_le_bytes();
    let parts: [&[u8]; 4] = [&standing.id.0, &asked.bond.0, &ends, kept.as_bytes()];
    let seal = asked.keys.seal(STATE, &parts);
    let mut out = String::from(PREFIX);
    let mut bytes = Vec::with_capacity(BYTES);
    bytes.extend(standing.id.0);
    bytes.extend(ends);
    bytes.extend(seal);
    base32::push(&mut out, &bytes);
    if !kept.is_empty() {
        out.push('.');
        URL_SAFE_NO_PAD.encode_string(kept, &mut out);
    }
    out
}

/// A state of ours, as far as it can be read before it is known what it must be bound to. Nothing
/// in it is to be believed before [`accept`] has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Returned {
    /// What the call carried of an earlier round trip when the question was asked.
    pub kept: String,
    sealed: Option<[u8; BYTES]>,
}

impl Returned {
    /// Reads a state; `None` when it is not one of ours.
    pub fn read(state: &str) -> Option<Self> {
        let text = state.strip_prefix(PREFIX)?;
        let (sealed, kept) = match text.split_once('.') {
            Some((sealed, kept)) => (sealed, Some(kept)),
            None => (text, None),
        };
        let decoded = kept.map(|kept| {
            let kept = URL_SAFE_NO_PAD.decode(kept).ok()?;
            String::from_utf8(kept).ok().filter(|kept| !kept.is_empty())
        });
        let (kept, whole) = match decoded {
            None => (String::new(), true),
            Some(Some(kept)) => (kept, true),
            Some(None) => (String::new(), false),
        };
        let sealed = base32::read(sealed).filter(|_| whole);
        Some(Self { kept, sealed })
    }
}

/// What a returned state is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Worth {
    /// It is void: changed, of another call or caller, ended, or used.
    Void,
    /// It was good, and is used up.
    Used {
        /// The request.
        id: ApprovalId,
        /// Seconds until it would have ended.
        left: u64,
    },
}

/// Whose yes or no a returned state brings.
pub const USER: &str = "user";

/// Whether the state was made for the call of `asked`; it may have ended, or been used.
pub fn is_bound(asked: &Asked<'_>, state: &Returned) -> bool {
    open(asked, state).is_some()
}

/// Uses up the request that `state` names, as the user answered: with `yes` the call passes, else
/// the request is denied and stays so until it ends.
///
/// # Errors
/// The store's; nothing is used up as far as can be known.
pub fn accept(
    store: &mut dyn Store,
    asked: &Asked<'_>,
    state: &Returned,
    yes: bool,
) -> Result<Worth, StoreError> {
    let Some((id, ends)) = open(asked, state) else {
        return Ok(Worth::Void);
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
        result = Ok(Worth::Void);
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
            request.by = USER.to_owned();
        }
        let left = seconds(ends, row.latest);
        result = Ok(Worth::Used { id, left });
        row.write(out);
        Change::Write
    })?;
    result
}

fn open(asked: &Asked<'_>, state: &Returned) -> Option<(ApprovalId, u64)> {
    let bytes = state.sealed.as_ref()?;
    let (id, rest) = bytes.split_first_chunk::<15>()?;
    let (ends, seal) = rest.split_first_chunk::<8>()?;
    let seal: &[u8; 32] = seal.try_into().ok()?;
    let parts: [&[u8]; 4] = [id, &asked.bond.0, ends, state.kept.as_bytes()];
    let good = asked.keys.holds(seal, STATE, &parts);
    good.then_some((ApprovalId(*id), u64::from_le_bytes(*ends)))
}
