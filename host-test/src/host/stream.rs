//! One HTTP stream as the guest can see and change it.

use std::collections::BTreeMap;

use super::message::Headers;

/// A stream between its creation and its deletion.
pub(crate) struct Stream {
    /// The context's id.
    pub(crate) id: u32,
    pub(crate) request: Side,
    pub(crate) response: Side,
    pub(crate) properties: Vec<(Vec<String>, Vec<u8>)>,
    pub(crate) origin: Origin,
    /// By path, its parts joined by `.`.
    pub(crate) filter_state: BTreeMap<String, Vec<u8>>,
    /// Whether `proxy_on_log` runs, when both sides' headers can be read again.
    pub(crate) access_log: bool,
    /// What the guest asked for; done once its callback returns, as in Envoy.
    pub(crate) asked: Asked,
    pub(crate) route_cache_cleared: bool,
}

/// Where the response comes from, as Envoy's attributes say it; all empty until it begins.
#[derive(Default)]
pub(crate) struct Origin {
    /// `response.code_details`.
    pub(crate) details: Option<String>,
    /// `response.flags`, a bit for each of Envoy's response flags.
    pub(crate) flags: u8,
    /// `upstream.request_attempt_count`.
    pub(crate) attempts: u8,
}

impl Origin {
    /// Flag: no connection to the upstream could be made.
    pub(crate) const CONNECTION_FAILURE: u8 = 1 << 5;
    /// Flag: the upstream ended the connection.
    pub(crate) const CONNECTION_TERMINATION: u8 = 1 << 6;
}

/// What a guest asked for during a callback.
#[derive(Default)]
pub(crate) struct Asked {
    pub(crate) local_response: Option<LocalResponse>,
    pub(crate) resume_request: bool,
    pub(crate) resume_response: bool,
    pub(crate) close: bool,
}

/// The arguments of `proxy_send_local_response`.
pub(crate) struct LocalResponse {
    pub(crate) status: u32,
    pub(crate) details: String,
    pub(crate) body: Vec<u8>,
    pub(crate) headers: Headers,
    pub(crate) grpc_status: i32,
}

/// The request or the response of a stream.
#[derive(Default)]
pub(crate) struct Side {
    /// With the pseudo headers first.
    pub(crate) headers: Headers,
    /// Whether the guest may still see the headers: Envoy forgets them on Continue.
    pub(crate) headers_open: bool,
    pub(crate) trailers: Headers,
    pub(crate) trailers_open: bool,
    /// What was buffered while the stream was paused.
    pub(crate) buffer: Vec<u8>,
    /// Whether the guest paused the body, so that it sees all of the buffer.
    pub(crate) buffering: bool,
    /// The piece that just came.
    pub(crate) piece: Vec<u8>,
    /// Whether the guest may see it.
    pub(crate) piece_open: bool,
    /// Whether the body is out of the guest's reach (spilled to disk, in nginx).
    pub(crate) spilled: bool,
    /// Bytes of the body that came so far.
    pub(crate) received: usize,
}

impl Side {
    pub(crate) fn new(headers: Headers, trailers: Headers) -> Side {
        Side {
            headers,
            trailers,
            ..Side::default()
        }
    }

    /// The body as the guest sees it now; `None` if there is nothing to see.
    pub(crate) fn body(&mut self) -> Option<&mut Vec<u8>> {
        match (self.spilled, self.buffering) {
            (true, _) => None,
            (false, true) => Some(&mut self.buffer),
            (false, false) => self.piece_open.then_some(&mut self.piece),
        }
    }
}

impl Stream {
    pub(crate) fn new(id: u32, request: Side, properties: Vec<(Vec<String>, Vec<u8>)>) -> Stream {
        Stream {
            id,
            request,
            response: Side::default(),
            properties,
            origin: Origin::default(),
            filter_state: BTreeMap::new(),
            access_log: false,
            asked: Asked::default(),
            route_cache_cleared: false,
        }
    }
}
