//! Drives one request and its response through the guest, in the order and with the timing of
//! Envoy's filter manager with a single filter.
//!
//! Envoy adds headers of its own before and after its filters (`x-request-id`, `server`, `date`
//! and others). This does not: what a test did not send and the filter did not set is not there.

mod half;
mod pieces;
mod reply;
mod wire;

use self::half::{Half, Way};
pub(crate) use self::reply::failed_stream;
use self::wire::{Down, Up};
use super::error::TrapReport;
use super::exchange::{Callback, Exchange, Problem};
use super::message::{Headers, Request, Response};
use super::others::Others;
use super::settings::Profile;
use super::stream::{Origin, Side, Stream};
use super::upstream::{Client, Next, Reply, Upstream};
use super::vm::Vm;

/// How many answers to calls one exchange delivers at most: a guest that calls out again from
/// each answer would go on for ever.
const MOST_ANSWERS: usize = 1_000;

/// The exchange has ended, one way or another: nothing more is to be done for it.
struct Over;

/// What a step of the drive gives.
type Step = Result<(), Over>;

struct Drive<'a> {
    vm: &'a mut Vm,
    upstream: &'a mut dyn Upstream,
    /// Who is told of the response while it leaves.
    client: Option<&'a mut dyn Client>,
    /// The stream's context.
    id: u32,
    out: Exchange,
    up: Up,
    down: Down,
    request: Half,
    response: Half,
    /// Whether the answer to this request never has a body.
    head: bool,
    /// Whether the client speaks gRPC, which changes the form of local replies.
    grpc: bool,
    /// The callback that ran last, to name when the stream hangs.
    last: &'static str,
}

/// Sends one request through a healthy virtual machine.
pub(crate) fn exchange(
    vm: &mut Vm,
    request: &Request,
    upstream: &mut dyn Upstream,
    client: Option<&mut dyn Client>,
) -> Exchange {
    let tally = std::mem::take(&mut vm.guest_mut().tally);
    // What was logged before (while starting, in timers) is in the host's log already.
    drop(tally);
    let guest = vm.guest_mut();
    let id = guest.new_context();
    let root = guest.root;
    let mut side = Side::new(request_headers(request), request.trailers.clone());
    let settings = guest.settings();
    side.spilled = settings.profile == Profile::Nginx && request.body.len() > settings.spill_limit;
    guest.stream = Some(Stream::new(id, side, request.properties.clone()));
    let mut drive = Drive {
        vm,
        upstream,
        // Not `client` itself: here its lifetime shrinks to that of the drive.
        client: match client {
            Some(client) => Some(client),
            None => None,
        },
        id,
        out: Exchange::default(),
        up: Up::default(),
        down: Down::default(),
        request: Half::default(),
        response: Half::default(),
        head: request.method == "HEAD",
        grpc: request
            .header("content-type")
            .is_some_and(|v| v.starts_with(b"application/grpc")),
        last: "proxy_on_context_create",
    };
    // Whichever way it ended, the record tells.
    let _ended = drive.run(root, request);
    drive.finish()
}

/// Passes a request by a filter that is gone and whose policy is to let it.
pub(crate) fn unfiltered(request: &Request, upstream: &mut dyn Upstream) -> Exchange {
    let mut out = Exchange {
        unfiltered: true,
        ..Exchange::default()
    };
    match upstream.respond(request) {
        Reply::Response(response) => {
            out.response = Some(response);
            out.response_complete = true;
        }
        Reply::Open(mut response) => {
            out.response_complete = loop {
                match upstream.next() {
                    Next::Piece(piece) => response.chunks.push(piece),
                    Next::End => break true,
                    Next::Reset => break false,
                }
            };
            out.response = Some(response);
        }
        Reply::Reset(response) => out.response = response,
        Reply::Unreachable => {
            out.response = Some(Response::new(503));
            out.response_complete = true;
            return out;
        }
    }
    out.upstream = Some(request.clone());
    out.upstream_complete = true;
    out
}

/// The pseudo headers, then the others.
fn request_headers(request: &Request) -> Headers {
    let pseudo = [
        (":authority", &request.authority),
        (":path", &request.path),
        (":method", &request.method),
        (":scheme", &request.scheme),
    ];
    let pseudo = pseudo
        .into_iter()
        .map(|(name, v)| (name.to_owned(), v.clone().into_bytes()));
    let others = request
        .headers
        .iter()
        .map(|(name, v)| (name.to_ascii_lowercase(), v.clone()));
    pseudo.chain(others).collect()
}

fn response_headers(response: &Response) -> Headers {
    let status = (
        ":status".to_owned(),
        response.status.to_string().into_bytes(),
    );
    let others = response
        .headers
        .iter()
        .map(|(name, v)| (name.to_ascii_lowercase(), v.clone()));
    std::iter::once(status).chain(others).collect()
}

impl Drive<'_> {
    fn run(&mut self, root: u32, request: &Request) -> Step {
        if let Err(trap) = self
            .vm
            .call("proxy_on_context_create", self.id, &[self.id, root])
        {
            return self.trap(trap);
        }
        let has_body = request.has_body || !request.body.is_empty();
        let has_trailers = !request.trailers.is_empty();
        self.headers(Way::Request, !has_body && !has_trailers)?;
        if has_body {
            let settings = self.vm.guest().settings();
            for (piece, end) in pieces::of_request(&request.body, has_trailers, settings) {
                self.data(Way::Request, piece, end)?;
            }
        }
        if has_trailers {
            self.trailers(Way::Request)?;
        }
        if !self.up.complete {
            return self.hang();
        }
        let Some(request) = self.up.request.clone() else {
            return self.hang();
        };
        if let Some(stream) = &mut self.vm.guest_mut().stream {
            stream.origin.attempts = 1;
        }
        self.meanwhile()?;
        match self.upstream.respond(&request) {
            Reply::Response(response) => {
                self.respond(&response, true)?;
                if self.down.complete {
                    Ok(())
                } else {
                    self.hang()
                }
            }
            Reply::Open(response) => {
                self.respond(&response, false)?;
                self.rest()?;
                if self.down.complete {
                    Ok(())
                } else {
                    self.hang()
                }
            }
            Reply::Reset(Some(response)) => {
                self.respond(&response, false)?;
                self.reset()
            }
            Reply::Reset(None) => {
                self.upstream_failed("connection termination", Origin::CONNECTION_TERMINATION)
            }
            Reply::Unreachable => {
                self.up = Up::default();
                self.upstream_failed("remote connection failure", Origin::CONNECTION_FAILURE)
            }
        }
    }

    /// Sends a response of the upstream through the filter. Unless it is whole, its end is not.
    fn respond(&mut self, response: &Response, whole: bool) -> Step {
        let has_body = !response.chunks.is_empty() && !self.head;
        let has_trailers = !response.trailers.is_empty();
        self.set_response(Side::new(
            response_headers(response),
            response.trailers.clone(),
        ));
        self.set_origin("via_upstream", 0);
        self.headers(Way::Response, whole && !has_body && !has_trailers)?;
        if has_body {
            let settings = self.vm.guest().settings();
            let ends = whole && !has_trailers;
            for (piece, end) in pieces::of_response(&response.chunks, ends, settings) {
                self.data(Way::Response, piece, end)?;
            }
        }
        if has_trailers && whole {
            self.trailers(Way::Response)?;
        }
        Ok(())
    }

    /// Sends the rest of an open response through the filter, as it comes.
    fn rest(&mut self) -> Step {
        loop {
            self.meanwhile()?;
            match self.upstream.next() {
                Next::Piece(piece) => {
                    let settings = self.vm.guest().settings();
                    for (piece, end) in pieces::of_response(&[piece], false, settings) {
                        self.data(Way::Response, piece, end)?;
                    }
                }
                Next::End => return self.data(Way::Response, Vec::new(), true),
                Next::Reset => return self.reset(),
            }
        }
    }

    /// Lets other streams run while this one waits.
    fn meanwhile(&mut self) -> Step {
        let mut others = Others::new(self.vm);
        self.upstream.meanwhile(&mut others);
        match others.trap() {
            Some(trap) => self.trap(trap),
            // One of them may have had this one resumed, or answered.
            None => self.settle(),
        }
    }

    /// Tells the client what left for it and was not told yet.
    fn tell(&mut self) {
        if let Some(client) = &mut self.client {
            self.down.tell(*client);
        }
    }

    fn set_origin(&mut self, details: &str, flags: u8) {
        if let Some(stream) = &mut self.vm.guest_mut().stream {
            stream.origin.details = Some(details.to_owned());
            stream.origin.flags = flags;
        }
    }

    fn set_response(&mut self, side: Side) {
        if let Some(stream) = &mut self.vm.guest_mut().stream {
            stream.response = side;
        }
    }

    /// Calls the guest about the stream, then does what it asked for meanwhile. An export that
    /// the module lacks continues.
    fn callback(
        &mut self,
        name: &'static str,
        arguments: &[u32],
        size: u32,
        end: bool,
    ) -> Result<u32, Over> {
        if !self.vm.has(name) {
            return Ok(0);
        }
        self.last = name;
        match self.vm.call(name, self.id, arguments) {
            Ok(answer) => {
                self.out.callbacks.push(Callback {
                    name,
                    size,
                    end,
                    answer,
                });
                self.act()?;
                Ok(answer.unwrap_or(0))
            }
            Err(trap) => {
                self.out.callbacks.push(Callback {
                    name,
                    size,
                    end,
                    answer: None,
                });
                self.trap(trap)?;
                Err(Over)
            }
        }
    }

    /// Does what the guest asked for in the callback that just returned.
    fn act(&mut self) -> Step {
        let Some(stream) = &mut self.vm.guest_mut().stream else {
            return Err(Over);
        };
        let asked = std::mem::take(&mut stream.asked);
        self.request.resumed |= asked.resume_request;
        self.response.resumed |= asked.resume_response;
        if asked.close {
            return self.reset();
        }
        match asked.local_response {
            Some(response) => self.guest_reply(response),
            None => Ok(()),
        }
    }

    /// Delivers the answers to the guest's calls and resumes what it resumed.
    fn settle(&mut self) -> Step {
        let mut left = MOST_ANSWERS;
        while left > 0 {
            left = left.saturating_sub(1);
            let delivered = match self.vm.deliver() {
                Ok(delivered) => delivered,
                Err(trap) => return self.trap(trap),
            };
            self.act()?;
            let resumed = self.resume(Way::Request)? | self.resume(Way::Response)?;
            if !delivered && !resumed {
                return Ok(());
            }
        }
        self.hang()
    }

    /// The stream waits for something that nobody will do.
    fn hang(&mut self) -> Step {
        self.out.problems.push(Problem::Hang(self.last));
        Err(Over)
    }

    /// Both connections are cut, with what was not sent by now.
    fn reset(&mut self) -> Step {
        Err(Over)
    }

    /// The virtual machine is gone, and with it the streams in flight, whatever the failure
    /// policy: 503 if nothing was sent yet, otherwise a reset.
    fn trap(&mut self, trap: TrapReport) -> Step {
        self.out.trapped.get_or_insert(trap);
        if self.down.response.is_some() {
            return self.reset();
        }
        self.out.local_reply = Some(failed_stream());
        self.down.fail(503);
        Err(Over)
    }

    /// Logs and deletes the stream, and adds up the record.
    fn finish(mut self) -> Exchange {
        let id = self.id;
        if let Some(stream) = &mut self.vm.guest_mut().stream {
            stream.access_log = true;
        }
        self.last_call("proxy_on_log", id);
        if let Some(stream) = &mut self.vm.guest_mut().stream {
            stream.access_log = false;
        }
        // Envoy deletes a stream's context at once, whatever the guest answers to "done".
        self.last_call("proxy_on_done", id);
        self.last_call("proxy_on_delete", id);
        self.tell();
        let stream = self.vm.guest_mut().stream.take();
        let mut left = MOST_ANSWERS;
        while left > 0 {
            left = left.saturating_sub(1);
            match self.vm.deliver() {
                Ok(true) => {}
                Ok(false) => break,
                Err(trap) => {
                    self.out.trapped.get_or_insert(trap);
                }
            }
        }
        let mut out = self.out;
        if let Some(stream) = stream {
            out.filter_state = stream.filter_state;
            out.route_cache_cleared = stream.route_cache_cleared;
        }
        self.up.record(&mut out);
        self.down.record(&mut out, self.head);
        let tally = std::mem::take(&mut self.vm.guest_mut().tally);
        out.problems.extend(tally.problems);
        out.logs = tally.logs;
        out.host_calls = tally.host_calls;
        out.bytes_copied = tally.bytes_copied;
        out.fuel = tally.fuel;
        out
    }

    fn last_call(&mut self, name: &'static str, id: u32) {
        match self.vm.call(name, id, &[id]) {
            Ok(None) => {}
            Ok(Some(_)) => {
                self.out.callbacks.push(Callback {
                    name,
                    size: 0,
                    end: false,
                    answer: None,
                });
            }
            Err(trap) => {
                self.out.trapped.get_or_insert(trap);
            }
        }
    }
}
