//! `metrics`: which labels the counters have.

use super::fault::Faults;
use super::reader::{Field, Object};

/// The default of `tools`.
pub const DEFAULT_TOOLS: u64 = 500;

/// `metrics` as written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RawMetrics {
    /// `enabled`.
    pub enabled: bool,
    /// `callers`: whether decisions are counted for each grant.
    pub callers: bool,
    /// `tools`: the entries of a policy that have a label of their own; the rest share one.
    pub tools: u64,
}

impl Default for RawMetrics {
    fn default() -> Self {
        Self {
            enabled: true,
            callers: false,
            tools: DEFAULT_TOOLS,
        }
    }
}

/// Reads `metrics`.
pub fn read_metrics(field: &Field<'_>, faults: &mut Faults) -> Option<RawMetrics> {
    let object = Object::read(field, &["enabled", "callers", "tools"], faults)?;
    let mut metrics = RawMetrics::default();
    if let Some(enabled) = object.get("enabled") {
        metrics.enabled = enabled.boolean(faults).unwrap_or(true);
    }
    if let Some(callers) = object.get("callers") {
        metrics.callers = callers.boolean(faults).unwrap_or(false);
    }
    if let Some(tools) = object.get("tools") {
        metrics.tools = tools.integer(0..=10_000, faults).unwrap_or(DEFAULT_TOOLS);
    }
    Some(metrics)
}
