//! The resources that a subscriptions/listen (MCP 2026-07-28) asks to watch.

use super::message::Params;
use crate::json::{Kind, Value};
use crate::policy::path::{Found, member};

/// The most resources that one request may watch; each costs a decision.
pub const MAX_WATCHED: usize = 1_000;

/// What one is told whose request cannot be read.
pub(super) const EXPECTED: &str =
    "`params.notifications.resourceSubscriptions` must be a list of at most 1000 strings";

/// Shows each string under `params.notifications.resourceSubscriptions`; false where something else
/// is there, or what some server may read as that.
pub fn watched<'a>(params: &Params<'a>, see: &mut dyn FnMut(Value<'a>)) -> bool {
    let Some(mut value) = params.object else {
        return true;
    };
    for name in ["notifications", "resourceSubscriptions"] {
        value = match member(value, name) {
            Found::Value(member) => member,
            Found::Absent => return value.kind() == Kind::Object,
            Found::ThroughNull | Found::Unreadable => return false,
        };
    }
    let mut room = MAX_WATCHED;
    for uri in value.elements() {
        if uri.kind() != Kind::String || room == 0 {
            return false;
        }
        room = room.saturating_sub(1);
        see(uri);
    }
    value.kind() == Kind::Array
}
