//! Queues shared by all virtual machines of the process.

use wasmtime::Linker;

use super::super::guest::Guest;
use super::status::Status;
use super::{Call, Outcome, memory};

pub(super) fn link(linker: &mut Linker<Guest>) -> wasmtime::Result<()> {
    host_function!(
        linker,
        "proxy_register_shared_queue",
        |c, name: u32, size: u32, token_at: u32| register(c, name, size, token_at)
    );
    host_function!(
        linker,
        "proxy_resolve_shared_queue",
        |c, vm: u32, vm_size: u32, name: u32, size: u32, token_at: u32| resolve(
            c, vm, vm_size, name, size, token_at
        )
    );
    host_function!(
        linker,
        "proxy_dequeue_shared_queue",
        |c, token: u32, address_at: u32, size_at: u32| {
            let item = c.data().process().dequeue(token).ok_or(Status::NotFound)?;
            memory::give(c, &item.ok_or(Status::Empty)?, address_at, size_at)
        }
    );
    host_function!(
        linker,
        "proxy_enqueue_shared_queue",
        |c, token: u32, at: u32, size: u32| {
            let item = memory::read(c, at, size)?;
            match c.data().process().enqueue(token, item) {
                true => Ok(()),
                false => Err(Status::NotFound.into()),
            }
        }
    );
    Ok(())
}

fn register(call: &mut Call<'_>, name: u32, size: u32, token_at: u32) -> Outcome {
    let name = memory::read_text(call, name, size)?;
    let guest = call.data_mut();
    let token = guest
        .process()
        .register_queue(&guest.settings().vm_id, &name);
    // Whoever registered a queue last is told when it has items.
    let root = guest.acting_root();
    guest.queues.insert(token, root);
    memory::write_u32(call, token_at, token)
}

fn resolve(
    call: &mut Call<'_>,
    vm: u32,
    vm_size: u32,
    name: u32,
    size: u32,
    token_at: u32,
) -> Outcome {
    let vm = memory::read_text(call, vm, vm_size)?;
    let name = memory::read_text(call, name, size)?;
    let guest = call.data();
    let vm = if vm.is_empty() {
        &guest.settings().vm_id
    } else {
        &vm
    };
    let token = guest
        .process()
        .resolve_queue(vm, &name)
        .ok_or(Status::NotFound)?;
    memory::write_u32(call, token_at, token)
}
