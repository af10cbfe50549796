//! The scripted server behind the proxy.

use super::message::{Request, Response};

/// What the upstream did with a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// A response, in the pieces that it holds.
    Response(Response),
    /// The connection was reset after the headers and pieces of this response, if any.
    Reset(Option<Response>),
    /// No connection could be made.
    Unreachable,
}

impl From<Response> for Reply {
    fn from(response: Response) -> Reply {
        Reply::Response(response)
    }
}

/// The server behind the proxy. Any `FnMut(&Request) -> Reply` is one.
pub trait Upstream {
    /// Answers a request that arrived whole. A request that the filter stopped half way never
    /// comes here; it is in [`crate::Exchange::upstream`] with `upstream_complete: false`.
    fn respond(&mut self, request: &Request) -> Reply;
}

impl<F: FnMut(&Request) -> Reply> Upstream for F {
    fn respond(&mut self, request: &Request) -> Reply {
        self(request)
    }
}
