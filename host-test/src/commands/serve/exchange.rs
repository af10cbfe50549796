//! One exchange on a thread of its own: the host in the middle, channels to both sides.

use std::sync::Arc;
use std::time::Instant;

use host_test::{Client, Request, Response};
use hyper::body::Bytes;
use hyper::{HeaderMap, StatusCode};
use tokio::runtime::Handle;
use tokio::sync::mpsc::Sender;

use super::capture::Capture;
use super::headers;
use super::live::{self, Count};
use super::pool::Pool;
use super::remote::Remote;
use super::target::Upstream;

/// A part of a response on its way to the client.
pub(super) enum Part {
    Head(StatusCode, HeaderMap),
    Piece(Bytes),
    /// The response is whole; without, it was cut.
    End,
    /// There is no response, for this reason.
    Failed(String),
}

/// What a listener's exchanges have in common.
pub(super) struct Proxy {
    pub(super) pool: Arc<Pool>,
    pub(super) upstream: Arc<Upstream>,
    pub(super) capture: Option<Arc<Capture>>,
    /// What was decided so far.
    pub(super) count: Count,
}

/// Runs one request through the module, tells the client and the terminal.
pub(super) fn run(proxy: &Proxy, runtime: &Handle, request: &Request, to: &Sender<Part>) {
    let Proxy { pool, upstream, .. } = proxy;
    let began = Instant::now();
    let mut taken = match pool.take() {
        Ok(taken) => taken,
        Err(why) => {
            live::say_bad(&why);
            let _ = to.blocking_send(Part::Failed("the module does not start".to_owned()));
            return;
        }
    };
    for trap in taken.host.run_due() {
        live::say_bad(&trap.to_string());
    }
    if let Some(capture) = &proxy.capture {
        capture.request(request);
    }
    let mut remote = Remote::new(upstream, runtime, to);
    let mut client = ToClient { to };
    let seen = taken.host.exchange_to(0, request, &mut remote, &mut client);
    if seen.response_complete {
        let _ = to.blocking_send(Part::End);
    }
    for why in remote.failed() {
        live::say_bad(why);
    }
    for line in taken.host.take_logs() {
        if line.level >= host_test::Level::Warn {
            live::say_bad(&line.to_string());
        }
    }
    let shown = format!("{} {}", request.method, request.path);
    live::exchange(&seen, &shown, began.elapsed(), &proxy.count);
    pool.put(taken);
}

/// The client, behind its channel. That it went away is noticed by the upstream's side.
struct ToClient<'a> {
    to: &'a Sender<Part>,
}

impl Client for ToClient<'_> {
    fn head(&mut self, head: Response) {
        let status = StatusCode::from_u16(head.status).unwrap_or(StatusCode::BAD_GATEWAY);
        let part = match headers::to(&head.headers) {
            Ok(headers) => Part::Head(status, headers),
            Err(why) => Part::Failed(why),
        };
        let _ = self.to.blocking_send(part);
    }

    fn piece(&mut self, piece: &[u8]) {
        let piece = Bytes::copy_from_slice(piece);
        let _ = self.to.blocking_send(Part::Piece(piece));
    }
}
