//! Request headers: what HTTP must say before a body is worth reading.

use super::reply::Rejection;

/// The request's headers as the host gave them: names in any case, values not always UTF-8,
/// pseudo-headers (`:method`) included.
#[derive(Clone, Debug, Default)]
pub struct Headers<'a> {
    pairs: Vec<(&'a [u8], &'a [u8])>,
}

impl<'a> FromIterator<(&'a [u8], &'a [u8])> for Headers<'a> {
    fn from_iter<I: IntoIterator<Item = (&'a [u8], &'a [u8])>>(pairs: I) -> Self {
        Self {
            pairs: pairs.into_iter().collect(),
        }
    }
}

impl<'a> From<Vec<(&'a [u8], &'a [u8])>> for Headers<'a> {
    fn from(pairs: Vec<(&'a [u8], &'a [u8])>) -> Self {
        Self { pairs }
    }
}

impl<'a> Headers<'a> {
    /// All pairs in order.
    pub fn iter(&self) -> impl Iterator<Item = (&'a [u8], &'a [u8])> + '_ {
        self.pairs.iter().copied()
    }

    /// Every value of a header, by its lower-case name.
    pub fn all<'s>(&'s self, name: &'s str) -> impl Iterator<Item = &'a [u8]> + 's {
        self.iter()
            .filter(move |(n, _)| n.len() == name.len() && n.eq_ignore_ascii_case(name.as_bytes()))
            .map(|(_, value)| value)
    }

    /// The value of a header that must not be sent twice.
    ///
    /// # Errors
    /// 400 when it is there twice: servers differ in which one they read.
    pub fn single(&self, name: &str) -> Result<Option<&'a [u8]>, Rejection> {
        let mut values = self.all(name);
        let first = values.next();
        if values.next().is_some() {
            return Err(twice(name));
        }
        Ok(first)
    }
}

fn twice(name: &str) -> Rejection {
    Rejection::http(400, &format!("header `{name}` is sent twice: send it once"))
}

/// What the body will be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// POST, and every method that is not listed below: the body must be an MCP message.
    Message,
    /// GET, HEAD, DELETE, OPTIONS: must not have a body.
    Bodiless,
}

/// The headers that MCP gives a meaning, none of them sent twice. Its own copy: it is read when the
/// headers are there, and needed when the body is.
#[derive(Clone, Debug)]
pub struct Head {
    /// What may follow.
    pub method: Method,
    /// `MCP-Protocol-Version`.
    pub version: Option<String>,
    /// `Mcp-Method`, as sent.
    pub mcp_method: Option<String>,
    /// `Mcp-Name`, as sent.
    pub mcp_name: Option<String>,
    /// `Mcp-Param-{X}`: the part after `Mcp-Param-`, and the value as sent.
    pub mcp_params: Vec<(String, String)>,
    /// `Mcp-Session-Id`.
    pub session: Option<Vec<u8>>,
}

impl Head {
    /// Reads the headers once.
    ///
    /// # Errors
    /// 400 for headers sent twice or spelt with `_`, not ASCII where MCP reads them, or a WebSocket upgrade; 415 for a message
    /// that is not exactly `application/json` in UTF-8, or that is encoded (`mcp-wire.md`).
    pub fn read(headers: &Headers<'_>) -> Result<Self, Rejection> {
        let mut slots = Slots::default();
        let mut params: Vec<(String, String)> = Vec::new();
        for (name, value) in headers.iter() {
            // What MCP gives a meaning begins with one of four letters.
            if !matches!(
                name.first(),
                Some(b':' | b'm' | b'M' | b'c' | b'C' | b'u' | b'U')
            ) {
                continue;
            }
            if let Some((known, slot)) = slots.slot(name) {
                // As HTTP/2 and most proxies spell it.
                if name != known.as_bytes() {
                    exactly(name, known)?;
                }
                if slot.replace(value).is_some() {
                    return Err(twice(known));
                }
            } else if let Some(param) = param_name(name)? {
                if params.iter().any(|(n, _)| n.eq_ignore_ascii_case(param)) {
                    return Err(twice(&format!("mcp-param-{param}")));
                }
                params.push((param.to_owned(), ascii("mcp-param", value)?.to_owned()));
            } else if name.eq_ignore_ascii_case(b"upgrade")
                && value
                    .to_ascii_lowercase()
                    .windows(9)
                    .any(|w| w == b"websocket")
            {
                return Err(Rejection::http(400, "WebSocket is not MCP: use HTTP"));
            }
        }
        let method = match slots.method {
            Some(b"GET" | b"HEAD" | b"DELETE" | b"OPTIONS") => Method::Bodiless,
            Some(b"CONNECT") => return Err(Rejection::http(400, "CONNECT is not MCP: use POST")),
            _ => Method::Message,
        };
        if method == Method::Message {
            check_content(slots.content_type, slots.content_encoding)?;
        }
        let text = |name: &str, value: Option<&[u8]>| {
            let text = value.map(|value| ascii(name, value)).transpose();
            text.map(|text| text.map(str::to_owned))
        };
        Ok(Self {
            method,
            version: text("mcp-protocol-version", slots.version)?,
            mcp_method: text("mcp-method", slots.mcp_method)?,
            mcp_name: text("mcp-name", slots.mcp_name)?,
            mcp_params: params,
            session: slots.session.map(<[u8]>::to_vec),
        })
    }
}

/// What the names of headers that mirror arguments begin with.
const PARAM: &str = "mcp-param-";

#[derive(Default)]
struct Slots<'a> {
    method: Option<&'a [u8]>,
    content_type: Option<&'a [u8]>,
    content_encoding: Option<&'a [u8]>,
    version: Option<&'a [u8]>,
    mcp_method: Option<&'a [u8]>,
    mcp_name: Option<&'a [u8]>,
    session: Option<&'a [u8]>,
}

impl<'a> Slots<'a> {
    /// Where a header that must not repeat is kept, and its name; also of one that CGI would take for it.
    fn slot(&mut self, name: &[u8]) -> Option<(&'static str, &mut Option<&'a [u8]>)> {
        // The length tells almost all of them apart without comparing.
        let (known, slot) = match name.len() {
            7 => (":method", &mut self.method),
            8 => ("mcp-name", &mut self.mcp_name),
            10 => ("mcp-method", &mut self.mcp_method),
            12 => ("content-type", &mut self.content_type),
            14 => ("mcp-session-id", &mut self.session),
            16 => ("content-encoding", &mut self.content_encoding),
            20 => ("mcp-protocol-version", &mut self.version),
            _ => return None,
        };
        (name == known.as_bytes() || same_in_cgi(name, known)).then_some((known, slot))
    }
}

/// Whether a server behind CGI or WSGI, which knows only `HTTP_MCP_NAME`, takes `name` for `known`.
fn same_in_cgi(name: &[u8], known: &str) -> bool {
    let folded = |byte: &u8| match byte {
        b'_' => b'-',
        other => other.to_ascii_lowercase(),
    };
    name.iter().map(folded).eq(known.bytes())
}

/// Refuses a name that only some servers take for the known one.
fn exactly(name: &[u8], known: &str) -> Result<(), Rejection> {
    if name.eq_ignore_ascii_case(known.as_bytes()) {
        return Ok(());
    }
    let seen = String::from_utf8_lossy(name);
    let why = format!("header `{seen}` could be read as `{known}`: send `{known}`");
    Err(Rejection::http(400, &why))
}

/// The part of a name after `Mcp-Param-`.
fn param_name(name: &[u8]) -> Result<Option<&str>, Rejection> {
    let Some((prefix, rest)) = name.split_at_checked(PARAM.len()) else {
        return Ok(None);
    };
    if !same_in_cgi(prefix, PARAM) {
        return Ok(None);
    }
    exactly(prefix, PARAM)?;
    Ok(std::str::from_utf8(rest).ok())
}

/// The value of a header that MCP defines as visible ASCII.
fn ascii<'a>(name: &str, value: &'a [u8]) -> Result<&'a str, Rejection> {
    std::str::from_utf8(value)
        .ok()
        .filter(|v| v.bytes().all(|b| (b' '..=b'~').contains(&b) || b == b'\t'))
        .ok_or_else(|| {
            let why = format!("header `{name}` must be ASCII: encode other text as =?base64?…?=");
            Rejection::http(400, &why)
        })
}

/// One `application/json`, UTF-8, not encoded: anything else some server decodes and we do not.
fn check_content(content_type: Option<&[u8]>, encoding: Option<&[u8]>) -> Result<(), Rejection> {
    let fine = content_type.is_some_and(is_json);
    if !fine {
        return Err(Rejection::http(
            415,
            "expected header `content-type: application/json`, charset absent or utf-8",
        ));
    }
    match encoding.map(|e| e.trim_ascii().eq_ignore_ascii_case(b"identity")) {
        None | Some(true) => Ok(()),
        Some(false) => Err(Rejection::http(
            415,
            "expected a body without `content-encoding`: send it plain",
        )),
    }
}

/// Whether a Content-Type is `application/json` with no parameter but `charset=utf-8`.
pub fn is_json(content_type: &[u8]) -> bool {
    let mut parts = content_type.split(|b| *b == b';').map(<[u8]>::trim_ascii);
    parts
        .next()
        .is_some_and(|essence| essence.eq_ignore_ascii_case(b"application/json"))
        && parts.next().is_none_or(|charset| {
            charset.eq_ignore_ascii_case(b"charset=utf-8")
                || charset.eq_ignore_ascii_case(b"charset=\"utf-8\"")
        })
        && parts.next().is_none()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn headers<'a>(extra: &[(&'a str, &'a [u8])]) -> Headers<'a> {
        let base: [(&[u8], &[u8]); 2] = [(b":method", b"POST"), (b"x-other", b"\xff")];
        base.into_iter()
            .chain(extra.iter().map(|(n, v)| (n.as_bytes(), *v)))
            .collect()
    }

    fn status(extra: &[(&str, &[u8])]) -> Result<(), u16> {
        Head::read(&headers(extra))
            .map(|_| ())
            .map_err(|r| r.status)
    }

    #[test]
    fn a_message_is_exactly_one_plain_json_body() {
        for fine in [
            "application/json",
            "Application/JSON",
            "application/json; charset=utf-8",
            "application/json;charset=UTF-8",
            "application/json; charset=\"utf-8\"",
        ] {
            assert_eq!(
                status(&[("Content-Type", fine.as_bytes())]),
                Ok(()),
                "{fine}"
            );
        }
        for wrong in [
            "",
            "text/plain",
            "application/json; charset=utf-16",
            "application/json;charset=utf-7",
            "application/json; charset=utf-8; charset=utf-16",
            "application/jsonp",
            "application/json, text/plain",
            "application/json; x=y",
        ] {
            assert_eq!(
                status(&[("content-type", wrong.as_bytes())]),
                Err(415),
                "{wrong}"
            );
        }
        assert_eq!(status(&[]), Err(415));
        let json: (&str, &[u8]) = ("content-type", b"application/json");
        for (encoding, want) in [
            ("identity", Ok(())),
            ("gzip", Err(415)),
            ("", Err(415)),
            ("identity, gzip", Err(415)),
        ] {
            assert_eq!(
                status(&[json, ("content-encoding", encoding.as_bytes())]),
                want,
                "{encoding}"
            );
        }
    }

    #[test]
    fn a_header_that_servers_could_read_twice_is_refused() {
        let json: (&str, &[u8]) = ("content-type", b"application/json");
        for name in [
            "content-type",
            "content-encoding",
            "mcp-method",
            "Mcp-Name",
            "mcp-protocol-version",
            "mcp-session-id",
            "Mcp-Param-Amount",
        ] {
            let value: &[u8] = if name == "content-type" {
                b"application/json"
            } else {
                b"identity"
            };
            assert_eq!(
                status(&[json, (name, value), (name, value)]),
                Err(400),
                "{name}"
            );
        }
    }

    #[test]
    fn a_header_that_cgi_takes_for_another_is_refused() {
        let json: (&str, &[u8]) = ("content-type", b"application/json");
        for name in [
            "mcp_name",
            "Mcp_Method",
            "content_type",
            "content-encoding_",
            "CONTENT_ENCODING",
            "mcp_session-id",
            "mcp-protocol_version",
            "mcp_param_amount",
        ] {
            let want = if name.ends_with('_') {
                Ok(())
            } else {
                Err(400)
            };
            assert_eq!(status(&[json, (name, b"identity")]), want, "{name}");
        }
        assert_eq!(status(&[json, ("mcp-param-my_argument", b"1")]), Ok(()));
        assert_eq!(status(&[json, ("x_request_id", b"1")]), Ok(()));
    }

    #[test]
    fn odd_methods_and_upgrades_are_refused() {
        let read = |pairs: &[(&str, &str)]| {
            let headers: Headers<'_> = pairs
                .iter()
                .map(|(n, v)| (n.as_bytes(), v.as_bytes()))
                .collect();
            Head::read(&headers).map(|h| h.method).map_err(|r| r.status)
        };
        assert_eq!(read(&[(":method", "GET")]), Ok(Method::Bodiless));
        assert_eq!(read(&[(":method", "DELETE")]), Ok(Method::Bodiless));
        assert_eq!(
            read(&[(":method", "PUT"), ("content-type", "application/json")]),
            Ok(Method::Message)
        );
        assert_eq!(
            read(&[(":method", "get"), ("content-type", "application/json")]),
            Ok(Method::Message)
        );
        assert_eq!(read(&[(":method", "CONNECT")]), Err(400));
        assert_eq!(
            read(&[(":method", "GET"), ("upgrade", "WebSocket")]),
            Err(400)
        );
        assert_eq!(
            status(&[("content-type", b"application/json"), ("mcp-name", b"\xff")]),
            Err(400)
        );
    }
}
