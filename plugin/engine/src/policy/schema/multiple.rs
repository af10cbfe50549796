//! `multipleOf`, exact for decimals of any length.

use crate::json::Number;

/// The most digits that a divisor may have, zeros at its ends not counted: ten times a remainder
/// and one more digit still fit 64 bits.
const MAX_DIGITS: usize = 18;

/// The exponents that the last digit of a divisor may have. With a dividend below 2^1024 they
/// bound how often a remainder is multiplied.
const EXPONENTS: std::ops::RangeInclusive<i64> = -400..=308;

/// A divisor: coefficient × 10^exponent, above zero.
#[derive(Debug)]
pub(super) struct Multiple {
    coefficient: u64,
    exponent: i64,
    text: String,
}

impl Multiple {
    /// Takes a divisor.
    ///
    /// # Errors
    /// It is not above zero, or has too many digits.
    pub(super) fn of(number: &Number<'_>) -> Result<Self, &'static str> {
        if number.is_zero() || number.is_negative() {
            return Err("expected a number above 0");
        }
        let parts = Parts::of(number);
        let exponent = parts.exponent.filter(|e| EXPONENTS.contains(e));
        let (Some(exponent), true) = (exponent, parts.digits.len() <= MAX_DIGITS) else {
            return Err("expected a number of at most 18 digits and an exponent from -400 to 308");
        };
        let digits = parts.digits.iter();
        let coefficient = digits.fold(0u64, |value, digit| {
            value.saturating_mul(10).saturating_add(digit_value(*digit))
        });
        Ok(Self {
            coefficient,
            exponent,
            text: number.as_str().to_owned(),
        })
    }

    /// As the author wrote it.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// Whether a number that is finite in binary64 is a multiple: the quotient is an integer.
    pub(super) fn divides(&self, number: &Number<'_>) -> bool {
        if number.is_zero() {
            return true;
        }
        let parts = Parts::of(number);
        // The last digit is not 0, so dividing by ten leaves a fraction. An exponent that is too
        // long to read is far below any divisor's, since the number is finite.
        let shift = parts.exponent.and_then(|e| e.checked_sub(self.exponent));
        let Some(shift) = shift.filter(|shift| *shift >= 0) else {
            return false;
        };
        let step = |rest: u64, digit: u64| {
            let next = rest.saturating_mul(10).saturating_add(digit);
            next.checked_rem(self.coefficient).unwrap_or(next)
        };
        let mut rest = parts
            .digits
            .iter()
            .fold(0, |rest, digit| step(rest, digit_value(*digit)));
        for _ in 0..shift {
            if rest == 0 {
                break;
            }
            rest = step(rest, 0);
        }
        rest == 0
    }
}

/// A number other than zero as digits × 10^exponent, without its sign; the last digit is not `0`.
struct Parts {
    digits: Vec<u8>,
    /// `None` when it does not fit.
    exponent: Option<i64>,
}

impl Parts {
    fn of(number: &Number<'_>) -> Self {
        let mut digits = Vec::new();
        number.write_canonical(&mut digits);
        if digits.first() == Some(&b'-') {
            digits.remove(0);
        }
        let mut exponent = Some(0);
        if let Some(at) = digits.iter().position(|b| *b == b'e') {
            let text = digits.split_off(at);
            let text = text.get(1..).and_then(|t| std::str::from_utf8(t).ok());
            exponent = text.and_then(|t| t.parse().ok());
        }
        Self { digits, exponent }
    }
}

fn digit_value(digit: u8) -> u64 {
    u64::from(digit.wrapping_sub(b'0'))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "test")]
    use super::*;

    #[test]
    fn the_quotient_is_an_integer_exactly() {
        let long = format!("{}7", "9".repeat(5_000));
        let tiny = format!("1e-{}", "9".repeat(60));
        for (number, divisor, want) in [
            ("10", "2", true),
            ("7", "2", false),
            ("-4.5", "1.5", true),
            ("35", "1.5", false),
            ("0", "7", true),
            ("-0.0", "7", true),
            ("0.0075", "0.0001", true),
            ("0.00751", "0.0001", false),
            // What floats get wrong.
            ("0.3", "0.1", true),
            ("19.99", "0.01", true),
            ("1.1", "0.1", true),
            ("9007199254740993", "2", false),
            ("1e308", "0.123456789", false),
            ("1e308", "0.5", true),
            ("1e308", "1e-400", true),
            ("1e308", "3e-400", false),
            ("1e2", "100", true),
            ("1e2", "1e3", false),
            ("5", "10", false),
            ("1234567890123456789", "999999999999999999", false),
            ("1999999999999999998", "999999999999999999", true),
            (&long, "7", false),
            (&tiny, "1e-400", false),
        ] {
            let divisor = Multiple::of(&Number::parse(divisor).unwrap()).unwrap();
            let number = Number::parse(number).unwrap();
            assert_eq!(divisor.divides(&number), want, "{number:?} {divisor:?}");
        }
    }

    #[test]
    fn what_cannot_be_exact_is_refused() {
        for divisor in ["0", "-1", "0.0", "1234567890123456789", "1e-401", "1e309"] {
            assert!(
                Multiple::of(&Number::parse(divisor).unwrap()).is_err(),
                "{divisor}"
            );
        }
    }
}
