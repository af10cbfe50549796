//! A call's arguments as rules and limits read them: found once, however many ask.

use std::borrow::Cow;
use std::cell::OnceCell;

use crate::json::{Kind, RawStr, Value};
use crate::mcp::message::Params;
use crate::policy::path::{Found, Segment, pick};

/// The arguments of a call, an object. Nothing in them is decoded before something asks.
#[derive(Debug)]
pub struct Arguments<'a> {
    value: Value<'a>,
    members: OnceCell<Cow<'a, [(RawStr<'a>, Value<'a>)]>>,
}

impl<'a> Arguments<'a> {
    /// Those of a message; where it has none they read as `{}`.
    pub fn new(value: Option<Value<'a>>) -> Self {
        Self {
            value: value.unwrap_or_else(|| Value::proven(Kind::Object, "{}")),
            members: OnceCell::new(),
        }
    }

    /// Those of a message that was read.
    pub fn of(params: &'a Params<'a>) -> Self {
        let known = params.indexed.as_deref().map(Cow::Borrowed);
        Self {
            members: known.map_or_else(OnceCell::new, OnceCell::from),
            ..Self::new(params.arguments)
        }
    }

    /// The whole object.
    pub fn value(&self) -> Value<'a> {
        self.value
    }

    /// The argument `key`, by the rule of [`pick`].
    pub(super) fn member(&self, key: &str) -> Found<'a> {
        let members = self.members.get_or_init(|| self.value.members().collect());
        pick(members.iter().copied(), key)
    }

    /// What the first of a path's segments leads to, and the others.
    pub(super) fn enter<'p>(&self, segments: &'p [Segment]) -> (Found<'a>, &'p [Segment]) {
        match segments.split_first() {
            Some((Segment::Key(key), rest)) => (self.member(key), rest),
            _ => (Found::Value(self.value), segments),
        }
    }
}
