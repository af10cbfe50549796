//! The keywords: which are checked, which are annotations, what to write instead of the others.

use super::explain::push;
use super::{Bound, Counted};
use crate::config::hint;
use crate::json::Kind;

/// The dialect that `$schema` may name.
pub(super) const DIALECT: &str = "https://json-schema.org/draft/2020-12/schema";

/// A keyword.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Word {
    Type,
    Enum,
    Const,
    Number(Bound),
    MultipleOf,
    Count(Counted, Bound),
    Pattern,
    Properties,
    PatternProperties,
    AdditionalProperties,
    PropertyNames,
    Required,
    DependentRequired,
    DependentSchemas,
    PrefixItems,
    Items,
    UniqueItems,
    Contains,
    MinContains,
    MaxContains,
    AllOf,
    AnyOf,
    OneOf,
    Not,
    If,
    Then,
    Else,
    Ref,
    Defs,
    Dialect,
    /// An annotation: nothing is asked by it.
    Note,
}

/// How it is written, what it is, and the one type that it looks at, if it is one: values of every
/// other type satisfy it.
type Row = (&'static str, Word, Option<Kind>);

static KEYWORDS: [Row; 46] = [
    ("type", Word::Type, None),
    ("enum", Word::Enum, None),
    ("const", Word::Const, None),
    ("minimum", Word::Number(Bound::AtLeast), Some(Kind::Number)),
    ("maximum", Word::Number(Bound::AtMost), Some(Kind::Number)),
    (
        "exclusiveMinimum",
        Word::Number(Bound::MoreThan),
        Some(Kind::Number),
    ),
    (
        "exclusiveMaximum",
        Word::Number(Bound::LessThan),
        Some(Kind::Number),
    ),
    ("multipleOf", Word::MultipleOf, Some(Kind::Number)),
    (
        "minLength",
        Word::Count(Counted::Characters, Bound::AtLeast),
        Some(Kind::String),
    ),
    (
        "maxLength",
        Word::Count(Counted::Characters, Bound::AtMost),
        Some(Kind::String),
    ),
    ("pattern", Word::Pattern, Some(Kind::String)),
    ("properties", Word::Properties, Some(Kind::Object)),
    (
        "patternProperties",
        Word::PatternProperties,
        Some(Kind::Object),
    ),
    (
        "additionalProperties",
        Word::AdditionalProperties,
        Some(Kind::Object),
    ),
    ("propertyNames", Word::PropertyNames, Some(Kind::Object)),
    ("required", Word::Required, Some(Kind::Object)),
    (
        "dependentRequired",
        Word::DependentRequired,
        Some(Kind::Object),
    ),
    (
        "dependentSchemas",
        Word::DependentSchemas,
        Some(Kind::Object),
    ),
    (
        "minProperties",
        Word::Count(Counted::Properties, Bound::AtLeast),
        Some(Kind::Object),
    ),
    (
        "maxProperties",
        Word::Count(Counted::Properties, Bound::AtMost),
        Some(Kind::Object),
    ),
    ("prefixItems", Word::PrefixItems, Some(Kind::Array)),
    ("items", Word::Items, Some(Kind::Array)),
    (
        "minItems",
        Word::Count(Counted::Items, Bound::AtLeast),
        Some(Kind::Array),
    ),
    (
        "maxItems",
        Word::Count(Counted::Items, Bound::AtMost),
        Some(Kind::Array),
    ),
    ("uniqueItems", Word::UniqueItems, Some(Kind::Array)),
    ("contains", Word::Contains, Some(Kind::Array)),
    ("minContains", Word::MinContains, Some(Kind::Array)),
    ("maxContains", Word::MaxContains, Some(Kind::Array)),
    ("allOf", Word::AllOf, None),
    ("anyOf", Word::AnyOf, None),
    ("oneOf", Word::OneOf, None),
    ("not", Word::Not, None),
    ("if", Word::If, None),
    ("then", Word::Then, None),
    ("else", Word::Else, None),
    ("$ref", Word::Ref, None),
    ("$defs", Word::Defs, None),
    ("$schema", Word::Dialect, None),
    ("$comment", Word::Note, None),
    ("title", Word::Note, None),
    ("description", Word::Note, None),
    ("default", Word::Note, None),
    ("examples", Word::Note, None),
    ("deprecated", Word::Note, None),
    ("readOnly", Word::Note, None),
    ("writeOnly", Word::Note, None),
];

/// What a keyword is; `None` when it is not supported.
pub(super) fn find(keyword: &str) -> Option<(Word, Option<Kind>)> {
    let found = KEYWORDS.iter().find(|(text, ..)| *text == keyword);
    found.map(|(_, word, kind)| (*word, *kind))
}

/// Keywords that people know from elsewhere, and what to write instead.
const INSTEAD: [(&str, &str); 18] = [
    ("format", CHECKED_BY_NOBODY),
    ("contentEncoding", CHECKED_BY_NOBODY),
    ("contentMediaType", CHECKED_BY_NOBODY),
    ("contentSchema", CHECKED_BY_NOBODY),
    (
        "unevaluatedProperties",
        "use `additionalProperties` in the schema that has all `properties`",
    ),
    ("unevaluatedItems", REST),
    ("additionalItems", REST),
    (
        "dependencies",
        "use `dependentRequired` or `dependentSchemas`",
    ),
    ("definitions", "use `$defs`"),
    ("$id", REFERENCE),
    ("id", REFERENCE),
    ("$anchor", REFERENCE),
    ("$dynamicRef", REFERENCE),
    ("$dynamicAnchor", REFERENCE),
    ("$recursiveRef", REFERENCE),
    ("$vocabulary", "leave it out"),
    ("nullable", "add `null` to the list under `type`"),
    (
        "discriminator",
        "use `oneOf` with a `const` in each alternative",
    ),
];

const CHECKED_BY_NOBODY: &str = "nothing would check it: use `pattern`, or `enum`";
const REST: &str = "use `items`, after `prefixItems` for the first";
const REFERENCE: &str = "use `$ref` to `#/$defs/NAME`";

/// Why a keyword is refused, and what to write instead.
pub(super) fn refusal(keyword: &str) -> String {
    if let Some((_, instead)) = INSTEAD.iter().find(|(known, _)| *known == keyword) {
        return format!("`{keyword}` is not supported: {instead}");
    }
    let hint = hint(keyword, KEYWORDS.iter().map(|(text, ..)| *text));
    let mut why = format!("unknown keyword `{keyword}`{hint}; supported:");
    for (text, ..) in &KEYWORDS {
        push(&mut why, &[" ", text]);
    }
    why
}
