//! What surrounds calls that the engine decides here: counters in memory, a clock that is set, one
//! client.

use toolgate_engine::Surroundings;
use toolgate_engine::limit::{HashKey, MemoryStore, Store, StoreError, Updater};

/// The world of calls that are explained or replayed.
#[derive(Debug)]
pub(super) struct World {
    store: MemoryStore,
    now: u64,
}

impl World {
    /// A world without counters, at a time in nanoseconds since the Unix epoch.
    pub(super) fn new(now: u64) -> World {
        World {
            store: MemoryStore::new(),
            now,
        }
    }

    /// The clock, in nanoseconds since the Unix epoch.
    pub(super) fn time(&self) -> u64 {
        self.now
    }

    /// Sets the clock.
    pub(super) fn set_time(&mut self, unix_nanos: u64) {
        self.now = unix_nanos;
    }
}

impl Store for World {
    fn update(&mut self, key: &str, change: &mut Updater<'_>) -> Result<(), StoreError> {
        self.store.update(key, change)
    }
}

impl Surroundings for World {
    fn now(&mut self) -> u64 {
        self.now
    }

    fn hash_key(&mut self) -> Option<HashKey> {
        // Secret where callers could choose colliding subjects; here is only one.
        Some(HashKey(*b"explained call !"))
    }

    fn property(&mut self, path: &[&str]) -> Option<Vec<u8>> {
        (path == ["source", "address"]).then(|| b"127.0.0.1:50000".to_vec())
    }
}
