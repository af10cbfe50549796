//! A worker: a virtual machine, and what became of it.

use std::sync::Arc;

use super::drive;
use super::error::TrapReport;
use super::exchange::Exchange;
use super::guest::Common;
use super::message::{Request, Response};
use super::module::Module;
use super::settings::FailurePolicy;
use super::upstream::{Client, Upstream};
use super::vm::{Refused, Vm};

/// A worker thread of the proxy. It can be driven from a thread of its own.
pub struct Worker {
    module: Module,
    common: Common,
    config: Arc<[u8]>,
    number: Option<usize>,
    /// How many virtual machines this worker has had.
    generation: u64,
    /// `None` while a fresh one did not come up.
    vm: Option<Vm>,
    /// When the virtual machine was found failed, in nanoseconds since the Unix epoch.
    failed_at: Option<u64>,
}

impl Worker {
    pub(crate) fn start(
        module: &Module,
        common: &Common,
        config: &Arc<[u8]>,
        number: Option<usize>,
    ) -> Result<Worker, Refused> {
        let mut worker = Worker {
            module: module.clone(),
            common: common.clone(),
            config: Arc::clone(config),
            number,
            generation: 0,
            vm: None,
            failed_at: None,
        };
        worker.renew()?;
        Ok(worker)
    }

    /// Makes a fresh virtual machine.
    fn renew(&mut self) -> Result<(), Refused> {
        self.vm = None;
        let mut vm = Vm::new(
            &self.module,
            self.common.clone(),
            self.number,
            self.generation,
        )?;
        self.generation = self.generation.wrapping_add(1);
        vm.configure(&self.config)?;
        self.vm = Some(vm);
        self.failed_at = None;
        Ok(())
    }

    /// Whether the virtual machine is gone.
    pub fn failed(&self) -> bool {
        self.vm.as_ref().is_none_or(Vm::failed)
    }

    /// The size of its linear memory in bytes, which only grows; 0 without a virtual machine.
    pub fn memory_bytes(&self) -> usize {
        self.vm.as_ref().map_or(0, Vm::memory_bytes)
    }

    /// Configures anew; a failed virtual machine is replaced.
    pub(crate) fn reconfigure(&mut self, config: &Arc<[u8]>) -> Result<(), Refused> {
        self.config = Arc::clone(config);
        match &mut self.vm {
            Some(vm) if !vm.failed() => vm.configure(config),
            _ => self.renew(),
        }
    }

    /// Sends one request through this worker.
    pub fn exchange(&mut self, request: &Request, upstream: &mut dyn Upstream) -> Exchange {
        self.send(request, upstream, None)
    }

    /// The same, and tells a client of the response while it leaves; its body is then not in the
    /// exchange.
    pub fn exchange_to(
        &mut self,
        request: &Request,
        upstream: &mut dyn Upstream,
        client: &mut dyn Client,
    ) -> Exchange {
        self.send(request, upstream, Some(client))
    }

    fn send(
        &mut self,
        request: &Request,
        upstream: &mut dyn Upstream,
        client: Option<&mut dyn Client>,
    ) -> Exchange {
        self.maybe_reload();
        match &mut self.vm {
            Some(vm) if !vm.failed() => {
                let exchange = drive::exchange(vm, request, upstream, client);
                self.note_failure();
                exchange
            }
            _ => {
                let mut exchange = match self.common.settings.failure_policy {
                    FailurePolicy::Open => drive::unfiltered(request, upstream),
                    FailurePolicy::Closed | FailurePolicy::Reload => unavailable(),
                };
                if let (Some(client), Some(response)) = (client, &mut exchange.response) {
                    let pieces = std::mem::take(&mut response.chunks);
                    client.head(response.clone());
                    pieces.iter().for_each(|piece| client.piece(piece));
                }
                exchange
            }
        }
    }

    /// Delivers what fell due: timers, queues and answers to calls made outside of a stream.
    pub(crate) fn idle(&mut self) -> Option<TrapReport> {
        let vm = self.vm.as_mut().filter(|vm| !vm.failed())?;
        let outcome = super::idle::run(vm);
        self.note_failure();
        outcome.err()
    }

    fn note_failure(&mut self) {
        if self.failed() && self.failed_at.is_none() {
            self.failed_at = Some(self.common.process.time());
        }
    }

    /// After the backoff, on the test's clock, one attempt to bring up a fresh virtual machine.
    fn maybe_reload(&mut self) {
        let settings = &self.common.settings;
        let (Some(since), FailurePolicy::Reload) = (self.failed_at, settings.failure_policy) else {
            return;
        };
        let backoff = u64::try_from(settings.reload_backoff.as_nanos()).unwrap_or(u64::MAX);
        let now = self.common.process.time();
        if now < since.saturating_add(backoff) {
            return;
        }
        if self.renew().is_err() {
            self.failed_at = Some(now);
        }
    }
}

/// What Envoy answers for a filter whose virtual machine is gone.
pub(super) fn unavailable() -> Exchange {
    Exchange {
        response: Some(Response::new(503)),
        response_complete: true,
        local_reply: Some(drive::failed_stream()),
        ..Exchange::default()
    }
}
