//! The bytes of a caller's row of requests: versioned, little-endian, checked as they are read.
//!
//! ```text
//! offset  size  field
//!      0     1  version, 1
//!      1     1  number of requests, at most 16
//!      2     8  latest: the latest time at which the row was written, in nanoseconds since 1970
//!     10        requests: id 15, bond 32, caller 8, state 1, place 1, asked 8, ends 8,
//!               timeout 4, seal 32, length 1 and the name of who decided
//! ```

use super::bond::Bond;
use super::id::ApprovalId;
use super::keys::Seal;
pub(super) use crate::config::approvals::NAME_BYTES;
pub use crate::config::approvals::ROW_PLACES;
use crate::limit::StoreError;

const VERSION: u8 = 1;

/// Where a request stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// Nobody has decided.
    Pending,
    /// An operator said yes; not used yet.
    Approved,
    /// Somebody said no.
    Denied,
}

impl State {
    const ALL: [Self; 3] = [Self::Pending, Self::Approved, Self::Denied];

    fn code(self) -> u8 {
        match self {
            Self::Pending => 0,
            Self::Approved => 1,
            Self::Denied => 2,
        }
    }

    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Approved => "approved",
            Self::Denied => "denied",
        }
    }
}

/// One request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Request {
    pub(super) id: ApprovalId,
    pub(super) bond: Bond,
    /// Tells callers of a shared row apart.
    pub(super) caller: u64,
    pub(super) state: State,
    /// Its number in the row, under which operators' notice of it is kept.
    pub(super) place: u8,
    /// When it was made, in nanoseconds since 1970.
    pub(super) asked: u64,
    /// When it stops being worth anything.
    pub(super) ends: u64,
    /// How long it waits, and how long a yes is good for, in seconds.
    pub(super) timeout: u32,
    /// Of a yes: that somebody with the key gave it.
    pub(super) seal: Seal,
    /// Who decided; empty while nobody has.
    pub(super) by: String,
}

/// All requests of a row.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) latest: u64,
    pub(super) requests: Vec<Request>,
}

impl Row {
    /// Reads a row; nothing stored is an empty one.
    pub(super) fn read(bytes: Option<&[u8]>) -> Result<Self, StoreError> {
        let Some(bytes) = bytes.filter(|bytes| !bytes.is_empty()) else {
            return Ok(Self::default());
        };
        let mut reader = Reader(bytes);
        reader.row().ok_or(StoreError::Corrupt)
    }

    /// Writes the row into an empty buffer.
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        let requests = self.requests.get(..usize::from(ROW_PLACES));
        let requests = requests.unwrap_or(&self.requests);
        out.extend([VERSION, u8::try_from(requests.len()).unwrap_or(0)]);
        out.extend(self.latest.to_le_bytes());
        for request in requests {
            out.extend(request.id.0);
            out.extend(request.bond.0);
            out.extend(request.caller.to_le_bytes());
            out.extend([request.state.code(), request.place]);
            out.extend(request.asked.to_le_bytes());
            out.extend(request.ends.to_le_bytes());
            out.extend(request.timeout.to_le_bytes());
            out.extend(request.seal);
            let by = request.by.as_bytes();
            let by = by.get(..NAME_BYTES).unwrap_or(by);
            out.push(u8::try_from(by.len()).unwrap_or(0));
            out.extend(by);
        }
    }

    /// A place that no request has.
    pub(super) fn free_place(&self) -> Option<u8> {
        (0..ROW_PLACES).find(|place| self.requests.iter().all(|r| r.place != *place))
    }
}

struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (head, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*head)
    }

    fn row(&mut self) -> Option<Row> {
        let [version, count] = self.take()?;
        if version != VERSION || count > ROW_PLACES {
            return None;
        }
        let latest = u64::from_le_bytes(self.take()?);
        let mut requests = Vec::with_capacity(usize::from(count));
        for _ in 0..count {
            let request = self.request()?;
            let taken = requests
                .iter()
                .any(|r: &Request| r.place == request.place || r.id == request.id);
            if taken {
                return None;
            }
            requests.push(request);
        }
        self.0.is_empty().then_some(Row { latest, requests })
    }

    fn request(&mut self) -> Option<Request> {
        let id = ApprovalId(self.take()?);
        let bond = Bond(self.take()?);
        let caller = u64::from_le_bytes(self.take()?);
        let [state, place] = self.take()?;
        let state = State::ALL.into_iter().find(|s| s.code() == state)?;
        let asked = u64::from_le_bytes(self.take()?);
        let ends = u64::from_le_bytes(self.take()?);
        let timeout = u32::from_le_bytes(self.take()?);
        let seal = self.take()?;
        let [length] = self.take()?;
        let (by, rest) = self.0.split_at_checked(usize::from(length))?;
        self.0 = rest;
        Some(Request {
            id,
            bond,
            caller,
            state,
            place: (place < ROW_PLACES).then_some(place)?,
            asked,
            ends,
            timeout,
            seal,
            by: std::str::from_utf8(by).ok()?.to_owned(),
        })
    }
}
