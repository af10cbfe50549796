//! HTTP/1.1 as far as a client and a server of tests need it: whole messages, three framings.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::TcpStream;

use host_test::{Request, Response};

/// The largest head, in bytes.
const MAX_HEAD: usize = 65_536;

/// The most headers.
const MAX_HEADERS: usize = 100;

/// The largest body, in bytes.
const MAX_BODY: u64 = 64 * 1_048_576;

/// A response, and whether it came whole.
pub(crate) struct Answer {
    pub(crate) response: Response,
    pub(crate) complete: bool,
}

/// Writes a request that asks to close the connection after it.
pub(crate) fn write_request(out: &mut impl Write, request: &Request, host: &str) -> io::Result<()> {
    let mut head = format!(
        "{} {} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n",
        request.method, request.path
    )
    .into_bytes();
    push_headers(&mut head, &request.headers);
    if request.has_body && request.header("content-length").is_none() {
        head.extend(format!("content-length: {}\r\n", request.body.len()).into_bytes());
    }
    head.extend(b"\r\n");
    out.write_all(&head)?;
    out.write_all(&request.body)?;
    out.flush()
}

/// Writes a response, chunked unless it states its length, and keeps the connection.
pub(crate) fn write_response(out: &mut impl Write, response: &Response) -> io::Result<()> {
    let mut head = format!("HTTP/1.1 {} Scripted\r\n", response.status).into_bytes();
    push_headers(&mut head, &response.headers);
    let chunked = response.header("content-length").is_none();
    if chunked {
        head.extend(b"transfer-encoding: chunked\r\n");
    }
    head.extend(b"\r\n");
    out.write_all(&head)?;
    for chunk in response.chunks.iter().filter(|chunk| !chunk.is_empty()) {
        if chunked {
            write!(out, "{:x}\r\n", chunk.len())?;
        }
        out.write_all(chunk)?;
        if chunked {
            out.write_all(b"\r\n")?;
        }
        out.flush()?;
    }
    if chunked {
        out.write_all(b"0\r\n\r\n")?;
    }
    out.flush()
}

fn push_headers(head: &mut Vec<u8>, headers: &host_test::Headers) {
    for (name, value) in headers {
        head.extend(name.as_bytes());
        head.extend(b": ");
        head.extend(value);
        head.extend(b"\r\n");
    }
}

/// Reads one response. A body that ends early is told, not an error.
pub(crate) fn read_response(stream: &mut TcpStream, method: &str) -> io::Result<Answer> {
    let mut input = BufReader::new(stream);
    loop {
        let head = read_head(&mut input)?.ok_or(io::ErrorKind::UnexpectedEof)?;
        let mut storage = [httparse::EMPTY_HEADER; MAX_HEADERS];
        let mut parsed = httparse::Response::new(&mut storage);
        parsed.parse(&head).map_err(invalid)?;
        let status = parsed.code.unwrap_or_default();
        if (100..200).contains(&status) {
            continue;
        }
        let mut response = Response::new(status);
        response.headers = own(parsed.headers);
        let bodiless = method == "HEAD" || matches!(status, 204 | 304);
        let framing = if bodiless {
            Framing::Length(0)
        } else {
            Framing::of(&response.headers, Framing::UntilClose)?
        };
        let mut body = Vec::new();
        let complete = read_body(&mut input, framing, &mut body).is_ok();
        response.chunks = vec![body];
        return Ok(Answer { response, complete });
    }
}

/// Reads one request; `None` where the connection ended between requests.
pub(crate) fn read_request(input: &mut impl BufRead) -> io::Result<Option<Request>> {
    let Some(head) = read_head(input)? else {
        return Ok(None);
    };
    let mut storage = [httparse::EMPTY_HEADER; MAX_HEADERS];
    let mut parsed = httparse::Request::new(&mut storage);
    parsed.parse(&head).map_err(invalid)?;
    let mut request = Request::new(
        parsed.method.unwrap_or_default(),
        parsed.path.unwrap_or_default(),
    );
    request.headers = own(parsed.headers);
    let framing = Framing::of(&request.headers, Framing::Length(0))?;
    read_body(input, framing, &mut request.body)?;
    request.has_body = !request.body.is_empty();
    Ok(Some(request))
}

enum Framing {
    Length(u64),
    Chunked,
    UntilClose,
}

impl Framing {
    fn of(headers: &host_test::Headers, otherwise: Framing) -> io::Result<Framing> {
        let find = |name| {
            headers
                .iter()
                .find(|(n, _)| n == name)
                .map(|(_, v)| v.as_slice())
        };
        if find("transfer-encoding").is_some() {
            return Ok(Framing::Chunked);
        }
        let Some(length) = find("content-length") else {
            return Ok(otherwise);
        };
        let length = std::str::from_utf8(length)
            .ok()
            .and_then(|text| text.parse().ok());
        length
            .map(Framing::Length)
            .ok_or_else(|| invalid("a bad content-length"))
    }
}

/// The bytes up to and with the empty line; `None` where there are none at all.
fn read_head(input: &mut impl BufRead) -> io::Result<Option<Vec<u8>>> {
    let mut head = Vec::new();
    loop {
        let read = read_line(input, &mut head)?;
        if read == 0 && head.is_empty() {
            return Ok(None);
        }
        if read == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        if head.ends_with(b"\r\n\r\n") || head == b"\r\n" {
            return Ok(Some(head));
        }
    }
}

fn read_line(input: &mut impl BufRead, line: &mut Vec<u8>) -> io::Result<usize> {
    let room = u64::try_from(MAX_HEAD.saturating_sub(line.len())).unwrap_or_default();
    let read = input.take(room).read_until(b'\n', line)?;
    if line.len() >= MAX_HEAD {
        return Err(invalid("a head of more than 64 KiB"));
    }
    Ok(read)
}

fn read_body(input: &mut impl BufRead, framing: Framing, body: &mut Vec<u8>) -> io::Result<()> {
    match framing {
        Framing::UntilClose => {
            input.take(MAX_BODY).read_to_end(body)?;
            Ok(())
        }
        Framing::Length(length) => read_exactly(input, length, body),
        Framing::Chunked => loop {
            let mut line = Vec::new();
            read_line(input, &mut line)?;
            let text = String::from_utf8_lossy(&line);
            let size = text.split(';').next().unwrap_or_default().trim();
            let size = u64::from_str_radix(size, 16).map_err(|_| invalid("a bad chunk size"))?;
            read_exactly(input, size, body)?;
            line.clear();
            if size == 0 {
                // Trailers, to the empty line.
                while read_line(input, &mut line)? > 2 {
                    line.clear();
                }
                return Ok(());
            }
            read_line(input, &mut line)?;
        },
    }
}

fn read_exactly(input: &mut impl BufRead, length: u64, body: &mut Vec<u8>) -> io::Result<()> {
    if length > MAX_BODY {
        return Err(invalid("a body of more than 64 MiB"));
    }
    let read = input.take(length).read_to_end(body)?;
    if u64::try_from(read).unwrap_or_default() < length {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(())
}

fn own(headers: &[httparse::Header<'_>]) -> host_test::Headers {
    headers
        .iter()
        .map(|h| (h.name.to_ascii_lowercase(), h.value.to_vec()))
        .collect()
}

fn invalid(why: impl ToString) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, why.to_string())
}
