//! `conditions[]`: a path, an operator, an operand.

use super::fault::Faults;
use super::keyword::Keyword;
use super::reader::{Field, Object};

/// The operators of both dialects (`policy-language.md` B).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operator {
    /// Equal.
    Eq,
    /// Not equal.
    Neq,
    /// Equal to one of a list.
    In,
    /// Equal to none of a list.
    NotIn,
    /// Less than.
    Lt,
    /// Less than or equal.
    Lte,
    /// Greater than.
    Gt,
    /// Greater than or equal.
    Gte,
    /// Matches a regular expression (RE2 syntax, unanchored).
    Regex,
    /// A substring of a string, or an element of an array.
    Contains,
    /// Present and not null.
    Exists,
}

impl Keyword for Operator {
    const WHAT: &'static str = "an operator";
    const WORDS: &'static [(&'static str, Self)] = &[
        ("eq", Operator::Eq),
        ("neq", Operator::Neq),
        ("in", Operator::In),
        ("not_in", Operator::NotIn),
        ("lt", Operator::Lt),
        ("lte", Operator::Lte),
        ("gt", Operator::Gt),
        ("gte", Operator::Gte),
        ("regex", Operator::Regex),
        ("contains", Operator::Contains),
        ("exists", Operator::Exists),
    ];
    const OTHERS: &'static [(&'static str, &'static str)] = &[
        ("eq", "= == === equal equals is"),
        ("neq", "!= !== <> not not_eq not_equal"),
        ("in", "one_of any_of"),
        ("not_in", "none_of nin"),
        ("lt", "< less less_than below"),
        ("lte", "<= =< at_most max"),
        ("gt", "> greater greater_than above"),
        ("gte", ">= => at_least min"),
        ("regex", "=~ ~ match matches like pattern"),
        ("contains", "has includes"),
        ("exists", "present required"),
    ];
}

/// One condition as written.
#[derive(Clone, Debug)]
pub struct RawCondition<'a> {
    /// Where it stands.
    pub pointer: String,
    /// The path's text.
    pub path: Field<'a>,
    /// What is asked.
    pub op: Operator,
    /// The operand.
    pub value: Field<'a>,
}

/// Reads a `conditions` array.
pub fn read_conditions<'a>(field: &Field<'a>, faults: &mut Faults) -> Vec<RawCondition<'a>> {
    let mut conditions = Vec::new();
    for element in field.elements(faults) {
        let Some(object) = Object::read(&element, &["path", "op", "value"], faults) else {
            continue;
        };
        let path = object.required("path", faults);
        let op = object.required("op", faults);
        let value = object.required("value", faults);
        let op = op.and_then(|op| Operator::read(op, faults));
        if let (Some(path), Some(op), Some(value)) = (path, op, value) {
            conditions.push(RawCondition {
                pointer: element.pointer.clone(),
                path: path.clone(),
                op,
                value: value.clone(),
            });
        }
    }
    conditions
}
