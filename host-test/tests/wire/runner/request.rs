//! The corpus's texts as HTTP messages, as a proxy hands them to its filters.

use host_test::Request;

use super::case::Case;

const START: &str = "POST /mcp HTTP/1.1";
const HEADERS: [&str; 2] = [
    "content-type: application/json",
    "accept: application/json, text/event-stream",
];

/// The request itself, and then those that are pipelined behind it.
pub(crate) fn requests(case: &Case) -> Vec<Request> {
    let headers: Vec<&str> = match &case.headers {
        Some(headers) => headers.iter().map(String::as_str).collect(),
        None => HEADERS.to_vec(),
    };
    let with = case.with.iter().map(String::as_str);
    let mut request = request(
        case.start.as_deref().unwrap_or(START),
        headers.into_iter().chain(with),
    );
    let framing = case.framing.as_deref().unwrap_or("length");
    if let Some(body) = &case.body {
        request.body = bytes(body);
        request.has_body = !request.body.is_empty() || framing.starts_with("chunked");
        if framing == "length" {
            let length = request.body.len().to_string();
            request = request.with_header("content-length", length);
        }
    }
    if framing == "none" {
        declared(&mut request);
    }
    for line in &case.trailers {
        let (name, value) = field(line);
        request = request.with_trailer(&name, value);
    }
    let behind = case.then.iter().map(|body| {
        let mut next = self::request(START, HEADERS.into_iter());
        next.body = bytes(body);
        next.has_body = true;
        next
    });
    std::iter::once(request).chain(behind).collect()
}

/// What a proxy makes of a body that its own headers delimit: a length, or chunks.
fn declared(request: &mut Request) {
    let header = |name: &str| {
        let value = request.header(name)?;
        Some(String::from_utf8_lossy(value).into_owned())
    };
    if let Some(length) = header("content-length") {
        request.body.truncate(length.parse().unwrap());
    } else if header("transfer-encoding").is_some() {
        request.body = dechunked(&request.body);
    }
}

fn dechunked(mut rest: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    loop {
        let line = rest.windows(2).position(|w| w == b"\r\n").unwrap();
        let (head, tail) = rest.split_at(line);
        let size = head.split(|b| *b == b';').next().unwrap();
        let size = usize::from_str_radix(std::str::from_utf8(size).unwrap(), 16).unwrap();
        let tail = tail.get(2..).unwrap();
        if size == 0 {
            return body;
        }
        body.extend_from_slice(tail.get(..size).unwrap());
        rest = tail.get(size.saturating_add(2)..).unwrap();
    }
}

fn request<'a>(start: &str, headers: impl Iterator<Item = &'a str>) -> Request {
    let mut words = start.split(' ');
    let (method, path) = (words.next().unwrap(), words.next().unwrap());
    let mut request = Request::new(method, path);
    for line in headers {
        let (name, value) = field(line);
        request = request.with_header(&name, value);
    }
    request
}

fn field(line: &str) -> (String, Vec<u8>) {
    let (name, value) = line.split_once(':').unwrap();
    let value = bytes(value);
    (name.to_owned(), value.trim_ascii().to_vec())
}

/// UTF-8, with `<ff 00>` and `<20 * 100>` as the bytes that they name.
fn bytes(text: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('<') {
        out.extend_from_slice(before.as_bytes());
        let named = after
            .split_once('>')
            .and_then(|(inner, tail)| Some((escape(inner)?, tail)));
        match named {
            Some((named, tail)) => {
                out.extend(named);
                rest = tail;
            }
            None => {
                out.push(b'<');
                rest = after;
            }
        }
    }
    out.extend_from_slice(rest.as_bytes());
    out
}

fn escape(inner: &str) -> Option<Vec<u8>> {
    let (pairs, times) = match inner.split_once(" * ") {
        Some((pairs, times)) => (pairs, times.parse().ok()?),
        None => (inner, 1usize),
    };
    let pair = |text: &str| (text.len() == 2).then(|| u8::from_str_radix(text, 16).ok())?;
    let once: Vec<u8> = pairs.split(' ').map(pair).collect::<Option<_>>()?;
    Some(once.repeat(times))
}
