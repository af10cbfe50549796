//! What all virtual machines of a process share: shared data, queues, metrics and the clock.

use std::collections::BTreeMap;
use std::sync::Arc;

/// A process, cheap to clone: clones share everything.
#[derive(Clone, Default)]
pub struct Process(Arc<()>);

/// One value of the shared data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SharedValue {
    /// The bytes.
    pub value: Vec<u8>,
    /// The number to compare and swap with.
    pub cas: u32,
}

/// What kind a metric is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum MetricKind {
    Counter,
    Gauge,
    Histogram,
}

/// A metric.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Metric {
    /// Its kind.
    pub kind: MetricKind,
    /// A counter's or a gauge's value.
    pub value: u64,
    /// What a histogram was given, in order.
    pub samples: Vec<u64>,
}

impl Process {
    /// A process without shared data at this time, in nanoseconds since the Unix epoch.
    pub fn new(unix_nanos: u64) -> Process {
        let _ = unix_nanos;
        Process::default()
    }

    /// The clock, in nanoseconds since the Unix epoch.
    pub fn time(&self) -> u64 {
        0
    }

    /// The shared data of a virtual machine id.
    pub fn shared_data(&self, vm_id: &str) -> BTreeMap<Vec<u8>, SharedValue> {
        let _ = vm_id;
        BTreeMap::new()
    }

    /// The metrics by name.
    pub fn metrics(&self) -> BTreeMap<String, Metric> {
        BTreeMap::new()
    }
}
