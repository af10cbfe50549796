//! The calls out that are under way: whose answer each token brings.

use std::cell::RefCell;

use rustc_hash::FxHashMap;

/// The contexts of a stream: its own and that of its configuration.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Ids {
    pub(crate) stream: u32,
    pub(crate) root: u32,
}

thread_local! {
    static CALLS: RefCell<FxHashMap<u32, Ids>> = RefCell::default();
}

/// An answer to this call is for this stream.
pub(crate) fn expect(token: u32, ids: Ids) {
    CALLS.with_borrow_mut(|calls| calls.insert(token, ids));
}

/// Whose answer it is; none is expected any more. `None` for one that is late, or was never asked.
pub(crate) fn take(token: u32) -> Option<Ids> {
    CALLS.with_borrow_mut(|calls| calls.remove(&token))
}

/// The calls that streams of this root context wait for.
pub(crate) fn of_root(root: u32) -> Vec<u32> {
    CALLS.with_borrow(|calls| {
        let of_root = calls.iter().filter(|(_, ids)| ids.root == root);
        of_root.map(|(token, _)| *token).collect()
    })
}
