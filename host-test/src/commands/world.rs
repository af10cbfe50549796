//! What surrounds calls that the engine decides here: counters in memory, a clock that is set, one
//! client.

use std::collections::BTreeMap;

use host_test::SharedValue;
use toolgate_engine::Surroundings;
use toolgate_engine::limit::{Change, HashKey, MemoryStore, Store, StoreError, Updater};

/// The world of calls that are explained or replayed.
#[derive(Debug)]
pub(super) struct World {
    store: MemoryStore,
    /// The module's, where there was one.
    hash_key: Option<HashKey>,
    now: u64,
}

impl World {
    /// A world that goes on from a host's shared data, at a time in nanoseconds since the Unix epoch.
    pub(super) fn after(shared: &BTreeMap<Vec<u8>, SharedValue>, now: u64) -> World {
        let mut world = World::new(now);
        for (key, shared) in shared {
            // The module's keys are text, and memory takes every write.
            let key = String::from_utf8_lossy(key);
            let _written = world.store.update(&key, &mut |_, out| {
                out.extend_from_slice(&shared.value);
                Change::Write
            });
            if key == HashKey::STORED {
                world.hash_key = shared.value.as_slice().try_into().ok().map(HashKey);
            }
        }
        world
    }

    /// A world without counters, at a time in nanoseconds since the Unix epoch.
    pub(super) fn new(now: u64) -> World {
        World {
            store: MemoryStore::new(),
            hash_key: None,
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
        Some(self.hash_key.unwrap_or(HashKey(*b"explained call !")))
    }

    fn property(&mut self, path: &[&str]) -> Option<Vec<u8>> {
        (path == ["source", "address"]).then(|| b"127.0.0.1:50000".to_vec())
    }
}
