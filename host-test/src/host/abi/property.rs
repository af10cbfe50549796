//! Properties: those that the test gives, the few that the host knows by itself, and the filter
//! state that the guest wrote.

use wasmtime::Linker;

use super::super::guest::Guest;
use super::super::message::{Headers, first};
use super::super::settings::{BodySequence, Profile};
use super::super::stream::Stream;
use super::status::Status;
use super::{Outcome, memory};

pub(super) fn link(linker: &mut Linker<Guest>) -> wasmtime::Result<()> {
    host_function!(
        linker,
        "proxy_get_property",
        |c, path: u32, size: u32, address_at: u32, size_at: u32| {
            let path = memory::read_text(c, path, size)?;
            let value = get(c.data_mut(), &path).ok_or(Status::NotFound)?;
            memory::give(c, &value, address_at, size_at)
        }
    );
    host_function!(
        linker,
        "proxy_set_property",
        |c, path: u32, size: u32, value: u32, value_size: u32| {
            let path = memory::read_text(c, path, size)?;
            let value = memory::read(c, value, value_size)?;
            set(c.data_mut(), &path, value)
        }
    );
    Ok(())
}

/// Splits a path at its zero bytes.
fn parts(path: &str) -> Vec<&str> {
    path.split('\0').collect()
}

/// Only a stream has filter state.
fn set(guest: &mut Guest, path: &str, value: Vec<u8>) -> Outcome {
    let key = parts(path).join(".");
    let stream = guest.acting_stream().ok_or(Status::NotFound)?;
    stream.filter_state.insert(key, value);
    Ok(())
}

fn get(guest: &mut Guest, path: &str) -> Option<Vec<u8>> {
    let parts = parts(path);
    given(guest, &parts)
        .or_else(|| of_plugin(guest, &parts))
        .or_else(|| of_stream(guest, &parts))
        .or_else(|| {
            guest
                .acting_stream()?
                .filter_state
                .get(&parts.join("."))
                .cloned()
        })
}

/// What the test gives, the request's before the settings'.
fn given(guest: &mut Guest, parts: &[&str]) -> Option<Vec<u8>> {
    let find = |properties: &[(Vec<String>, Vec<u8>)]| {
        let found = properties
            .iter()
            .find(|(path, _)| path.iter().eq(parts.iter()));
        found.map(|(_, value)| value.clone())
    };
    let settings = guest.common.settings.clone();
    let stream = guest
        .acting_stream()
        .and_then(|stream| find(&stream.properties));
    stream.or_else(|| find(&settings.properties))
}

fn of_plugin(guest: &Guest, parts: &[&str]) -> Option<Vec<u8>> {
    let settings = guest.settings();
    let value = match parts {
        ["plugin_name"] => &settings.plugin_name,
        ["plugin_root_id"] => &settings.root_id,
        ["plugin_vm_id"] => &settings.vm_id,
        _ => return None,
    };
    Some(value.clone().into_bytes())
}

fn of_stream(guest: &mut Guest, parts: &[&str]) -> Option<Vec<u8>> {
    let profile = guest.settings().profile;
    let protocol = match guest.settings().body_sequence {
        BodySequence::Http1 => "HTTP/1.1",
        BodySequence::Http2 => "HTTP/2",
    };
    let stream = guest.acting_stream()?;
    match parts {
        ["request", "protocol"] => Some(protocol.into()),
        ["request", "size"] => number(profile, stream.request.received),
        ["request", name @ ..] => of_request(stream, name),
        ["response", "size"] => number(profile, stream.response.received),
        ["response", "code"] => {
            let status = std::str::from_utf8(first(&stream.response.headers, ":status")?).ok()?;
            number(profile, status.parse().ok()?)
        }
        ["response", "headers", name] => {
            let open = stream.response.headers_open || stream.access_log;
            of_headers(open, &stream.response.headers, name)
        }
        ["response" | "upstream", name] if profile == Profile::Envoy => of_origin(stream, name),
        _ => None,
    }
}

/// What only Envoy tells.
fn of_origin(stream: &Stream, name: &str) -> Option<Vec<u8>> {
    let origin = &stream.origin;
    match name {
        "code_details" => Some(origin.details.clone()?.into_bytes()),
        "flags" => number(Profile::Envoy, origin.flags.into()),
        "request_attempt_count" => number(Profile::Envoy, origin.attempts.into()),
        _ => None,
    }
}

/// Made from the headers, so out of reach when they are.
fn of_request(stream: &Stream, name: &[&str]) -> Option<Vec<u8>> {
    let open = stream.request.headers_open || stream.access_log;
    let header = |name: &str| of_headers(open, &stream.request.headers, name);
    match name {
        ["path"] => header(":path"),
        ["method"] => header(":method"),
        ["host"] => header(":authority"),
        ["scheme"] => header(":scheme"),
        ["referer"] => header("referer"),
        ["useragent"] => header("user-agent"),
        ["id"] => header("x-request-id"),
        ["headers", name] => header(&name.to_ascii_lowercase()),
        ["url_path"] => {
            let path = header(":path")?;
            Some(path.split(|byte| *byte == b'?').next()?.to_vec())
        }
        ["query"] => {
            let path = header(":path")?;
            let mut halves = path.splitn(2, |byte| *byte == b'?');
            halves.next();
            Some(halves.next().unwrap_or_default().to_vec())
        }
        _ => None,
    }
}

fn of_headers(open: bool, headers: &Headers, name: &str) -> Option<Vec<u8>> {
    if !open {
        return None;
    }
    first(headers, name).map(<[u8]>::to_vec)
}

/// Envoy gives numbers as 64-bit little-endian, nginx as text.
fn number(profile: Profile, number: usize) -> Option<Vec<u8>> {
    let number = i64::try_from(number).ok()?;
    Some(match profile {
        Profile::Envoy => number.to_le_bytes().to_vec(),
        Profile::Nginx => number.to_string().into_bytes(),
    })
}
