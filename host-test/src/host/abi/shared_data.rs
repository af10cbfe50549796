//! Data shared by all virtual machines of one id.

use wasmtime::Linker;

use super::super::guest::Guest;
use super::status::Status;
use super::{Call, Outcome, memory};

pub(super) fn link(linker: &mut Linker<Guest>) -> wasmtime::Result<()> {
    host_function!(
        linker,
        "proxy_get_shared_data",
        |c, key: u32, key_size: u32, address_at: u32, size_at: u32, cas_at: u32| get(
            c, key, key_size, address_at, size_at, cas_at
        )
    );
    host_function!(
        linker,
        "proxy_set_shared_data",
        |c, key: u32, key_size: u32, value: u32, value_size: u32, cas: u32| set(
            c, key, key_size, value, value_size, cas
        )
    );
    Ok(())
}

fn get(
    call: &mut Call<'_>,
    key: u32,
    key_size: u32,
    address_at: u32,
    size_at: u32,
    cas_at: u32,
) -> Outcome {
    let key = memory::read(call, key, key_size)?;
    let guest = call.data();
    guest.process().await_turn(guest.worker);
    let shared = guest
        .process()
        .get_shared(&guest.settings().vm_id, &key)
        .ok_or(Status::NotFound)?;
    memory::give(call, &shared.value, address_at, size_at)?;
    memory::write_u32(call, cas_at, shared.cas)
}

fn set(
    call: &mut Call<'_>,
    key: u32,
    key_size: u32,
    value: u32,
    value_size: u32,
    cas: u32,
) -> Outcome {
    let key = memory::read(call, key, key_size)?;
    // A null pointer is "no value", which nginx takes for a deletion.
    let null = value == 0 && value_size == 0;
    let value = memory::read(call, value, value_size)?;
    let guest = call.data();
    let settings = guest.settings();
    let value = (!null).then_some(&*value);
    guest.process().await_turn(guest.worker);
    guest
        .process()
        .set_shared(settings.profile, &settings.vm_id, &key, value, cas)
        .map_err(|_| Status::CasMismatch.into())
}
