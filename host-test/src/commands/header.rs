//! `--header NAME:VALUE`.

use host_test::Headers;

/// A header that the user gives: a lower-case name, and a value unless it only takes the default
/// away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Header {
    name: String,
    value: Option<Vec<u8>>,
}

impl Header {
    /// The name and the value, where it has one.
    pub(super) fn pair(&self) -> Option<(String, Vec<u8>)> {
        Some((self.name.clone(), self.value.clone()?))
    }
}

/// Reads `NAME:VALUE`; white space around the value is not part of it.
pub(super) fn parse(text: &str) -> Result<Header, String> {
    let (name, value) = text
        .split_once(':')
        .ok_or_else(|| format!("`{text}` has no colon: write NAME:VALUE"))?;
    let token = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
    if name.is_empty() || !name.bytes().all(token) {
        return Err(format!("`{name}` is not a header's name"));
    }
    let name = name.to_ascii_lowercase();
    if name == "content-length" || name == "transfer-encoding" {
        return Err(format!("`{name}` follows from the body and cannot be set"));
    }
    let value = value.trim_matches([' ', '\t']);
    if value.chars().any(|c| c.is_control() && c != '\t') {
        return Err(format!(
            "the value of `{name}` has a control character, which HTTP cannot carry"
        ));
    }
    Ok(Header {
        name,
        value: (!value.is_empty()).then(|| value.as_bytes().to_vec()),
    })
}

/// Puts headers in the place of those that have their names; a name given twice is sent twice.
pub(super) fn apply(headers: &mut Headers, given: &[Header]) {
    headers.retain(|(name, _)| given.iter().all(|header| header.name != *name));
    let added = given
        .iter()
        .filter_map(|header| Some((header.name.clone(), header.value.clone()?)));
    headers.extend(added);
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "test")]
    use super::*;

    #[test]
    fn what_is_given_takes_the_place_of_the_default() {
        let pair = |name: &str, value: &str| (name.to_owned(), value.as_bytes().to_vec());
        let mut headers = vec![pair("accept", "a"), pair("content-type", "b")];
        let given = ["Accept: x:y ", "X-Team:1", "x-team: 2", "Content-Type:"];
        let given = given.map(|text| parse(text).unwrap());
        apply(&mut headers, &given);
        assert_eq!(
            headers,
            [
                pair("accept", "x:y"),
                pair("x-team", "1"),
                pair("x-team", "2")
            ]
        );
        for wrong in [
            "accept",
            ":path",
            "a b: c",
            "a:\r\nb: c",
            "Content-Length: 3",
        ] {
            parse(wrong).unwrap_err();
        }
    }
}
