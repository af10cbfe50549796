//! Numbers against known answers and against naive big-integer arithmetic.
#![allow(
    clippy::unwrap_used,
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "test"
)]

use super::Number;

mod agreement;

fn number(text: &str) -> Number<'_> {
    Number::parse(text).unwrap()
}

fn canonical(text: &str) -> String {
    let mut out = Vec::new();
    number(text).write_canonical(&mut out);
    String::from_utf8(out).unwrap()
}

#[test]
fn only_json_numbers_are_numbers() {
    for text in [
        "0", "-0", "0.0", "-0.5e-0", "1", "10", "120", "1.50", "1e5", "1E+05", "1e-00", "0e0",
        "9e999999",
    ] {
        assert_eq!(
            Number::parse(text).map(|number| number.as_str()),
            Some(text)
        );
    }
    for text in [
        "",
        "-",
        "+1",
        "01",
        "-01",
        "00",
        ".5",
        "1.",
        "1.e5",
        "e5",
        "1e",
        "1e+",
        "1e-",
        "1e5.0",
        "1e1e1",
        "0x1",
        "1 ",
        " 1",
        "1\n",
        "NaN",
        "Infinity",
        "-Infinity",
        "1_000",
        "--1",
        "1,0",
        "１",
        "1e٣",
        "1\0",
    ] {
        assert!(
            Number::parse(text).is_none(),
            "`{text}` was taken as a number"
        );
    }
}

#[test]
fn one_value_has_many_spellings() {
    for group in [
        &[
            "100",
            "1e2",
            "1.0e2",
            "10e1",
            "1E+2",
            "0.1e3",
            "100.000",
            "1000e-1",
            "0.00100e5",
            "1e0000000002",
        ][..],
        &[
            "0",
            "-0",
            "0.0",
            "0e5",
            "-0e-99999999999999999999999",
            "0.000e99999999999999999999999999",
        ],
        &["-1.5", "-15e-1", "-0.15E1", "-1.50"],
        &["1e-5", "0.00001", "10e-6", "0.1e-4"],
        &[
            "1e99999999999999999999999999999999999999999999999999",
            "10e99999999999999999999999999999999999999999999999998",
            "0.01e100000000000000000000000000000000000000000000000001",
        ],
        &[
            "1e-100000000000000000000000000000000000000000000000000",
            "0.1e-99999999999999999999999999999999999999999999999999",
            "100e-100000000000000000000000000000000000000000000000002",
        ],
    ] {
        for a in group {
            for b in group {
                assert_eq!(number(a), number(b), "{a} {b}");
                assert_eq!(canonical(a), canonical(b), "{a} {b}");
            }
        }
    }
}

#[test]
fn order_is_exact() {
    let ascending = [
        "-1e999999999999999999999999999999999999999999999999999999999999",
        "-1e999999999999999999999999999999999999999999999999999999999998",
        "-1E400",
        "-9007199254740993",
        "-9007199254740992.5",
        "-9007199254740992",
        "-1",
        "-1e-999999999999999999999",
        "0",
        "1E-999999999999999999999",
        "1E-999999999999999999998",
        "1e-400",
        "0.1",
        "0.10000000000000000000000000000000000000000000001",
        "9007199254740992",
        "9007199254740993",
        "18446744073709551615",
        "18446744073709551616",
        "1e308",
        "1e400",
        "1.00000000000000000000000000001e400",
        "1e99999999999999999998",
        "9.9999999e99999999999999999998",
        "1e99999999999999999999",
        "1e999999999999999999999999999999999999999999999999999999999998",
        "2e999999999999999999999999999999999999999999999999999999999998",
        "1e999999999999999999999999999999999999999999999999999999999999",
        "1e1000000000000000000000000000000000000000000000000000000000000",
    ];
    for (i, a) in ascending.iter().enumerate() {
        for (j, b) in ascending.iter().enumerate() {
            assert_eq!(number(a).cmp(&number(b)), i.cmp(&j), "{a} {b}");
        }
    }
}

#[test]
fn integers_are_recognised_by_value() {
    for text in [
        "0",
        "-0.0",
        "1.0",
        "1e2",
        "10e-1",
        "-3",
        "1.5e1",
        "1e999999999999999999999999",
        "0e-9",
        "2500e-2",
    ] {
        assert!(number(text).is_integer(), "{text}");
    }
    for text in [
        "0.5",
        "1e-1",
        "1.5",
        "15e-2",
        "1e-999999999999999999999999",
        "1.01e1",
        "-0.1",
    ] {
        assert!(!number(text).is_integer(), "{text}");
    }
}

#[test]
fn to_u64_is_exact_or_nothing() {
    for (text, value) in [
        ("0", Some(0)),
        ("-0", Some(0)),
        ("0e999999999999999999999", Some(0)),
        ("42", Some(42)),
        ("4.2e1", Some(42)),
        ("420e-1", Some(42)),
        ("18446744073709551615", Some(u64::MAX)),
        ("1844674407370955161500e-2", Some(u64::MAX)),
        ("1.8446744073709551615e19", Some(u64::MAX)),
        ("18446744073709551616", None),
        ("1e19", Some(10_000_000_000_000_000_000)),
        ("1e20", None),
        ("1e4294967296", None),
        ("1e340282366920938463463374607431768211456", None),
        ("-1", None),
        ("0.5", None),
        ("1e-1", None),
        ("41.999999999999999999999999999999", None),
    ] {
        assert_eq!(number(text).to_u64(), value, "{text}");
    }
}

#[test]
fn sign_is_of_the_value() {
    assert!(number("-1").is_negative() && !number("-1").is_zero());
    assert!(number("-1e-999999999999999999999").is_negative());
    assert!(!number("-0").is_negative() && number("-0").is_zero());
    assert!(!number("-0.000e9").is_negative() && number("-0.000e9").is_zero());
    assert!(!number("1").is_negative() && !number("1e-99999999999999999999").is_zero());
}

#[test]
fn overflow_is_what_rounds_to_infinity() {
    for text in [
        "0",
        "-0e999999999999",
        "1",
        "1e308",
        "-1.7976931348623157e308",
        "1.7976931348623158e308",
        "1e-999999999999999999",
        "17976931348623158079372897140530341507993413271003782693617377898044496829276475094664901797758720709633028641669288791094655554785194040263065748867150582068190890200070838367627385484581771153176447573027006985557136695962284291481986083493647529271907416844436551070434271155969950809304287",
        "0.00000000000000000000001e330",
        "0.000e309",
    ] {
        assert!(!number(text).overflows_binary64(), "{text}");
    }
    for text in [
        "1e309",
        "-1e309",
        "1e400",
        "1.7976931348623159e308",
        "1e999999999999999999999999999999999",
        "0.001e312",
    ] {
        assert!(number(text).overflows_binary64(), "{text}");
    }
}

#[test]
fn some_numbers_are_told_alike_by_every_server() {
    for text in [
        "0",
        "-0.0e999",
        "0e-999",
        "42",
        "42.0",
        "-42e0",
        "0.1",
        "19.99",
        "123456789012345",
        "0.123456789012345",
        "9007199254740992",
        "-9007199254740992",
        "9007199254740991.0",
        "1e-307",
        "9.99999999999999e307",
        "1e22",
    ] {
        assert!(number(text).is_told_alike(), "{text}");
    }
    for text in [
        "42.00000000000000000001",
        "9007199254740993",
        "-9007199254740993",
        "9007199254740992.1",
        "1e400",
        "-2e400",
        "1e-400",
        "5e-324",
        "9.99999999999999e-308",
        "1e308",
        "0.30000000000000004",
        "1e99999999999999999999999999999999999999999",
        "1e-99999999999999999999999999999999999999999",
        "18446744073709551616",
    ] {
        assert!(!number(text).is_told_alike(), "{text}");
    }
}

#[test]
fn canonical_form_is_stable() {
    for (text, want) in [
        ("0", "0"),
        ("-0.00e7", "0"),
        ("100", "1e2"),
        ("-1.50", "-15e-1"),
        ("9007199254740993", "9007199254740993"),
        ("0.1e1", "1"),
        ("1e-10", "1e-10"),
        (
            "12.5e999999999999999999999999999999999999999999",
            "125e999999999999999999999999999999999999999998",
        ),
        (
            "10e999999999999999999999999999999999999999999",
            "1e1000000000000000000000000000000000000000000",
        ),
        (
            "0.1e1000000000000000000000000000000000000000000",
            "1e999999999999999999999999999999999999999999",
        ),
        (
            "10e-1000000000000000000000000000000000000000000",
            "1e-999999999999999999999999999999999999999999",
        ),
        (
            "0.1e-999999999999999999999999999999999999999999",
            "1e-1000000000000000000000000000000000000000000",
        ),
    ] {
        assert_eq!(canonical(text), want, "{text}");
        assert_eq!(canonical(want), want);
        assert_eq!(number(text), number(want));
    }
}

#[test]
fn a_megabyte_of_digits_is_compared_exactly() {
    let nines = "9".repeat(1 << 20);
    let (a, b) = (format!("{nines}1"), format!("{nines}2"));
    assert!(number(&a) < number(&b));
    assert!(number(&format!("1e{a}")) < number(&format!("1e{b}")));
    assert!(number(&format!("1e-{a}")) > number(&format!("1e-{b}")));
    assert_eq!(number(&format!("10e{a}")), number(&format!("1e{b}")));
    assert_eq!(canonical(&format!("10e{a}")), canonical(&format!("1e{b}")));
    assert!(number(&a).overflows_binary64() && !number(&format!("0.{a}")).overflows_binary64());
    assert_eq!(
        number(&format!(
            "{}e-1048576",
            a.replace('9', "0").replacen('0', "7", 1)
        ))
        .to_u64(),
        None
    );
    let zeros = "0".repeat(1 << 20);
    assert_eq!(number(&format!("0.{zeros}7e1048577")).to_u64(), Some(7));
    assert_eq!(number(&format!("7{zeros}e-1048576")).to_u64(), Some(7));
}
