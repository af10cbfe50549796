//! The callbacks of one HTTP stream: what the engine answers becomes continue, hold or reply.

use std::rc::Rc;

use toolgate_engine::exchange::{
    Exchange, Interest, RequestStep, ResponseHead, ResponseStep, TOOL_HEADER,
};
use toolgate_engine::mcp::{Rejection, Reply};

use crate::abi::{self, Body, Map, Refusal};
use crate::audit;
use crate::callbacks::{Action, HttpContext};
use crate::calls::{self, Ids};
use crate::metrics;
use crate::root::Configured;
use crate::saturation::Saturation;
use crate::shared::Shared;
use crate::{grpc, notice, webhook};

const ACCEPT_ENCODING: &str = "accept-encoding";

/// Where a request stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Request {
    /// Its body is still to come.
    Open,
    /// Decided as far as it can be, and paused until the call with this token is answered.
    Waiting(u32),
    /// On its way upstream.
    Forwarded,
    /// Answered here: nothing more may happen, and the reply's own callbacks are not the
    /// upstream's.
    Answered,
}

/// Where a response stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Response {
    /// Passes as it is.
    Pass,
    /// Is held until it is whole.
    Buffer,
    /// Is rewritten chunk by chunk.
    Stream,
    /// Passes as it is, and is looked at.
    Watch,
    /// Has been replaced; what still comes is thrown away.
    Replaced,
    /// Cannot be replaced: nothing more of it leaves.
    Stuck,
}

/// One stream.
pub(crate) struct Filter {
    exchange: Option<Exchange>,
    saturation: Rc<Saturation>,
    shared: Shared,
    /// The request's headers, kept because hosts hand them out only while they are held.
    head: Vec<u8>,
    /// The request's body, kept while a service is asked.
    body: Vec<u8>,
    ids: Ids,
    /// Whether headers wait for the decision.
    hold: bool,
    /// Whether the client takes compressed answers.
    takes_encoded: bool,
    request: Request,
    response: Response,
}

impl Filter {
    pub(crate) fn new(configured: Option<&Configured>, ids: Ids) -> Self {
        let gate = configured.map(|c| Rc::clone(&c.gate));
        Self {
            hold: gate.as_ref().is_none_or(|gate| gate.hold_headers),
            exchange: gate.map(Exchange::new),
            saturation: configured
                .map(|c| Rc::clone(&c.saturation))
                .unwrap_or_default(),
            shared: Shared::default(),
            head: Vec::new(),
            body: Vec::new(),
            ids,
            takes_encoded: true,
            request: Request::Open,
            response: Response::Pass,
        }
    }

    fn answer(&mut self, reply: &Reply) -> Action {
        self.request = Request::Answered;
        let mut headers: Vec<(&str, &str)> = Vec::with_capacity(reply.headers.len());
        headers.extend(
            reply
                .headers
                .iter()
                .map(|(name, value)| (*name, value.as_str())),
        );
        // A host that cannot reply keeps the stream paused: nothing goes upstream.
        let _ = abi::reply(reply.status, &headers, reply.body.as_bytes(), "toolgate");
        Action::Pause
    }

    /// Does what the engine says of the request. Its record is written once it is known to go on.
    fn act(&mut self, mut step: RequestStep, in_headers: bool) -> Action {
        while let RequestStep::Ask(call) = step {
            if let Ok(token) = grpc::call(&call) {
                calls::expect(token, self.ids);
                self.request = Request::Waiting(token);
                return Action::Pause;
            }
            step = self.answered(Err(None));
        }
        if let Err(what) = self.prepare(&step, in_headers) {
            step = self.not_forwarded(what);
        }
        if let Some(text) = self.exchange.as_mut().and_then(Exchange::take_notice) {
            notice::tell(&text);
        }
        if let Some(exchange) = self.exchange.as_mut() {
            audit::decided(exchange, &self.saturation);
        }
        match step {
            RequestStep::Forward { .. } => {
                self.request = Request::Forwarded;
                self.head = Vec::new();
                self.body = Vec::new();
                Action::Continue
            }
            // Asked above.
            RequestStep::Ask(_) => Action::Pause,
            RequestStep::AwaitBody if self.hold => Action::Pause,
            RequestStep::AwaitBody => Action::Continue,
            RequestStep::Reply(reply) => {
                let announcement = self.exchange.as_mut().and_then(Exchange::take_announcement);
                if let Some(announcement) = announcement {
                    webhook::send(&announcement, self.ids.root);
                }
                self.answer(&reply)
            }
        }
    }

    /// Makes the request what the upstream may see, at the last moment at which that can be done.
    ///
    /// # Errors
    /// What the host did not do; the request must not go on.
    fn prepare(&mut self, step: &RequestStep, in_headers: bool) -> Result<(), &'static str> {
        let Some(exchange) = self.exchange.as_mut() else {
            return Ok(());
        };
        let (last, uncompressed) = match step {
            RequestStep::Forward {
                strip_accept_encoding,
            } => (self.hold || in_headers, *strip_accept_encoding),
            // Headers that are not held go before it is known what is asked.
            RequestStep::AwaitBody => (!self.hold, exchange.gate().partial),
            RequestStep::Ask(_) | RequestStep::Reply(_) => return Ok(()),
        };
        if last {
            for name in exchange.strips() {
                abi::remove_header(Map::Request, name)
                    .map_err(|_| "remove a credential from the request")?;
            }
            if uncompressed && self.takes_encoded {
                abi::remove_header(Map::Request, ACCEPT_ENCODING)
                    .map_err(|_| "remove accept-encoding from the request")?;
            }
        }
        if matches!(step, RequestStep::AwaitBody) {
            return Ok(());
        }
        // Of the length that the host has announced already, or will.
        if let Some(body) = exchange.take_rewritten() {
            abi::set_body(Body::Request, body.len(), &body)
                .map_err(|_| "take the request's body without the answer to its question")?;
        }
        self.export()?;
        if let Request::Waiting(_) = self.request {
            // Last, for what goes on can no longer be changed.
            abi::continue_request().map_err(|_| "let the request go on")?;
        }
        Ok(())
    }

    /// Says so instead of forwarding.
    fn not_forwarded(&mut self, what: &str) -> RequestStep {
        let Some(exchange) = self.exchange.as_mut() else {
            return RequestStep::AwaitBody;
        };
        let body = match std::mem::take(&mut self.body) {
            body if body.is_empty() => {
                abi::body(Body::Request, exchange.gate().max_body_bytes).unwrap_or_default()
            }
            body => body,
        };
        let headers = abi::headers(&self.head).unwrap_or_default();
        exchange.not_forwarded(what, &headers, &body, &mut self.shared)
    }

    /// What the engine makes of a service's answer.
    fn answered(&mut self, answer: Result<&[u8], Option<u32>>) -> RequestStep {
        match (self.exchange.as_mut(), abi::headers(&self.head)) {
            (Some(exchange), Some(headers)) => {
                exchange.on_service_answer(&headers, &self.body, answer, &mut self.shared)
            }
            // Both were there when the service was asked.
            _ => RequestStep::AwaitBody,
        }
    }

    /// Names the tool for the proxy's other filters, where that is asked for.
    fn export(&self) -> Result<(), &'static str> {
        let Some(tool) = self.exchange.as_ref().and_then(Exchange::exported_tool) else {
            return Ok(());
        };
        let sent = abi::headers(&self.head)
            .is_none_or(|headers| headers.all(TOOL_HEADER).next().is_some());
        // All that the client sent go, however many they are.
        if sent {
            abi::remove_header(Map::Request, TOOL_HEADER)
                .map_err(|_| "remove x-mcp-tool from the request")?;
        }
        let Some(tool) = tool else {
            return Ok(());
        };
        abi::set_header(Map::Request, TOOL_HEADER, tool)
            .map_err(|_| "set x-mcp-tool of the request")?;
        match abi::clear_route_cache() {
            // A route may depend on it. A host that cannot choose anew has no such routes.
            Ok(()) | Err(Refusal::NotFound | Refusal::Unimplemented) => Ok(()),
            Err(_) => Err("choose the request's route by x-mcp-tool"),
        }
    }

    /// The body is whole: `size` bytes of it, or as many as there are.
    fn decide(&mut self, size: Option<usize>) -> Action {
        let counts = |exchange: &Exchange| exchange.gate().metrics.enabled;
        let timed = self.exchange.as_ref().is_some_and(counts);
        let began = timed.then(metrics::begin).flatten();
        let action = self.decide_untimed(size);
        metrics::end(began);
        action
    }

    fn decide_untimed(&mut self, size: Option<usize>) -> Action {
        let Some(exchange) = self.exchange.as_mut() else {
            return self.unconfigured();
        };
        let most = exchange.gate().max_body_bytes.saturating_add(1);
        let step = match (
            abi::body(Body::Request, size.unwrap_or(most)),
            abi::headers(&self.head),
        ) {
            // A host that spilled the body to disk hands out less than it announced.
            (Ok(body), Some(headers)) if size.is_none_or(|size| size == body.len()) => {
                let step = exchange.on_request_body(&headers, &body, &mut self.shared);
                if matches!(step, RequestStep::Ask(_)) {
                    self.body = body;
                }
                step
            }
            _ => exchange.unreadable("the request's body", &mut self.shared),
        };
        self.act(step, false)
    }

    fn unconfigured(&mut self) -> Action {
        let rejection = Rejection::http(500, "the policy filter has no configuration");
        self.answer(&rejection.reply())
    }

    /// Whether responses are the host's or our own, with nothing of the upstream in them.
    fn made_here(&self) -> bool {
        match self.request {
            Request::Forwarded => false,
            // Headers that were not held reached the upstream: it may answer before the decision.
            Request::Open | Request::Waiting(_) => self.hold,
            Request::Answered => true,
        }
    }

    /// Tells the engine of the response's status before any of it leaves.
    fn tell_status(&mut self, status: u16) {
        if let Some(exchange) = self.exchange.as_mut() {
            exchange.on_response_status(status, &mut self.shared);
        }
    }

    /// Whether the response passes for its `Content-Type` alone.
    fn passes(&self) -> bool {
        let media_type = match abi::header(Map::Response, "content-type") {
            Ok(value) => Some(value),
            Err(Refusal::NotFound) => None,
            Err(_) => return false,
        };
        let exchange = self.exchange.as_ref();
        exchange.is_some_and(|e| e.passes(media_type.as_deref()))
    }

    /// Shows the engine a chunk that passes; whether it wants the next.
    fn watch(&mut self, chunk: &[u8], end: bool) -> bool {
        match self.exchange.as_mut() {
            Some(exchange) => exchange.on_response_seen(chunk, end, &mut self.shared),
            None => false,
        }
    }

    /// Sends `body` instead of the `size` bytes that are there; they never leave.
    fn replace(&mut self, size: usize, body: &[u8]) -> Action {
        let replaced = abi::set_body(Body::Response, size, body)
            .or_else(|_| abi::set_body(Body::Response, size, &[]));
        if replaced.is_ok() || size == 0 {
            return Action::Continue;
        }
        self.response = Response::Stuck;
        Action::Pause
    }

    /// The buffered response is whole, or has to end here.
    fn finish_response(&mut self, size: usize) -> Action {
        let Some(exchange) = self.exchange.as_mut() else {
            return self.unconfigured();
        };
        let replaced = match abi::body(Body::Response, size) {
            Ok(body) if body.len() == size => exchange.on_response_body(&body, &mut self.shared),
            _ => Some(exchange.response_too_large()),
        };
        self.response = Response::Replaced;
        if self.hold {
            let length = replaced.as_ref().map_or(size, Vec::len);
            let _ = abi::set_header(Map::Response, "content-length", &length.to_string());
        }
        match replaced {
            Some(body) => self.replace(size, &body),
            None => Action::Continue,
        }
    }
}

/// A status as `:status` spells it; 0 for what is none.
fn parsed(status: &[u8]) -> u16 {
    let status = std::str::from_utf8(status).ok();
    status.and_then(|status| status.parse().ok()).unwrap_or(0)
}

impl HttpContext for Filter {
    fn on_http_request_headers(&mut self, _count: usize, end_of_stream: bool) -> Action {
        let Some(exchange) = self.exchange.as_mut() else {
            return self.unconfigured();
        };
        self.head = abi::header_block(Map::Request).unwrap_or_default();
        let step = match abi::headers(&self.head).filter(|_| !self.head.is_empty()) {
            Some(headers) => {
                self.takes_encoded = headers.all(ACCEPT_ENCODING).next().is_some();
                exchange.on_request_headers(&headers, end_of_stream, &mut self.shared)
            }
            None => exchange.unreadable("the request's headers", &mut self.shared),
        };
        self.act(step, true)
    }

    fn on_http_request_body(&mut self, size: usize, end_of_stream: bool) -> Action {
        match self.request {
            Request::Forwarded => return Action::Continue,
            Request::Answered | Request::Waiting(_) => return Action::Pause,
            Request::Open => {}
        }
        let Some(exchange) = self.exchange.as_mut() else {
            return self.unconfigured();
        };
        if size > exchange.gate().max_body_bytes {
            let step = exchange.body_too_large(&mut self.shared);
            return self.act(step, false);
        }
        if !end_of_stream {
            return Action::Pause;
        }
        self.decide(Some(size))
    }

    fn on_http_request_trailers(&mut self, _count: usize) -> Action {
        match self.request {
            Request::Forwarded => Action::Continue,
            Request::Answered | Request::Waiting(_) => Action::Pause,
            // With trailers the body never says that it ends.
            Request::Open => self.decide(None),
        }
    }

    fn on_http_response_headers(&mut self, _count: usize, end_of_stream: bool) -> Action {
        let interest = self.exchange.as_ref().map(Exchange::interest);
        let interest = interest.unwrap_or(Interest::Nothing);
        if interest == Interest::Nothing || self.made_here() {
            return Action::Continue;
        }
        // Single values cost less than all headers do; where one cannot be had, all may.
        let alone = match interest {
            Interest::Status | Interest::StatusAndMediaType => {
                abi::header(Map::Response, ":status").ok()
            }
            _ => None,
        };
        if let Some(status) = &alone {
            self.tell_status(parsed(status));
        }
        let passes = match interest {
            Interest::Status => true,
            Interest::StatusAndMediaType => alone.is_some() && self.passes(),
            Interest::MediaType => self.passes(),
            Interest::Nothing | Interest::Headers => false,
        };
        if passes {
            return Action::Continue;
        }
        let block = abi::header_block(Map::Response).unwrap_or_default();
        let headers = abi::headers(&block).filter(|_| !block.is_empty());
        let Some(headers) = headers else {
            return self.unconfigured();
        };
        let first = |name: &str| headers.all(name).next();
        let status = parsed(first(":status").unwrap_or_default());
        if alone.is_none() {
            self.tell_status(status);
        }
        let Some(exchange) = self.exchange.as_mut() else {
            return self.unconfigured();
        };
        if exchange.opens_session() {
            let mut ids = headers.all("mcp-session-id");
            let id = ids.next().filter(|_| ids.next().is_none());
            exchange.on_session(status, id, &mut self.shared);
        }
        if end_of_stream {
            return Action::Continue;
        }
        // Sent twice, clients see both in one, or either.
        let mut content_type = Vec::new();
        for value in headers.all("content-type") {
            if !content_type.is_empty() {
                content_type.push(b',');
            }
            content_type.extend_from_slice(value);
        }
        let head = ResponseHead {
            status,
            content_type: (!content_type.is_empty()).then_some(content_type.as_slice()),
            // Sent twice, each of them counts.
            content_encoding: headers
                .all("content-encoding")
                .max_by_key(|encoding| !encoding.eq_ignore_ascii_case(b"identity")),
        };
        let measured = first("content-length").is_some();
        match exchange.on_response_headers(&head) {
            ResponseStep::Pass => return Action::Continue,
            ResponseStep::Refuse(reply) => return self.answer(&reply),
            ResponseStep::Buffer => self.response = Response::Buffer,
            ResponseStep::Stream => self.response = Response::Stream,
            ResponseStep::Watch => {
                self.response = Response::Watch;
                return Action::Continue;
            }
        }
        if measured && (self.response == Response::Stream || !self.hold) {
            // The length may change; a stale one would cut the answer short.
            let _ = abi::remove_header(Map::Response, "content-length");
        }
        if self.response == Response::Buffer && self.hold {
            Action::Pause
        } else {
            Action::Continue
        }
    }

    fn on_http_response_body(&mut self, size: usize, end_of_stream: bool) -> Action {
        if self.made_here() {
            return Action::Continue;
        }
        match self.response {
            Response::Pass => Action::Continue,
            Response::Watch => {
                let chunk = abi::body(Body::Response, size).unwrap_or_default();
                // Where a part is missing, nothing can be read from the rest.
                if chunk.len() != size || !self.watch(&chunk, end_of_stream) {
                    self.response = Response::Pass;
                }
                Action::Continue
            }
            Response::Stuck => Action::Pause,
            Response::Replaced if size == 0 => Action::Continue,
            Response::Replaced => self.replace(size, &[]),
            Response::Buffer => {
                let most = self.exchange.as_ref().map(|e| e.gate().bounds.list.bytes);
                if !end_of_stream && most.is_some_and(|most| size <= most) {
                    return Action::Pause;
                }
                self.finish_response(size)
            }
            Response::Stream => {
                let Some(exchange) = self.exchange.as_mut() else {
                    return self.unconfigured();
                };
                let chunk = abi::body(Body::Response, size).unwrap_or_default();
                let out = exchange.on_response_chunk(&chunk, end_of_stream, &mut self.shared);
                // Hosts take no bytes in an empty last chunk: an event that was never ended is lost.
                if size > 0 && (out != chunk || chunk.len() != size) {
                    return self.replace(size, &out);
                }
                Action::Continue
            }
        }
    }

    fn on_http_response_trailers(&mut self, _count: usize) -> Action {
        if self.made_here() {
            return Action::Continue;
        }
        if self.response == Response::Buffer {
            let most = self.exchange.as_ref().map(|e| e.gate().bounds.list.bytes);
            match abi::body(Body::Response, most.unwrap_or_default().saturating_add(1)) {
                Ok(body) => return self.finish_response(body.len()),
                Err(_) => self.response = Response::Stuck,
            }
        }
        match self.response {
            Response::Stuck => Action::Pause,
            Response::Watch => {
                self.watch(&[], true);
                Action::Continue
            }
            _ => Action::Continue,
        }
    }

    fn on_log(&mut self) {
        if let Some(exchange) = self.exchange.as_mut() {
            audit::ended(exchange, &mut self.shared);
        }
    }

    fn on_grpc_call_response(&mut self, token: u32, answer: Result<&[u8], u32>) {
        if self.request != Request::Waiting(token) {
            return;
        }
        let step = self.answered(answer.map_err(Some));
        self.act(step, false);
    }

    fn on_delete(&mut self) {
        if let Request::Waiting(token) = self.request {
            calls::take(token);
            let _ = grpc::cancel(token);
        }
        if let Some(exchange) = self.exchange.as_mut() {
            exchange.on_end(&mut self.shared);
        }
    }
}
