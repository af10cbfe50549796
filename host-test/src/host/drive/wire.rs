//! What leaves the proxy on either side.

use super::super::exchange::{Exchange, Problem};
use super::super::message::{Headers, Request, Response, first};
use super::super::upstream::Client;

/// What the upstream received.
#[derive(Default)]
pub(super) struct Up {
    pub(super) request: Option<Request>,
    pub(super) complete: bool,
}

/// What the client received.
#[derive(Default)]
pub(super) struct Down {
    pub(super) response: Option<Response>,
    pub(super) complete: bool,
    /// Bytes of the body so far.
    length: usize,
    /// Whether a client that listens was told the head.
    told: bool,
}

impl Up {
    pub(super) fn headers(&mut self, mut headers: Headers, end: bool, problems: &mut Vec<Problem>) {
        let mut pseudo = |name: &'static str| {
            let value = take(&mut headers, name);
            if value.is_none() {
                problems.push(Problem::MissingPseudoHeader(name));
            }
            String::from_utf8_lossy(&value.unwrap_or_default()).into_owned()
        };
        let mut request = Request {
            method: pseudo(":method"),
            path: pseudo(":path"),
            authority: pseudo(":authority"),
            scheme: pseudo(":scheme"),
            has_body: !end,
            ..Request::default()
        };
        request.headers = headers;
        self.request = Some(request);
        self.complete = end;
    }

    pub(super) fn data(&mut self, data: Vec<u8>, end: bool) {
        if let Some(request) = &mut self.request {
            request.body.extend_from_slice(&data);
        }
        self.complete |= end;
    }

    pub(super) fn trailers(&mut self, trailers: Headers) {
        if let Some(request) = &mut self.request {
            request.trailers = trailers;
        }
        self.complete = true;
    }

    pub(super) fn record(self, out: &mut Exchange) {
        if let Some(request) = self.request.as_ref().filter(|_| self.complete) {
            let actual = request.body.len();
            if let Some(claimed) = wrong_length(&request.headers, actual) {
                out.problems
                    .push(Problem::RequestLength { claimed, actual });
            }
        }
        out.upstream = self.request;
        out.upstream_complete = self.complete;
    }
}

impl Down {
    pub(super) fn headers(&mut self, mut headers: Headers, end: bool, problems: &mut Vec<Problem>) {
        let status = take(&mut headers, ":status");
        let status = status.and_then(|status| std::str::from_utf8(&status).ok()?.parse().ok());
        if status.is_none() {
            problems.push(Problem::MissingPseudoHeader(":status"));
        }
        self.response = Some(Response {
            status: status.unwrap_or(0),
            headers,
            ..Response::default()
        });
        self.complete = end;
    }

    /// Tells a client what it was not told yet. What it was told is not kept: a stream may be
    /// long.
    pub(super) fn tell(&mut self, client: &mut dyn Client) {
        let Some(response) = &mut self.response else {
            return;
        };
        if !std::mem::replace(&mut self.told, true) {
            client.head(Response {
                status: response.status,
                headers: response.headers.clone(),
                ..Response::default()
            });
        }
        for piece in std::mem::take(&mut response.chunks) {
            client.piece(&piece);
        }
    }

    pub(super) fn data(&mut self, data: Vec<u8>, end: bool) {
        self.length = self.length.saturating_add(data.len());
        if let Some(response) = self.response.as_mut().filter(|_| !data.is_empty()) {
            response.chunks.push(data);
        }
        self.complete |= end;
    }

    pub(super) fn trailers(&mut self, trailers: Headers) {
        if let Some(response) = &mut self.response {
            response.trailers = trailers;
        }
        self.complete = true;
    }

    /// A whole response without headers or body.
    pub(super) fn fail(&mut self, status: u16) {
        self.response = Some(Response::new(status));
        self.complete = true;
    }

    pub(super) fn record(self, out: &mut Exchange, head: bool) {
        if let Some(response) = self.response.as_ref().filter(|_| self.complete && !head) {
            let actual = self.length;
            if let Some(claimed) = wrong_length(&response.headers, actual) {
                out.problems
                    .push(Problem::ResponseLength { claimed, actual });
            }
        }
        out.response = self.response;
        out.response_complete = self.complete;
    }
}

fn take(headers: &mut Headers, name: &str) -> Option<Vec<u8>> {
    let value = first(headers, name).map(<[u8]>::to_vec);
    headers.retain(|(known, _)| known != name);
    value
}

/// A `content-length` that is not the body's.
fn wrong_length(headers: &Headers, actual: usize) -> Option<String> {
    let claimed = String::from_utf8_lossy(first(headers, "content-length")?);
    (claimed.parse() != Ok(actual)).then(|| claimed.into_owned())
}
