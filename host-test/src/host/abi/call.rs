//! Calls out over HTTP.

use wasmtime::Linker;

use super::super::calls::{Answer, Delivery, HttpAnswer};
use super::super::guest::Guest;
use super::super::message::{Response, first};
use super::super::process::lock;
use super::super::services::{HttpCall, HttpReply};
use super::status::{Refusal, Status};
use super::{Call, memory, pairs};

pub(super) fn link(linker: &mut Linker<Guest>) -> wasmtime::Result<()> {
    host_function!(
        linker,
        "proxy_http_call",
        |c,
         upstream: u32,
         upstream_size: u32,
         headers: u32,
         headers_size: u32,
         body: u32,
         body_size: u32,
         trailers: u32,
         trailers_size: u32,
         timeout_ms: u32,
         token_at: u32| {
            // The place for the token is checked before anything is sent.
            memory::write_u32(c, token_at, 0)?;
            let call = HttpCall {
                upstream: memory::read_text(c, upstream, upstream_size)?,
                headers: read_pairs(c, headers, headers_size)?,
                body: memory::read(c, body, body_size)?,
                trailers: read_pairs(c, trailers, trailers_size)?,
                timeout_ms,
            };
            let token = send(c.data_mut(), &call)?;
            memory::write_u32(c, token_at, token)
        }
    );
    Ok(())
}

pub(super) fn read_pairs(
    call: &mut Call<'_>,
    at: u32,
    size: u32,
) -> Result<super::super::message::Headers, Refusal> {
    Ok(pairs::read(&memory::read(call, at, size)?).ok_or(Status::BadArgument)?)
}

fn send(guest: &mut Guest, call: &HttpCall) -> Result<u32, Status> {
    let required = [":method", ":path", ":authority"];
    if required
        .iter()
        .any(|name| first(&call.headers, name).is_none())
    {
        return Err(Status::BadArgument);
    }
    let reply = lock(&guest.common.services).http(call);
    let answer = match reply {
        HttpReply::Response(response) => Some(http_answer(response)),
        HttpReply::Failed => None,
        HttpReply::NoSuchUpstream => return Err(Status::BadArgument),
    };
    let root = guest.acting_root();
    let token = guest.calls.http_token();
    guest.calls.waiting.push_back(Delivery {
        token,
        root,
        answer: Answer::Http(answer),
    });
    Ok(token)
}

fn http_answer(response: Response) -> HttpAnswer {
    let body = response.body();
    let mut headers = vec![(
        ":status".to_owned(),
        response.status.to_string().into_bytes(),
    )];
    headers.extend(response.headers);
    HttpAnswer {
        headers,
        body,
        trailers: response.trailers,
    }
}
