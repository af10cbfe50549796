//! Calls out of the guest: those under way, and the answers that wait to be delivered.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::message::Headers;
use super::services::GrpcCall;

/// An answer that waits until the guest's callback has returned.
pub(crate) enum Answer {
    /// To `proxy_http_call`; `None` is a failure.
    Http(Option<HttpAnswer>),
    /// A message.
    GrpcMessage(Vec<u8>),
    /// The end of a gRPC call or stream.
    GrpcClosed(u32, String),
}

/// The response to an HTTP call.
#[derive(Default)]
pub(crate) struct HttpAnswer {
    /// With `:status` first.
    pub(crate) headers: Headers,
    pub(crate) body: Vec<u8>,
    pub(crate) trailers: Headers,
}

/// An answer on its way.
pub(crate) struct Delivery {
    pub(crate) token: u32,
    /// The root context that is called: Envoy keeps calls there, whoever made them.
    pub(crate) root: u32,
    pub(crate) answer: Answer,
}

/// The calls of one virtual machine.
#[derive(Default)]
pub(crate) struct Calls {
    pub(crate) waiting: VecDeque<Delivery>,
    /// The HTTP answer that can be read now.
    pub(crate) http: Option<HttpAnswer>,
    /// The gRPC message that can be read now.
    pub(crate) grpc: Option<Vec<u8>>,
    /// Open gRPC streams.
    pub(crate) streams: BTreeMap<u32, OpenStream>,
    /// gRPC calls that nobody answers.
    pub(crate) unanswered: BTreeSet<u32>,
    last_http: u32,
    last_grpc: u32,
}

/// An open gRPC stream.
pub(crate) struct OpenStream {
    pub(crate) call: GrpcCall,
    pub(crate) root: u32,
}

impl Calls {
    pub(crate) fn http_token(&mut self) -> u32 {
        self.last_http = self.last_http.wrapping_add(1).max(1);
        self.last_http
    }

    /// Tokens of calls are odd, of streams even, so that a token tells which it is.
    pub(crate) fn grpc_token(&mut self, stream: bool) -> u32 {
        self.last_grpc = self.last_grpc.wrapping_add(1);
        self.last_grpc
            .wrapping_mul(2)
            .wrapping_sub(u32::from(!stream))
            .max(1)
    }

    /// Whether a token is that of an open stream.
    pub(crate) fn is_stream(token: u32) -> bool {
        token != 0 && token.is_multiple_of(2)
    }

    /// Forgets a call: `false` if it is not known.
    pub(crate) fn cancel(&mut self, token: u32) -> bool {
        let before = self.waiting.len();
        self.waiting.retain(|delivery| {
            delivery.token != token || matches!(delivery.answer, Answer::Http(_))
        });
        self.streams.remove(&token).is_some()
            || self.unanswered.remove(&token)
            || self.waiting.len() != before
    }
}
