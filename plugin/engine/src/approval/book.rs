//! The steps of a request on the agent's side: asked, and used once; each one compare-and-swap.

use super::bond::Bond;
use super::directory::{self, Full};
use super::id::ApprovalId;
use super::keys::{Keys, Seal};
use super::notice::{self, Notice};
use super::place::{Place, row_key};
use super::row::{ROW_PLACES, Request, Row, State};
use crate::limit::{Change, Store, StoreError};

pub(super) const NANOS: u64 = 1_000_000_000;

/// A call that needs a person's yes.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// The configuration's keys.
    pub keys: &'a Keys,
    /// Where the caller's requests stand.
    pub place: Place,
    /// What the yes must be for.
    pub bond: Bond,
    /// Nanoseconds since 1970.
    pub now: u64,
    /// How long the request waits, and how long a yes is good for, in seconds.
    pub timeout: u32,
    /// How many requests the caller may have open, at most [`ROW_PLACES`].
    pub most: u8,
}

/// What became of a call that needs a yes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It has one, and has used it up: the call passes.
    Pass {
        /// Of which request.
        id: ApprovalId,
        /// Who gave it.
        by: String,
    },
    /// It waits for one.
    Wait(Standing),
    /// A person said no.
    Refused {
        /// To which request.
        id: ApprovalId,
        /// Who.
        by: String,
        /// Seconds until it may be asked again.
        again: u64,
    },
    /// Too many requests are open, or denied and not over.
    Full,
}

/// A request that waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Its name.
    pub id: ApprovalId,
    /// When it ends, in nanoseconds since 1970.
    pub ends: u64,
    /// Seconds until then, rounded up.
    pub left: u64,
    /// Whether this call made it.
    pub fresh: bool,
    /// The request for the same call that ended undecided or unused before.
    pub expired: Option<ApprovalId>,
}

/// Asks for the call of `asked`: uses up a yes that is there, or makes sure that a request waits.
///
/// # Errors
/// The store's; the call is then denied, and no yes is used up as far as can be known.
pub fn ask(
    store: &mut dyn Store,
    asked: &Asked<'_>,
    notice: &Notice<'_>,
) -> Result<Answer, StoreError> {
    let mut step = turn(store, asked, false)?;
    if let Turn::Missing { ends } = step {
        // Listed first: a request that operators cannot see would wait for nobody.
        match directory::enter(store, &asked.place.row, ends, asked.now) {
            Ok(()) => {}
            Err(Full::Rows) => return Ok(Answer::Full),
            Err(Full::Store(error)) => return Err(error),
        }
        step = turn(store, asked, true)?;
    }
    match step {
        Turn::Missing { .. } => Err(StoreError::Contention),
        Turn::Answer(answer) => Ok(answer),
        Turn::Waits { standing, place } => {
            let (keys, row) = (asked.keys, &asked.place.row);
            // Where it cannot be written, or a slower one for an earlier request comes after it,
            // nobody can say yes; the next retry writes it again.
            if standing.fresh || notice::get(store, keys, row, place, standing.id).is_none() {
                let _ = notice::put(store, keys, row, place, &standing, notice);
            }
            Ok(Answer::Wait(standing))
        }
    }
}

/// Uses up a yes that is there for the call of `asked`: of which request, and who gave it. Asks
/// nobody.
///
/// # Errors
/// As [`ask`].
pub fn use_up(
    store: &mut dyn Store,
    asked: &Asked<'_>,
) -> Result<Option<(ApprovalId, String)>, StoreError> {
    Ok(match turn(store, asked, false)? {
        Turn::Answer(Answer::Pass { id, by }) => Some((id, by)),
        _ => None,
    })
}

/// What one look at a row led to.
enum Turn {
    Answer(Answer),
    /// Nothing there, and nothing may be made yet.
    Missing {
        ends: u64,
    },
    Waits {
        standing: Standing,
        place: u8,
    },
}

fn turn(store: &mut dyn Store, asked: &Asked<'_>, make: bool) -> Result<Turn, StoreError> {
    let mut result = Err(StoreError::Corrupt);
    store.update(&row_key(&asked.place.row), &mut |old, out| {
        let row = match Row::read(old) {
            Ok(row) => row,
            Err(error) => {
                result = Err(error);
                return Change::Keep;
            }
        };
        let (turn, changed) = step(row, asked, make);
        result = Ok(turn);
        let Some(row) = changed else {
            return Change::Keep;
        };
        row.write(out);
        Change::Write
    })?;
    result
}

/// One step, and the row after it where it changes.
fn step(mut row: Row, asked: &Asked<'_>, make: bool) -> (Turn, Option<Row>) {
    // A clock that goes back brings nothing back; and no two writes of a row have the same time,
    // so no two requests have the same id.
    let now = asked.now.max(row.latest.saturating_add(1));
    row.latest = now;
    let ours = |r: &Request| r.bond == asked.bond && r.caller == asked.place.caller;
    let mut expired = None;
    if let Some(at) = row.requests.iter().position(ours) {
        let request = row.requests.swap_remove(at);
        if request.ends <= now {
            expired = Some(request.id);
        } else {
            match request.state {
                State::Pending => {
                    let standing = Standing {
                        id: request.id,
                        ends: request.ends,
                        left: seconds(request.ends, now),
                        fresh: false,
                        expired: None,
                    };
                    let place = request.place;
                    return (Turn::Waits { standing, place }, None);
                }
                State::Denied => {
                    let refused = Answer::Refused {
                        id: request.id,
                        again: seconds(request.ends, now),
                        by: request.by,
                    };
                    return (Turn::Answer(refused), None);
                }
                State::Approved if sealed(asked.keys, &request) => {
                    let pass = Answer::Pass {
                        id: request.id,
                        by: request.by,
                    };
                    return (Turn::Answer(pass), Some(row));
                }
                // Nobody with the key gave this yes: it is worth nothing.
                State::Approved => {}
            }
        }
    }
    let ends = ends(asked, now);
    if !make {
        return (Turn::Missing { ends }, None);
    }
    if !make_room(&mut row, asked, now) {
        return (Turn::Answer(Answer::Full), None);
    }
    let Some(place) = row.free_place() else {
        return (Turn::Answer(Answer::Full), None);
    };
    let request = fresh(asked, now, place);
    let standing = Standing {
        id: request.id,
        ends,
        left: seconds(ends, now),
        fresh: true,
        expired,
    };
    row.requests.push(request);
    (Turn::Waits { standing, place }, Some(row))
}

/// A request for the call of `asked`, at a place that is free.
pub(super) fn fresh(asked: &Asked<'_>, now: u64, place: u8) -> Request {
    let request = Request {
        id: ApprovalId([0; 15]),
        bond: asked.bond,
        caller: asked.place.caller,
        state: State::Pending,
        place,
        asked: now,
        ends: ends(asked, now),
        timeout: asked.timeout,
        seal: [0; 32],
        by: String::new(),
    };
    named(asked.keys, &asked.place.row, request)
}

fn ends(asked: &Asked<'_>, now: u64) -> u64 {
    now.saturating_add(u64::from(asked.timeout).saturating_mul(NANOS))
}

/// Makes room for one more request of the caller: what has ended leaves. `false` when there is none.
///
/// A no stays as long as it was said for: if newer requests could drive it out, whoever was refused
/// would ask for other things until the same may be asked again.
pub(super) fn make_room(row: &mut Row, asked: &Asked<'_>, now: u64) -> bool {
    let counts = |r: &&Request| {
        // In a row that callers share, a no counts too: none of them may fill it.
        let open = asked.place.is_shared() || r.state != State::Denied;
        open && r.caller == asked.place.caller && r.ends > now
    };
    if row.requests.iter().filter(counts).count() >= usize::from(asked.most) {
        return false;
    }
    if row.requests.len() >= usize::from(ROW_PLACES) {
        row.requests.retain(|r| r.ends > now);
    }
    row.requests.len() < usize::from(ROW_PLACES)
}

/// The purpose of an id: it is the beginning of a seal.
const ID: &str = "id";

/// Gives a request its id: unguessable without the key, and new for each time and place.
pub(super) fn named(keys: &Keys, row: &[u8; 10], mut request: Request) -> Request {
    let seal = id_parts(row, &request, |parts| keys.seal(ID, parts));
    let (id, _) = seal.split_first_chunk().unwrap_or((&[0; 15], &[]));
    request.id = ApprovalId(*id);
    request
}

/// Whether a request was made with a key of `keys`, and in that row for that call.
pub(super) fn is_named(keys: &Keys, row: &[u8; 10], request: &Request) -> bool {
    id_parts(row, request, |parts| keys.holds_id(&request.id, ID, parts))
}

fn id_parts<T>(row: &[u8; 10], request: &Request, of: impl FnOnce(&[&[u8]]) -> T) -> T {
    of(&[
        row,
        &request.caller.to_le_bytes(),
        &request.bond.0,
        &request.asked.to_le_bytes(),
        &[request.place],
    ])
}

/// The purpose of a yes's seal.
const APPROVED: &str = "approved";

pub(super) fn seal(keys: &Keys, request: &Request) -> Seal {
    let ends = request.ends.to_le_bytes();
    keys.seal(APPROVED, &sealed_parts(request, &ends))
}

fn sealed(keys: &Keys, request: &Request) -> bool {
    let ends = request.ends.to_le_bytes();
    keys.holds(&request.seal, APPROVED, &sealed_parts(request, &ends))
}

fn sealed_parts<'a>(request: &'a Request, ends: &'a [u8; 8]) -> [&'a [u8]; 4] {
    [&request.id.0, &request.bond.0, ends, request.by.as_bytes()]
}

pub(super) fn seconds(ends: u64, now: u64) -> u64 {
    ends.saturating_sub(now).div_ceil(NANOS)
}
