//! The engine's surroundings in a proxy: counters in the host's shared data, its clock, its
//! properties.

use toolgate_engine::Surroundings;
use toolgate_engine::limit::{Change, HashKey, Store, StoreError, Updater};

use crate::abi::{self, Refusal};

/// How often an update is tried again when other workers come between.
const TRIES: u32 = 64;

/// A compare-and-swap number that no stored value has: on Envoy it creates an absent key and
/// meets a mismatch on a present one; nginx hosts answer a mismatch in both cases.
const CREATE: u32 = u32::MAX;
/// Stores whatever is there on Envoy, creates only where nothing is on nginx hosts.
const CREATE_NGINX: u32 = 0;

/// The host's side of the engine.
#[derive(Debug, Default)]
pub(crate) struct Shared {
    hash_key: Option<HashKey>,
    /// Reused by every update.
    buffer: Vec<u8>,
}

impl Store for Shared {
    fn update(&mut self, key: &str, change: &mut Updater<'_>) -> Result<(), StoreError> {
        let mut absent_before = false;
        for _ in 0..TRIES {
            let old = match abi::shared_data(key) {
                Ok(old) => Some(old),
                Err(Refusal::NotFound) => None,
                Err(_) => return Err(StoreError::Unavailable),
            };
            self.buffer.clear();
            let value = old.as_ref().map(|(value, _)| value.as_slice());
            if change(value, &mut self.buffer) == Change::Keep {
                return Ok(());
            }
            let cas = match &old {
                // A number of 0 would overwrite whatever came between.
                Some((_, 0)) => return Err(StoreError::Unavailable),
                Some((_, cas)) => *cas,
                None if absent_before => CREATE_NGINX,
                None => CREATE,
            };
            match abi::set_shared_data(key, &self.buffer, cas) {
                Ok(()) => return Ok(()),
                // Absent still after a mismatch: a host with nginx's rule for creation.
                Err(Refusal::CasMismatch) => absent_before = old.is_none(),
                Err(_) => return Err(StoreError::Unavailable),
            }
        }
        Err(StoreError::Contention)
    }
}

impl Surroundings for Shared {
    fn now(&mut self) -> u64 {
        abi::now()
    }

    fn hash_key(&mut self) -> Option<HashKey> {
        if self.hash_key.is_none() {
            let mut fresh = [0u8; 16];
            getrandom::fill(&mut fresh).ok()?;
            let mut agreed = None;
            // The first worker's key is everybody's.
            self.update(HashKey::STORED, &mut |old, out| match old {
                Some(old) => {
                    agreed = old.try_into().ok().map(HashKey);
                    Change::Keep
                }
                None => {
                    agreed = Some(HashKey(fresh));
                    out.extend_from_slice(&fresh);
                    Change::Write
                }
            })
            .ok()?;
            self.hash_key = agreed;
        }
        self.hash_key
    }

    fn property(&mut self, path: &[&str]) -> Option<Vec<u8>> {
        abi::property(path)
    }
}
