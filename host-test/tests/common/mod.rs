//! What the tests of the host share: guests by name, upstreams, and a readable trace.

#![allow(
    dead_code,
    clippy::panic,
    clippy::unwrap_used,
    reason = "test; not every test uses all of it"
)]

pub(crate) mod folder;
pub(crate) mod running;

use host_test::{Exchange, Host, Module, Reply, Request, Response, Settings};

/// A guest of `tests/guests` by its name.
pub(crate) fn module(guest: &str) -> Module {
    let path = format!("{}/tests/guests/{guest}.wat", env!("CARGO_MANIFEST_DIR"));
    Module::from_file(path).unwrap()
}

/// A host with this guest.
pub(crate) fn start(guest: &str, settings: &Settings) -> Host {
    Host::start(&module(guest), settings).unwrap()
}

/// The settings of most tests.
pub(crate) fn settings() -> Settings {
    Settings::default()
}

/// An upstream that answers "ok".
pub(crate) fn ok(_: &Request) -> Reply {
    Response::new(200).with_body("ok").into()
}

/// An upstream that answers with the body that it got.
pub(crate) fn echo(request: &Request) -> Reply {
    Response::new(200).with_body(request.body.clone()).into()
}

/// The callbacks about the request, or the response, as text.
pub(crate) fn callbacks(out: &Exchange, half: &str) -> Vec<String> {
    let of_half = out
        .callbacks
        .iter()
        .filter(|callback| callback.name.contains(half));
    of_half.map(ToString::to_string).collect()
}
