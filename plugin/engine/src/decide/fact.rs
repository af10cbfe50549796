//! Facts about a call that rules and limits ask for.

use std::borrow::Cow;

use crate::caller::JWT;
use crate::mcp::Headers;
use crate::policy::path::{Path, Root, Segment};
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

/// The host's attribute that a path into the claims leads to. `None` where it goes into lists, which attributes cannot
/// be told to be.
fn attribute(path: &Path) -> Option<Vec<&str>> {
    let keys = path.segments.iter().map(|segment| match segment {
        Segment::Key(key) => Some(key.as_str()),
        Segment::Index(_) | Segment::Every => None,
    });
    JWT.iter().copied().map(Some).chain(keys).collect()
}

pub(super) fn claim_text<'a>(path: &Path, around: &mut dyn Surroundings) -> Text<'a> {
    let Some(attribute) = attribute(path) else {
        return Text::Unreadable;
    };
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

/// Writes what a condition looks at beside the call and the grant, as it came, readable or not.
pub(super) fn push_beside(
    out: &mut Vec<u8>,
    path: &Path,
    headers: &Headers<'_>,
    around: &mut dyn Surroundings,
) {
    match &path.root {
        Root::Args | Root::ToolName | Root::GrantName => {}
        Root::Header(name) => headers.all(name).for_each(|value| push_part(out, value)),
        Root::ClientIp => {
            let ip = client_ip(around);
            ip.into_iter().for_each(|ip| push_part(out, ip.as_bytes()));
        }
        Root::Claims => {
            let claim = attribute(path).and_then(|attribute| around.property(&attribute));
            claim.into_iter().for_each(|claim| push_part(out, &claim));
        }
    }
    // No part has this length: what the next condition looks at cannot be taken for this one's.
    out.extend([u8::MAX; 8]);
}

/// Writes a part so that it cannot run into the next.
pub(super) fn push_part(out: &mut Vec<u8>, part: &[u8]) {
    out.extend(u64::try_from(part.len()).unwrap_or_default().to_le_bytes());
    out.extend(part);
}
