//! HTTP messages as they go into and come out of an exchange.

/// Header or trailer fields in order. Names are lower case; values are bytes, for they need not
/// be UTF-8.
pub type Headers = Vec<(String, Vec<u8>)>;

/// A request as the client sends it, or as the upstream received it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Request {
    /// The pseudo header `:method`.
    pub method: String,
    /// The pseudo header `:path`, with its query.
    pub path: String,
    /// The pseudo header `:authority`.
    pub authority: String,
    /// The pseudo header `:scheme`.
    pub scheme: String,
    /// The other headers. Nothing is added: give `content-length` if the client would.
    pub headers: Headers,
    /// The whole body. How it is cut into pieces is up to [`crate::Settings`].
    pub body: Vec<u8>,
    /// Whether a body follows the headers. `true` with an empty `body` is an empty chunked body;
    /// `false` means that the headers end the stream. Taken as `true` if `body` is not empty.
    pub has_body: bool,
    /// Trailers; if there are any, the body's end of stream never comes.
    pub trailers: Headers,
    /// Properties of this request, added to (and before) those of [`crate::Settings`].
    pub properties: Vec<(Vec<String>, Vec<u8>)>,
}

impl Request {
    /// A request without a body.
    pub fn new(method: &str, path: &str) -> Request {
        Request {
            method: method.to_owned(),
            path: path.to_owned(),
            authority: "localhost".to_owned(),
            scheme: "http".to_owned(),
            ..Request::default()
        }
    }

    /// A POST with this body, its `content-length` and `content-type: application/json`.
    pub fn post(path: &str, body: impl Into<Vec<u8>>) -> Request {
        let body = body.into();
        Request {
            has_body: true,
            headers: vec![
                ("content-type".to_owned(), b"application/json".to_vec()),
                (
                    "content-length".to_owned(),
                    body.len().to_string().into_bytes(),
                ),
            ],
            body,
            ..Request::new("POST", path)
        }
    }

    /// Adds a header; the name is lower-cased.
    #[must_use]
    pub fn with_header(mut self, name: &str, value: impl Into<Vec<u8>>) -> Request {
        self.headers.push((name.to_ascii_lowercase(), value.into()));
        self
    }

    /// Adds a trailer; the name is lower-cased.
    #[must_use]
    pub fn with_trailer(mut self, name: &str, value: impl Into<Vec<u8>>) -> Request {
        self.trailers
            .push((name.to_ascii_lowercase(), value.into()));
        self
    }

    /// The first header of this name (lower case), if any.
    pub fn header(&self, name: &str) -> Option<&[u8]> {
        first(&self.headers, name)
    }
}

/// A response as the upstream sends it, or as the client received it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Response {
    /// The status code, 100 to 599.
    pub status: u16,
    /// The headers, without `:status`.
    pub headers: Headers,
    /// The body in pieces: as the upstream sends them, or as they left for the client. No piece
    /// at all means that the headers end the stream; one empty piece is an empty chunked body.
    pub chunks: Vec<Vec<u8>>,
    /// Trailers; if there are any, the body's end of stream never comes.
    pub trailers: Headers,
}

impl Response {
    /// A response without a body.
    pub fn new(status: u16) -> Response {
        Response {
            status,
            ..Response::default()
        }
    }

    /// Sets the body in one piece and adds its `content-length`.
    #[must_use]
    pub fn with_body(mut self, body: impl Into<Vec<u8>>) -> Response {
        let body = body.into();
        self.headers.push((
            "content-length".to_owned(),
            body.len().to_string().into_bytes(),
        ));
        self.chunks = vec![body];
        self
    }

    /// Adds one more piece of the body, without a `content-length`.
    #[must_use]
    pub fn with_chunk(mut self, chunk: impl Into<Vec<u8>>) -> Response {
        self.chunks.push(chunk.into());
        self
    }

    /// Adds a header; the name is lower-cased.
    #[must_use]
    pub fn with_header(mut self, name: &str, value: impl Into<Vec<u8>>) -> Response {
        self.headers.push((name.to_ascii_lowercase(), value.into()));
        self
    }

    /// The first header of this name (lower case), if any.
    pub fn header(&self, name: &str) -> Option<&[u8]> {
        first(&self.headers, name)
    }

    /// The whole body.
    pub fn body(&self) -> Vec<u8> {
        self.chunks.concat()
    }

    /// The whole body as text, with whatever is not UTF-8 replaced.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body()).into_owned()
    }
}

/// The first value of a name, which must be lower case.
pub(crate) fn first<'a>(headers: &'a Headers, name: &str) -> Option<&'a [u8]> {
    headers
        .iter()
        .find(|(n, _)| n == name)
        .map(|(_, v)| v.as_slice())
}
