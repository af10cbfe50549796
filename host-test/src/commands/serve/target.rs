//! The upstream's URL.

use std::fmt;
use std::str::FromStr;

use hyper::Uri;

/// Where requests go.
#[derive(Clone, Debug)]
pub(super) struct Upstream {
    /// `host:port`, for connecting.
    pub(super) address: String,
    /// As it stands in the URL, for the header `host`.
    pub(super) authority: String,
    path: String,
}

impl Upstream {
    /// The path that the URL names, which a client has to use too.
    pub(super) fn path(&self) -> &str {
        match self.path.as_str() {
            "/" => "/mcp",
            path => path,
        }
    }
}

impl FromStr for Upstream {
    type Err = String;

    fn from_str(text: &str) -> Result<Upstream, String> {
        let wrong = |why: &str| format!("{why}; write a URL like http://127.0.0.1:3000/mcp");
        let uri: Uri = text.parse().map_err(|_| wrong("not a URL"))?;
        match uri.scheme_str() {
            Some("http") => {}
            Some("https") => {
                return Err(
                    "serve speaks plain HTTP to its upstream; for a server behind TLS, \
                            `envoy/demo --policy FILE --upstream https://…` runs a real Envoy"
                        .to_owned(),
                );
            }
            _ => return Err(wrong("not http")),
        }
        let authority = uri.authority().ok_or_else(|| wrong("no host"))?;
        if authority.as_str().contains('@') {
            return Err("credentials in a URL are not sent; use a header of the client".to_owned());
        }
        if uri.query().is_some() {
            return Err(wrong("a query belongs to the client's own URL"));
        }
        let port = authority.port_u16().unwrap_or(80);
        Ok(Upstream {
            address: format!("{}:{port}", authority.host()),
            authority: authority.as_str().to_owned(),
            path: uri.path().to_owned(),
        })
    }
}

impl fmt::Display for Upstream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "http://{}{}", self.authority, self.path())
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "test")]
    use super::*;

    #[test]
    fn urls_are_read_and_refused_with_reasons() {
        let read = |text: &str| text.parse::<Upstream>();
        let upstream = read("http://localhost:3000/mcp").unwrap();
        assert_eq!(upstream.address, "localhost:3000");
        assert_eq!(upstream.path(), "/mcp");
        let upstream = read("http://[::1]").unwrap();
        assert_eq!((&*upstream.address, upstream.path()), ("[::1]:80", "/mcp"));
        for (text, why) in [
            ("https://x/mcp", "envoy/demo"),
            ("localhost:3000", "http://127.0.0.1:3000/mcp"),
            ("http://a:b@c/", "credentials"),
            ("http://a/?q", "query"),
        ] {
            assert!(read(text).unwrap_err().contains(why), "{text}");
        }
    }
}
