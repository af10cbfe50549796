//! Guests that misbehave in every way: each ends in a clear error within a second, and the host
//! lives on.

#![expect(clippy::unwrap_used, clippy::panic, reason = "test")]

use std::time::{Duration, Instant};

use host_test::{
    Exchange, Host, Module, ModuleError, Problem, Request, Response, Settings, StartError, TrapKind,
};

fn start(guest: &str) -> Host {
    let path = format!("{}/tests/guests/{guest}.wat", env!("CARGO_MANIFEST_DIR"));
    Host::start(&Module::from_file(path).unwrap(), &Settings::default()).unwrap()
}

/// One request, which must end within a second.
fn exchange(host: &mut Host, path: &str) -> Exchange {
    let began = Instant::now();
    let mut upstream = |_: &Request| Response::new(200).with_body("ok").into();
    let out = host.exchange(0, &Request::new("GET", path), &mut upstream);
    let took = began.elapsed();
    assert!(took < Duration::from_secs(1), "it took {took:?}");
    out
}

/// The guest traps in its first request as it should, says so, and the worker is then closed.
fn traps(guest: &str, kind: TrapKind, says: &str) {
    let mut host = start(guest);
    let out = exchange(&mut host, "/");
    let trap = out.trapped.unwrap();
    assert_eq!(trap.kind, kind, "{trap}");
    assert_eq!(trap.callback, "proxy_on_request_headers");
    assert!(trap.to_string().contains(says), "{trap}");
    assert!(out.upstream.is_none());
    let after = exchange(&mut host, "/");
    assert_eq!(after.response.unwrap().status, 503);
}

#[test]
fn an_endless_loop_runs_out_of_fuel() {
    traps("loop", TrapKind::OutOfFuel, "endless loop");
}

#[test]
fn an_endless_loop_of_large_fills_runs_out_of_fuel() {
    traps("fill", TrapKind::OutOfFuel, "endless loop");
}

#[test]
fn an_endless_loop_of_host_calls_runs_out_of_fuel() {
    traps("hostcalls", TrapKind::OutOfFuel, "endless loop");
}

#[test]
fn a_memory_bomb_is_refused_memory() {
    traps("memory", TrapKind::Trap, "refused memory beyond its bounds");
}

#[test]
fn a_table_bomb_is_refused_elements() {
    traps("table", TrapKind::Trap, "refused memory beyond its bounds");
}

#[test]
fn an_endless_recursion_overflows_the_stack() {
    traps("stack", TrapKind::StackOverflow, "its stack overflowed");
}

#[test]
fn bad_pointers_are_refused_and_harm_nobody() {
    let mut host = start("pointers");
    let out = exchange(&mut host, "/");
    assert_eq!(out.trapped, None);
    // 6 is an invalid memory access, 2 a bad argument.
    assert_eq!(out.filter_state.get("statuses").unwrap(), b"66626622622");
    assert_eq!(out.response.unwrap().status, 200);
}

#[test]
fn an_allocator_that_gives_nothing_is_reported() {
    let mut host = start("allocator");
    let out = exchange(&mut host, "/");
    assert_eq!(
        out.problems,
        [Problem::Allocator {
            size: 1,
            address: 0
        }]
    );
    assert_eq!(out.filter_state.get("status").unwrap(), b"6");
}

#[test]
fn an_allocator_that_gives_what_is_not_its_own_is_reported() {
    let mut host = start("allocator");
    let out = exchange(&mut host, "/a");
    assert_eq!(
        out.problems,
        [Problem::Allocator {
            size: 2,
            address: u32::MAX - 1
        }]
    );
    assert!(
        out.problems
            .first()
            .unwrap()
            .to_string()
            .contains("not in the module's memory")
    );
    assert_eq!(out.filter_state.get("status").unwrap(), b"6");
}

#[test]
fn an_allocator_that_traps_or_loops_ends_the_callback() {
    for (path, kind) in [("/ab", TrapKind::Trap), ("/abc", TrapKind::OutOfFuel)] {
        let out = exchange(&mut start("allocator"), path);
        assert_eq!(out.trapped.unwrap().kind, kind);
    }
}

fn refused(wat: &str) -> ModuleError {
    match Module::from_bytes(wat.as_bytes()) {
        Ok(_) => panic!("the module was accepted"),
        Err(error) => error,
    }
}

const MEMORY: &str = r#"(memory (export "memory") 1)"#;
const ALLOCATE: &str = r#"(func (export "malloc") (param i32) (result i32) (i32.const 64))"#;
const VERSION: &str = r#"(func (export "proxy_abi_version_0_2_1"))"#;

#[test]
fn missing_exports_are_named() {
    for (parts, name) in [
        ([MEMORY, ALLOCATE, ""], "proxy_abi_version_0_2_0"),
        ([MEMORY, VERSION, ""], "proxy_on_memory_allocate"),
        ([VERSION, ALLOCATE, ""], "`memory`"),
        (
            [VERSION, ALLOCATE, r#"(memory (export "memory") i64 1)"#],
            "32-bit memory",
        ),
    ] {
        let error = refused(&format!("(module {})", parts.concat()));
        assert!(matches!(error, ModuleError::MissingExport(_)), "{error}");
        assert!(error.to_string().contains(name), "{error}");
    }
}

#[test]
fn wrong_signatures_are_named_with_the_right_ones() {
    let export = r#"(func (export "proxy_on_request_headers") (param i32 i64) (result i32)
        (i32.const 0))"#;
    let error = refused(&format!("(module {VERSION}{MEMORY}{ALLOCATE}{export})"));
    assert_eq!(
        error.to_string(),
        "the module has `proxy_on_request_headers` as `(type (func (param i32 i64) (result i32)))`, \
         where the ABI has `(type (func (param i32 i32 i32) (result i32)))`"
    );
    let import = r#"(import "env" "proxy_log" (func (param i32) (result i32)))"#;
    let error = refused(&format!("(module {import}{VERSION}{MEMORY}{ALLOCATE})"));
    assert!(error.to_string().contains("`env.proxy_log` as"), "{error}");
}

#[test]
fn unknown_imports_are_named() {
    let import = r#"(import "env" "proxy_open_bank_account" (func))"#;
    let error = refused(&format!("(module {import}{VERSION}{MEMORY}{ALLOCATE})"));
    assert_eq!(
        error.to_string(),
        "the module imports `env.proxy_open_bank_account`, which no proxy-wasm host offers"
    );
}

#[test]
fn what_is_no_module_is_refused() {
    for bytes in ["", "(module", "\0asm\u{1}\0\0", "hello"] {
        assert!(
            matches!(refused(bytes), ModuleError::Invalid(_)),
            "{bytes:?}"
        );
    }
}

#[test]
fn unknown_wasi_functions_refuse_and_known_ones_answer() {
    let wat = r#"(module
        (import "wasi_snapshot_preview1" "path_unlink_file"
            (func $unlink (param i32 i32 i32) (result i32)))
        (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
        (memory (export "memory") 1)
        (func (export "proxy_abi_version_0_2_1"))
        (func (export "malloc") (param i32) (result i32) (i32.const 64))
        (func (export "_initialize")
            (call $exit (call $unlink (i32.const 3) (i32.const 0) (i32.const 0)))))"#;
    let module = Module::from_bytes(wat.as_bytes()).unwrap();
    match Host::start(&module, &Settings::default()) {
        Err(StartError::Trapped(trap, _)) => {
            assert_eq!(trap.kind, TrapKind::Exit(52), "{trap:?}");
            assert_eq!(trap.callback, "_initialize");
        }
        Err(error) => panic!("{error}"),
        Ok(_) => panic!("it started"),
    }
}

#[test]
fn a_module_that_demands_too_much_memory_does_not_start() {
    let wat = format!(r#"(module {VERSION}{ALLOCATE}(memory (export "memory") 60000))"#);
    let module = Module::from_bytes(wat.as_bytes()).unwrap();
    match Host::start(&module, &Settings::default()) {
        Err(error) => assert!(error.to_string().contains("more memory"), "{error}"),
        Ok(_) => panic!("it started"),
    }
}
