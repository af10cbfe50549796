//! A call's arguments as rules and limits read them: found once, however many ask.

use std::cell::OnceCell;

use crate::json::{Kind, RawStr, Value};
use crate::policy::path::{Found, Segment, pick};

/// The arguments of a call, an object. Nothing in them is looked at before something asks.
#[derive(Debug)]
pub struct Arguments<'a> {
    value: Value<'a>,
    members: OnceCell<Vec<(RawStr<'a>, Value<'a>)>>,
}

impl<'a> Arguments<'a> {
    /// Those of a message; where it has none they read as `{}`.
    pub fn new(value: Option<Value<'a>>) -> Self {
        Self {
            value: value.unwrap_or_else(|| Value::proven(Kind::Object, "{}")),
            members: OnceCell::new(),
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
