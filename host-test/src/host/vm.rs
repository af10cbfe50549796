//! One virtual machine: an instance of the module, and the calls into it.

use std::collections::BTreeMap;
use std::sync::Arc;

use wasmtime::{Func, Store, Trap, Val, WasmBacktrace};

use super::abi::wasi::Exit;
use super::calls::{Answer, Delivery};
use super::error::{TrapKind, TrapReport};
use super::exports::{ALLOCATORS, CALLBACKS, INITIALISERS};
use super::guest::{Common, Guest};
use super::module::Module;

/// How many frames of the guest's stack a report names.
const FRAMES: usize = 6;

/// A running instance of a module.
pub(crate) struct Vm {
    store: Store<Guest>,
    functions: BTreeMap<&'static str, Func>,
    /// Set by a trap; nothing is called any more.
    failed: bool,
}

/// Why a virtual machine did not come up.
pub(crate) enum Refused {
    Instantiate(String),
    Trapped(TrapReport),
    /// `proxy_on_vm_start` answered false.
    Vm,
    /// `proxy_on_configure` answered false.
    Config,
}

impl From<TrapReport> for Refused {
    fn from(trap: TrapReport) -> Refused {
        Refused::Trapped(trap)
    }
}

impl Vm {
    /// Instantiates a module and initialises it, without a context yet. `generation` counts the
    /// virtual machines of a worker.
    pub(crate) fn new(
        module: &Module,
        common: Common,
        worker: Option<usize>,
        generation: u64,
    ) -> Result<Vm, Refused> {
        let engine = module.pre().module().engine();
        let mut store = Store::new(engine, Guest::new(common, worker, generation));
        store.limiter(|guest| &mut guest.limiter);
        fuel(&mut store);
        store.data_mut().refill();
        let instance = module.pre().instantiate(&mut store).map_err(|error| {
            // A module's own start function runs here, and a too large memory is refused here.
            if store.data().limiter.refused {
                Refused::Instantiate(
                    "it needs more memory or table than its bounds allow".to_owned(),
                )
            } else if error.is::<Trap>() || error.is::<Exit>() {
                Refused::Trapped(report("start", &error, false))
            } else {
                Refused::Instantiate(format!("{error:#}"))
            }
        })?;
        store.data_mut().memory = instance.get_memory(&mut store, "memory");
        let mut allocate = None;
        for name in ALLOCATORS {
            allocate = allocate.or_else(|| instance.get_typed_func(&mut store, name).ok());
        }
        store.data_mut().allocate = allocate;
        let mut functions = BTreeMap::new();
        for name in CALLBACKS
            .into_iter()
            .map(|(name, _, _)| name)
            .chain(INITIALISERS)
        {
            if let Some(function) = instance.get_func(&mut store, name) {
                functions.insert(name, function);
            }
        }
        let mut vm = Vm {
            store,
            functions,
            failed: false,
        };
        for name in INITIALISERS {
            if vm.functions.contains_key(name) {
                vm.call(name, 0, &[])?;
                break;
            }
        }
        Ok(vm)
    }

    pub(crate) fn guest(&self) -> &Guest {
        self.store.data()
    }

    pub(crate) fn guest_mut(&mut self) -> &mut Guest {
        self.store.data_mut()
    }

    pub(crate) fn failed(&self) -> bool {
        self.failed
    }

    /// The size of its linear memory in bytes.
    pub(crate) fn memory_bytes(&self) -> usize {
        let memory = self.guest().memory;
        memory.map_or(0, |memory| memory.data_size(&self.store))
    }

    /// Whether the module exports a function.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.functions.contains_key(name)
    }

    /// Makes a root context, starts it and configures it, as Envoy does for each configuration.
    /// On success it is the current root, and the one before is deleted.
    pub(crate) fn configure(&mut self, plugin_config: &Arc<[u8]>) -> Result<(), Refused> {
        let guest = self.guest_mut();
        let root = guest.new_context();
        guest.roots.insert(root);
        guest.plugin_config = Some(Arc::clone(plugin_config));
        let configured = self.start_root(root, plugin_config.len());
        let guest = self.guest_mut();
        guest.plugin_config = None;
        configured?;
        let guest = self.guest_mut();
        let before = guest.root;
        guest.root = root;
        if before != 0 {
            self.delete_root(before)?;
        }
        Ok(())
    }

    fn start_root(&mut self, root: u32, config_size: usize) -> Result<(), Refused> {
        let size = |size: usize| u32::try_from(size).unwrap_or(u32::MAX);
        self.call("proxy_on_context_create", root, &[root, 0])?;
        let vm_config = size(self.guest().settings().vm_config.len());
        self.guest_mut().in_vm_start = true;
        let started = self.call("proxy_on_vm_start", root, &[root, vm_config]);
        self.guest_mut().in_vm_start = false;
        if started? == Some(0) {
            return Err(Refused::Vm);
        }
        if self.call("proxy_on_configure", root, &[root, size(config_size)])? == Some(0) {
            return Err(Refused::Config);
        }
        Ok(())
    }

    fn delete_root(&mut self, root: u32) -> Result<(), TrapReport> {
        self.call("proxy_on_done", root, &[root])?;
        self.call("proxy_on_delete", root, &[root])?;
        let guest = self.guest_mut();
        guest.roots.remove(&root);
        guest.ticks.remove(&root);
        guest.queues.retain(|_, owner| *owner != root);
        Ok(())
    }

    /// Calls the guest on behalf of a context: `None` if it does not export the function, or its
    /// answer (0 if it gives none). A trap fails the virtual machine for good.
    pub(crate) fn call(
        &mut self,
        name: &str,
        context: u32,
        arguments: &[u32],
    ) -> Result<Option<u32>, TrapReport> {
        let Some(function) = self.functions.get(name).copied().filter(|_| !self.failed) else {
            return Ok(None);
        };
        let guest = self.store.data_mut();
        guest.current = context;
        guest.effective = 0;
        guest.limiter.refused = false;
        guest.refill();
        // The ABI 0.1.0 has fewer arguments for headers.
        let taken = function.ty(&self.store).params().len();
        let arguments: Vec<Val> = arguments
            .iter()
            .take(taken)
            .map(|n| Val::I32(n.cast_signed()))
            .collect();
        let answers = function.ty(&self.store).results().len();
        let mut results = vec![Val::I32(0); answers];
        let given = fuel(&mut self.store);
        let outcome = function.call(&mut self.store, &arguments, &mut results);
        let left = self.store.get_fuel().unwrap_or(0);
        let guest = self.store.data_mut();
        guest.tally.fuel = guest.tally.fuel.saturating_add(given.saturating_sub(left));
        guest.current = 0;
        guest.effective = 0;
        match outcome {
            Ok(()) => Ok(Some(
                results
                    .first()
                    .and_then(Val::i32)
                    .unwrap_or(0)
                    .cast_unsigned(),
            )),
            Err(error) => {
                self.failed = true;
                Err(report(name, &error, guest.limiter.refused))
            }
        }
    }

    /// Gives the guest the next answer to a call of its own, if one waits.
    pub(crate) fn deliver(&mut self) -> Result<bool, TrapReport> {
        let Some(Delivery {
            token,
            root,
            answer,
        }) = self.guest_mut().calls.waiting.pop_front()
        else {
            return Ok(false);
        };
        let size = |size: usize| u32::try_from(size).unwrap_or(u32::MAX);
        match answer {
            Answer::Http(http) => {
                let sizes = http.as_ref().map_or((0, 0, 0), |http| {
                    (
                        size(http.headers.len()),
                        size(http.body.len()),
                        size(http.trailers.len()),
                    )
                });
                let guest = self.guest_mut();
                if http.is_none() {
                    guest.status = (9, "reset".to_owned());
                }
                guest.calls.http = http;
                let arguments = [root, token, sizes.0, sizes.1, sizes.2];
                let called = self.call("proxy_on_http_call_response", root, &arguments);
                self.guest_mut().calls.http = None;
                called?;
            }
            Answer::GrpcMessage(message) => {
                let length = size(message.len());
                self.guest_mut().calls.grpc = Some(message);
                let called = self.call("proxy_on_grpc_receive", root, &[root, token, length]);
                self.guest_mut().calls.grpc = None;
                called?;
            }
            Answer::GrpcClosed(code, message) => {
                self.guest_mut().status = (code, message);
                self.guest_mut().calls.streams.remove(&token);
                self.call("proxy_on_grpc_close", root, &[root, token, code])?;
            }
        }
        self.guest_mut().status.1.clear();
        Ok(true)
    }
}

/// Fills the tank for one call and says how much that is.
fn fuel(store: &mut Store<Guest>) -> u64 {
    let fuel = store.data().settings().limits.fuel;
    // Refused only by an engine that does not count fuel; ours does.
    let _counted = store.set_fuel(fuel);
    fuel
}

fn report(callback: &str, error: &wasmtime::Error, memory_refused: bool) -> TrapReport {
    let exit = error.downcast_ref::<Exit>();
    let kind = match (exit, error.downcast_ref::<Trap>()) {
        (Some(Exit(code)), _) => TrapKind::Exit(*code),
        (None, Some(Trap::OutOfFuel)) => TrapKind::OutOfFuel,
        (None, Some(Trap::StackOverflow)) => TrapKind::StackOverflow,
        _ => TrapKind::Trap,
    };
    let mut message = error.root_cause().to_string();
    if let Some(trace) = error.downcast_ref::<WasmBacktrace>() {
        let name = |frame: &wasmtime::FrameInfo| match frame.func_name() {
            Some(name) => name.to_owned(),
            None => format!("function {}", frame.func_index()),
        };
        let frames: Vec<String> = trace.frames().iter().take(FRAMES).map(name).collect();
        if !frames.is_empty() {
            message = format!("{message}, in {}", frames.join(" < "));
        }
    }
    TrapReport {
        callback: callback.to_owned(),
        kind,
        message,
        memory_refused,
    }
}
