//! What a module exports for its host: names and signatures, checked when it is loaded.

use wasmtime::{ExternType, FuncType, ValType};

use super::error::ModuleError;

/// The versions of the ABI that this host speaks, as markers that a module exports.
const VERSIONS: [&str; 3] = [
    "proxy_abi_version_0_2_1",
    "proxy_abi_version_0_2_0",
    FIRST_VERSION,
];

/// The first version: its modules are not told whether headers end a stream.
const FIRST_VERSION: &str = "proxy_abi_version_0_1_0";

/// Allocators by preference; each takes a size and gives an address.
pub(crate) const ALLOCATORS: [&str; 2] = ["proxy_on_memory_allocate", "malloc"];

/// Initialisers by preference: a reactor's, or a command's.
pub(crate) const INITIALISERS: [&str; 2] = ["_initialize", "_start"];

/// Every callback: its name, how many 32-bit arguments it takes, whether it answers.
pub(crate) const CALLBACKS: [(&str, usize, bool); 22] = [
    ("proxy_on_context_create", 2, false),
    ("proxy_on_vm_start", 2, true),
    ("proxy_on_configure", 2, true),
    ("proxy_on_tick", 1, false),
    ("proxy_on_queue_ready", 2, false),
    ("proxy_on_request_headers", 3, true),
    ("proxy_on_request_body", 3, true),
    ("proxy_on_request_trailers", 2, true),
    ("proxy_on_response_headers", 3, true),
    ("proxy_on_response_body", 3, true),
    ("proxy_on_response_trailers", 2, true),
    ("proxy_on_http_call_response", 5, false),
    ("proxy_on_grpc_receive_initial_metadata", 3, false),
    ("proxy_on_grpc_receive", 3, false),
    ("proxy_on_grpc_receive_trailing_metadata", 3, false),
    ("proxy_on_grpc_close", 3, false),
    ("proxy_on_log", 1, false),
    ("proxy_on_done", 1, true),
    ("proxy_on_delete", 1, false),
    ("proxy_on_foreign_function", 3, false),
    ("proxy_on_memory_allocate", 1, true),
    ("malloc", 1, true),
];

/// Checks a module's exports.
pub(crate) fn check(module: &wasmtime::Module) -> Result<(), ModuleError> {
    let has = |name: &&str| module.get_export_index(name).is_some();
    if !VERSIONS.iter().any(&has) {
        return Err(ModuleError::MissingExport(format!(
            "`{}`, which says that it is a proxy-wasm module",
            VERSIONS.join("` or `")
        )));
    }
    match module.get_export("memory") {
        Some(ExternType::Memory(memory)) if !memory.is_64() && !memory.is_shared() => {}
        Some(_) => {
            return Err(ModuleError::MissingExport(
                "a 32-bit memory that is not shared as `memory`".to_owned(),
            ));
        }
        None => return Err(ModuleError::MissingExport("`memory`".to_owned())),
    }
    if !ALLOCATORS.iter().any(has) {
        return Err(ModuleError::MissingExport(format!(
            "an allocator, `{}`",
            ALLOCATORS.join("` or `")
        )));
    }
    let engine = module.engine();
    let i32s = |count| std::iter::repeat_n(ValType::I32, count);
    let first = has(&FIRST_VERSION);
    for (name, arguments, answers) in CALLBACKS {
        let arguments = match name {
            "proxy_on_request_headers" | "proxy_on_response_headers" if first => 2,
            _ => arguments,
        };
        check_function(
            module,
            name,
            FuncType::new(engine, i32s(arguments), i32s(usize::from(answers))),
        )?;
    }
    for name in INITIALISERS {
        check_function(module, name, FuncType::new(engine, [], []))?;
    }
    Ok(())
}

/// A callback may be absent, but not of another signature.
fn check_function(
    module: &wasmtime::Module,
    name: &str,
    expected: FuncType,
) -> Result<(), ModuleError> {
    let wrong = |found: String| ModuleError::WrongSignature {
        function: name.to_owned(),
        expected: expected.to_string(),
        found,
    };
    match module.get_export(name) {
        None => Ok(()),
        Some(ExternType::Func(found)) if FuncType::eq(&found, &expected) => Ok(()),
        Some(ExternType::Func(found)) => Err(wrong(found.to_string())),
        Some(_) => Err(wrong("something that is not a function".to_owned())),
    }
}
