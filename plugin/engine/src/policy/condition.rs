//! Conditions, compiled and evaluated: exact, without coercion, and with a third answer for what
//! cannot be told, as numbers that differ but may be read as one.

use std::cell::Cell;

use crate::config::condition::{Operator, RawCondition};
use crate::config::{Faults, Field};
use crate::json::{Kind, Number, Value};
use crate::pattern::Pattern;

use super::path::{Found, Path, Segment, walk};

mod show;

/// An operand of `eq`, `neq`, `in`, `not_in`, `contains`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scalar {
    /// A string, compared by code points.
    String(String),
    /// A number's text, compared by exact decimal value.
    Number(String),
    /// A boolean.
    Bool(bool),
}

/// What is asked of a value.
#[derive(Debug)]
pub enum Test {
    /// Equal to one of these (`eq`, `in`).
    OneOf(Vec<Scalar>),
    /// Equal to none of these (`neq`, `not_in`).
    NoneOf(Vec<Scalar>),
    /// Ordered against a number.
    Compare(Ordering, String),
    /// Matches.
    Matches(Box<Pattern>),
    /// Contains a substring or an element.
    Contains(Scalar),
    /// Is there and not null, or not.
    Exists(bool),
}

/// An ordering operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ordering {
    /// `lt`
    Less,
    /// `lte`
    AtMost,
    /// `gt`
    More,
    /// `gte`
    AtLeast,
}

/// One compiled condition.
#[derive(Debug)]
pub struct Condition {
    /// What it reads.
    pub path: Path,
    /// What it asks.
    pub test: Test,
}

/// The answer to a condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Truth {
    /// It holds.
    Holds,
    /// It does not, the value being absent included.
    Fails,
    /// It cannot be told: every rule that asks denies.
    Unknown,
}

/// Over the elements of a `[*]`: whether all must satisfy a condition, or one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quantifier {
    /// `require`: every element, and at least one.
    All,
    /// `deny_if`: any element.
    Any,
}

impl Condition {
    /// Compiles a condition.
    pub fn compile(raw: &RawCondition<'_>, faults: &mut Faults) -> Option<Self> {
        let text = raw.path.string(faults)?;
        let path = Path::parse(&text)
            .map_err(|why| faults.error(&raw.path.pointer, why))
            .ok();
        let test = compile_test(raw.op, &raw.value, faults);
        Some(Self {
            path: path?,
            test: test?,
        })
    }

    /// Asks the condition of what its path leads to: the value that the path starts in, or that its
    /// first steps led to already, and the steps that remain.
    /// `watch` is told of each value and of what it answers.
    pub fn ask(
        &self,
        (root, segments): (Found<'_>, &[Segment]),
        quantifier: Quantifier,
        effort: &Effort,
        watch: &mut impl FnMut(Found<'_>, Truth),
    ) -> Truth {
        let mut seen = 0usize;
        let (mut all, mut any, mut unknown) = (true, false, false);
        walk(root, segments, &mut |found| {
            seen = seen.saturating_add(1);
            let truth = self.test.ask(found, effort);
            watch(found, truth);
            match truth {
                Truth::Holds => any = true,
                Truth::Fails => all = false,
                Truth::Unknown => unknown = true,
            }
        });
        let holds = match quantifier {
            Quantifier::All => all && seen > 0,
            Quantifier::Any => any,
        };
        match (unknown, holds) {
            (true, _) => Truth::Unknown,
            (false, true) => Truth::Holds,
            (false, false) => Truth::Fails,
        }
    }

    /// Asks the condition of one fact that its path has led to already.
    pub fn test_value(
        &self,
        found: Found<'_>,
        effort: &Effort,
        watch: &mut impl FnMut(Found<'_>, Truth),
    ) -> Truth {
        let truth = self.test.ask(found, effort);
        watch(found, truth);
        truth
    }
}

fn compile_test(op: Operator, operand: &Field<'_>, faults: &mut Faults) -> Option<Test> {
    Some(match op {
        Operator::Eq => Test::OneOf(vec![scalar(operand, faults)?]),
        Operator::Neq => Test::NoneOf(vec![scalar(operand, faults)?]),
        Operator::In => Test::OneOf(scalars(operand, faults)?),
        Operator::NotIn => Test::NoneOf(scalars(operand, faults)?),
        Operator::Lt => Test::Compare(Ordering::Less, number(operand, faults)?),
        Operator::Lte => Test::Compare(Ordering::AtMost, number(operand, faults)?),
        Operator::Gt => Test::Compare(Ordering::More, number(operand, faults)?),
        Operator::Gte => Test::Compare(Ordering::AtLeast, number(operand, faults)?),
        Operator::Regex => {
            let text = operand.string(faults)?;
            let pattern = Pattern::compile(&text)
                .map_err(|why| faults.error(&operand.pointer, why.to_string()))
                .ok()?;
            Test::Matches(Box::new(pattern))
        }
        Operator::Contains => Test::Contains(scalar(operand, faults)?),
        Operator::Exists => Test::Exists(operand.boolean(faults)?),
    })
}

fn scalar(operand: &Field<'_>, faults: &mut Faults) -> Option<Scalar> {
    let value = operand.value;
    match value.kind() {
        Kind::String => value.as_str().map(|s| Scalar::String(s.into_owned())),
        Kind::Bool => value.as_bool().map(Scalar::Bool),
        Kind::Number => number(operand, faults).map(Scalar::Number),
        Kind::Null => {
            operand.wrong(
                "a string, a number or a boolean (`exists` asks whether a value is there)",
                faults,
            );
            None
        }
        Kind::Object | Kind::Array => {
            operand.wrong("a string, a number or a boolean", faults);
            None
        }
    }
}

fn scalars(operand: &Field<'_>, faults: &mut Faults) -> Option<Vec<Scalar>> {
    if operand.value.kind() != Kind::Array {
        operand.wrong("a list of strings, numbers or booleans", faults);
        return None;
    }
    let elements = operand.elements(faults);
    if elements.is_empty() {
        faults.error(&operand.pointer, "expected at least one value in the list");
        return None;
    }
    elements.iter().map(|e| scalar(e, faults)).collect()
}

fn number(operand: &Field<'_>, faults: &mut Faults) -> Option<String> {
    let Some(number) = operand.value.as_number() else {
        operand.wrong("a number", faults);
        return None;
    };
    if number.overflows_binary64() {
        faults.error(
            &operand.pointer,
            "this number is too large for any server to read: keep below 1.8e308",
        );
        return None;
    }
    Some(operand.value.text().to_owned())
}

impl Test {
    fn ask(&self, found: Found<'_>, effort: &Effort) -> Truth {
        let value = match (self, found) {
            (Test::Exists(_), Found::Unreadable) => return Truth::Unknown,
            (Test::Exists(wanted), Found::Absent | Found::ThroughNull) => return truth(!wanted),
            (Test::Exists(wanted), Found::Value(value)) => {
                return truth(value.is_null() != *wanted);
            }
            (_, Found::Absent) => return Truth::Fails,
            (_, Found::ThroughNull | Found::Unreadable) => return Truth::Unknown,
            (_, Found::Value(value)) => value,
        };
        match self {
            Test::OneOf(operands) => among(value, operands),
            Test::NoneOf(operands) => match among(value, operands) {
                Truth::Holds => Truth::Fails,
                Truth::Fails => Truth::Holds,
                Truth::Unknown => Truth::Unknown,
            },
            Test::Compare(ordering, operand) => compare(value, *ordering, operand),
            Test::Matches(pattern) => match value.as_str() {
                Some(text) if effort.spend(pattern.size(), text.len()) => {
                    truth(pattern.is_match(&text))
                }
                _ => Truth::Unknown,
            },
            Test::Contains(operand) => contains(value, operand),
            Test::Exists(_) => Truth::Unknown,
        }
    }
}

/// A search takes at most pattern size times text length steps; more than this in one request
/// would block a worker, so the answer is unknown and denies.
const MAX_SEARCH_STEPS: usize = 100_000_000;

/// How much searching a request may still cause, whatever number of rules, elements or messages
/// asks for it.
#[derive(Debug)]
pub struct Effort(Cell<usize>);

impl Default for Effort {
    fn default() -> Self {
        Self(Cell::new(MAX_SEARCH_STEPS))
    }
}

impl Effort {
    /// Pays for one search; false when that is more than is left.
    fn spend(&self, size: usize, length: usize) -> bool {
        let left = self.0.get().checked_sub(size.saturating_mul(length));
        if let Some(left) = left {
            self.0.set(left);
        }
        left.is_some()
    }
}

fn truth(holds: bool) -> Truth {
    if holds { Truth::Holds } else { Truth::Fails }
}

/// Whether a value equals one of the operands; unknown when none of them is of its type, or when
/// it is a number too close to one of them to be told from it.
fn among(value: Value<'_>, operands: &[Scalar]) -> Truth {
    let (mut comparable, mut close) = (false, false);
    let number = finite(value);
    for operand in operands {
        match equal(value, number, operand) {
            Truth::Holds => return Truth::Holds,
            Truth::Fails => comparable = true,
            Truth::Unknown => {
                close |= value.kind() == Kind::Number && matches!(operand, Scalar::Number(_));
            }
        }
    }
    if comparable && !close {
        Truth::Fails
    } else {
        Truth::Unknown
    }
}

/// `number` is the value read as one, which may be long, so that a list of operands reads it once.
fn equal(value: Value<'_>, number: Option<Number<'_>>, operand: &Scalar) -> Truth {
    match (value.kind(), operand) {
        (Kind::String, Scalar::String(want)) => {
            truth(value.raw_str().is_some_and(|s| s.equals(want)))
        }
        (Kind::Bool, Scalar::Bool(want)) => truth(value.as_bool() == Some(*want)),
        (Kind::Number, Scalar::Number(want)) => match (number, Number::parse(want)) {
            (Some(number), Some(want)) => number
                .cmp_as_read(&want)
                .map_or(Truth::Unknown, |order| truth(order.is_eq())),
            _ => Truth::Unknown,
        },
        _ => Truth::Unknown,
    }
}

/// A number that binary64 can hold; beyond it servers disagree on what was sent.
fn finite(value: Value<'_>) -> Option<Number<'_>> {
    value.as_number().filter(|n| !n.overflows_binary64())
}

fn compare(value: Value<'_>, ordering: Ordering, operand: &str) -> Truth {
    let (Some(number), Some(operand)) = (finite(value), Number::parse(operand)) else {
        return Truth::Unknown;
    };
    let Some(order) = number.cmp_as_read(&operand) else {
        return Truth::Unknown;
    };
    truth(match ordering {
        Ordering::Less => order.is_lt(),
        Ordering::AtMost => order.is_le(),
        Ordering::More => order.is_gt(),
        Ordering::AtLeast => order.is_ge(),
    })
}

/// Whether a string may be the JSON of an array whose elements are spelled with escapes: the Python SDK hands such a
/// string to a tool as the array, wherever the tool takes something else than a string.
fn may_hide_elements(text: &str) -> bool {
    let text = text.trim();
    text.starts_with('[') && text.ends_with(']') && text.contains('\\')
}

/// A substring, or an element of the operand's type; an array in which nothing is equal but
/// something is of another type cannot be told, since a server may convert it.
fn contains(value: Value<'_>, operand: &Scalar) -> Truth {
    match (value.kind(), operand) {
        (Kind::String, Scalar::String(part)) => match value.as_str() {
            Some(text) if text.contains(part.as_str()) => Truth::Holds,
            Some(text) if !may_hide_elements(&text) => Truth::Fails,
            _ => Truth::Unknown,
        },
        (Kind::Array, _) => {
            let mut answer = Truth::Fails;
            for element in value.elements() {
                match equal(element, finite(element), operand) {
                    Truth::Holds => return Truth::Holds,
                    Truth::Unknown => answer = Truth::Unknown,
                    Truth::Fails => {}
                }
            }
            answer
        }
        _ => Truth::Unknown,
    }
}
