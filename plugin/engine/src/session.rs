//! The sessions that the upstream opened through this proxy, and whose each is.
//!
//! A session is known from the answer to the initialize that opened it (`Mcp-Session-Id`, MCP
//! 2025-03-26 to 2025-11-25) until the upstream confirms its DELETE. What is known stands in the
//! shared store, so that all workers know it, in a table of fixed size under a keyed hash:
//! nothing that callers send becomes a key, and nobody can choose which ids share a set.
//!
//! **When a set is full**, the caller that has the most sessions in it loses the one it has used
//! least recently. So a caller that opens sessions without end forgets its own, never those of
//! a caller with fewer.

mod entries;

use std::num::NonZeroU32;

use crate::caller::{Caller, Grant};
use crate::limit::{Change, StateBound, StoreError};
use crate::surroundings::Surroundings;

use entries::{Entries, Entry};

pub use entries::WAYS;

const KEY_PREFIX: &str = "tg1/sessions/";

/// Domains of the keyed hash.
const SESSION: &[u8; 16] = b"toolgate/session";
const CALLER: &[u8; 16] = b"toolgate/callers";

const NANOS_PER_SECOND: u64 = 1_000_000_000;

/// How sessions are remembered, and what that is used for.
#[derive(Clone, Copy, Debug)]
pub struct Sessions {
    /// Number of sets in the table.
    pub sets: NonZeroU32,
    /// Whether a session may be used only by the caller that opened it.
    pub owned: bool,
    /// Whether a session that is not known is refused; only where `owned`.
    pub refuse_unknown: bool,
}

/// What is known of the session that a request names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It names none.
    None,
    /// This caller opened it through this proxy.
    Own,
    /// Nobody is known to have opened it: made up, forgotten, or opened elsewhere.
    Unknown,
    /// Another caller opened it, or was the first to use it.
    Foreign,
}

/// Whose a session is, as a keyed hash of who calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Owner(u64);

impl Sessions {
    /// The most that the table can hold, in keys and bytes of keys and values.
    pub fn state_bound(&self) -> StateBound {
        let keys = u64::from(self.sets.get());
        let key = KEY_PREFIX.len().saturating_add(8);
        let each = key.saturating_add(entries::bytes_max());
        StateBound {
            keys,
            bytes: keys.saturating_mul(u64::try_from(each).unwrap_or(u64::MAX)),
        }
    }

    /// What is known of `id` for this caller. Where sessions are owned, one that is not known
    /// belongs from now on to the caller that used it first.
    ///
    /// # Errors
    /// The store's: whose it is cannot be told.
    pub fn look(
        &self,
        server: &str,
        id: &[u8],
        who: (&Caller, Option<&Grant>),
        around: &mut dyn Surroundings,
    ) -> Result<Standing, StoreError> {
        let mut standing = Standing::Unknown;
        let adopt = self.owned && !self.refuse_unknown;
        self.update(server, id, who, around, &mut |entries, new| {
            let Some(known) = entries.find(new.fingerprint) else {
                standing = Standing::Unknown;
                if adopt {
                    entries.insert(new);
                }
                return adopt;
            };
            standing = match known.owner == new.owner {
                false => Standing::Foreign,
                true if known.opened => Standing::Own,
                true => Standing::Unknown,
            };
            standing != Standing::Foreign && entries.touch(new.fingerprint, new.used)
        })?;
        Ok(standing)
    }

    /// The upstream opened `id` for this caller.
    ///
    /// # Errors
    /// The store's: the session stays unknown.
    pub fn open(
        &self,
        server: &str,
        id: &[u8],
        who: (&Caller, Option<&Grant>),
        around: &mut dyn Surroundings,
    ) -> Result<(), StoreError> {
        self.update(server, id, who, around, &mut |entries, new| {
            // A server that restarted may give out an id again: the latest opening holds.
            entries.remove(new.fingerprint);
            entries.insert(Entry {
                opened: true,
                ..new
            });
            true
        })
    }

    /// The upstream ended `id`, as its owner asked.
    ///
    /// # Errors
    /// The store's: it stays its owner's.
    pub fn close(
        &self,
        server: &str,
        id: &[u8],
        who: (&Caller, Option<&Grant>),
        around: &mut dyn Surroundings,
    ) -> Result<(), StoreError> {
        self.update(server, id, who, around, &mut |entries, new| {
            let known = entries.find(new.fingerprint);
            let ours = known.is_some_and(|known| known.owner == new.owner);
            ours && entries.remove(new.fingerprint)
        })
    }

    /// Changes the set that `id` belongs to; `change` says whether it did, and may run repeatedly.
    fn update(
        &self,
        server: &str,
        id: &[u8],
        who: (&Caller, Option<&Grant>),
        around: &mut dyn Surroundings,
        change: &mut dyn FnMut(&mut Entries, Entry) -> bool,
    ) -> Result<(), StoreError> {
        let key = around.hash_key().ok_or(StoreError::Unavailable)?;
        let (high, fingerprint) = key.hash(SESSION, &[server.as_bytes(), id]);
        let (kind, name): (&str, &[u8]) = match who {
            (_, Some(grant)) => ("grant", grant.name.as_bytes()),
            (Caller::Identified(kind, value), None) => (kind, value),
            (_, None) => ("anonymous", b""),
        };
        let (_, owner) = key.hash(CALLER, &[kind.as_bytes(), name]);
        let new = Entry {
            fingerprint,
            owner: Owner(owner),
            used: around.now() / NANOS_PER_SECOND,
            opened: false,
        };
        // Scales 64 bits down to 0..sets without a division.
        let set = u128::from(high).saturating_mul(u128::from(self.sets.get())) >> 64;
        let mut result = Err(StoreError::Unavailable);
        around.update(&format!("{KEY_PREFIX}{set:08x}"), &mut |old, out| {
            let mut entries = match Entries::read(old.unwrap_or_default()) {
                Ok(entries) => entries,
                Err(error) => {
                    result = Err(error);
                    return Change::Keep;
                }
            };
            result = Ok(());
            if !change(&mut entries, new) {
                return Change::Keep;
            }
            entries.write(out);
            Change::Write
        })?;
        result
    }
}
