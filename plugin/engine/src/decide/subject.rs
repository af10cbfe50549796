//! Whom a limit counts a call for.

use std::num::{NonZeroU8, NonZeroU32};

use super::Call;
use super::fact::client_ip;
use crate::caller::Caller;
use crate::json::{Kind, Number};
use crate::limit::{CounterId, OpenTable, OwnSlot, Subject, everywhere};
use crate::policy::path::{Found, walk};
use crate::policy::{Limit, Scope};
use crate::surroundings::Surroundings;

/// Ways of each set of the table in which one limit counts subjects that callers make up; how many
/// sets it has is configured (`max_subjects`).
const TABLE_WAYS: NonZeroU8 = NonZeroU8::MIN.saturating_add(7);

pub(super) fn subject(
    limit: &Limit,
    sets: NonZeroU32,
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
            (Scope::Session, Some(grant), _) if call.session.is_none() => {
                return Some(Subject::Own(grant.sessionless));
            }
            (Scope::Session, None, Caller::Anonymous) if call.session.is_none() => {
                return Some(Subject::Own(OwnSlot::other("sessionless", "")));
            }
            _ => {}
        }
    }
    let parts = parts(limit, call, around)?;
    let table = OpenTable::new(around.hash_key()?, sets, TABLE_WAYS);
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
    let mut who = || match (call.grant, call.caller) {
        (Some(grant), _) => part("grant", grant.name.clone().into_bytes()),
        (None, Caller::Identified(kind, value)) => part(kind, value.clone()),
        (None, _) => part("anonymous", Vec::new()),
    };
    match scope {
        Scope::Grant => who(),
        // A session is its owner's: nobody shares a count by naming another's.
        Scope::Session => {
            who();
            match call.session {
                Some(id) => part("session", id.to_vec()),
                None => part("sessionless", Vec::new()),
            }
        }
        Scope::Client => part("client", client_ip(around)?.into_bytes()),
        Scope::Global => part("global", Vec::new()),
        Scope::Argument(path) => {
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

/// An argument as a subject: values that a server takes for the same count together. A number that
/// some servers round to another would open a count of its own, so it names nobody.
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
            let number = value.as_number().filter(Number::is_told_alike)?;
            number.write_canonical(&mut text);
            Some(text)
        }
        Kind::Bool => Some(value.text().as_bytes().to_vec()),
        Kind::Null => Some(b"absent".to_vec()),
        Kind::Object | Kind::Array => None,
    }
}
