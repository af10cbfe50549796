//! The clock that a command's user sets.

use jiff::Timestamp;

use crate::scenario::time::parse_duration;

const NANOS: u64 = 1_000_000_000;

/// The first nanosecond that no clock here shows: 2100-01-01T00:00:00Z.
const END: u64 = 4_102_444_800 * NANOS;

/// Reads an RFC 3339 time with its offset, from 1970 to 2100, in nanoseconds since the Unix epoch.
pub(super) fn time(text: &str) -> Result<u64, String> {
    let time: Timestamp = text.parse().map_err(|_| {
        format!(
            "`{text}` is not a time: write an RFC 3339 time with its offset, such as \
             `2026-01-05T10:00:00Z`"
        )
    })?;
    within(u64::try_from(time.as_nanosecond()).ok())
        .ok_or_else(|| format!("`{text}` is not between 1970 and 2100"))
}

/// Reads what sets the clock that shows `now`: a time, or a step such as `+90s`.
pub(super) fn setting(text: &str, now: u64) -> Result<u64, String> {
    let Some(step) = text.strip_prefix('+') else {
        return time(text).map_err(|why| {
            if text.contains('T') {
                why
            } else {
                format!("`@{text}` sets no clock: write `@+90s`, or a time such as `@2026-01-05T10:00:00Z`")
            }
        });
    };
    let nanos = u64::try_from(parse_duration(step)?)
        .ok()
        .and_then(|seconds| seconds.checked_mul(NANOS));
    within(nanos.and_then(|nanos| now.checked_add(nanos)))
        .ok_or_else(|| format!("`@+{step}` sets the clock beyond the year 2100"))
}

fn within(nanos: Option<u64>) -> Option<u64> {
    nanos.filter(|nanos| *nanos < END)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_is_set_to_a_time_or_moved_by_a_step() {
        let start = 1_767_225_600 * NANOS;
        for (text, at) in [
            ("2026-01-01T00:00:00Z", start),
            ("2026-01-01T01:00:00+01:00", start),
            ("2026-01-01T00:00:00.25Z", start + NANOS / 4),
            ("+90s", start + 90 * NANOS),
            ("+1h", start + 3_600 * NANOS),
        ] {
            assert_eq!(setting(text, start), Ok(at), "{text}");
        }
        for text in [
            "",
            "+",
            "+90",
            "-90s",
            "90s",
            "tomorrow",
            "2026-01-01",
            "2026-01-01T00:00:00",
            "1969-12-31T23:59:59Z",
            "2100-01-01T00:00:00Z",
        ] {
            assert!(setting(text, start).is_err(), "{text}");
        }
    }
}
