//! How a URI is compared with those that are denied: as servers may read it, not only as it is spelled.

/// A URI, or a glob over URIs, without percent-encoding. Who denies `a&b` or `My Docs` means `a%26b` and `My%20Docs` as
/// well: a server that finds the parts of a template in it (RFC 6570) decodes them, and has the same text.
pub(super) fn decoded(uri: &str) -> String {
    let mut parts = uri.split('%');
    let mut out = parts.next().unwrap_or_default().as_bytes().to_vec();
    for part in parts {
        let code = part.split_at_checked(2);
        let byte = code.and_then(|(code, _)| u8::from_str_radix(code, 16).ok());
        match (byte, code) {
            (Some(byte), Some((_, rest))) => {
                out.push(byte);
                out.extend_from_slice(rest.as_bytes());
            }
            _ => {
                out.push(b'%');
                out.extend_from_slice(part.as_bytes());
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// What servers may take a URI for that have no use for its query, or whose file system has none for slashes at
/// its end.
pub(super) fn shorter(uri: &str) -> [&str; 2] {
    let path = uri.split_once('?').map_or(uri, |(path, _)| path);
    [path, path.trim_end_matches('/')]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_encoded_is_decoded_once() {
        for (uri, want) in [
            ("users://a%40b.c", "users://a@b.c"),
            ("notes://R%26D%20%281%29", "notes://R&D (1)"),
            ("x://a%3fb%c3%A4é", "x://a?bäé"),
            ("x://%2540", "x://%40"),
            ("x://%zz%4", "x://%zz%4"),
            ("x://%é1", "x://%é1"),
            ("x://%FF", "x://\u{FFFD}"),
            ("%", "%"),
            ("", ""),
        ] {
            assert_eq!(decoded(uri), want, "{uri}");
        }
    }

    #[test]
    fn a_query_and_slashes_at_the_end_may_be_left_away() {
        assert_eq!(shorter("notes://a//?v=1?/"), ["notes://a//", "notes://a"]);
        assert_eq!(shorter("notes://a"), ["notes://a"; 2]);
    }
}
