//! The calls out that are under way: whose answer each token brings.

use std::cell::RefCell;

/// The contexts of a stream: its own and that of its configuration.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Ids {
    pub(crate) stream: u32,
    pub(crate) root: u32,
}

thread_local! {
    /// In the order in which they were made. Few are under way at once, the oldest end first.
    static CALLS: RefCell<Vec<(u32, Ids)>> = const { RefCell::new(Vec::new()) };
}

/// Nothing here calls out, so the list is never in use when it is asked for.
fn calls<T: Default>(look: impl FnOnce(&mut Vec<(u32, Ids)>) -> T) -> T {
    CALLS.with(|calls| {
        let calls = calls.try_borrow_mut();
        calls.map_or_else(|_| T::default(), |mut calls| look(&mut calls))
    })
}

/// An answer to this call is for this stream.
pub(crate) fn expect(token: u32, ids: Ids) {
    calls(|calls| calls.push((token, ids)));
}

/// Whose answer it is; none is expected any more. `None` for one that is late, or was never asked.
pub(crate) fn take(token: u32) -> Option<Ids> {
    calls(|calls| {
        let at = calls.iter().position(|(known, _)| *known == token)?;
        Some(calls.remove(at).1)
    })
}

/// The calls that streams of this root context wait for.
pub(crate) fn of_root(root: u32) -> Vec<u32> {
    calls(|calls| {
        let of_root = calls.iter().filter(|(_, ids)| ids.root == root);
        of_root.map(|(token, _)| *token).collect()
    })
}
