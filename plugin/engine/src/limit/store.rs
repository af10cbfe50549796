//! What the engine asks of the place that holds counters: one atomic update of one value.

use std::fmt;

/// What to do with a value that an update has looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// Leave it as it is.
    Keep,
    /// Store what was written to the buffer, if the value is still the one that was looked at.
    Write,
}

/// Why an update did not happen. Each of them denies the call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StoreError {
    /// Others changed the value between every read and write, as often as was tried.
    Contention,
    /// The store does not answer, or refused the write.
    Unavailable,
    /// A value is not one that this version wrote, or does not belong to its counter.
    Corrupt,
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Contention => "counter changed by others at every attempt",
            Self::Unavailable => "counter store does not answer",
            Self::Corrupt => "counter value is not understood",
        })
    }
}

impl std::error::Error for StoreError {}

/// Looks at a value and may write its replacement into the buffer.
pub type Updater<'a> = dyn FnMut(Option<&[u8]>, &mut Vec<u8>) -> Change + 'a;

/// Values under keys, each changed by compare-and-swap.
pub trait Store {
    /// Changes the value under `key` as `change` says.
    ///
    /// `change` is given the value, `None` when there is none, and an **empty** buffer, and says
    /// whether the buffer replaces the value. It may be called several times, when another writer
    /// came between; only its last call counts, so `Ok` means that the answer to that call is in
    /// effect. Nothing else may be between the read it was given and the write.
    ///
    /// # Errors
    /// Nothing was written, as far as can be known.
    fn update(&mut self, key: &str, change: &mut Updater<'_>) -> Result<(), StoreError>;
}
