//! The text under which a counter's state is stored: bounded, and free of anything callers send.

use super::id::CounterId;
use super::subject::Subject;
use crate::base32;

/// Names the layout of keys and the meaning of hashes; changes when either does.
const PREFIX: &str = "tg1/";

/// The longest key, in bytes: the prefix, 26 characters of the counter, `/o`, 16 of the slot.
pub const KEY_BYTES_MAX: usize = 48;

/// Writes the key of `subject` under `counter` over what `key` held.
///
/// `tg1/<counter>/o<slot>` for a configured subject, `tg1/<counter>/s<set>` for a set.
pub(super) fn write(key: &mut String, counter: &CounterId, subject: &Subject) {
    key.clear();
    key.push_str(PREFIX);
    base32::push(key, counter.as_bytes());
    match subject {
        Subject::Own(slot) => {
            key.push_str("/o");
            base32::push(key, slot.as_bytes());
        }
        Subject::Open(slot) => {
            key.push_str("/s");
            base32::push(key, &slot.set.to_be_bytes());
        }
    }
}
