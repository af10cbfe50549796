//! Bodies and configurations.

use wasmtime::Linker;

use super::super::guest::Guest;
use super::super::settings::Profile;
use super::status::Status;
use super::{Call, Outcome, memory};

pub(super) fn link(linker: &mut Linker<Guest>) -> wasmtime::Result<()> {
    host_function!(
        linker,
        "proxy_get_buffer_bytes",
        |c, kind: u32, start: u32, size: u32, address_at: u32, size_at: u32| get(
            c, kind, start, size, address_at, size_at
        )
    );
    host_function!(
        linker,
        "proxy_get_buffer_status",
        |c, kind: u32, size_at: u32, flags_at: u32| {
            let bytes = view(c.data_mut(), kind)?;
            let size = u32::try_from(bytes.len()).map_err(|_| Status::InternalFailure)?;
            memory::write_u32(c, size_at, size)?;
            memory::write_u32(c, flags_at, 0)
        }
    );
    host_function!(
        linker,
        "proxy_set_buffer_bytes",
        |c, kind: u32, start: u32, size: u32, at: u32, length: u32| set(
            c, kind, start, size, at, length
        )
    );
    Ok(())
}

/// The bytes of a buffer by its number in the ABI.
fn view(guest: &mut Guest, kind: u32) -> Result<&[u8], Status> {
    match kind {
        0 | 1 => body(guest, kind).map(|body| body.as_slice()),
        // TCP data: there is none in an HTTP filter.
        2 | 3 => Err(Status::NotFound),
        4 => guest
            .calls
            .http
            .as_ref()
            .map(|http| &*http.body)
            .ok_or(Status::NotFound),
        5 => guest.calls.grpc.as_deref().ok_or(Status::NotFound),
        6 => Ok(&guest.common.settings.vm_config),
        7 => guest.plugin_config.as_deref().ok_or(Status::NotFound),
        // Data of a foreign function's call: none of ours calls back.
        8 => Ok(&[]),
        _ => Err(Status::BadArgument),
    }
}

fn body(guest: &mut Guest, kind: u32) -> Result<&mut Vec<u8>, Status> {
    let stream = guest.acting_stream().ok_or(Status::NotFound)?;
    let side = if kind == 0 {
        &mut stream.request
    } else {
        &mut stream.response
    };
    side.body().ok_or(Status::NotFound)
}

fn get(
    call: &mut Call<'_>,
    kind: u32,
    start: u32,
    size: u32,
    address_at: u32,
    size_at: u32,
) -> Outcome {
    let envoy = call.data().settings().profile == Profile::Envoy;
    let bytes = match view(call.data_mut(), kind) {
        // Envoy has empty bodies where there are none.
        Err(Status::NotFound) if envoy && matches!(kind, 0 | 1 | 5) => &[],
        other => other?,
    };
    let from = usize::try_from(start).map_err(|_| Status::BadArgument)?;
    let end = start.checked_add(size).ok_or(Status::BadArgument)?;
    let to = usize::try_from(end)
        .map_err(|_| Status::BadArgument)?
        .min(bytes.len());
    // An empty range is answered without touching the addresses, as Envoy does.
    let bytes = match bytes.get(from..to) {
        Some(range) if !range.is_empty() => range.to_vec(),
        _ => return Ok(()),
    };
    memory::give(call, &bytes, address_at, size_at)
}

/// From the start: replaces `size` bytes, so 0 prepends and the whole size replaces. From the
/// end or beyond: appends. In between: refused, as Envoy does.
fn set(call: &mut Call<'_>, kind: u32, start: u32, size: u32, at: u32, length: u32) -> Outcome {
    // Everything but the bodies is for reading only.
    if kind > 1 {
        return Err(Status::BadArgument.into());
    }
    body(call.data_mut(), kind)?;
    let new = memory::read(call, at, length)?;
    let body = body(call.data_mut(), kind)?;
    let start = usize::try_from(start).map_err(|_| Status::BadArgument)?;
    let size = usize::try_from(size).map_err(|_| Status::BadArgument)?;
    if start == 0 {
        body.splice(..size.min(body.len()), new);
    } else if start >= body.len() {
        body.extend_from_slice(&new);
    } else {
        return Err(Status::BadArgument.into());
    }
    Ok(())
}
