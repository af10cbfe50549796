//! The keywords: which are checked, which are annotations, what to write instead of the others.

use super::Types;
use crate::config::hint;
use crate::json::Kind;

/// The dialect that `$schema` may name.
pub(super) const DIALECT: &str = "https://json-schema.org/draft/2020-12/schema";

/// What a keyword is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum About {
    /// Values of every type.
    Any,
    /// Values of this type; all others satisfy it.
    Only(Kind),
    /// Nobody: an annotation, or a container of schemas.
    Nothing,
}

const KEYWORDS: [(&str, About); 46] = [
    ("type", About::Any),
    ("enum", About::Any),
    ("const", About::Any),
    ("minimum", About::Only(Kind::Number)),
    ("maximum", About::Only(Kind::Number)),
    ("exclusiveMinimum", About::Only(Kind::Number)),
    ("exclusiveMaximum", About::Only(Kind::Number)),
    ("multipleOf", About::Only(Kind::Number)),
    ("minLength", About::Only(Kind::String)),
    ("maxLength", About::Only(Kind::String)),
    ("pattern", About::Only(Kind::String)),
    ("properties", About::Only(Kind::Object)),
    ("patternProperties", About::Only(Kind::Object)),
    ("additionalProperties", About::Only(Kind::Object)),
    ("propertyNames", About::Only(Kind::Object)),
    ("required", About::Only(Kind::Object)),
    ("dependentRequired", About::Only(Kind::Object)),
    ("dependentSchemas", About::Only(Kind::Object)),
    ("minProperties", About::Only(Kind::Object)),
    ("maxProperties", About::Only(Kind::Object)),
    ("prefixItems", About::Only(Kind::Array)),
    ("items", About::Only(Kind::Array)),
    ("minItems", About::Only(Kind::Array)),
    ("maxItems", About::Only(Kind::Array)),
    ("uniqueItems", About::Only(Kind::Array)),
    ("contains", About::Only(Kind::Array)),
    ("minContains", About::Only(Kind::Array)),
    ("maxContains", About::Only(Kind::Array)),
    ("allOf", About::Any),
    ("anyOf", About::Any),
    ("oneOf", About::Any),
    ("not", About::Any),
    ("if", About::Any),
    ("then", About::Any),
    ("else", About::Any),
    ("$ref", About::Any),
    ("$defs", About::Nothing),
    ("$schema", About::Nothing),
    ("$comment", About::Nothing),
    ("title", About::Nothing),
    ("description", About::Nothing),
    ("default", About::Nothing),
    ("examples", About::Nothing),
    ("deprecated", About::Nothing),
    ("readOnly", About::Nothing),
    ("writeOnly", About::Nothing),
];

/// What the keyword is about; `None` when it is not supported.
pub(super) fn about(keyword: &str) -> Option<About> {
    let found = KEYWORDS.iter().find(|(word, _)| *word == keyword);
    found.map(|(_, about)| *about)
}

/// Why a keyword is refused, and what to write instead.
pub(super) fn refusal(keyword: &str) -> String {
    let instead = match keyword {
        "format" => "nothing would check it: use `pattern`, or `enum`",
        "contentEncoding" | "contentMediaType" | "contentSchema" => {
            "nothing would check it: use `pattern`"
        }
        "unevaluatedProperties" => {
            "use `additionalProperties` in the schema that has all `properties`"
        }
        "unevaluatedItems" | "additionalItems" => "use `items`, after `prefixItems` for the first",
        "dependencies" => "use `dependentRequired` or `dependentSchemas`",
        "definitions" => "use `$defs`",
        "$id" | "id" | "$anchor" | "$dynamicRef" | "$dynamicAnchor" | "$recursiveRef"
        | "$recursiveAnchor" | "$vocabulary" => "use `$ref` to `#/$defs/NAME`",
        "nullable" => "add `null` to the list under `type`",
        "discriminator" => "use `oneOf` with a `const` in each alternative",
        _ => {
            let words = || KEYWORDS.iter().map(|(word, _)| *word);
            let known: Vec<_> = words().map(|word| format!("`{word}`")).collect();
            return format!(
                "unknown keyword `{keyword}`{}; supported: {}",
                hint(keyword, words()),
                known.join(", ")
            );
        }
    };
    format!("`{keyword}` is not supported: {instead}")
}

/// The types that a keyword looks at, with an article; `None` when it looks at all, or at none.
pub(super) fn types(about: About) -> Option<(Types, &'static str)> {
    match about {
        // An integer is a number: `type: integer` admits what these look at.
        About::Only(Kind::Number) => Some((
            Types::of(Kind::Number).and(Types(Types::INTEGER)),
            "a number",
        )),
        About::Only(kind) => Some((Types::of(kind), kind.with_article())),
        About::Any | About::Nothing => None,
    }
}
