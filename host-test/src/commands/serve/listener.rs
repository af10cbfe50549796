//! Listens, and answers each HTTP request with an exchange in the module.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use host_test::Request;
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::{Body, Bytes, Frame, Incoming};
use hyper::service::service_fn;
use hyper::{Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::{self, Receiver};

use super::exchange::{self, Part, Proxy};
use super::headers;
use super::live;

/// The largest request body that is read; what the policy allows is for the module to say.
const MAX_BODY: usize = 80 << 20;

/// How long a client may take to send its headers.
const HEADERS_WITHIN: Duration = Duration::from_secs(30);

/// Pieces of a response that wait for a slow client.
const WAITING: usize = 16;

/// Serves for ever.
pub(super) async fn serve(listener: TcpListener, proxy: Arc<Proxy>) {
    loop {
        match listener.accept().await {
            Ok((stream, from)) => {
                tokio::spawn(connection(stream, from, Arc::clone(&proxy)));
            }
            Err(why) => {
                live::say_bad(&format!("cannot take a connection: {why}"));
                // Out of file descriptors, most likely: some will be free again.
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

async fn connection(stream: TcpStream, from: SocketAddr, proxy: Arc<Proxy>) {
    // Small events must not wait for larger ones.
    let _ = stream.set_nodelay(true);
    let answer = service_fn(move |request: hyper::Request<Incoming>| {
        let proxy = Arc::clone(&proxy);
        async move { Ok::<_, Infallible>(answer(request, from, proxy).await) }
    });
    // An error is the client's going away, or its breaking of HTTP, which was answered.
    let _ = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADERS_WITHIN)
        .serve_connection(TokioIo::new(stream), answer)
        .await;
}

type Answer = Response<BoxBody<Bytes, std::io::Error>>;

async fn answer(request: hyper::Request<Incoming>, from: SocketAddr, proxy: Arc<Proxy>) -> Answer {
    let (head, body) = request.into_parts();
    let has_body = !body.is_end_stream();
    let body = match Limited::new(body, MAX_BODY).collect().await {
        Ok(body) => body.to_bytes(),
        Err(why) if why.is::<http_body_util::LengthLimitError>() => {
            return plain(StatusCode::PAYLOAD_TOO_LARGE, "the body is too large");
        }
        Err(_) => return plain(StatusCode::BAD_REQUEST, "the body did not arrive whole"),
    };
    let path = head.uri.path_and_query().map_or("/", |path| path.as_str());
    let mut request = Request::new(head.method.as_str(), path);
    request.headers = headers::of(&head.headers);
    let host = head
        .headers
        .get("host")
        .map(|host| host.as_bytes().to_vec());
    request.headers.retain(|(name, _)| name != "host");
    request.authority = String::from_utf8_lossy(&host.unwrap_or_default()).into_owned();
    request.has_body = has_body;
    request.body = body.to_vec();
    request.properties = vec![(
        vec!["source".to_owned(), "address".to_owned()],
        from.to_string().into_bytes(),
    )];
    let (parts, mut received) = mpsc::channel(WAITING);
    let runtime = tokio::runtime::Handle::current();
    tokio::task::spawn_blocking(move || exchange::run(&proxy, &runtime, &request, &parts));
    match received.recv().await {
        Some(Part::Head(status, headers)) => {
            let rest = Rest(received).boxed();
            let mut response = Response::new(rest);
            *response.status_mut() = status;
            *response.headers_mut() = headers;
            response
        }
        Some(Part::Failed(why)) => plain(StatusCode::BAD_GATEWAY, &why),
        _ => plain(StatusCode::BAD_GATEWAY, "the module let nothing out"),
    }
}

/// What this proxy itself has to say.
fn plain(status: StatusCode, words: &str) -> Answer {
    let body = Full::new(Bytes::from(format!("host-test serve: {words}\n")));
    let body = body.map_err(|never| match never {}).boxed();
    let mut response = Response::new(body);
    *response.status_mut() = status;
    response
}

/// The rest of a response: its pieces as they come.
struct Rest(Receiver<Part>);

impl Body for Rest {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, std::io::Error>>> {
        self.0.poll_recv(context).map(|part| match part {
            Some(Part::Piece(piece)) => Some(Ok(Frame::data(piece))),
            Some(Part::End) => None,
            // The client must not take what it has for the whole.
            _ => Some(Err(std::io::ErrorKind::UnexpectedEof.into())),
        })
    }
}
