//! Requests of web pages: where `allowed_origins` is set, only the pages that it lists may send any.
//!
//! A page that a person visits can reach what their browser can, servers on their own machine and network included; by
//! DNS rebinding it can even read the answers. Browsers tell the page's origin, so a server must check it (MCP,
//! "Transports", security warning). Other clients send none.

use crate::mcp::{Headers, Rejection};

/// Checks `Origin` against the allowed ones, in lower case; `None` allows all.
///
/// # Errors
/// 403 for an origin that is not listed, 400 for several.
pub(super) fn check(allowed: Option<&[String]>, headers: &Headers<'_>) -> Result<(), Rejection> {
    let Some(allowed) = allowed else {
        return Ok(());
    };
    let Some(sent) = headers.single("origin")? else {
        return Ok(());
    };
    let listed = |origin: &String| origin.as_bytes().eq_ignore_ascii_case(sent);
    if allowed.iter().any(listed) {
        return Ok(());
    }
    Err(Rejection::http(
        403,
        "header `origin` names a web page that may not send requests here",
    ))
}
