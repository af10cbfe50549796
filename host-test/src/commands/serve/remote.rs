//! The upstream over HTTP/1.1: a connection for each request, a response as it comes.

use std::time::Duration;

use host_test::{Next, Reply, Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::Uri;
use hyper::body::{Body, Bytes, Incoming};
use hyper::header::{HOST, HeaderValue};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::runtime::Handle;
use tokio::sync::mpsc::Sender;

use super::exchange::Part;
use super::headers;
use super::target::Upstream;

/// How long connecting may take.
const CONNECT_WITHIN: Duration = Duration::from_secs(10);

/// The upstream of one exchange.
pub(super) struct Remote<'a> {
    upstream: &'a Upstream,
    runtime: &'a Handle,
    /// Closed when the client goes away, which ends the upstream's connection, too.
    client: &'a Sender<Part>,
    /// The body of the response that came.
    body: Option<Incoming>,
    failed: Option<String>,
}

impl<'a> Remote<'a> {
    pub(super) fn new(
        upstream: &'a Upstream,
        runtime: &'a Handle,
        client: &'a Sender<Part>,
    ) -> Remote<'a> {
        Remote {
            upstream,
            runtime,
            client,
            body: None,
            failed: None,
        }
    }

    /// Why there was no response, in words for the person at the terminal.
    pub(super) fn failed(&self) -> impl Iterator<Item = &str> {
        self.failed.as_deref().into_iter()
    }

    fn fail(&mut self, why: impl std::fmt::Display) {
        self.failed = Some(format!("upstream {}: {why}", self.upstream));
    }

    async fn connect(&self) -> Result<TcpStream, String> {
        let connecting = TcpStream::connect(&self.upstream.address);
        let stream = tokio::time::timeout(CONNECT_WITHIN, connecting).await;
        let stream = stream.map_err(|_| "it does not answer in 10 s".to_owned())?;
        let stream = stream.map_err(|why| format!("{why}; is it running?"))?;
        let _ = stream.set_nodelay(true);
        Ok(stream)
    }

    /// Sends a request over a fresh connection and waits for the head of the response.
    async fn send(
        stream: TcpStream,
        request: hyper::Request<Full<Bytes>>,
    ) -> hyper::Result<hyper::Response<Incoming>> {
        let (mut sender, connection) =
            hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
        // It ends with the response, or when that is dropped.
        tokio::spawn(connection);
        sender.send_request(request).await
    }

    fn outgoing(&self, request: &Request) -> Result<hyper::Request<Full<Bytes>>, String> {
        let wrong = |why: String| format!("the request cannot be sent: {why}");
        let mut outgoing = hyper::Request::new(Full::new(Bytes::from(request.body.clone())));
        *outgoing.headers_mut() = headers::to(&request.headers).map_err(wrong)?;
        let host = HeaderValue::from_str(&self.upstream.authority);
        let host = host.map_err(|why| wrong(why.to_string()))?;
        outgoing.headers_mut().insert(HOST, host);
        let uri: Result<Uri, _> = request.path.parse();
        *outgoing.uri_mut() = uri.map_err(|why| wrong(why.to_string()))?;
        let method = request.method.parse();
        *outgoing.method_mut() = method.map_err(|_| wrong("a bad method".to_owned()))?;
        Ok(outgoing)
    }
}

impl host_test::Upstream for Remote<'_> {
    fn respond(&mut self, request: &Request) -> Reply {
        let outgoing = match self.outgoing(request) {
            Ok(outgoing) => outgoing,
            Err(why) => {
                self.fail(why);
                return Reply::Unreachable;
            }
        };
        let stream = match self.runtime.block_on(self.connect()) {
            Ok(stream) => stream,
            Err(why) => {
                self.fail(why);
                return Reply::Unreachable;
            }
        };
        let response = self.runtime.block_on(async {
            tokio::select! {
                response = Remote::send(stream, outgoing) => Some(response),
                () = self.client.closed() => None,
            }
        });
        match response {
            Some(Ok(response)) => {
                let (head, body) = response.into_parts();
                let response = Response {
                    status: head.status.as_u16(),
                    headers: headers::of(&head.headers),
                    ..Response::default()
                };
                if body.is_end_stream() {
                    return Reply::Response(response);
                }
                self.body = Some(body);
                Reply::Open(response)
            }
            Some(Err(why)) => {
                self.fail(why);
                Reply::Reset(None)
            }
            None => Reply::Reset(None),
        }
    }

    fn next(&mut self) -> Next {
        let Some(body) = &mut self.body else {
            return Next::End;
        };
        let client = self.client;
        self.runtime.block_on(async {
            loop {
                let frame = tokio::select! {
                    frame = body.frame() => frame,
                    () = client.closed() => return Next::Reset,
                };
                match frame {
                    None => return Next::End,
                    Some(Err(_)) => return Next::Reset,
                    // Trailers are of no use to a client of HTTP/1.1.
                    Some(Ok(frame)) => {
                        if let Ok(data) = frame.into_data()
                            && !data.is_empty()
                        {
                            return Next::Piece(data.to_vec());
                        }
                    }
                }
            }
        })
    }
}
