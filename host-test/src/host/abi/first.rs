//! What only modules of the ABI 0.1.0 import; later versions have other names for it.

use wasmtime::Linker;

use super::super::guest::Guest;
use super::status::Status;
use super::{memory, stream};

pub(super) fn link(linker: &mut Linker<Guest>) -> wasmtime::Result<()> {
    host_function!(
        linker,
        "proxy_get_configuration",
        |c, address_at: u32, size_at: u32| {
            let guest = c.data();
            // While the virtual machine starts it is that one's configuration.
            let configuration = match &guest.plugin_config {
                Some(plugin) if !guest.in_vm_start => plugin.to_vec(),
                _ => guest.settings().vm_config.clone(),
            };
            memory::give(c, &configuration, address_at, size_at)
        }
    );
    host_function!(linker, "proxy_continue_request", |c| stream::resume(
        c.data_mut(),
        0
    ));
    host_function!(linker, "proxy_continue_response", |c| stream::resume(
        c.data_mut(),
        1
    ));
    host_function!(linker, "proxy_clear_route_cache", |c| {
        let stream = c.data_mut().acting_stream().ok_or(Status::BadArgument)?;
        stream.route_cache_cleared = true;
        Ok(())
    });
    Ok(())
}
