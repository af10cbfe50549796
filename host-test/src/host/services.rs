//! The scripted services that a module may call out to over HTTP and gRPC.

use super::message::{Headers, Response};

/// A call made with `proxy_http_call`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpCall {
    /// The cluster's name.
    pub upstream: String,
    /// Headers, with the pseudo headers `:method`, `:path`, `:authority`.
    pub headers: Headers,
    /// The body.
    pub body: Vec<u8>,
    /// Trailers.
    pub trailers: Headers,
    /// How long the module is ready to wait, in milliseconds.
    pub timeout_ms: u32,
}

/// What came of an HTTP call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HttpReply {
    /// A response.
    Response(Response),
    /// No response in time, or a reset: the module is called with no headers.
    Failed,
    /// There is no such cluster: the call itself returns BadArgument.
    NoSuchUpstream,
}

/// A call made with `proxy_grpc_call`, or a message on a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GrpcCall {
    /// The service as the module named it: a cluster, or a serialised `GrpcService`.
    pub upstream: Vec<u8>,
    /// The service's full name.
    pub service: String,
    /// The method's name.
    pub method: String,
    /// The initial metadata.
    pub metadata: Headers,
    /// The serialised message.
    pub message: Vec<u8>,
    /// How long the module is ready to wait, in milliseconds; 0 for a stream.
    pub timeout_ms: u32,
}

/// What came of a gRPC call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GrpcReply {
    /// A serialised message.
    Message(Vec<u8>),
    /// The call ended with this code (14 is "unavailable") and message.
    Closed(u32, String),
    /// Nothing, for as long as the stream lives.
    NoAnswer,
    /// There is no such service: the call itself returns this.
    NoSuchUpstream,
}

/// Answers the calls of a module. An answer reaches the module once the callback in which it
/// made the call has returned.
pub trait Services: Send {
    /// Answers an HTTP call.
    fn http(&mut self, call: &HttpCall) -> HttpReply;
    /// Answers a gRPC call.
    fn grpc(&mut self, call: &GrpcCall) -> GrpcReply;
}

/// No service exists: every call is refused.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoServices;

impl Services for NoServices {
    fn http(&mut self, _: &HttpCall) -> HttpReply {
        HttpReply::NoSuchUpstream
    }

    fn grpc(&mut self, _: &GrpcCall) -> GrpcReply {
        GrpcReply::NoSuchUpstream
    }
}
