//! The host: one module, several workers, one process.

mod abi;
mod calls;
mod drive;
pub(crate) mod error;
pub(crate) mod exchange;
mod exports;
mod guest;
mod idle;
mod limits;
pub(crate) mod log;
pub(crate) mod message;
pub(crate) mod module;
pub(crate) mod others;
pub(crate) mod process;
mod random;
pub(crate) mod schedule;
pub(crate) mod services;
pub(crate) mod settings;
mod stream;
pub(crate) mod upstream;
mod vm;
pub(crate) mod worker;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::thread;

use error::{ConfigRefused, StartError, TrapReport};
use exchange::Exchange;
use guest::Common;
use log::LogLine;
use message::Request;
use module::Module;
use process::{Process, SharedValue, lock};
use schedule::{Choice, Turns};
use services::{NoServices, Services};
use settings::Settings;
use upstream::{Client, Reply, Upstream};
use vm::Refused;
use worker::Worker;

/// A proxy with one filter: a main thread, workers with a virtual machine each, and the memory
/// that they share.
pub struct Host {
    module: Module,
    common: Common,
    /// The main thread's virtual machine: it is configured and has timers, but sees no request.
    main: Worker,
    workers: Vec<Worker>,
}

impl Host {
    /// Starts a host in a process of its own: a canary, the main thread and the workers each
    /// start the module and configure it.
    pub fn start(module: &Module, settings: &Settings) -> Result<Host, StartError> {
        Host::start_in(&Process::new(settings.start_time), module, settings)
    }

    /// Starts a host in a process that may hold others: shared data is common to all hosts of
    /// one `vm_id`. The process keeps its clock.
    pub fn start_in(
        process: &Process,
        module: &Module,
        settings: &Settings,
    ) -> Result<Host, StartError> {
        if settings.workers == 0 {
            return Err(StartError::Settings(
                "there must be at least 1 worker".to_owned(),
            ));
        }
        let common = Common {
            settings: Arc::new(settings.clone()),
            process: process.clone(),
            services: Arc::new(Mutex::new(Box::new(NoServices))),
            log: Arc::default(),
        };
        let config: Arc<[u8]> = settings.plugin_config.as_slice().into();
        let start = |number| Worker::start(module, &common, &config, number);
        let start_all = || {
            // The canary tries the configuration out and is thrown away.
            start(None)?;
            let main = start(None)?;
            let workers = (0..settings.workers).map(|n| start(Some(n)));
            Ok((main, workers.collect::<Result<_, _>>()?))
        };
        let (main, workers) = start_all().map_err(|why: Refused| {
            let logs = lock(&common.log).clone();
            match why {
                Refused::Instantiate(why) => StartError::Instantiate(why),
                Refused::Trapped(trap) => StartError::Trapped(trap, logs),
                Refused::Vm => StartError::VmRefused(logs),
                Refused::Config => StartError::ConfigRefused(logs),
            }
        })?;
        Ok(Host {
            module: module.clone(),
            common,
            main,
            workers,
        })
    }

    /// Gives the module another configuration. If it refuses, the old one stays. Workers whose
    /// virtual machine trapped get a fresh one.
    ///
    /// As in Envoy, a canary tries it first; then each virtual machine makes a new root context
    /// for it and deletes the old one.
    pub fn reconfigure(&mut self, plugin_config: &[u8]) -> Result<(), ConfigRefused> {
        let config: Arc<[u8]> = plugin_config.into();
        let logged = lock(&self.common.log).len();
        let refused = |common: &Common, why| ConfigRefused {
            trap: match why {
                Refused::Trapped(trap) => Some(trap),
                Refused::Instantiate(_) | Refused::Vm | Refused::Config => None,
            },
            logs: lock(&common.log).iter().skip(logged).cloned().collect(),
        };
        Worker::start(&self.module, &self.common, &config, None)
            .map_err(|why| refused(&self.common, why))?;
        for worker in std::iter::once(&mut self.main).chain(&mut self.workers) {
            worker
                .reconfigure(&config)
                .map_err(|why| refused(&self.common, why))?;
        }
        Ok(())
    }

    /// Puts scripted services behind `proxy_http_call` and `proxy_grpc_call`. Without, every
    /// call is refused.
    pub fn set_services(&mut self, services: impl Services + 'static) {
        *lock(&self.common.services) = Box::new(services);
    }

    /// Sets the clock, in nanoseconds since the Unix epoch; it may go backwards. Timers that
    /// fall due run, as do the callbacks of queues; the traps among them are given back.
    pub fn set_time(&mut self, unix_nanos: u64) -> Vec<TrapReport> {
        self.common.process.set_time(unix_nanos);
        self.run_due()
    }

    /// Runs the timers that fell due, and the callbacks of queues, on a clock that goes by itself;
    /// the traps among them are given back.
    pub fn run_due(&mut self) -> Vec<TrapReport> {
        let all = std::iter::once(&mut self.main).chain(&mut self.workers);
        all.filter_map(Worker::idle).collect()
    }

    /// The clock, in nanoseconds since the Unix epoch.
    pub fn time(&self) -> u64 {
        self.common.process.time()
    }

    /// Sends one request through a worker, counted from 0 (and taken modulo their number).
    pub fn exchange(
        &mut self,
        worker: usize,
        request: &Request,
        upstream: &mut dyn Upstream,
    ) -> Exchange {
        let worker = worker.checked_rem(self.workers.len()).unwrap_or(0);
        match self.workers.get_mut(worker) {
            Some(worker) => worker.exchange(request, upstream),
            // There is always a worker.
            None => Exchange::default(),
        }
    }

    /// As [`Host::exchange`], and tells a client of the response while it leaves; its body is
    /// then not in the exchange.
    pub fn exchange_to(
        &mut self,
        worker: usize,
        request: &Request,
        upstream: &mut dyn Upstream,
        client: &mut dyn Client,
    ) -> Exchange {
        let worker = worker.checked_rem(self.workers.len()).unwrap_or(0);
        match self.workers.get_mut(worker) {
            Some(worker) => worker.exchange_to(request, upstream, client),
            // There is always a worker.
            None => Exchange::default(),
        }
    }

    /// Sends a request through each worker, all at once (as many as there are of both), and lets
    /// the workers touch the shared data in this order: at each choice, the number of the one to go
    /// on among those that can; beyond the order, the first. Gives the exchanges and the choices
    /// that were made, from which [`crate::next_order`] makes the next order to try.
    pub fn interleave(
        &mut self,
        requests: &[Request],
        upstream: impl Fn(&Request) -> Reply + Sync,
        order: &[usize],
    ) -> (Vec<Exchange>, Vec<Choice>) {
        let count = requests.len().min(self.workers.len());
        let turns = Arc::new(Turns::new(count, order));
        self.common.process.set_turns(Some(Arc::clone(&turns)));
        let exchanges = thread::scope(|scope| {
            let pairs = self.workers.iter_mut().zip(requests).enumerate();
            let started: Vec<_> = pairs
                .map(|(number, (worker, request))| {
                    let (turns, upstream) = (&turns, &upstream);
                    scope.spawn(move || {
                        let _part = turns.take_part(number);
                        worker.exchange(request, &mut |request: &Request| upstream(request))
                    })
                })
                .collect();
            let ended = started.into_iter().map(|thread| thread.join());
            ended.map(Result::unwrap_or_default).collect()
        });
        self.common.process.set_turns(None);
        (exchanges, turns.made())
    }

    /// The workers, to drive from several threads at once.
    pub fn workers_mut(&mut self) -> &mut [Worker] {
        &mut self.workers
    }

    /// The process: shared data, queues, metrics and the clock.
    pub fn process(&self) -> &Process {
        &self.common.process
    }

    /// The shared data of this host's virtual machines.
    pub fn shared_data(&self) -> BTreeMap<Vec<u8>, SharedValue> {
        self.common.process.shared_data(&self.common.settings.vm_id)
    }

    /// Everything that the module logged so far, in order.
    pub fn logs(&self) -> Vec<LogLine> {
        lock(&self.common.log).clone()
    }

    /// As [`Host::logs`], and forgets it, for hosts that live long.
    pub fn take_logs(&mut self) -> Vec<LogLine> {
        std::mem::take(&mut lock(&self.common.log))
    }
}
