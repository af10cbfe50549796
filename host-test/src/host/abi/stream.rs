//! Stream control: resume, reset, reply, and whose behalf a call is on.

use wasmtime::Linker;

use super::super::guest::Guest;
use super::super::stream::LocalResponse;
use super::status::Status;
use super::{Outcome, memory, pairs};

pub(super) fn link(linker: &mut Linker<Guest>) -> wasmtime::Result<()> {
    host_function!(linker, "proxy_continue_stream", |c, kind: u32| resume(
        c.data_mut(),
        kind
    ));
    host_function!(linker, "proxy_close_stream", |c, kind: u32| close(
        c.data_mut(),
        kind
    ));
    host_function!(
        linker,
        "proxy_send_local_response",
        |c,
         status: u32,
         details: u32,
         details_size: u32,
         body: u32,
         body_size: u32,
         headers: u32,
         headers_size: u32,
         grpc_status: i32| {
            let response = LocalResponse {
                status,
                details: memory::read_text(c, details, details_size)?,
                body: memory::read(c, body, body_size)?,
                headers: pairs::read(&memory::read(c, headers, headers_size)?)
                    .ok_or(Status::BadArgument)?,
                grpc_status,
            };
            let stream = c.data_mut().acting_stream().ok_or(Status::BadArgument)?;
            // The first one counts: Envoy has answered by the time it comes to the second.
            stream.asked.local_response.get_or_insert(response);
            Ok(())
        }
    );
    host_function!(linker, "proxy_set_effective_context", |c, id: u32| {
        let guest = c.data_mut();
        if !guest.exists(id) {
            return Err(Status::BadArgument.into());
        }
        guest.effective = id;
        Ok(())
    });
    host_function!(
        linker,
        "proxy_get_status",
        |c, code_at: u32, address_at: u32, size_at: u32| {
            let (code, message) = c.data().status.clone();
            memory::write_u32(c, code_at, code)?;
            memory::give(c, message.as_bytes(), address_at, size_at)
        }
    );
    // A context is deleted at once, whatever it answered to `proxy_on_done`, as in Envoy; so
    // nothing ever waits for this.
    host_function!(linker, "proxy_done", |_| Err(Status::NotFound.into()));
    Ok(())
}

/// Resumes the request (0) or the response (1) once the callback has returned. At once, the
/// guest loses sight of the request, as in Envoy, whichever it resumed.
pub(super) fn resume(guest: &mut Guest, kind: u32) -> Outcome {
    if kind > 1 {
        return Err(Status::BadArgument.into());
    }
    let Some(stream) = guest.acting_stream() else {
        return Ok(());
    };
    match kind {
        0 => stream.asked.resume_request = true,
        _ => stream.asked.resume_response = true,
    }
    stream.request.headers_open = false;
    stream.request.trailers_open = false;
    stream.request.piece_open = false;
    Ok(())
}

fn close(guest: &mut Guest, kind: u32) -> Outcome {
    match (kind, guest.acting_stream()) {
        (0 | 1, Some(stream)) => {
            stream.asked.close = true;
            Ok(())
        }
        (0..=3, _) => Ok(()),
        _ => Err(Status::BadArgument.into()),
    }
}
