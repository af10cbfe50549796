//! The host: one module, several workers, one process.

pub(crate) mod error;
pub(crate) mod exchange;
pub(crate) mod log;
pub(crate) mod message;
pub(crate) mod module;
pub(crate) mod process;
pub(crate) mod services;
pub(crate) mod settings;
pub(crate) mod upstream;
pub(crate) mod worker;

use error::{ConfigRefused, StartError};
use exchange::Exchange;
use log::LogLine;
use message::Request;
use module::Module;
use process::Process;
use services::Services;
use settings::Settings;
use upstream::Upstream;
use worker::Worker;

/// A proxy with one filter: a main thread, workers with a virtual machine each, and the memory
/// that they share.
pub struct Host {
    process: Process,
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
        let _ = (process, module, settings);
        Err(StartError::Settings("not done".to_owned()))
    }

    /// Gives the module another configuration. If it refuses, the old one stays. Workers whose
    /// virtual machine trapped get a fresh one.
    pub fn reconfigure(&mut self, plugin_config: &[u8]) -> Result<(), ConfigRefused> {
        let _ = plugin_config;
        Ok(())
    }

    /// Puts scripted services behind `proxy_http_call` and `proxy_grpc_call`. Without, every
    /// call is refused.
    pub fn set_services(&mut self, services: impl Services + 'static) {
        let _ = services;
    }

    /// Sets the clock, in nanoseconds since the Unix epoch; it may go backwards. Ticks that fall
    /// due are delivered.
    pub fn set_time(&mut self, unix_nanos: u64) {
        let _ = unix_nanos;
    }

    /// The clock, in nanoseconds since the Unix epoch.
    pub fn time(&self) -> u64 {
        self.process.time()
    }

    /// Sends one request through a worker, counted from 0 (and taken modulo their number).
    pub fn exchange(
        &mut self,
        worker: usize,
        request: &Request,
        upstream: &mut dyn Upstream,
    ) -> Exchange {
        let _ = (worker, request, upstream);
        Exchange::default()
    }

    /// The workers, to drive from several threads at once.
    pub fn workers_mut(&mut self) -> &mut [Worker] {
        &mut self.workers
    }

    /// The process: shared data, queues, metrics and the clock.
    pub fn process(&self) -> &Process {
        &self.process
    }

    /// Everything that the module logged so far, in order.
    pub fn logs(&self) -> Vec<LogLine> {
        Vec::new()
    }
}
