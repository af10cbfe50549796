//! The functions that a host offers to a module, one file per group.

mod buffer;
mod call;
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

use wasmtime::{Caller, Linker};

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
    wasi::link(linker)
}

/// Runs a host function: counts it and turns its outcome into a status of the ABI, or into a
/// trap where the guest itself failed in it (in its allocator).
fn answer(mut call: Call<'_>, f: impl FnOnce(&mut Call<'_>) -> Outcome) -> wasmtime::Result<u32> {
    let tally = &mut call.data_mut().tally;
    tally.host_calls = tally.host_calls.saturating_add(1);
    match f(&mut call) {
        Ok(()) => Ok(Status::Ok.number()),
        Err(Refusal::Status(status)) => Ok(status.number()),
        Err(Refusal::Trap(error)) => Err(error),
    }
}
