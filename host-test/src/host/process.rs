//! What all virtual machines of a process share: the clock, shared data, queues and metrics.

use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use super::schedule::Turns;
use super::settings::Profile;

/// A process, cheap to clone: clones share everything. All that it holds may be used from
/// several threads at once.
#[derive(Clone, Default)]
pub struct Process(Arc<Inner>);

#[derive(Default)]
struct Inner {
    time: AtomicU64,
    /// Whether the time is the system's instead.
    on_system_clock: bool,
    shared: Mutex<SharedData>,
    queues: Mutex<Vec<Queue>>,
    metrics: Mutex<Vec<(String, Metric)>>,
    /// Whose turn it is, while a test lets workers go on one by one.
    turns: Mutex<Option<Arc<Turns>>>,
}

/// One value of the shared data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SharedValue {
    /// The bytes.
    pub value: Vec<u8>,
    /// The number to compare and swap with; never 0.
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

/// The swap did not happen: the number did not match.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct CasMismatch;

#[derive(Default)]
struct SharedData {
    last_cas: u32,
    vms: BTreeMap<String, BTreeMap<Vec<u8>, SharedValue>>,
}

struct Queue {
    vm_id: String,
    name: String,
    items: VecDeque<Vec<u8>>,
}

impl Process {
    /// A process without shared data at this time, in nanoseconds since the Unix epoch.
    pub fn new(unix_nanos: u64) -> Process {
        let process = Process::default();
        process.set_time(unix_nanos);
        process
    }

    /// A process without shared data whose clock is the system's and cannot be set.
    pub fn on_system_clock() -> Process {
        Process(Arc::new(Inner {
            on_system_clock: true,
            ..Inner::default()
        }))
    }

    /// The clock, in nanoseconds since the Unix epoch.
    pub fn time(&self) -> u64 {
        if self.0.on_system_clock {
            let since = SystemTime::now().duration_since(UNIX_EPOCH);
            let nanos = since.map_or(0, |since| since.as_nanos());
            return u64::try_from(nanos).unwrap_or(u64::MAX);
        }
        self.0.time.load(Ordering::SeqCst)
    }

    pub(crate) fn set_time(&self, unix_nanos: u64) {
        self.0.time.store(unix_nanos, Ordering::SeqCst);
    }

    /// The shared data of a virtual machine id.
    pub fn shared_data(&self, vm_id: &str) -> BTreeMap<Vec<u8>, SharedValue> {
        lock(&self.0.shared)
            .vms
            .get(vm_id)
            .cloned()
            .unwrap_or_default()
    }

    /// Everything that waits in a queue, oldest first.
    pub fn queue(&self, vm_id: &str, name: &str) -> Vec<Vec<u8>> {
        lock(&self.0.queues)
            .iter()
            .find(|queue| queue.vm_id == vm_id && queue.name == name)
            .map(|queue| queue.items.iter().cloned().collect())
            .unwrap_or_default()
    }

    /// The metrics by name, as the modules named them.
    pub fn metrics(&self) -> BTreeMap<String, Metric> {
        lock(&self.0.metrics).iter().cloned().collect()
    }

    pub(crate) fn set_turns(&self, turns: Option<Arc<Turns>>) {
        *lock(&self.0.turns) = turns;
    }

    /// Waits until a worker may touch the shared data.
    pub(crate) fn await_turn(&self, worker: Option<usize>) {
        let turns = lock(&self.0.turns).clone();
        if let (Some(turns), Some(worker)) = (turns, worker) {
            turns.wait(worker);
        }
    }

    pub(crate) fn get_shared(&self, vm_id: &str, key: &[u8]) -> Option<SharedValue> {
        lock(&self.0.shared).vms.get(vm_id)?.get(key).cloned()
    }

    /// Sets a key, or deletes it where the profile knows deletion (`None`).
    ///
    /// Envoy: a number of 0 overwrites, another one must match, except that an absent key is
    /// created whatever the number. nginx: 0 means "create", so an existing key is a mismatch;
    /// a null value deletes.
    pub(crate) fn set_shared(
        &self,
        profile: Profile,
        vm_id: &str,
        key: &[u8],
        value: Option<&[u8]>,
        cas: u32,
    ) -> Result<(), CasMismatch> {
        let mut shared = lock(&self.0.shared);
        let current = shared
            .vms
            .get(vm_id)
            .and_then(|keys| keys.get(key))
            .map(|v| v.cas);
        let matches = match (profile, current) {
            (Profile::Envoy, None) => true,
            (Profile::Envoy, Some(current)) => cas == 0 || cas == current,
            (Profile::Nginx, None) => cas == 0,
            (Profile::Nginx, Some(current)) => cas == current,
        };
        if !matches {
            return Err(CasMismatch);
        }
        shared.last_cas = shared.last_cas.wrapping_add(1).max(1);
        let cas = shared.last_cas;
        let keys = shared.vms.entry(vm_id.to_owned()).or_default();
        match (profile, value) {
            (Profile::Nginx, None) => {
                keys.remove(key);
            }
            (_, value) => {
                let value = value.unwrap_or_default().to_vec();
                keys.insert(key.to_vec(), SharedValue { value, cas });
            }
        }
        Ok(())
    }

    /// The token of a queue, which is made if need be. Tokens start at 1.
    pub(crate) fn register_queue(&self, vm_id: &str, name: &str) -> u32 {
        if let Some(token) = self.resolve_queue(vm_id, name) {
            return token;
        }
        let mut queues = lock(&self.0.queues);
        queues.push(Queue {
            vm_id: vm_id.to_owned(),
            name: name.to_owned(),
            items: VecDeque::new(),
        });
        u32::try_from(queues.len()).unwrap_or(u32::MAX)
    }

    pub(crate) fn resolve_queue(&self, vm_id: &str, name: &str) -> Option<u32> {
        let queues = lock(&self.0.queues);
        let at = queues
            .iter()
            .position(|queue| queue.vm_id == vm_id && queue.name == name)?;
        u32::try_from(at.saturating_add(1)).ok()
    }

    /// Appends to a queue; `false` if there is no such queue.
    pub(crate) fn enqueue(&self, token: u32, item: Vec<u8>) -> bool {
        match lock(&self.0.queues).get_mut(index(token)) {
            Some(queue) => {
                queue.items.push_back(item);
                true
            }
            None => false,
        }
    }

    /// Takes the oldest item: `None` if there is no such queue, `Some(None)` if it is empty.
    pub(crate) fn dequeue(&self, token: u32) -> Option<Option<Vec<u8>>> {
        lock(&self.0.queues)
            .get_mut(index(token))
            .map(|queue| queue.items.pop_front())
    }

    /// How many items wait in a queue.
    pub(crate) fn queue_length(&self, token: u32) -> usize {
        lock(&self.0.queues)
            .get(index(token))
            .map_or(0, |queue| queue.items.len())
    }

    /// The id of a metric, which is made if need be. `None` if it exists as another kind.
    pub(crate) fn define_metric(&self, kind: MetricKind, name: &str) -> Option<u32> {
        let mut metrics = lock(&self.0.metrics);
        let at = match metrics.iter().position(|(known, _)| known == name) {
            Some(at)
                if metrics
                    .get(at)
                    .is_some_and(|(_, metric)| metric.kind != kind) =>
            {
                return None;
            }
            Some(at) => at,
            None => {
                metrics.push((
                    name.to_owned(),
                    Metric {
                        kind,
                        value: 0,
                        samples: Vec::new(),
                    },
                ));
                metrics.len().saturating_sub(1)
            }
        };
        u32::try_from(at.saturating_add(1)).ok()
    }

    /// Changes a metric, or reads it; `None` if there is no such metric.
    pub(crate) fn with_metric<R>(&self, id: u32, f: impl FnOnce(&mut Metric) -> R) -> Option<R> {
        lock(&self.0.metrics)
            .get_mut(index(id))
            .map(|(_, metric)| f(metric))
    }
}

/// The place of a token or id, which count from 1; 0 is nowhere.
fn index(token: u32) -> usize {
    usize::try_from(token)
        .ok()
        .and_then(|token| token.checked_sub(1))
        .unwrap_or(usize::MAX)
}

/// Locks, whatever a thread that panicked left behind: the data stay consistent, for no
/// operation on them is done in halves.
pub(crate) fn lock<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
