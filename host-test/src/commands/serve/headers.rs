//! Headers between a connection and the host: those of a connection stay with it (RFC 9110, 7.6.1).

use host_test::Headers;
use hyper::HeaderMap;
use hyper::header::{HeaderName, HeaderValue};

/// Headers that belong to one connection, whatever `connection` says.
const OF_A_CONNECTION: [&str; 9] = [
    "connection",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// What goes on from a message.
pub(super) fn of(map: &HeaderMap) -> Headers {
    let named: Vec<String> = map
        .get_all("connection")
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(|name| name.trim().to_ascii_lowercase())
        .collect();
    map.iter()
        .map(|(name, value)| (name.as_str(), value))
        .filter(|(name, _)| !OF_A_CONNECTION.contains(name) && !named.iter().any(|n| n == name))
        .map(|(name, value)| (name.to_owned(), value.as_bytes().to_vec()))
        .collect()
}

/// The headers of a message to send; what HTTP cannot carry is an error.
pub(super) fn to(headers: &Headers) -> Result<HeaderMap, String> {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        if OF_A_CONNECTION.contains(&name.as_str()) {
            continue;
        }
        let wrong = || format!("the module set a header `{name}` that HTTP cannot carry");
        let key = HeaderName::from_bytes(name.as_bytes()).map_err(|_| wrong())?;
        let value = HeaderValue::from_bytes(value).map_err(|_| wrong())?;
        map.append(key, value);
    }
    Ok(map)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "test")]
    use super::*;

    #[test]
    fn headers_of_the_connection_stay_with_it() {
        let mut map = HeaderMap::new();
        for (name, value) in [
            ("connection", "close, X-Mine"),
            ("x-mine", "1"),
            ("transfer-encoding", "chunked"),
            ("mcp-session-id", "s"),
        ] {
            map.append(name, HeaderValue::from_static(value));
        }
        let on = of(&map);
        assert_eq!(on, [("mcp-session-id".to_owned(), b"s".to_vec())]);
        assert_eq!(to(&on).unwrap().len(), 1);
        assert!(to(&vec![("a b".to_owned(), vec![])]).is_err());
    }
}
