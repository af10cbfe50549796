//! `validate.schema`: a call's arguments against a JSON Schema, compiled when the policy loads.
//!
//! A subset of JSON Schema 2020-12, in which nothing is silently ignored: [`keyword`] lists what is
//! checked, what is an annotation, and what to write instead of the rest, which is refused when the
//! policy loads. Where it is stricter than the specification:
//!
//! - a key that equals a name under `properties` or `required` only by case folding, a number that
//!   is infinite in binary64, and one that differs from a bound, `const` or `enum` but may be read
//!   as equal to it, deny the call wherever the schema looks at them: neither `not`
//!   nor another alternative turns that into a pass, since servers disagree on what they mean;
//! - `pattern` and `patternProperties` are RE2's syntax (see [`crate::pattern`]), not ECMA-262's;
//! - `enum` and the lists under `allOf`, `anyOf` and `oneOf` must not be empty, `$ref` leads to `#`
//!   or to a name under the root's `$defs`, and `multipleOf` has at most 18 digits.
//!
//! Numbers are exact decimals (`1.0` is an integer), strings are code points, equality is deep.

mod cycle;
mod evaluate;
mod explain;
mod keyword;
mod multiple;
mod read;
mod work;

use crate::config::{Faults, Field};
use crate::json::{Kind, Value};
use crate::pattern::Pattern;

use multiple::Multiple;

/// The longest schema, in bytes of JSON.
pub const MAX_BYTES: usize = 128 * 1024;

/// The most schemas inside one schema, itself and `true` and `false` included.
pub const MAX_NODES: usize = 4_096;

/// How deep schemas may stand inside each other.
pub const MAX_NESTING: usize = 32;

/// The most regular expressions in one schema: each may keep 128 kB between searches.
pub const MAX_PATTERNS: usize = 64;

/// How deep a check may go: schemas entered inside each other, those that `$ref` leads to included.
/// Bounds the stack; a call that needs more is denied.
pub const MAX_DEPTH: usize = 256;

/// The work that one call may cause, about one unit for a byte looked at, at worst for a step of a
/// regular expression on a character. A call that needs more is denied.
pub const MAX_WORK: usize = 100_000_000;

/// A compiled schema.
#[derive(Debug)]
pub struct Schema {
    /// Never empty; the first is the root.
    nodes: Vec<Node>,
}

/// Where a schema stands in [`Schema::nodes`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Id(usize);

impl Id {
    const ROOT: Self = Self(0);
}

/// One schema: a value must satisfy everything that it asks.
#[derive(Debug, Default)]
struct Node {
    asks: Vec<Ask>,
}

/// One thing asked of a value. Values of a type that it is not about satisfy it.
#[derive(Debug)]
enum Ask {
    /// `false`.
    Nothing,
    /// `type`.
    Type(Types),
    /// `enum` and `const`.
    Among(Among),
    /// `minimum`, `maximum`, `exclusiveMinimum`, `exclusiveMaximum`: the number's text.
    Number(Bound, String),
    /// `multipleOf`.
    MultipleOf(Multiple),
    /// `minLength`, `maxLength`, `minItems`, `maxItems`, `minProperties`, `maxProperties`.
    Count(Counted, Bound, u64),
    /// `pattern`.
    Matches(Box<Pattern>),
    /// `prefixItems` and `items`.
    Items(Vec<Id>, Option<Id>),
    /// `uniqueItems`.
    Unique,
    /// `contains` with `minContains` and `maxContains`.
    Contains(Id, u64, Option<u64>),
    /// `properties`, `required`, `patternProperties`, `additionalProperties`.
    Members(Box<Members>),
    /// `propertyNames`.
    Names(Id),
    /// `allOf`, and `$ref`.
    All(Vec<Id>),
    /// `anyOf`.
    Any(Vec<Id>),
    /// `oneOf`.
    One(Vec<Id>),
    /// `not`.
    Not(Id),
    /// `if` with `then` and `else`; also `dependentRequired` and `dependentSchemas`.
    If(Id, Option<Id>, Option<Id>),
}

/// What a [`Bound`] is put on the number of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Counted {
    Characters,
    Items,
    Properties,
}

/// On which side of a number a value must lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Bound {
    AtLeast,
    AtMost,
    MoreThan,
    LessThan,
}

impl Bound {
    fn admits(self, order: std::cmp::Ordering) -> bool {
        match self {
            Bound::AtLeast => order.is_ge(),
            Bound::AtMost => order.is_le(),
            Bound::MoreThan => order.is_gt(),
            Bound::LessThan => order.is_lt(),
        }
    }
}

/// A set of types.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Types(u8);

impl Types {
    /// Every type: its bit, its name, and the name with an article.
    const NAMES: [(u8, &'static str, &'static str); 7] = [
        (1, "string", "a string"),
        (2, "integer", "a whole number"),
        (4, "number", "a number"),
        (8, "boolean", "a boolean"),
        (16, "object", "an object"),
        (32, "array", "an array"),
        (64, "null", "null"),
    ];
    const INTEGER: u8 = 2;

    fn named(name: &str) -> Option<Self> {
        let found = Self::NAMES.iter().find(|(_, word, _)| *word == name);
        found.map(|(bit, ..)| Self(*bit))
    }

    fn of(kind: Kind) -> Self {
        Self(match kind {
            Kind::String => 1,
            Kind::Number => 4,
            Kind::Bool => 8,
            Kind::Object => 16,
            Kind::Array => 32,
            Kind::Null => 64,
        })
    }

    fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    fn meets(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    fn admits(self, value: Value<'_>) -> bool {
        self.meets(Self::of(value.kind()))
            || self.meets(Self(Self::INTEGER)) && value.as_number().is_some_and(|n| n.is_integer())
    }
}

/// The values of an `enum` or of a `const`.
#[derive(Debug)]
struct Among {
    /// In canonical form, sorted.
    values: Vec<String>,
    /// The types that occur among them.
    types: Types,
    /// As the author wrote them, for messages.
    shown: String,
}

/// What is asked of an object's members.
#[derive(Debug, Default)]
struct Members {
    names: Vec<Name>,
    /// How many of the names are required.
    required: usize,
    patterns: Vec<(Box<Pattern>, Id)>,
    /// For members that neither `properties` nor a pattern speaks of.
    rest: Option<Id>,
}

/// A name under `properties`, `required` or both.
#[derive(Debug)]
struct Name {
    name: String,
    schema: Option<Id>,
    required: bool,
}

impl Schema {
    /// Compiles the schema that stands in a policy; `None` when a fault refuses it. Where that is
    /// not so, the faults may still refuse the policy.
    pub fn compile(field: &Field<'_>, faults: &mut Faults) -> Option<Self> {
        read::schema(field, faults)
    }

    /// Checks a call's arguments.
    ///
    /// # Errors
    /// What is wrong with them, in words for whoever made the call, to be read after
    /// `Tool "x": `.
    pub fn check(&self, arguments: Value<'_>) -> Result<(), String> {
        evaluate::check(self, arguments)
    }

    fn node(&self, id: Id) -> &[Ask] {
        // Every identifier was given by `read` for a node that is there.
        self.nodes.get(id.0).map_or(&[], |node| &node.asks)
    }
}
