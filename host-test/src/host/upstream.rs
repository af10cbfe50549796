//! The server behind the proxy, and the client before it.

use super::message::{Request, Response};
use super::others::Others;

/// What the upstream did with a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// A response, in the pieces that it holds.
    Response(Response),
    /// The head of a response and its first pieces; the others are asked for with
    /// [`Upstream::next`], up to its end.
    Open(Response),
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

/// What comes next of an open response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// A piece of its body.
    Piece(Vec<u8>),
    /// Its end.
    End,
    /// The connection was reset.
    Reset,
}

/// The server behind the proxy. Any `FnMut(&Request) -> Reply` is one.
pub trait Upstream {
    /// Answers a request that arrived whole. A request that the filter stopped half way never
    /// comes here; it is in [`crate::Exchange::upstream`] with `upstream_complete: false`.
    fn respond(&mut self, request: &Request) -> Reply;

    /// What else happens in the virtual machine before this answers, and before each piece of a
    /// response that it left open. Nothing, unless it says so.
    fn meanwhile(&mut self, _others: &mut Others<'_>) {}

    /// Waits for what comes next of the response that it left open.
    fn next(&mut self) -> Next {
        Next::End
    }
}

/// The client before the proxy, told of a response while it leaves.
pub trait Client {
    /// The status and the headers; the body is empty.
    fn head(&mut self, head: Response);

    /// A piece of the body.
    fn piece(&mut self, piece: &[u8]);
}

impl<F: FnMut(&Request) -> Reply> Upstream for F {
    fn respond(&mut self, request: &Request) -> Reply {
        self(request)
    }
}
