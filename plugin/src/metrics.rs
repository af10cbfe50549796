//! The host's metrics: found by name once, then by number, and never more than so many.

use std::cell::RefCell;

use rustc_hash::FxHashMap;
use toolgate_engine::series::{OTHER, Series};

use crate::abi::{self, Metric};

/// The most metrics that one virtual machine defines. Names come from the configuration; over many
/// updates without a restart there may still be too many.
const MOST: usize = 10_000;

/// Of so many decisions the time of one is taken: reading the clock costs more than counting.
const TIMED_EVERY: u32 = 16;

/// How long decisions take, in microseconds.
const DURATION: &str = "toolgate_decision_microseconds";

#[derive(Default)]
struct Metrics {
    ids: FxHashMap<String, u32>,
    decisions: u32,
}

thread_local! {
    static METRICS: RefCell<Metrics> = RefCell::default();
}

impl Metrics {
    fn id(&mut self, kind: Metric, name: &str) -> Option<u32> {
        if let Some(id) = self.ids.get(name) {
            return Some(*id);
        }
        let full = self.ids.len() >= MOST;
        let name = if full {
            let family = name.split(';').next().unwrap_or_default();
            Series::of(family).with("overflow", OTHER)
        } else {
            return self.define(kind, name);
        };
        match self.ids.get(name.as_str()) {
            Some(id) => Some(*id),
            None => self.define(kind, name.as_str()),
        }
    }

    fn define(&mut self, kind: Metric, name: &str) -> Option<u32> {
        let id = abi::define_metric(kind, name).ok()?;
        self.ids.insert(name.to_owned(), id);
        Some(id)
    }
}

fn id(kind: Metric, name: &str) -> Option<u32> {
    METRICS.with(|metrics| metrics.try_borrow_mut().ok()?.id(kind, name))
}

/// Adds to a counter.
pub(crate) fn count(name: &str, units: u64) {
    if let (Some(id), Ok(units)) = (id(Metric::Counter, name), i64::try_from(units)) {
        abi::increment_metric(id, units);
    }
}

/// Sets a gauge.
pub(crate) fn set(name: &str, value: u64) {
    if let Some(id) = id(Metric::Gauge, name) {
        abi::record_metric(id, value);
    }
}

/// The beginning of a decision whose time is taken, in nanoseconds.
pub(crate) fn begin() -> Option<u64> {
    let timed = METRICS.with(|metrics| {
        let mut metrics = metrics.try_borrow_mut().ok()?;
        let count = metrics.decisions;
        metrics.decisions = count.wrapping_add(1);
        (count.checked_rem(TIMED_EVERY) == Some(0)).then_some(())
    });
    timed.map(|()| abi::now())
}

/// Its end.
pub(crate) fn end(began: Option<u64>) {
    let Some(began) = began else {
        return;
    };
    if let Some(id) = id(Metric::Histogram, DURATION) {
        let nanos = abi::now().saturating_sub(began);
        abi::record_metric(id, nanos.checked_div(1_000).unwrap_or(0));
    }
}
