//! Foreign functions: of Envoy's, the one that takes no arguments.

use wasmtime::Linker;

use super::super::guest::Guest;
use super::status::Status;
use super::{Outcome, memory};

pub(super) fn link(linker: &mut Linker<Guest>) -> wasmtime::Result<()> {
    host_function!(
        linker,
        "proxy_call_foreign_function",
        |c, name: u32, size: u32, data: u32, data_size: u32, at: u32, size_at: u32| {
            let name = memory::read(c, name, size)?;
            memory::read(c, data, data_size)?;
            run(c.data_mut(), &name)?;
            // No result; the guest need not have asked for one.
            if at != 0 {
                memory::write_u32(c, at, 0)?;
            }
            if size_at != 0 {
                memory::write_u32(c, size_at, 0)?;
            }
            Ok(())
        }
    );
    Ok(())
}

fn run(guest: &mut Guest, name: &[u8]) -> Outcome {
    match name {
        b"clear_route_cache" => {
            let stream = guest.acting_stream().ok_or(Status::BadArgument)?;
            stream.route_cache_cleared = true;
            Ok(())
        }
        _ => Err(Status::NotFound.into()),
    }
}
