//! Hosts that run the module, as many as there are exchanges at once, all in one process: they
//! share counters, as Envoy's workers do.

use std::sync::{Mutex, MutexGuard, PoisonError};

use host_test::{Host, Module, Process, Settings};

use crate::commands::toolgate;

/// The most hosts that wait for work.
const IDLE: usize = 64;

/// The hosts.
pub(super) struct Pool {
    module: Module,
    process: Process,
    state: Mutex<State>,
}

struct State {
    settings: Settings,
    /// Counts configurations; hosts of an old one are not used again.
    generation: u64,
    idle: Vec<Host>,
}

/// A host that is at work, and the configuration that it has.
pub(super) struct Taken {
    pub(super) host: Host,
    generation: u64,
}

impl Pool {
    /// Starts a first host, in the process that all pools share.
    ///
    /// # Errors
    /// The module does not start or refuses the configuration, in words.
    pub(super) fn start(
        module: &Module,
        config: Vec<u8>,
        process: &Process,
    ) -> Result<Pool, String> {
        let settings = toolgate::settings(config);
        let first = Host::start_in(process, module, &settings).map_err(|why| why.to_string())?;
        Ok(Pool {
            module: module.clone(),
            process: process.clone(),
            state: Mutex::new(State {
                settings,
                generation: 0,
                idle: vec![first],
            }),
        })
    }

    /// A host of the configuration in force: one that waits, or a fresh one.
    ///
    /// # Errors
    /// A fresh one does not start, in words.
    pub(super) fn take(&self) -> Result<Taken, String> {
        let (settings, generation) = {
            let mut state = self.state();
            let generation = state.generation;
            if let Some(host) = state.idle.pop() {
                return Ok(Taken { host, generation });
            }
            (state.settings.clone(), generation)
        };
        let host = Host::start_in(&self.process, &self.module, &settings);
        let host = host.map_err(|why| why.to_string())?;
        Ok(Taken { host, generation })
    }

    /// Gives a host back, unless its virtual machine is gone.
    pub(super) fn put(&self, mut taken: Taken) {
        let failed = taken.host.workers_mut().iter().any(|w| w.failed());
        let mut state = self.state();
        if !failed && taken.generation == state.generation && state.idle.len() < IDLE {
            state.idle.push(taken.host);
        }
    }

    /// Puts another configuration in force; exchanges under way end with the one they have.
    ///
    /// # Errors
    /// The module refuses it, in words; the one before stays.
    pub(super) fn reload(&self, config: Vec<u8>) -> Result<(), String> {
        let settings = toolgate::settings(config);
        let first = Host::start_in(&self.process, &self.module, &settings);
        let first = first.map_err(|why| why.to_string())?;
        let mut state = self.state();
        state.generation = state.generation.wrapping_add(1);
        state.settings = settings;
        state.idle = vec![first];
        Ok(())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
