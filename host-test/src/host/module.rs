//! A module, checked against the ABI and compiled once.

use std::path::Path;
use std::sync::OnceLock;

use wasmtime::{Config, Engine, ExternType, FuncType, InstancePre, Linker, Store};

use super::abi;
use super::error::ModuleError;
use super::exports;
use super::guest::{Common, Guest};

/// A compiled proxy-wasm module; cheap to clone.
#[derive(Clone)]
pub struct Module {
    pre: InstancePre<Guest>,
}

impl Module {
    /// Reads and compiles a file of Wasm or wat.
    pub fn from_file(path: impl AsRef<Path>) -> Result<Module, ModuleError> {
        let path = path.as_ref();
        let bytes = std::fs::read(path)
            .map_err(|why| ModuleError::Unreadable(format!("`{}`: {why}", path.display())))?;
        Module::from_bytes(&bytes)
    }

    /// Compiles Wasm or wat, and checks that it imports only what a proxy offers and exports
    /// what a proxy needs, each with the ABI's signature.
    pub fn from_bytes(bytes: &[u8]) -> Result<Module, ModuleError> {
        let engine = engine().map_err(|why| ModuleError::Invalid(format!("{why:#}")))?;
        let module = wasmtime::Module::new(&engine, bytes)
            .map_err(|why| ModuleError::Invalid(format!("{why:#}")))?;
        exports::check(&module)?;
        let mut linker = Linker::new(&engine);
        let link = |why: wasmtime::Error| ModuleError::Invalid(format!("{why:#}"));
        abi::link(&mut linker).map_err(link)?;
        check_imports(&module, &mut linker)?;
        let pre = linker.instantiate_pre(&module).map_err(link)?;
        Ok(Module { pre })
    }

    pub(crate) fn pre(&self) -> &InstancePre<Guest> {
        &self.pre
    }
}

/// One engine for the whole program: it has no state that a test could see.
fn engine() -> wasmtime::Result<Engine> {
    static ENGINE: OnceLock<Engine> = OnceLock::new();
    if let Some(engine) = ENGINE.get() {
        return Ok(engine.clone());
    }
    let mut config = Config::new();
    config.consume_fuel(true);
    config.max_wasm_stack(1 << 20);
    // Enough address space for each memory to grow in place, but not the 4 GiB that a host with
    // few virtual machines can afford.
    config.memory_reservation(1 << 28);
    let engine = Engine::new(&config)?;
    Ok(ENGINE.get_or_init(|| engine).clone())
}

/// Checks each import against what the host offers, and adds refusing stubs for the rest of WASI.
fn check_imports(module: &wasmtime::Module, linker: &mut Linker<Guest>) -> Result<(), ModuleError> {
    let mut store = Store::new(module.engine(), Guest::new(Common::nothing(), None, 0));
    for import in module.imports() {
        let function = format!("{}.{}", import.module(), import.name());
        let ExternType::Func(found) = import.ty() else {
            return Err(ModuleError::UnknownImport(function));
        };
        let offered = linker
            .get_by_import(&mut store, &import)
            .and_then(|e| e.into_func());
        match offered.map(|offered| offered.ty(&store)) {
            Some(expected) if same(&expected, &found) => {}
            Some(expected) => {
                return Err(ModuleError::WrongSignature {
                    function,
                    expected: expected.to_string(),
                    found: found.to_string(),
                });
            }
            None if abi::wasi::MODULES.contains(&import.module()) => {
                abi::wasi::refuse(linker, import.module(), import.name(), found)
                    .map_err(|why| ModuleError::Invalid(format!("{why:#}")))?;
            }
            None => return Err(ModuleError::UnknownImport(function)),
        }
    }
    Ok(())
}

fn same(a: &FuncType, b: &FuncType) -> bool {
    FuncType::eq(a, b)
}
