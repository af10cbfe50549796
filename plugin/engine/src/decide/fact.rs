//! Facts about a call that rules and limits ask for.

use std::borrow::Cow;

use crate::caller::JWT;
use crate::mcp::Headers;
use crate::policy::path::{Path, Segment};
use crate::surroundings::Surroundings;

/// A fact that is a string, or is not.
pub(super) enum Text<'a> {
    Is(Cow<'a, str>),
    Absent,
    Unreadable,
}

pub(super) fn header_text<'a>(headers: &Headers<'a>, name: &str) -> Text<'a> {
    let mut values = headers.all(name);
    match (values.next(), values.next()) {
        (None, _) => Text::Absent,
        (Some(value), None) => match std::str::from_utf8(value) {
            Ok(text) => Text::Is(Cow::Borrowed(text)),
            Err(_) => Text::Unreadable,
        },
        (Some(_), Some(_)) => Text::Unreadable,
    }
}

pub(super) fn claim_text<'a>(path: &Path, around: &mut dyn Surroundings) -> Text<'a> {
    let mut attribute = JWT.to_vec();
    for segment in &path.segments {
        match segment {
            Segment::Key(key) => attribute.push(key),
            // Attributes cannot be told to be lists: such a path is never readable.
            Segment::Index(_) | Segment::Every => return Text::Unreadable,
        }
    }
    match around.property(&attribute).map(String::from_utf8) {
        None => Text::Absent,
        // A host does not say of what type a claim is. Numbers, booleans, lists and maps come as
        // bytes of which some are controls.
        Some(Ok(text)) if !text.contains(char::is_control) => Text::Is(Cow::Owned(text)),
        Some(_) => Text::Unreadable,
    }
}

/// The client's address without its port.
pub(super) fn client_ip(around: &mut dyn Surroundings) -> Option<String> {
    let address = String::from_utf8(around.property(&["source", "address"])?).ok()?;
    let host = address
        .rsplit_once(':')
        .map_or(address.as_str(), |(host, _)| host);
    Some(host.trim_matches(['[', ']']).to_owned())
}
