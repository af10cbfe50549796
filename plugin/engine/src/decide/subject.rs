//! Whom a limit counts a call for.

use super::Call;
use super::fact::client_ip;
use crate::caller::Caller;
use crate::json::Kind;
use crate::limit::{CounterId, OpenTable, OwnSlot, Subject, everywhere};
use crate::policy::path::{Found, walk};
use crate::policy::{Limit, Scope};
use crate::surroundings::Surroundings;

/// Sets and ways of the table in which one limit counts subjects that callers make up: room for
/// 16,384 that are live at once, about 3 MB of shared data at the most.
const TABLE_SETS: std::num::NonZeroU32 = std::num::NonZeroU32::MIN.saturating_add(2_047);
const TABLE_WAYS: std::num::NonZeroU8 = std::num::NonZeroU8::MIN.saturating_add(7);

pub(super) fn subject(
    limit: &Limit,
    counter: &CounterId,
    call: &Call<'_>,
    around: &mut dyn Surroundings,
) -> Option<Subject> {
    if let [scope] = limit.scopes.as_slice() {
        match (scope, call.grant, call.caller) {
            (Scope::Global, ..) => return Some(Subject::Own(OwnSlot::GLOBAL)),
            (Scope::Grant, Some(grant), _) => return Some(Subject::Own(grant.slot)),
            (Scope::Grant, None, Caller::Anonymous) => {
                return Some(Subject::Own(OwnSlot::NO_CREDENTIAL));
            }
            _ => {}
        }
    }
    let parts = parts(limit, call, around)?;
    let table = OpenTable::new(around.hash_key()?, TABLE_SETS, TABLE_WAYS);
    let parts: Vec<&[u8]> = parts.iter().map(Vec::as_slice).collect();
    Some(table.subject(counter, &parts))
}

/// The name of `subject`, which is that of this limit and call, in every proxy.
pub(super) fn name(
    subject: &Subject,
    limit: &Limit,
    call: &Call<'_>,
    around: &mut dyn Surroundings,
) -> Option<[u8; 16]> {
    if let Subject::Own(slot) = subject {
        return Some(slot.everywhere());
    }
    let parts = parts(limit, call, around)?;
    let parts: Vec<&[u8]> = parts.iter().map(Vec::as_slice).collect();
    Some(everywhere(&parts))
}

fn parts(limit: &Limit, call: &Call<'_>, around: &mut dyn Surroundings) -> Option<Vec<Vec<u8>>> {
    let mut parts: Vec<Vec<u8>> = Vec::new();
    for scope in &limit.scopes {
        scope_parts(scope, call, around, &mut parts)?;
    }
    Some(parts)
}

/// What tells one subject of a scope from another, labelled so that no two scopes are alike.
fn scope_parts(
    scope: &Scope,
    call: &Call<'_>,
    around: &mut dyn Surroundings,
    parts: &mut Vec<Vec<u8>>,
) -> Option<()> {
    let mut part = |label: &str, value: Vec<u8>| {
        parts.push(label.as_bytes().to_vec());
        parts.push(value);
    };
    match (scope, call.grant, call.caller) {
        (Scope::Grant, Some(grant), _) => part("grant", grant.name.clone().into_bytes()),
        (Scope::Grant, None, Caller::Identified(kind, value)) => part(kind, value.clone()),
        (Scope::Grant, None, _) => part("anonymous", Vec::new()),
        (Scope::Client, ..) => part("client", client_ip(around)?.into_bytes()),
        (Scope::Global, ..) => part("global", Vec::new()),
        (Scope::Argument(path), ..) => {
            let mut value = None;
            let (found, segments) = call.arguments.enter(&path.segments);
            walk(found, segments, &mut |found| {
                value = argument_part(found);
            });
            part(&path.to_string(), value?);
        }
    }
    Some(())
}

/// An argument as a subject: values that a server takes for the same count together.
fn argument_part(found: Found<'_>) -> Option<Vec<u8>> {
    let value = match found {
        Found::Value(value) => value,
        Found::Absent | Found::ThroughNull => return Some(b"absent".to_vec()),
        Found::Unreadable => return None,
    };
    match value.kind() {
        Kind::String => value.as_str().map(|s| format!("s{s}").into_bytes()),
        Kind::Number => {
            let mut text = b"n".to_vec();
            value.as_number()?.write_canonical(&mut text);
            Some(text)
        }
        Kind::Bool => Some(value.text().as_bytes().to_vec()),
        Kind::Null => Some(b"absent".to_vec()),
        Kind::Object | Kind::Array => None,
    }
}
