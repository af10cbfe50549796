//! Whether a URI is spelled in the one way that all who read it take for the same.
//!
//! Rules compare URIs as they are written. A server that parses one (WHATWG URL, as `new URL` does, or
//! RFC 3986 section 6) drops tabs, undoes `%2e`, walks `..` and may read what another rule is about.

/// Schemes that WHATWG URL parses in ways of their own, with the ports that mean none.
const SPECIAL: [(&str, &str); 6] = [
    ("file", ""),
    ("ftp", "21"),
    ("http", "80"),
    ("https", "443"),
    ("ws", "80"),
    ("wss", "443"),
];

/// Whether no reader makes another URI of this one: nothing in it is removed, decoded, walked or folded.
/// Braces stand for themselves, so that the text of a URI template can be asked about.
pub fn is_plain_uri(uri: &str) -> bool {
    let (rest, query) = match uri.split_once('?') {
        Some((rest, query)) => (rest, Some(query)),
        None => (uri, None),
    };
    let scheme = rest.split_once(':').filter(|(name, _)| !name.contains('/'));
    let (scheme, path) = scheme.unwrap_or(("", rest));
    !uri.is_empty()
        && query != Some("")
        && has_plain_characters(uri.as_bytes())
        && !scheme.bytes().any(|b| b.is_ascii_uppercase())
        && !path.split('/').any(|segment| matches!(segment, "." | ".."))
        && SPECIAL
            .iter()
            .find(|(name, _)| *name == scheme)
            .is_none_or(|(name, port)| is_plain_special(name, port, path))
}

/// Printable ASCII that parsers neither drop nor change, and of `%XX` only what stays encoded: no letter, digit or
/// `-._~` (RFC 3986 section 6.2.2.2), no slash, no control character, and in capitals.
fn has_plain_characters(mut rest: &[u8]) -> bool {
    let digit = |b: &u8| match b {
        b'0'..=b'9' => Some(b.wrapping_sub(b'0')),
        b'A'..=b'F' => Some(b.wrapping_sub(b'A').wrapping_add(10)),
        _ => None,
    };
    while let Some((first, more)) = rest.split_first() {
        rest = more;
        match first {
            b'%' => {
                let Some(([high, low], more)) = more.split_first_chunk() else {
                    return false;
                };
                let (Some(high), Some(low)) = (digit(high), digit(low)) else {
                    return false;
                };
                let byte = (high << 4) | low;
                let decoded = byte.is_ascii_alphanumeric() || b"-._~/\\".contains(&byte);
                if decoded || byte.is_ascii_control() {
                    return false;
                }
                rest = more;
            }
            b'#' | b'\\' | b'"' | b'<' | b'>' | b'^' | b'`' | b'|' => return false,
            b'!'..=b'~' => {}
            _ => return false,
        }
    }
    true
}

/// `path` is what follows `file:`, `http:` and the like, without the query.
fn is_plain_special(scheme: &str, port: &str, path: &str) -> bool {
    let Some((host, path)) = path.strip_prefix("//").and_then(|p| p.split_once('/')) else {
        return false;
    };
    if scheme == "file" {
        // No host, which `localhost` is another word for; and file systems take `//` for `/`.
        return host.is_empty() && !path.starts_with('/') && !path.contains("//");
    }
    let (name, number) = match host.rsplit_once(':') {
        Some((name, number)) if !host.ends_with(']') => (name, Some(number)),
        _ => (host, None),
    };
    let plain_port = |number: &str| {
        number.bytes().all(|b| b.is_ascii_digit()) && !number.starts_with('0') && number != port
    };
    number.is_none_or(|number| !number.is_empty() && plain_port(number)) && is_plain_host(name)
}

/// A name in small letters, or an address of four decimal numbers; others are written in several ways.
fn is_plain_host(name: &str) -> bool {
    let last = name.rsplit('.').next().unwrap_or_default();
    // A last label that begins with a digit makes it an address (WHATWG URL, "ends in a number").
    let numeric = last.starts_with(|c: char| c.is_ascii_digit());
    let decimal = |label: &str| {
        label.parse::<u8>().is_ok() && (label == "0" || !label.starts_with(['0', '+']))
    };
    let address = name.split('.').count() == 4 && name.split('.').all(decimal);
    !last.is_empty()
        && (!numeric || address)
        && name.bytes().all(|b| {
            b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'.' | b'{' | b'}')
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_spelled_as_everybody_writes_it_is_plain() {
        for uri in [
            "file:///docs/a.md",
            "file:///docs/My%20file%C3%A4.md",
            "file:///.hidden/..a/b..",
            "https://example.com/a/b?x=../y&z=1",
            "https://example.com:8443/",
            "http://127.0.0.1/x",
            "db://secret",
            "urn:isbn:0451450523",
            "note://Team/1",
            "file:///secret/{name}",
            "mail:inbox/~me",
            "docs/readme",
        ] {
            assert!(is_plain_uri(uri), "{uri}");
        }
    }

    #[test]
    fn what_some_reader_takes_for_another_is_not() {
        for uri in [
            "",
            "file:///docs/../etc/passwd",
            "file:///docs/./a",
            "file:///docs/..",
            "file:///docs/.\t./etc",
            "file:///docs/.\n./etc",
            " file:///docs",
            "file:///docs ",
            "file:///docs/%2e%2e/etc",
            "file:///docs/%2E%2E/etc",
            "file:///docs/..%2Fetc",
            "file:///docs/%5Cetc",
            "file:///%65tc/passwd",
            "file:///docs/%c3%a4",
            "file:///docs/%00",
            "file:///docs/%",
            "file:///docs/%4",
            "file:///docs\\..\\etc",
            "file:/etc/passwd",
            "file:etc/passwd",
            "file://localhost/etc/passwd",
            "file:////etc/passwd",
            "file:///tmp//x",
            "FILE:///etc/passwd",
            "file:///etc/passwd#x",
            "file:///etc/passwd?",
            "file:///C|/x",
            "db://secret#x",
            "db://a/../secret",
            "http://example.com",
            "http:example.com/",
            "http:///example.com/",
            "http://Example.com/",
            "http://example.com./",
            "http://user@example.com/",
            "http://example.com:80/",
            "http://example.com:080/",
            "http://example.com:/",
            "http://2130706433/",
            "http://0x7f.1/",
            "http://127.1/",
            "http://127.0.0.01/",
            "http://127.0.0.+1/",
            "http://1.2.3.4.5/",
            "http://[::1]/",
            "https://example.com:443/",
            "http://ex%61mple.com/",
            "note://n\u{e4}me",
        ] {
            assert!(!is_plain_uri(uri), "{uri}");
        }
    }
}
