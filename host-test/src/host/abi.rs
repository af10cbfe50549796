//! The functions that a host offers to a module, one file per group.

/// Offers a function of the host to modules, under `env` unless a module is named: its name, its
/// arguments, and what it does. Every call is counted by that name.
macro_rules! host_function {
    ($linker:ident, $name:literal, |$c:pat_param $(, $argument:ident: $type:ty)*| $body:expr) => {
        $linker.func_wrap("env", $name, |c: super::Call<'_> $(, $argument: $type)*| {
            super::answer(c, $name, |$c| $body)
        })?
    };
    ($linker:ident, $module:ident, $name:literal, |$c:pat_param $(, $argument:ident: $type:ty)*| $body:expr) => {
        $linker.func_wrap($module, $name, |c: super::Call<'_> $(, $argument: $type)*| {
            run(c, $name, |$c| $body)
        })?
    };
}

mod buffer;
mod call;
mod first;
mod foreign;
mod grpc;
mod header;
mod log;
mod memory;
mod metric;
pub(crate) mod pairs;
mod property;
mod queue;
mod shared_data;
mod status;
mod stream;
pub(crate) mod wasi;

use wasmtime::{Caller, Linker, Trap};

use self::status::{Refusal, Status};
use super::guest::Guest;

/// What a host function is called with.
type Call<'a> = Caller<'a, Guest>;

/// What a host function gives: nothing, or why not.
type Outcome = Result<(), Refusal>;

/// Everything that a module can import, apart from WASI's refusing stubs.
pub(crate) fn link(linker: &mut Linker<Guest>) -> wasmtime::Result<()> {
    log::link(linker)?;
    buffer::link(linker)?;
    header::link(linker)?;
    property::link(linker)?;
    shared_data::link(linker)?;
    queue::link(linker)?;
    stream::link(linker)?;
    call::link(linker)?;
    grpc::link(linker)?;
    metric::link(linker)?;
    foreign::link(linker)?;
    first::link(linker)?;
    wasi::link(linker)
}

/// Runs a host function: counts it and turns its outcome into a status of the ABI, or into a
/// trap where the guest itself failed in it (in its allocator).
fn answer(
    mut call: Call<'_>,
    name: &'static str,
    f: impl FnOnce(&mut Call<'_>) -> Outcome,
) -> wasmtime::Result<u32> {
    let nth = charge_call(&mut call, name)?;
    let mut faults = call.data().settings().faults.iter();
    if let Some(fault) = faults.find(|fault| fault.nth == nth && fault.function == name) {
        return Ok(fault.status);
    }
    match f(&mut call) {
        Ok(()) => Ok(Status::Ok.number()),
        Err(Refusal::Status(status)) => Ok(status.number()),
        Err(Refusal::Trap(error)) => Err(error),
    }
}

/// Counts a call: how many there were of that name. The host's work is bounded as the guest's own:
/// fuel does not see it.
fn charge_call(call: &mut Call<'_>, name: &'static str) -> wasmtime::Result<u64> {
    let guest = call.data_mut();
    let calls = guest.tally.host_calls.entry(name).or_default();
    *calls = calls.saturating_add(1);
    let nth = *calls;
    guest.budget.calls = spend(guest.budget.calls, 1)?;
    Ok(nth)
}

/// Counts bytes copied.
fn charge_bytes(call: &mut Call<'_>, bytes: u64) -> wasmtime::Result<()> {
    let guest = call.data_mut();
    guest.tally.bytes_copied = guest.tally.bytes_copied.saturating_add(bytes);
    guest.budget.bytes = spend(guest.budget.bytes, bytes)?;
    Ok(())
}

fn spend(left: u64, cost: u64) -> wasmtime::Result<u64> {
    left.checked_sub(cost)
        .ok_or_else(|| wasmtime::Error::new(Trap::OutOfFuel))
}
