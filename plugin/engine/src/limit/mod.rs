//! Counting: windows, counters and all-or-nothing reservations over a compare-and-swap store.
//!
//! The module knows no MCP, no policy document and no clock. A caller compiles each limit to a
//! [`Quota`] and a [`CounterId`], works out the [`Subject`] of a call, and gives [`reserve`] a
//! [`Store`] and the time. What is promised, on any number of workers that share the store:
//!
//! - never more than `max` units are admitted in a UTC calendar window (`fixed`), nor in any
//!   interval as long as the window (`sliding`), whatever the clock does;
//! - a refused call keeps no units; a refund returns units only into the window they came from;
//! - every key and every value has a bounded size, and the number of keys is bounded by the
//!   configuration, whatever callers send (see [`OpenTable::state_bound`]);
//! - a clock that goes back frees nothing: a counter stays in the latest period that it was ever
//!   charged in. So one that jumps ahead and returns leaves the counters it touched with one
//!   window's units until that time comes; too strict, where resetting would be too loose;
//! - any value that cannot be understood denies; nothing resets a counter but its window's end.

mod id;
mod key;
mod memory;
mod refusal;
mod reserve;
mod store;
mod subject;
mod tally;
mod value;
mod window;

pub use id::{CounterId, Identity, Section};
pub use key::KEY_BYTES_MAX;
pub(crate) use key::base32;
pub use memory::{Fault, MemoryStore};
pub use refusal::{Reason, Refusal, Retry};
pub use reserve::{Charge, Charged, Peek, Reservation, peek, reserve};
pub use store::{Change, Store, StoreError, Updater};
pub use subject::{HashKey, OpenSlot, OpenTable, OwnSlot, StateBound, Subject, everywhere};
pub use window::{Algorithm, Quota, SLIDING_BUCKETS, Window};
