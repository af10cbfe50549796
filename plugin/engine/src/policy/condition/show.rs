//! Conditions in words, as a policy writes them: `args.amount gt 100`.

use std::fmt;

use super::{Condition, Ordering, Scalar, Test};
use crate::json::write_json_string;

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.path, self.test)
    }
}

impl fmt::Display for Test {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Test::OneOf(operands) => list(f, "eq", "in", operands),
            Test::NoneOf(operands) => list(f, "neq", "not_in", operands),
            Test::Compare(ordering, operand) => {
                let word = match ordering {
                    Ordering::Less => "lt",
                    Ordering::AtMost => "lte",
                    Ordering::More => "gt",
                    Ordering::AtLeast => "gte",
                };
                write!(f, "{word} {operand}")
            }
            Test::Matches(pattern) => {
                f.write_str("regex ")?;
                write_json_string(f, pattern.as_str())
            }
            Test::Contains(operand) => write!(f, "contains {operand}"),
            Test::Exists(wanted) => write!(f, "exists {wanted}"),
        }
    }
}

impl fmt::Display for Scalar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Scalar::String(text) => write_json_string(f, text),
            Scalar::Number(text) => f.write_str(text),
            Scalar::Bool(value) => write!(f, "{value}"),
        }
    }
}

fn list(f: &mut fmt::Formatter<'_>, one: &str, many: &str, operands: &[Scalar]) -> fmt::Result {
    if let [operand] = operands {
        return write!(f, "{one} {operand}");
    }
    write!(f, "{many} [")?;
    for (n, operand) in operands.iter().enumerate() {
        let comma = if n > 0 { ", " } else { "" };
        write!(f, "{comma}{operand}")?;
    }
    f.write_str("]")
}
