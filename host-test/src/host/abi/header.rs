//! Header and trailer maps.

use wasmtime::Linker;

use super::super::guest::Guest;
use super::super::message::Headers;
use super::status::{Refusal, Status};
use super::{Call, Outcome, memory, pairs};

pub(super) fn link(linker: &mut Linker<Guest>) -> wasmtime::Result<()> {
    host_function!(
        linker,
        "proxy_get_header_map_pairs",
        |c, kind: u32, address_at: u32, size_at: u32| get_pairs(c, kind, address_at, size_at)
    );
    host_function!(
        linker,
        "proxy_set_header_map_pairs",
        |c, kind: u32, at: u32, size: u32| set_pairs(c, kind, at, size)
    );
    host_function!(
        linker,
        "proxy_get_header_map_size",
        |c, kind: u32, size_at: u32| get_size(c, kind, size_at)
    );
    host_function!(
        linker,
        "proxy_get_header_map_value",
        |c, kind: u32, name: u32, name_size: u32, address_at: u32, size_at: u32| {
            let name = read_name(c, name, name_size)?;
            let value = get_value(c.data_mut(), kind, &name)?;
            memory::give(c, &value, address_at, size_at)
        }
    );
    host_function!(
        linker,
        "proxy_add_header_map_value",
        |c, kind: u32, name: u32, name_size: u32, value: u32, value_size: u32| {
            let name = read_name(c, name, name_size)?;
            let value = memory::read(c, value, value_size)?;
            writable(c.data_mut(), kind)?.push((name, value));
            Ok(())
        }
    );
    host_function!(
        linker,
        "proxy_replace_header_map_value",
        |c, kind: u32, name: u32, name_size: u32, value: u32, value_size: u32| {
            let name = read_name(c, name, name_size)?;
            let value = memory::read(c, value, value_size)?;
            replace(writable(c.data_mut(), kind)?, name, value);
            Ok(())
        }
    );
    host_function!(
        linker,
        "proxy_remove_header_map_value",
        |c, kind: u32, name: u32, name_size: u32| {
            let name = read_name(c, name, name_size)?;
            writable(c.data_mut(), kind)?.retain(|(known, _)| *known != name);
            Ok(())
        }
    );
    Ok(())
}

fn read_name(call: &mut Call<'_>, at: u32, size: u32) -> Result<String, Refusal> {
    Ok(memory::read_text(call, at, size)?.to_ascii_lowercase())
}

/// The map that can be changed now: Envoy forgets the headers once the guest let them go on.
fn writable(guest: &mut Guest, kind: u32) -> Result<&mut Headers, Status> {
    let stream = guest.acting_stream().ok_or(Status::BadArgument)?;
    let (request, response) = (&mut stream.request, &mut stream.response);
    match kind {
        0 if request.headers_open => Ok(&mut request.headers),
        1 if request.trailers_open => Ok(&mut request.trailers),
        2 if response.headers_open => Ok(&mut response.headers),
        3 if response.trailers_open => Ok(&mut response.trailers),
        _ => Err(Status::BadArgument),
    }
}

/// The map that can be read now: besides those that can be changed, all of them while the stream
/// is logged, and those of an answer to a call.
fn readable(guest: &mut Guest, kind: u32) -> Option<&Headers> {
    match kind {
        0..=3 => {}
        6 => return guest.calls.http.as_ref().map(|http| &http.headers),
        7 => return guest.calls.http.as_ref().map(|http| &http.trailers),
        _ => return None,
    }
    let stream = guest.acting_stream()?;
    let (request, response) = (&stream.request, &stream.response);
    let log = stream.access_log;
    match kind {
        0 if log || request.headers_open => Some(&request.headers),
        1 if request.trailers_open => Some(&request.trailers),
        2 if (log && !response.headers.is_empty()) || response.headers_open => {
            Some(&response.headers)
        }
        3 if (log && !response.trailers.is_empty()) || response.trailers_open => {
            Some(&response.trailers)
        }
        _ => None,
    }
}

fn get_value(guest: &mut Guest, kind: u32, name: &str) -> Result<Vec<u8>, Status> {
    let absent = match guest.acting_stream() {
        Some(stream) if stream.access_log => Status::NotFound,
        _ => Status::BadArgument,
    };
    let headers = readable(guest, kind).ok_or(absent)?;
    let mut values = headers
        .iter()
        .filter(|(known, _)| known == name)
        .map(|(_, value)| value.as_slice());
    if name == "content-type" {
        // Envoy has room for one, and joins those that come twice.
        let joined: Vec<_> = values.collect();
        return match joined.as_slice() {
            [] => Err(Status::NotFound),
            all => Ok(all.join(&b',')),
        };
    }
    values.next().map(<[u8]>::to_vec).ok_or(Status::NotFound)
}

/// All pairs. A map that is out of reach reads as empty, as in Envoy, and unlike single values.
fn get_pairs(call: &mut Call<'_>, kind: u32, address_at: u32, size_at: u32) -> Outcome {
    if kind > 7 {
        return Err(Status::BadArgument.into());
    }
    let bytes = match readable(call.data_mut(), kind) {
        Some(headers) if !headers.is_empty() => pairs::write(headers),
        _ => Vec::new(),
    };
    memory::give(call, &bytes, address_at, size_at)
}

fn set_pairs(call: &mut Call<'_>, kind: u32, at: u32, size: u32) -> Outcome {
    let bytes = memory::read(call, at, size)?;
    let headers = pairs::read(&bytes).ok_or(Status::BadArgument)?;
    *writable(call.data_mut(), kind)? = headers;
    Ok(())
}

fn get_size(call: &mut Call<'_>, kind: u32, size_at: u32) -> Outcome {
    let headers = readable(call.data_mut(), kind).ok_or(Status::BadArgument)?;
    let size: usize = headers
        .iter()
        .map(|(n, v)| n.len().saturating_add(v.len()))
        .sum();
    let size = u32::try_from(size).map_err(|_| Status::InternalFailure)?;
    memory::write_u32(call, size_at, size)
}

/// Sets the first value of a name, in its place, and removes the others.
fn replace(headers: &mut Headers, name: String, value: Vec<u8>) {
    let mut value = Some(value);
    headers.retain_mut(|(known, old)| {
        if *known != name {
            return true;
        }
        match value.take() {
            Some(value) => {
                *old = value;
                true
            }
            None => false,
        }
    });
    if let Some(value) = value {
        headers.push((name, value));
    }
}
