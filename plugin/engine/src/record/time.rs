//! The time of a record: RFC 3339, UTC, milliseconds.

const NANOS: u64 = 1_000_000_000;
const DAY: u64 = 86_400;

/// Appends a time, given in nanoseconds since the Unix epoch: `2026-11-26T08:30:00.125Z`.
pub(super) fn push_time(out: &mut String, nanos: u64) {
    let seconds = nanos.checked_div(NANOS).unwrap_or(0);
    let (year, month, day) = date(seconds.checked_div(DAY).unwrap_or(0));
    // 64 bits of nanoseconds end in the year 2554.
    let mut text = *b"0000-00-00T00:00:00.000Z";
    let fields = [
        (0..4, year),
        (5..7, month),
        (8..10, day),
        (11..13, part(seconds, 3_600, 24)),
        (14..16, part(seconds, 60, 60)),
        (17..19, part(seconds, 1, 60)),
        (20..23, part(nanos, 1_000_000, 1_000)),
    ];
    for (place, number) in fields {
        put(text.get_mut(place).unwrap_or_default(), number);
    }
    out.push_str(std::str::from_utf8(&text).unwrap_or_default());
}

/// Writes a number's last digits.
fn put(digits: &mut [u8], number: u64) {
    // Dividing 32 bits by a constant is multiplying.
    let mut rest = u32::try_from(number).unwrap_or(0);
    for digit in digits.iter_mut().rev() {
        let last = rest.checked_rem(10).unwrap_or(0);
        *digit = b'0'.wrapping_add(u8::try_from(last).unwrap_or(0));
        rest = rest.checked_div(10).unwrap_or(0);
    }
}

fn part(of: u64, unit: u64, most: u64) -> u64 {
    let units = of.checked_div(unit).unwrap_or(0);
    units.checked_rem(most).unwrap_or(0)
}

/// Year, month and day of a day since 1970-01-01, in the Gregorian calendar: eras of 400 years
/// that begin on a 1 March, so that the leap day is a year's last.
fn date(days: u64) -> (u64, u64, u64) {
    let days = days.saturating_add(719_468);
    let era = days.checked_div(146_097).unwrap_or(0);
    let of_era = days.checked_rem(146_097).unwrap_or(0);
    let leaps = |step: u64| of_era.checked_div(step).unwrap_or(0);
    let year = of_era
        .saturating_sub(leaps(1_460))
        .saturating_add(leaps(36_524))
        .saturating_sub(leaps(146_096))
        .checked_div(365)
        .unwrap_or(0);
    let before = year
        .saturating_mul(365)
        .saturating_add(year.checked_div(4).unwrap_or(0))
        .saturating_sub(year.checked_div(100).unwrap_or(0));
    let of_year = of_era.saturating_sub(before);
    let from_march = part(of_year.saturating_mul(5).saturating_add(2), 153, u64::MAX);
    let first = part(
        from_march.saturating_mul(153).saturating_add(2),
        5,
        u64::MAX,
    );
    let day = of_year.saturating_sub(first).saturating_add(1);
    let month = if from_march < 10 {
        from_march.saturating_add(3)
    } else {
        from_march.saturating_sub(9)
    };
    let year = era.saturating_mul(400).saturating_add(year);
    (year.saturating_add(u64::from(month <= 2)), month, day)
}

#[cfg(test)]
mod tests {
    use super::push_time;

    #[test]
    fn times_are_those_of_the_calendar() {
        for (seconds, millis, text) in [
            (0, 0, "1970-01-01T00:00:00.000Z"),
            (951_782_399, 999, "2000-02-28T23:59:59.999Z"),
            (951_782_400, 7, "2000-02-29T00:00:00.007Z"),
            (951_868_800, 70, "2000-03-01T00:00:00.070Z"),
            (1_767_225_599, 0, "2025-12-31T23:59:59.000Z"),
            (1_795_682_096, 125, "2026-11-26T08:34:56.125Z"),
            (4_107_542_400, 0, "2100-03-01T00:00:00.000Z"),
        ] {
            let mut out = String::new();
            push_time(&mut out, seconds * 1_000_000_000 + millis * 1_000_000 + 999);
            assert_eq!(out, text);
        }
    }
}
