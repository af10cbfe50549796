//! Conditions that never hold at once.

use super::same_path;
use crate::json::Number;
use crate::policy::condition::{Condition, Ordering, Scalar, Test};

/// Two conditions of which never both hold, if there are any. Conditions behind `[*]` may each
/// hold for another element, so those are not compared.
pub(super) fn find(conditions: &[Condition]) -> Option<(&Condition, &Condition)> {
    conditions.iter().enumerate().find_map(|(index, first)| {
        let rest = conditions.iter().skip(index.saturating_add(1));
        rest.filter(|second| same_path(&first.path, &second.path))
            .filter(|_| !first.path.has_every())
            .find(|second| {
                !compatible(&first.test, &second.test) || !compatible(&second.test, &first.test)
            })
            .map(|second| (first, second))
    })
}

/// Whether some value satisfies both, as far as can be told.
fn compatible(a: &Test, b: &Test) -> bool {
    match (a, b) {
        (Test::Exists(a), Test::Exists(b)) => a == b,
        // What is absent satisfies nothing else.
        (Test::Exists(false), _) => false,
        (Test::OneOf(values), other) => values.iter().any(|value| satisfies(value, other)),
        (Test::Compare(..), Test::Matches(_) | Test::Contains(_)) => false,
        (Test::Compare(a, x), Test::Compare(b, y)) => ranges_meet((*a, x), (*b, y)),
        _ => true,
    }
}

fn satisfies(value: &Scalar, test: &Test) -> bool {
    match (value, test) {
        (_, Test::OneOf(others)) => others.iter().any(|other| equal(value, other)),
        (_, Test::NoneOf(others)) => !others.iter().any(|other| equal(value, other)),
        (Scalar::Number(number), Test::Compare(ordering, operand)) => compare(number, operand)
            .is_none_or(|order| match ordering {
                Ordering::Less => order.is_lt(),
                Ordering::AtMost => order.is_le(),
                Ordering::More => order.is_gt(),
                Ordering::AtLeast => order.is_ge(),
            }),
        (_, Test::Compare(..)) => false,
        (Scalar::String(text), Test::Matches(pattern)) => pattern.is_match(text),
        (_, Test::Matches(_)) => false,
        (Scalar::String(text), Test::Contains(Scalar::String(part))) => text.contains(part),
        (_, Test::Contains(_)) => false,
        (_, Test::Exists(wanted)) => *wanted,
    }
}

fn equal(a: &Scalar, b: &Scalar) -> bool {
    match (a, b) {
        (Scalar::Number(a), Scalar::Number(b)) => {
            compare(a, b).is_none_or(std::cmp::Ordering::is_eq)
        }
        _ => a == b,
    }
}

fn compare(a: &str, b: &str) -> Option<std::cmp::Ordering> {
    Some(Number::parse(a)?.cmp(&Number::parse(b)?))
}

/// Whether some number lies in both half lines.
fn ranges_meet(a: (Ordering, &String), b: (Ordering, &String)) -> bool {
    let up = |ordering| matches!(ordering, Ordering::More | Ordering::AtLeast);
    let (low, high) = match (up(a.0), up(b.0)) {
        (true, false) => (a, b),
        (false, true) => (b, a),
        _ => return true,
    };
    let closed = low.0 == Ordering::AtLeast && high.0 == Ordering::AtMost;
    compare(low.1, high.1).is_none_or(|order| order.is_lt() || (order.is_eq() && closed))
}
