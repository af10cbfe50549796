//! Numbers against naive arithmetic on digit strings, and against other readers of numbers.

use std::cmp::Ordering;

use proptest::prelude::*;

use super::super::Number;
use super::{canonical, number};

/// The naive reference: digits scaled to a common exponent, compared as padded integer text.
#[derive(Debug, Clone)]
struct Decimal {
    negative: bool,
    digits: String,
    exponent: i64,
}

impl Decimal {
    /// Reads a number whose exponent is small by plain string work.
    fn read(text: &str) -> Self {
        let (negative, text) = text
            .strip_prefix('-')
            .map_or((false, text), |text| (true, text));
        let lower = text.to_ascii_lowercase();
        let (mantissa, exponent) = lower.split_once('e').unwrap_or((&lower, "0"));
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        Self {
            negative,
            digits: format!("{whole}{fraction}"),
            exponent: exponent.parse::<i64>().unwrap() - i64::try_from(fraction.len()).unwrap(),
        }
    }

    fn scaled(&self, exponent: i64, width: usize) -> String {
        let zeros = usize::try_from(self.exponent - exponent).unwrap();
        format!(
            "{:0>width$}",
            format!("{}{}", self.digits, "0".repeat(zeros))
        )
    }

    fn cmp(&self, other: &Self) -> Ordering {
        let low = self.exponent.min(other.exponent);
        let (a, b) = (self.scaled(low, 2000), other.scaled(low, 2000));
        let zero = |text: &str| text.bytes().all(|byte| byte == b'0');
        match (self.negative && !zero(&a), other.negative && !zero(&b)) {
            (true, false) => Ordering::Less,
            (false, true) => Ordering::Greater,
            (false, false) => a.cmp(&b),
            (true, true) => b.cmp(&a),
        }
    }

    fn is_integer(&self) -> bool {
        let places = usize::try_from(-self.exponent.min(0)).unwrap();
        let padded = format!("{:0>width$}", self.digits, width = places + 1);
        padded.bytes().rev().take(places).all(|byte| byte == b'0')
    }

    fn to_u64(&self) -> Option<u64> {
        if !self.is_integer() {
            return None;
        }
        let text = if self.exponent >= 0 {
            self.scaled(0, 1)
        } else {
            let places = usize::try_from(-self.exponent).unwrap();
            let padded = format!("{:0>width$}", self.digits, width = places + 1);
            padded[..padded.len() - places].to_owned()
        };
        let value = text.trim_start_matches('0');
        let value = if value.is_empty() {
            Some(0)
        } else {
            value.parse().ok()
        };
        value.filter(|value| !self.negative || *value == 0)
    }
}

/// JSON numbers with exponents small enough for the reference.
fn small() -> impl Strategy<Value = String> {
    let digits = prop_oneof![
        "[0-9]{0,4}",
        "[09]{0,30}",
        "[1-9]0{0,25}",
        "1844674407370955161[0-9]"
    ];
    let whole = digits.prop_map(|digits| match digits.trim_start_matches('0') {
        "" => "0".to_owned(),
        digits => digits.to_owned(),
    });
    let fraction = prop_oneof![
        3 => Just(String::new()),
        1 => "\\.[0-9]{1,4}",
        1 => "\\.[09]{1,30}",
        1 => "\\.0{0,20}[0-9]0{0,3}",
    ];
    let exponent = prop_oneof![
        2 => Just(String::new()),
        1 => (-40..40_i32).prop_map(|exponent| format!("e{exponent}")),
        1 => (-400..400_i32).prop_map(|exponent| format!("E{exponent:+05}")),
    ];
    ("-?", whole, fraction, exponent)
        .prop_map(|(sign, whole, fraction, exponent)| format!("{sign}{whole}{fraction}{exponent}"))
}

/// `text` with `offset`, a decimal integer, added to its exponent.
fn shifted(text: &str, offset: i128) -> String {
    let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    format!("{mantissa}e{}", exponent.parse::<i128>().unwrap() + offset)
}

proptest! {
    #[test]
    fn comparison_agrees_with_integers(a in small(), b in small()) {
        prop_assert_eq!(number(&a).cmp(&number(&b)), Decimal::read(&a).cmp(&Decimal::read(&b)));
        prop_assert_eq!(canonical(&a) == canonical(&b), number(&a) == number(&b));
    }

    #[test]
    fn comparison_does_not_depend_on_how_large_the_exponents_are(
        a in small(),
        b in small(),
        offset in prop_oneof![
            Just(10_i128.pow(30)), Just(-(10_i128.pow(30))), Just(10_i128.pow(36)), Just(-(10_i128.pow(36))),
            any::<i64>().prop_map(i128::from),
        ],
    ) {
        let order = number(&a).cmp(&number(&b));
        let (far_a, far_b) = (shifted(&a, offset), shifted(&b, offset));
        prop_assert_eq!(number(&far_a).cmp(&number(&far_b)), order);
        // Beyond any integer type: a common run of digits before both exponents.
        if offset == 10_i128.pow(36) {
            let longer = |text: &str| text.replacen('e', "e73", 1);
            if far_a.len() - far_a.find('e').unwrap() == far_b.len() - far_b.find('e').unwrap() {
                prop_assert_eq!(number(&longer(&far_a)).cmp(&number(&longer(&far_b))), order);
            }
        }
    }

    #[test]
    fn integers_agree_with_integers(text in small()) {
        prop_assert_eq!(number(&text).is_integer(), Decimal::read(&text).is_integer());
        prop_assert_eq!(number(&text).to_u64(), Decimal::read(&text).to_u64());
    }

    #[test]
    fn the_canonical_form_keeps_the_value(text in small(), offset in any::<i128>()) {
        for text in [text.clone(), shifted(&text, offset / 4)] {
            let form = canonical(&text);
            prop_assert_eq!(number(&form), number(&text));
            prop_assert_eq!(canonical(&form), form.clone());
            prop_assert!(form.len() <= text.len() + 25);
        }
    }

    #[test]
    fn overflow_agrees_with_the_float_parser(text in small(), near in "17976931348623(15[78]|1580)[0-9]{0,6}(e|\\.[0-9]e)29[0-9]") {
        for text in [text, near] {
            let float = text.parse::<f64>().unwrap();
            prop_assert_eq!(number(&text).overflows_binary64(), float.is_infinite(), "{}", text);
        }
    }

    #[test]
    fn what_is_told_apart_is_so_in_binary64(a in small(), digits in "[0-9]{1,20}", exponent in -330..309_i32) {
        let beside = format!("{}.{digits}e{exponent}", &digits[..1].replace('0', "1"));
        let near = format!("{}{digits}e{exponent}", beside.split('e').next().unwrap());
        for (a, b) in [(&a, &beside), (&beside, &near)] {
            let (x, y) = (a.parse::<f64>().unwrap(), b.parse::<f64>().unwrap());
            if x.is_finite() && y.is_finite() && number(a) != number(b) && x == y {
                prop_assert_eq!(number(a).cmp_as_read(&number(b)), None, "{} {}", a, b);
            }
        }
    }

    #[test]
    fn no_text_is_a_number_that_serde_json_refuses(text in "[-+0-9.eE]{0,8}") {
        // The other way round serde_json refuses what does not fit a float.
        let raw = serde_json::from_str::<&serde_json::value::RawValue>(&text);
        prop_assert_eq!(Number::parse(&text).is_some(), raw.is_ok());
    }
}
