//! Lists the tools of an MCP server, through the official SDK, over HTTP or stdio, in both eras of the
//! protocol. What a server sends is bounded in every direction, and none of it is interpreted here.

mod bounds;
mod connect;
mod error;
mod pages;
mod stderr;

use std::ffi::OsString;

use serde_json::Value;

pub use bounds::Bounds;
pub use error::ListError;

/// Where a server is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Upstream {
    /// A Streamable HTTP endpoint, and headers for every request to it. Redirects are followed on the
    /// same host and port only, because the headers may be credentials.
    Http {
        /// `http://` or `https://`.
        url: String,
        /// Lower-case names, and values.
        headers: Vec<(String, Vec<u8>)>,
    },
    /// A program that speaks MCP on its standard input and output, and its arguments. It runs in a
    /// process group of its own, which ends with the listing.
    Command(Vec<OsString>),
}

/// How to begin: the protocol has two ways.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Era {
    /// Ask with `server/discover`, and shake hands where that is not known.
    #[default]
    Auto,
    /// Shake hands with `initialize`: protocol versions to 2025-11-25.
    Handshake,
    /// `server/discover` alone: from 2026-07-28.
    Stateless,
}

/// What a server said of itself and its tools.
#[derive(Clone, Debug, PartialEq)]
pub struct Listing {
    /// The server's own name; not to be trusted, and empty where it gave none.
    pub server: String,
    /// The protocol version that was spoken.
    pub protocol: String,
    /// Each tool as the server listed it, as far as the SDK knows its fields.
    pub tools: Vec<Value>,
    /// How many pages it took.
    pub pages: usize,
}

/// Lists all tools. `progress` is told the pages and the tools so far, after each page.
///
/// # Errors
///
/// Where the server cannot be reached, does not speak MCP, or goes beyond the bounds. A listing is
/// whole or it is none: a policy must not be made from half of one.
pub fn list(
    upstream: &Upstream,
    era: Era,
    bounds: &Bounds,
    progress: &mut dyn FnMut(usize, usize),
) -> Result<Listing, ListError> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|why| ListError::new(format!("cannot start: {why}")))?;
    runtime.block_on(async {
        let session = connect::to(upstream, era, bounds).await?;
        let listing = pages::all(&session, bounds, progress).await;
        let (ended, said) = session.end().await;
        let listing = listing.map_err(|error| error.with_said(said))?;
        ended?;
        Ok(listing)
    })
}
