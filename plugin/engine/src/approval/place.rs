//! Where the requests of a caller stand: a row of its own, or one of a fixed number of shared rows.

use std::hash::Hasher;

use siphasher::sip128::{Hasher128, SipHasher24};

use crate::base32;
use crate::limit::{HashKey, OwnSlot};

/// Rows that callers share whom the configuration does not know.
const SHARED_ROWS: u64 = 256;

/// A caller's row, and what tells the caller apart in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    pub(super) row: [u8; 10],
    pub(super) caller: u64,
}

impl Place {
    /// Whether other callers' requests may stand in the row.
    pub(super) fn is_shared(self) -> bool {
        self.caller != 0
    }
}

/// Finds the places of callers.
#[derive(Clone, Copy, Debug)]
pub struct Places(HashKey);

impl Places {
    /// Under the secret that all workers share, so that nobody can choose a row.
    pub fn new(key: HashKey) -> Self {
        Self(key)
    }

    /// The place of a caller that the configuration knows: a row that no other caller can fill.
    pub fn configured(self, kind: &str, name: &str) -> Place {
        Place {
            row: *OwnSlot::other("approval", &format!("{kind}/{name}")).as_bytes(),
            caller: 0,
        }
    }

    /// The place of a caller that is told apart by what it sent.
    pub fn open(self, parts: &[&[u8]]) -> Place {
        let mut hash = SipHasher24::new_with_key(&self.0.0);
        for part in parts {
            hash.write(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_le_bytes());
            hash.write(part);
        }
        let hash = hash.finish128();
        let row = hash.h1.checked_rem(SHARED_ROWS).unwrap_or(0);
        Place {
            caller: hash.h2,
            ..self.configured("shared", &row.to_string())
        }
    }
}

/// The key under which a row is stored.
pub(super) fn row_key(row: &[u8; 10]) -> String {
    let mut key = String::from("tg1/approvals/");
    base32::push(&mut key, row);
    key
}

/// The key of what operators are shown of the request at that place of a row.
pub(super) fn notice_key(row: &[u8; 10], place: u8) -> String {
    let mut key = row_key(row);
    key.push('/');
    key.push_str(&place.to_string());
    key
}
