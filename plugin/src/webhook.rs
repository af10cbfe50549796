//! Announcements of requests that wait: sent from the root context, so that they outlive the
//! stream, and never waited for.
#![expect(
    unsafe_code,
    reason = "the ABI is pointers and lengths in linear memory"
)]

use std::cell::RefCell;

use toolgate_engine::approval::Announcement;
use toolgate_engine::series::{Series, WEBHOOKS};

use crate::abi::{self, Map, header_block_of};
use crate::{metrics, notice};

/// The most that a worker has under way at once; a receiver that hangs must not fill the memory.
const MOST: usize = 32;

#[link(wasm_import_module = "env")]
unsafe extern "C" {
    fn proxy_http_call(
        upstream: *const u8,
        upstream_size: usize,
        headers: *const u8,
        headers_size: usize,
        body: *const u8,
        body_size: usize,
        trailers: *const u8,
        trailers_size: usize,
        timeout_ms: u32,
        token: *mut u32,
    ) -> u32;
}

/// No trailers, in the ABI's form.
const NO_TRAILERS: [u8; 4] = [0; 4];

thread_local! {
    /// The tokens under way, and the root context of each.
    static SENT: RefCell<Vec<(u32, u32)>> = const { RefCell::new(Vec::new()) };
}

fn sent<T: Default>(look: impl FnOnce(&mut Vec<(u32, u32)>) -> T) -> T {
    SENT.with(|sent| {
        let sent = sent.try_borrow_mut();
        sent.map_or_else(|_| T::default(), |mut sent| look(&mut sent))
    })
}

/// Sends one, unless too many are under way.
pub(crate) fn send(announcement: &Announcement, root: u32) {
    if sent(|sent| sent.len()) >= MOST {
        return failed("too many are under way already");
    }
    let headers: Vec<(&str, &str)> = announcement
        .headers
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    let headers = header_block_of(&headers);
    let (cluster, body) = (&announcement.cluster, &announcement.body);
    let mut token = 0;
    // SAFETY: the host reads everything during the call, and writes one u32.
    let status = unsafe {
        proxy_http_call(
            cluster.as_ptr(),
            cluster.len(),
            headers.as_ptr(),
            headers.len(),
            body.as_ptr(),
            body.len(),
            NO_TRAILERS.as_ptr(),
            NO_TRAILERS.len(),
            announcement.timeout_ms,
            &raw mut token,
        )
    };
    match abi::check(status) {
        Ok(()) => sent(|sent| sent.push((token, root))),
        Err(_) => failed("the proxy does not send it: is there a cluster of that name?"),
    }
}

/// The answer to one is there, or it failed (`headers` is 0); the root context that it was sent
/// from, where it was one of ours.
pub(crate) fn answered(token: u32, headers: usize) -> Option<u32> {
    let root = sent(|sent| {
        let at = sent.iter().position(|(known, _)| *known == token)?;
        Some(sent.swap_remove(at).1)
    })?;
    let status = abi::header(Map::CallResponse, ":status").unwrap_or_default();
    match status.as_slice() {
        _ if headers == 0 => failed("no answer"),
        [b'2', _, _] => count("sent"),
        other => failed(&format!("answered {}", String::from_utf8_lossy(other))),
    }
    Some(root)
}

/// Whether a root context has any under way.
pub(crate) fn any_of(root: u32) -> bool {
    sent(|sent| sent.iter().any(|(_, of)| *of == root))
}

/// The answers to those of a root context that is gone do not come any more.
pub(crate) fn forget(root: u32) {
    sent(|sent| sent.retain(|(_, of)| *of != root));
}

fn count(result: &str) {
    metrics::count(Series::of(WEBHOOKS).with("result", result).as_str(), 1);
}

fn failed(why: &str) {
    count("failed");
    notice::tell(&format!(
        "approvals.webhook: {why}; operators see the request in their list"
    ));
}
