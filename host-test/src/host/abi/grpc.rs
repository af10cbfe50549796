//! Calls out over gRPC: single calls, and streams of messages.

use wasmtime::Linker;

use super::super::calls::{Answer, Calls, Delivery, OpenStream};
use super::super::guest::Guest;
use super::super::process::lock;
use super::super::services::{GrpcCall, GrpcReply};
use super::call::read_pairs;
use super::status::{Refusal, Status};
use super::{Call, Outcome, memory};

pub(super) fn link(linker: &mut Linker<Guest>) -> wasmtime::Result<()> {
    host_function!(
        linker,
        "proxy_grpc_call",
        |c,
         upstream: u32,
         upstream_size: u32,
         service: u32,
         service_size: u32,
         method: u32,
         method_size: u32,
         metadata: u32,
         metadata_size: u32,
         message: u32,
         message_size: u32,
         timeout_ms: u32,
         token_at: u32| {
            memory::write_u32(c, token_at, 0)?;
            let target = [
                (upstream, upstream_size),
                (service, service_size),
                (method, method_size),
                (metadata, metadata_size),
            ];
            let mut call = read(c, target)?;
            call.message = memory::read(c, message, message_size)?;
            call.timeout_ms = timeout_ms;
            let token = start(c.data_mut(), &call)?;
            memory::write_u32(c, token_at, token)
        }
    );
    host_function!(
        linker,
        "proxy_grpc_stream",
        |c,
         upstream: u32,
         upstream_size: u32,
         service: u32,
         service_size: u32,
         method: u32,
         method_size: u32,
         metadata: u32,
         metadata_size: u32,
         token_at: u32| {
            let target = [
                (upstream, upstream_size),
                (service, service_size),
                (method, method_size),
                (metadata, metadata_size),
            ];
            let call = read(c, target)?;
            let guest = c.data_mut();
            let root = guest.acting_root();
            let token = guest.calls.grpc_token(true);
            guest.calls.streams.insert(token, OpenStream { call, root });
            memory::write_u32(c, token_at, token)
        }
    );
    host_function!(
        linker,
        "proxy_grpc_send",
        |c, token: u32, at: u32, size: u32, _end: u32| {
            let message = memory::read(c, at, size)?;
            send(c.data_mut(), token, message)
        }
    );
    host_function!(linker, "proxy_grpc_cancel", |c, token: u32| cancel(
        c.data_mut(),
        token
    ));
    host_function!(linker, "proxy_grpc_close", |c, token: u32| cancel(
        c.data_mut(),
        token
    ));
    Ok(())
}

/// Reads upstream, service, method and metadata.
fn read(call: &mut Call<'_>, target: [(u32, u32); 4]) -> Result<GrpcCall, Refusal> {
    let [upstream, service, method, metadata] = target;
    Ok(GrpcCall {
        upstream: memory::read(call, upstream.0, upstream.1)?,
        service: memory::read_text(call, service.0, service.1)?,
        method: memory::read_text(call, method.0, method.1)?,
        metadata: read_pairs(call, metadata.0, metadata.1)?,
        message: Vec::new(),
        timeout_ms: 0,
    })
}

fn start(guest: &mut Guest, call: &GrpcCall) -> Result<u32, Status> {
    let reply = lock(&guest.common.services).grpc(call);
    let answer = match reply {
        GrpcReply::Message(message) => Answer::GrpcMessage(message),
        GrpcReply::Closed(code, message) => Answer::GrpcClosed(code, message),
        // What Envoy returns for a name that is neither a cluster nor a service's description.
        GrpcReply::NoSuchUpstream => return Err(Status::ParseFailure),
        GrpcReply::NoAnswer => {
            let token = guest.calls.grpc_token(false);
            guest.calls.unanswered.insert(token);
            return Ok(token);
        }
    };
    let root = guest.acting_root();
    let token = guest.calls.grpc_token(false);
    guest.calls.waiting.push_back(Delivery {
        token,
        root,
        answer,
    });
    Ok(token)
}

/// Each message of a stream is one call to the services.
fn send(guest: &mut Guest, token: u32, message: Vec<u8>) -> Outcome {
    if !Calls::is_stream(token) {
        return Err(Status::BadArgument.into());
    }
    let open = guest.calls.streams.get(&token).ok_or(Status::NotFound)?;
    let root = open.root;
    let call = GrpcCall {
        message,
        ..open.call.clone()
    };
    let reply = lock(&guest.common.services).grpc(&call);
    let answer = match reply {
        GrpcReply::Message(message) => Answer::GrpcMessage(message),
        GrpcReply::Closed(code, message) => Answer::GrpcClosed(code, message),
        GrpcReply::NoAnswer => return Ok(()),
        GrpcReply::NoSuchUpstream => Answer::GrpcClosed(14, "no such upstream".to_owned()),
    };
    guest.calls.waiting.push_back(Delivery {
        token,
        root,
        answer,
    });
    Ok(())
}

fn cancel(guest: &mut Guest, token: u32) -> Outcome {
    match guest.calls.cancel(token) {
        true => Ok(()),
        false => Err(Status::NotFound.into()),
    }
}
