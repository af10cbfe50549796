//! Times and durations as scenarios write them.

use jiff::Timestamp;

/// The clock of a scenario that does not set it: 2026-01-01T00:00:00Z.
pub(crate) const DEFAULT: i64 = 1_767_225_600;

/// A time of the scenario's clock, in whole seconds since the Unix epoch.
pub(crate) type Seconds = i64;

/// The longest step of the clock: 400 days.
const MAX_ADVANCE: i64 = 34_560_000;

/// Reads an RFC 3339 time with its offset, in whole seconds, from 1970 to 2100.
pub(crate) fn parse_time(text: &str) -> Result<Seconds, String> {
    let advice = "write an RFC 3339 time with its offset, such as `2026-01-05T10:00:00Z`";
    let time: Timestamp = text
        .parse()
        .map_err(|_| format!("`{text}` is not a time; {advice}"))?;
    if time.subsec_nanosecond() != 0 {
        return Err(format!(
            "`{text}` has a fraction of a second; times are whole seconds"
        ));
    }
    match time.as_second() {
        seconds @ 0..=4_102_444_800 => Ok(seconds),
        _ => Err(format!("`{text}` is not between 1970 and 2100")),
    }
}

/// The time in UTC, as `2026-01-05T10:00:00Z`.
pub(crate) fn show_time(at: Seconds) -> String {
    Timestamp::from_second(at).map_or_else(|_| format!("@{at}"), |t| t.to_string())
}

/// Reads `90s`, `5m`, `1h` or `1d` as seconds, at least one and at most 400 days.
pub(crate) fn parse_duration(text: &str) -> Result<i64, String> {
    let advice = "write a whole number and a unit: `90s`, `5m`, `1h`, `1d`";
    let wrong = || format!("`{text}` is not a duration; {advice}");
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = match text.strip_prefix(digits) {
        Some("s") => 1,
        Some("m") => 60,
        Some("h") => 3_600,
        Some("d") => 86_400,
        _ => return Err(wrong()),
    };
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err(wrong());
    }
    let seconds = digits.parse::<i64>().ok().and_then(|n| n.checked_mul(unit));
    match seconds {
        Some(seconds @ 1..=MAX_ADVANCE) => Ok(seconds),
        Some(0) => Err(format!("`{text}` does not move the clock; {advice}")),
        _ => Err(format!("`{text}` is longer than 400 days")),
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "test")]
    use super::*;

    #[test]
    fn times_are_rfc_3339_with_an_offset() {
        assert_eq!(parse_time("2026-01-01T00:00:00Z"), Ok(DEFAULT));
        assert_eq!(parse_time("2026-01-01T01:00:00+01:00"), Ok(DEFAULT));
        assert_eq!(show_time(DEFAULT), "2026-01-01T00:00:00Z");
        for wrong in ["2026-01-01", "10:00", "2026-01-01T00:00:00", "", "soon"] {
            assert!(
                parse_time(wrong).unwrap_err().contains("RFC 3339"),
                "{wrong}"
            );
        }
        assert!(parse_time("2026-01-01T00:00:00.5Z").is_err());
        assert!(parse_time("1969-01-01T00:00:00Z").is_err());
        assert!(parse_time("2200-01-01T00:00:00Z").is_err());
    }

    #[test]
    fn durations_are_a_number_and_a_unit() {
        for (text, seconds) in [
            ("1s", 1),
            ("90s", 90),
            ("5m", 300),
            ("2h", 7_200),
            ("1d", 86_400),
        ] {
            assert_eq!(parse_duration(text), Ok(seconds));
        }
        for wrong in [
            "",
            "5",
            "s",
            "-5s",
            "+5s",
            "5 s",
            "5S",
            "1.5h",
            "1h30m",
            "5sec",
            "0s",
            "401d",
            "é",
            "99999999999999999999s",
        ] {
            parse_duration(wrong).unwrap_err();
        }
    }
}
