//! A store in memory, for tests and for explaining decisions without a host.

use std::collections::BTreeMap;
use std::fmt;

use super::store::{Change, Store, StoreError, Updater};

/// How often a write is tried before giving up, as in the plugin's store.
const TRIES: u32 = 64;

/// What goes wrong with one attempt to write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Nothing.
    None,
    /// Another writer came first: the attempt is thrown away and made again.
    Conflict,
    /// The store fails.
    Unavailable,
}

type Faults = Box<dyn FnMut(&str) -> Fault + Send>;

/// Counters in memory, in one thread, with faults on demand.
#[derive(Default)]
pub struct MemoryStore {
    values: BTreeMap<String, Vec<u8>>,
    buffer: Vec<u8>,
    faults: Option<Faults>,
}

impl MemoryStore {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }

    /// Asks `faults`, with the key, before every attempt to write.
    pub fn inject(&mut self, faults: impl FnMut(&str) -> Fault + Send + 'static) {
        self.faults = Some(Box::new(faults));
    }

    /// Lets every attempt succeed again.
    pub fn heal(&mut self) {
        self.faults = None;
    }

    /// Keys and values, in the order of keys.
    pub fn values(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.values
            .iter()
            .map(|(key, value)| (key.as_str(), value.as_slice()))
    }

    /// Puts `value` under `key`, whatever was there.
    pub fn put(&mut self, key: &str, value: Vec<u8>) {
        self.values.insert(key.to_owned(), value);
    }
}

impl fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryStore")
            .field("values", &self.values)
            .finish_non_exhaustive()
    }
}

impl Store for MemoryStore {
    fn update(&mut self, key: &str, change: &mut Updater<'_>) -> Result<(), StoreError> {
        for _ in 0..TRIES {
            self.buffer.clear();
            let old = self.values.get(key).map(Vec::as_slice);
            if change(old, &mut self.buffer) == Change::Keep {
                return Ok(());
            }
            match self.faults.as_mut().map_or(Fault::None, |fault| fault(key)) {
                Fault::None => {}
                Fault::Conflict => continue,
                Fault::Unavailable => return Err(StoreError::Unavailable),
            }
            match self.values.get_mut(key) {
                Some(value) => value.clone_from(&self.buffer),
                None => {
                    self.values.insert(key.to_owned(), self.buffer.clone());
                }
            }
            return Ok(());
        }
        Err(StoreError::Contention)
    }
}
