//! What the host keeps about one virtual machine: the state behind the host functions.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use wasmtime::{Memory, TypedFunc};

use super::calls::Calls;
use super::exchange::Problem;
use super::limits::Limiter;
use super::log::{Level, LogLine};
use super::process::{Process, lock};
use super::random::Random;
use super::services::{NoServices, Services};
use super::settings::Settings;
use super::stream::Stream;

/// The services of a host, shared by its workers.
pub(crate) type SharedServices = Arc<Mutex<Box<dyn Services>>>;

/// What all virtual machines of one host have in common.
#[derive(Clone)]
pub(crate) struct Common {
    pub(crate) settings: Arc<Settings>,
    pub(crate) process: Process,
    pub(crate) services: SharedServices,
    pub(crate) log: Arc<Mutex<Vec<LogLine>>>,
}

impl Common {
    /// For a store in which nothing runs.
    pub(crate) fn nothing() -> Common {
        Common {
            settings: Arc::new(Settings::default()),
            process: Process::default(),
            services: Arc::new(Mutex::new(Box::new(NoServices))),
            log: Arc::default(),
        }
    }
}

/// The state behind the host functions of one virtual machine.
pub(crate) struct Guest {
    pub(crate) common: Common,
    /// `None` for the canary and the main thread.
    pub(crate) worker: Option<usize>,
    pub(crate) limiter: Limiter,
    pub(crate) memory: Option<Memory>,
    pub(crate) allocate: Option<TypedFunc<u32, u32>>,
    /// Root contexts that were not deleted.
    pub(crate) roots: BTreeSet<u32>,
    /// The root context of the current configuration.
    pub(crate) root: u32,
    pub(crate) stream: Option<Stream>,
    /// Streams that wait for their upstream while `stream` runs; the last began last.
    pub(crate) waiting: Vec<Stream>,
    next_context: u32,
    /// The context whose callback runs.
    pub(crate) current: u32,
    /// The context that the guest chose with `proxy_set_effective_context`; 0 is none.
    pub(crate) effective: u32,
    /// The plugin's configuration, while it can be read.
    pub(crate) plugin_config: Option<Arc<[u8]>>,
    /// Whether `proxy_on_vm_start` runs.
    pub(crate) in_vm_start: bool,
    pub(crate) random: Random,
    /// Timers by root context.
    pub(crate) ticks: BTreeMap<u32, Tick>,
    pub(crate) calls: Calls,
    /// Which root context registered a queue.
    pub(crate) queues: BTreeMap<u32, u32>,
    /// For `proxy_get_status`.
    pub(crate) status: (u32, String),
    pub(crate) tally: Tally,
    /// What is left of the bounds on host functions for the callback that runs.
    pub(crate) budget: Budget,
}

/// What a callback may still ask of the host.
#[derive(Default)]
pub(crate) struct Budget {
    pub(crate) calls: u64,
    pub(crate) bytes: u64,
}

/// A timer, in nanoseconds.
pub(crate) struct Tick {
    pub(crate) period: u64,
    pub(crate) next: u64,
}

/// What is counted and collected during an exchange.
#[derive(Default)]
pub(crate) struct Tally {
    /// How often each function of the host was called.
    pub(crate) host_calls: BTreeMap<&'static str, u64>,
    pub(crate) bytes_copied: u64,
    pub(crate) fuel: u64,
    pub(crate) logs: Vec<LogLine>,
    pub(crate) problems: Vec<Problem>,
}

impl Guest {
    pub(crate) fn new(common: Common, worker: Option<usize>, generation: u64) -> Guest {
        let settings = &common.settings;
        let seed = settings.random_seed;
        let number = worker.map_or(0, |worker| (worker as u64).wrapping_add(1));
        Guest {
            limiter: Limiter::new(&settings.limits),
            random: Random::new(seed, number, generation),
            common,
            worker,
            memory: None,
            allocate: None,
            roots: BTreeSet::new(),
            root: 0,
            stream: None,
            waiting: Vec::new(),
            next_context: 1,
            current: 0,
            effective: 0,
            plugin_config: None,
            in_vm_start: false,
            ticks: BTreeMap::new(),
            calls: Calls::default(),
            queues: BTreeMap::new(),
            status: (0, String::new()),
            tally: Tally::default(),
            budget: Budget::default(),
        }
    }

    pub(crate) fn settings(&self) -> &Settings {
        &self.common.settings
    }

    pub(crate) fn process(&self) -> &Process {
        &self.common.process
    }

    /// Fills up what a callback may ask of the host.
    pub(crate) fn refill(&mut self) {
        let limits = &self.common.settings.limits;
        self.budget = Budget {
            calls: limits.host_calls,
            bytes: limits.host_bytes,
        };
    }

    pub(crate) fn new_context(&mut self) -> u32 {
        let id = self.next_context;
        self.next_context = id.wrapping_add(1).max(1);
        id
    }

    /// The context that a host function acts for.
    pub(crate) fn acting(&self) -> u32 {
        match self.effective {
            0 => self.current,
            id if self.exists(id) => id,
            _ => self.current,
        }
    }

    pub(crate) fn exists(&self, id: u32) -> bool {
        let mut streams = self.stream.iter().chain(&self.waiting);
        self.roots.contains(&id) || streams.any(|stream| stream.id == id)
    }

    /// The stream that a host function acts for, if it acts for one.
    pub(crate) fn acting_stream(&mut self) -> Option<&mut Stream> {
        let id = self.acting();
        let mut streams = self.stream.iter_mut().chain(&mut self.waiting);
        streams.find(|stream| stream.id == id)
    }

    /// The root context that a host function acts for.
    pub(crate) fn acting_root(&self) -> u32 {
        let id = self.acting();
        if self.roots.contains(&id) {
            id
        } else {
            self.root
        }
    }

    pub(crate) fn log(&mut self, level: Level, text: &[u8]) {
        let line = LogLine {
            time: self.process().time(),
            worker: self.worker,
            level,
            text: String::from_utf8_lossy(text).into_owned(),
        };
        lock(&self.common.log).push(line.clone());
        self.tally.logs.push(line);
    }
}
