//! JSON numbers by their exact decimal value: compared as written, never as floats.
//!
//! A value is kept as 0.DIGITS × 10^(EXPONENT + POINT): DIGITS are the significant digits of the
//! text, POINT is where the decimal point stood among them, EXPONENT is the text after `e`. The
//! exponent is never expanded and may itself be of any length, so every operation here takes time
//! linear in the text, and comparisons allocate nothing.

use std::cmp::Ordering;
use std::ops::RangeInclusive;

/// Where an exponent's arithmetic stops growing. Exponents below it are exact; above it only the
/// sign matters, because a text's own digits shift the point by less than 2^64 places.
const SATURATED: i128 = 10_i128.pow(30);

/// The longest exponent text whose value surely fits an `i128` with room for a shift.
const SHORT_EXPONENT: usize = 36;

/// Half a unit above the largest finite binary64, 2^1024 - 2^970: from here on round-to-nearest
/// gives infinity.
const BINARY64_LIMIT: &[u8] = b"179769313486231580793728971405303415079934132710037826936173778980444968292764750946649017977587207096330286416692887910946555547851940402630657488671505820681908902000708383676273854845817711531764475730270069855571366959622842914819860834936475292719074168444365510704342711559699508093042880177904174497792";

/// How many digits stand before the point of [`BINARY64_LIMIT`].
const BINARY64_DIGITS: i128 = 309;

/// Decimals of at most this many digits keep them through binary64, in its normal range.
const BINARY64_KEEPS: i128 = 15;

/// By [`Number::first_place`], the decades that lie wholly in binary64's normal range.
const NORMAL_PLACES: RangeInclusive<i128> = -306..=308;

/// Up to this magnitude binary64 holds every integer.
const EXACT_INTEGERS: u64 = 1 << 53;

/// How many decimal places decide whether two numbers are too close to be told.
const LEADING: usize = 19;

/// One JSON number, borrowed from the text it was written in.
///
/// Equality and order are by exact decimal value: `100`, `1e2` and `1.0e2` are equal, `-0` and `0`
/// are equal, `9007199254740992` and `9007199254740993` are not.
#[derive(Clone, Copy, Debug)]
pub struct Number<'a> {
    text: &'a str,
    negative: bool,
    /// Digits before the point without leading zeros; no trailing zeros where `fraction` is empty.
    whole: &'a [u8],
    /// Digits after the point without trailing zeros; no leading zeros where `whole` is empty.
    fraction: &'a [u8],
    /// Places from the left of the significant digits to the decimal point.
    point: i128,
    exponent_negative: bool,
    /// The exponent's digits without leading zeros; empty means zero.
    exponent: &'a [u8],
}

impl<'a> Number<'a> {
    /// Reads one number by the grammar of RFC 8259, section 6; `None` if `text` is anything else,
    /// including a number with space around it.
    #[must_use]
    pub fn parse(text: &'a str) -> Option<Self> {
        let bytes = text.as_bytes();
        let (negative, rest) = match bytes.strip_prefix(b"-") {
            Some(rest) => (true, rest),
            None => (false, bytes),
        };
        let (whole, rest) = digits(rest);
        if whole.is_empty() || (whole.len() > 1 && whole.first() == Some(&b'0')) {
            return None;
        }
        let (fraction, rest) = match rest.strip_prefix(b".") {
            Some(rest) => {
                let (fraction, rest) = digits(rest);
                if fraction.is_empty() {
                    return None;
                }
                (fraction, rest)
            }
            None => (&[][..], rest),
        };
        let (exponent_negative, exponent) = match rest {
            [] => (false, rest),
            [b'e' | b'E', rest @ ..] => {
                let (negative, rest) = match rest {
                    [b'-', rest @ ..] => (true, rest),
                    [b'+', rest @ ..] => (false, rest),
                    _ => (false, rest),
                };
                let (exponent, rest) = digits(rest);
                if exponent.is_empty() || !rest.is_empty() {
                    return None;
                }
                (negative, exponent)
            }
            _ => return None,
        };

        let mut number = Self {
            text,
            negative,
            whole: trim_start(whole),
            fraction: trim_end(fraction),
            point: 0,
            exponent_negative,
            exponent: trim_start(exponent),
        };
        number.normalize();
        Some(number)
    }

    /// Strips the zeros that carry no digit, keeping their places in `point`.
    fn normalize(&mut self) {
        if self.whole.is_empty() {
            let significant = trim_start(self.fraction);
            let zeros = self.fraction.len().saturating_sub(significant.len());
            self.point = length(zeros).saturating_neg();
            self.fraction = significant;
        } else {
            self.point = length(self.whole.len());
            if self.fraction.is_empty() {
                self.whole = trim_end(self.whole);
            }
        }
    }

    /// The number as it was written.
    #[must_use]
    pub fn as_str(&self) -> &'a str {
        self.text
    }

    /// Whether the value is zero, however it is written: `-0`, `0.00`, `0e5`.
    #[must_use]
    pub fn is_zero(&self) -> bool {
        self.whole.is_empty() && self.fraction.is_empty()
    }

    /// Whether the value is below zero; `-0` is not.
    #[must_use]
    pub fn is_negative(&self) -> bool {
        self.negative && !self.is_zero()
    }

    /// Whether the value has no fractional part: true of `1.0`, `1e2` and `10e-1`.
    #[must_use]
    pub fn is_integer(&self) -> bool {
        self.is_zero() || self.last_place() >= 0
    }

    /// The value, if it is an integer from 0 to `u64::MAX`, however it is written.
    #[must_use]
    pub fn to_u64(&self) -> Option<u64> {
        if self.is_zero() {
            return Some(0);
        }
        let zeros = u32::try_from(self.last_place()).ok()?;
        if self.negative {
            return None;
        }
        let mut value = 0_u64;
        for digit in self.digits() {
            value = value
                .checked_mul(10)?
                .checked_add(u64::from(digit.wrapping_sub(b'0')))?;
        }
        value.checked_mul(10_u64.checked_pow(zeros)?)
    }

    /// Whether the value becomes infinite when read as IEEE 754 binary64, as most JSON readers
    /// do. A value that underflows to zero is finite.
    #[must_use]
    pub fn overflows_binary64(&self) -> bool {
        if self.is_zero() {
            return false;
        }
        match self.first_place().cmp(&BINARY64_DIGITS) {
            Ordering::Less => false,
            Ordering::Greater => true,
            Ordering::Equal => self.digits().ge(trim_end(BINARY64_LIMIT).iter().copied()),
        }
    }

    /// Whether every server, one that reads IEEE 754 binary64 included, tells this value from every
    /// other of which that is true: 0, an integer of at most 2^53 in magnitude, or at most 15
    /// significant digits in the decades that lie wholly in binary64's normal range (1e-307 up to,
    /// not including, 1e308).
    #[must_use]
    pub fn is_told_alike(&self) -> bool {
        if self.is_zero() {
            return true;
        }
        if self.digit_count() <= BINARY64_KEEPS {
            return NORMAL_PLACES.contains(&self.first_place());
        }
        let magnitude = Self {
            negative: false,
            ..*self
        };
        magnitude.to_u64().is_some_and(|n| n <= EXACT_INTEGERS)
    }

    /// The order of the values, or `None` where they differ but a server that reads IEEE 754
    /// binary64 may see one number. Beyond what is told alike this is conservative: a relative
    /// difference of at most 2^-52, or two values below the normal range, cannot be told. Numbers
    /// that overflow are the caller's to refuse.
    #[must_use]
    pub fn cmp_as_read(&self, other: &Number<'_>) -> Option<Ordering> {
        let order = self.cmp(other);
        if order.is_eq() || (self.is_told_alike() && other.is_told_alike()) {
            return Some(order);
        }
        if self.is_tiny() && other.is_tiny() {
            return None;
        }
        if self.is_negative() != other.is_negative() || self.is_zero() || other.is_zero() {
            return Some(order);
        }
        let top = self.first_place().max(other.first_place());
        let (a, b) = (self.leading(top), other.leading(top));
        // The digits cut off count less than one unit on either side.
        let close = (a.max(b) >> 52).saturating_add(2);
        (a.abs_diff(b) > close).then_some(order)
    }

    /// Whether binary64 may hold it with fewer digits than a normal number, or as zero.
    fn is_tiny(&self) -> bool {
        self.is_zero() || self.first_place() < *NORMAL_PLACES.start()
    }

    /// The first 19 decimal places from `top` down, as an integer: below 10^19, which a `u64` holds.
    fn leading(&self, top: i128) -> u64 {
        let zeros = usize::try_from(top.saturating_sub(self.first_place())).unwrap_or(usize::MAX);
        std::iter::repeat_n(b'0', zeros.min(LEADING))
            .chain(self.digits())
            .chain(std::iter::repeat_n(b'0', LEADING))
            .take(LEADING)
            .fold(0_u64, |value, digit| {
                let digit = u64::from(digit.wrapping_sub(b'0'));
                value.saturating_mul(10).saturating_add(digit)
            })
    }

    /// Appends the one spelling that all numbers of this value share: `0`, or the significant
    /// digits as an integer that does not end in 0, then `e` and an exponent unless that is 0.
    /// `100`, `1e2` and `100.0` give `1e2`; `-1.50` gives `-15e-1`. Itself a JSON number, never
    /// more than 25 bytes longer than the text.
    pub fn write_canonical(&self, out: &mut Vec<u8>) {
        if self.is_zero() {
            out.push(b'0');
            return;
        }
        if self.negative {
            out.push(b'-');
        }
        out.extend(self.digits());
        let shift = self.point.saturating_sub(self.digit_count());
        write_exponent(self.exponent_negative, self.exponent, shift, out);
    }

    /// The significant digits: the first and the last are not `0`.
    fn digits(&self) -> impl Iterator<Item = u8> + use<'a> {
        self.whole.iter().chain(self.fraction).copied()
    }

    fn digit_count(&self) -> i128 {
        length(self.whole.len()).saturating_add(length(self.fraction.len()))
    }

    /// The power of ten just above the value (3 for `999`, 4 for `1000`, 0 for `0.1`), saturated.
    fn first_place(&self) -> i128 {
        exponent_gap(self, &ONE).saturating_add(self.point)
    }

    /// The power of ten of the last significant digit (0 for `101`, 2 for `100`, -1 for `0.1`),
    /// saturated.
    fn last_place(&self) -> i128 {
        self.first_place().saturating_sub(self.digit_count())
    }

    fn cmp_magnitude(&self, other: &Number<'_>) -> Ordering {
        match (self.is_zero(), other.is_zero()) {
            (true, true) => Ordering::Equal,
            (true, false) => Ordering::Less,
            (false, true) => Ordering::Greater,
            (false, false) => exponent_gap(self, other)
                .saturating_add(self.point)
                .cmp(&other.point)
                .then_with(|| self.digits().cmp(other.digits())),
        }
    }
}

impl<'b> PartialEq<Number<'b>> for Number<'_> {
    fn eq(&self, other: &Number<'b>) -> bool {
        compare(self, other) == Ordering::Equal
    }
}

impl Eq for Number<'_> {}

impl<'b> PartialOrd<Number<'b>> for Number<'_> {
    fn partial_cmp(&self, other: &Number<'b>) -> Option<Ordering> {
        Some(compare(self, other))
    }
}

impl Ord for Number<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        compare(self, other)
    }
}

/// The number that stands for no exponent and no shift.
const ONE: Number<'static> = Number {
    text: "1",
    negative: false,
    whole: b"1",
    fraction: b"",
    point: 1,
    exponent_negative: false,
    exponent: b"",
};

fn compare(a: &Number<'_>, b: &Number<'_>) -> Ordering {
    match (a.is_negative(), b.is_negative()) {
        (true, false) => Ordering::Less,
        (false, true) => Ordering::Greater,
        (false, false) => a.cmp_magnitude(b),
        (true, true) => b.cmp_magnitude(a),
    }
}

/// The difference of two exponents: exact up to [`SATURATED`], beyond it at least that large and
/// of the right sign.
///
/// Digits are taken from the left, aligned at the right. One step is `10 × gap + d` with |d| ≤ 18,
/// which never shrinks a gap of 2 or more, so a gap once beyond the bound can be left there.
fn exponent_gap(a: &Number<'_>, b: &Number<'_>) -> i128 {
    let width = a.exponent.len().max(b.exponent.len());
    let signed = |number: &Number<'_>, digit: u8| {
        let digit = i128::from(digit.wrapping_sub(b'0'));
        if number.exponent_negative {
            digit.saturating_neg()
        } else {
            digit
        }
    };
    let mut gap = 0_i128;
    for (x, y) in padded(a.exponent, width).zip(padded(b.exponent, width)) {
        let step = signed(a, x).saturating_sub(signed(b, y));
        gap = gap.saturating_mul(10).saturating_add(step);
        if gap.saturating_abs() > SATURATED {
            break;
        }
    }
    gap
}

/// The digits with zeros before them, `width` in all.
fn padded(digits: &[u8], width: usize) -> impl Iterator<Item = u8> {
    let zeros = width.saturating_sub(digits.len());
    std::iter::repeat_n(b'0', zeros).chain(digits.iter().copied())
}

/// Writes `e` and the sum of an exponent and a shift, or nothing where that is zero.
fn write_exponent(negative: bool, digits: &[u8], shift: i128, out: &mut Vec<u8>) {
    let sign = |negative: bool, value: i128| {
        if negative {
            value.saturating_neg()
        } else {
            value
        }
    };
    if digits.len() <= SHORT_EXPONENT {
        let value = digits.iter().fold(0_i128, |value, digit| {
            let digit = i128::from(digit.wrapping_sub(b'0'));
            value.saturating_mul(10).saturating_add(digit)
        });
        let sum = sign(negative, value).saturating_add(shift);
        if sum != 0 {
            out.push(b'e');
            out.extend(sum.to_string().bytes());
        }
        return;
    }
    // The exponent is far larger than any shift, so it keeps its sign and the shift is a carry.
    let mut carry = sign(negative, shift);
    let mut sum = Vec::with_capacity(digits.len().saturating_add(1));
    for digit in digits.iter().rev() {
        let place = carry.saturating_add(i128::from(digit.wrapping_sub(b'0')));
        sum.push(place.rem_euclid(10));
        carry = place.div_euclid(10);
    }
    sum.push(carry);
    out.push(b'e');
    if negative {
        out.push(b'-');
    }
    let significant = sum.iter().rev().skip_while(|place| **place == 0);
    out.extend(significant.map(|place| b'0'.saturating_add(u8::try_from(*place).unwrap_or(0))));
}

fn digits(bytes: &[u8]) -> (&[u8], &[u8]) {
    let end = bytes
        .iter()
        .take_while(|byte| byte.is_ascii_digit())
        .count();
    bytes.split_at_checked(end).unwrap_or((bytes, &[]))
}

fn trim_start(mut digits: &[u8]) -> &[u8] {
    while let [b'0', rest @ ..] = digits {
        digits = rest;
    }
    digits
}

fn trim_end(mut digits: &[u8]) -> &[u8] {
    while let [rest @ .., b'0'] = digits {
        digits = rest;
    }
    digits
}

fn length(len: usize) -> i128 {
    i128::try_from(len).unwrap_or(i128::MAX)
}

#[cfg(test)]
mod tests;
