//! Lines for whoever runs the proxy, few enough to be read: a service that is down would otherwise
//! fill the log with one line a request.

use std::cell::Cell;

use crate::abi::{self, Level};

/// How long a worker says nothing more after a line, in nanoseconds.
const SILENCE: u64 = 10_000_000_000;

thread_local! {
    static LAST: Cell<Option<u64>> = const { Cell::new(None) };
}

/// Logs a warning, unless there was one lately.
pub(crate) fn tell(text: &str) {
    let now = abi::now();
    let quiet = |last: u64| now >= last && now.saturating_sub(last) < SILENCE;
    if LAST.get().is_some_and(quiet) {
        return;
    }
    LAST.set(Some(now));
    abi::log(Level::Warn, &format!("toolgate: {text}"));
}
