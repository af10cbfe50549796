//! `allowed_origins`: the web pages that may send requests.

use super::fault::Faults;
use super::reader::Field;

/// Reads the list: origins as browsers write them, in lower case. An empty list lets no web page in.
pub(super) fn read_origins(field: &Field<'_>, faults: &mut Faults) -> Vec<String> {
    let mut origins: Vec<String> = Vec::new();
    for element in field.elements(faults) {
        let Some(text) = element.string(faults) else {
            continue;
        };
        match origin(&text) {
            Ok(origin) if origins.contains(&origin) => {
                faults.error(&element.pointer, format!("`{text}` is listed twice"));
            }
            Ok(origin) => origins.push(origin),
            Err(why) => faults.error(
                &element.pointer,
                format!("`{text}` is not an origin: {why}"),
            ),
        }
    }
    origins
}

/// An origin as RFC 6454 serializes it, in lower case and without the port that its scheme implies.
fn origin(text: &str) -> Result<String, &'static str> {
    if text == "null" {
        return Ok(text.to_owned());
    }
    let (scheme, rest) = text
        .split_once("://")
        .ok_or("expected `scheme://host` or `scheme://host:port`, or `null`")?;
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.');
    if scheme.is_empty() || !scheme.chars().all(plain) {
        return Err("its scheme has other characters than letters, digits, `+`, `-` and `.`");
    }
    if rest.contains('*') {
        return Err("each origin is listed by its whole name, without `*`");
    }
    if rest.contains(['/', '?', '#', '@']) {
        return Err("an origin ends with its host and port: no path, no `/` at the end");
    }
    let host =
        |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_' | ':' | '[' | ']');
    if rest.is_empty() || rest.starts_with(':') || !rest.chars().all(host) {
        return Err("its host is missing, or not written in ASCII as browsers send it");
    }
    let mut origin = text.to_ascii_lowercase();
    for (scheme, port) in [("http://", ":80"), ("https://", ":443")] {
        if origin.starts_with(scheme)
            && let Some(short) = origin.strip_suffix(port)
        {
            origin = short.to_owned();
        }
    }
    Ok(origin)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_a_scheme_a_host_and_perhaps_a_port() {
        for (text, want) in [
            ("https://App.example", Some("https://app.example")),
            ("HTTP://localhost:3000", Some("http://localhost:3000")),
            ("https://a.example:443", Some("https://a.example")),
            ("http://a.example:443", Some("http://a.example:443")),
            ("http://[::1]:80", Some("http://[::1]")),
            ("chrome-extension://abc", Some("chrome-extension://abc")),
            ("null", Some("null")),
            ("*", None),
            ("https://*.example", None),
            ("https://a.example/", None),
            ("https://user@a.example", None),
            ("a.example", None),
            ("https://", None),
            ("https://:443", None),
            ("https://bücher.example", None),
            ("https://a.example b", None),
        ] {
            assert_eq!(origin(text).ok().as_deref(), want, "{text}");
        }
    }
}
