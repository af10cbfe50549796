//! Requests over time, as a small chart for a terminal.

use std::fmt::Write;

use super::style;

const COLUMNS: usize = 60;
const LEVELS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// Two rows of bars, allowed and not, from the first record to the last; nothing where there are
/// no two times.
pub(super) fn over_time(times: &[(String, u64, u64)]) -> String {
    let parsed = times.iter().filter_map(|(time, yes, no)| {
        let time: jiff::Timestamp = time.parse().ok()?;
        Some((time.as_millisecond(), *yes, *no))
    });
    let parsed: Vec<(i64, u64, u64)> = parsed.collect();
    let first = parsed.iter().map(|(time, ..)| *time).min().unwrap_or(0);
    let last = parsed.iter().map(|(time, ..)| *time).max().unwrap_or(0);
    let span = last.saturating_sub(first);
    if span == 0 {
        return String::new();
    }
    let mut columns = vec![(0u64, 0u64); COLUMNS];
    for (time, yes, no) in parsed {
        let place = i128::from(time.saturating_sub(first))
            .saturating_mul(60)
            .checked_div(i128::from(span))
            .and_then(|place| usize::try_from(place).ok())
            .unwrap_or(0);
        if let Some(column) = columns.get_mut(place.min(COLUMNS.saturating_sub(1))) {
            column.0 = column.0.saturating_add(yes);
            column.1 = column.1.saturating_add(no);
        }
    }
    let most = columns.iter().map(|(yes, no)| (*yes).max(*no)).max();
    let most = most.unwrap_or(0).max(1);
    let row = |pick: &dyn Fn(&(u64, u64)) -> u64| -> String {
        columns
            .iter()
            .map(|column| bar(pick(column), most))
            .collect()
    };
    let mut out = String::new();
    let edge = |time: i64| {
        jiff::Timestamp::from_millisecond(time).map_or_else(|_| String::new(), |t| t.to_string())
    };
    // Writing to a string cannot fail.
    let _ = writeln!(out, "{}", style::bold("over time"));
    let _ = writeln!(out, " allowed  {}", style::good(&row(&|column| column.0)));
    let _ = writeln!(out, "  others  {}", style::bad(&row(&|column| column.1)));
    let range = format!(
        "          {} to {}, at most {most} a column",
        edge(first),
        edge(last)
    );
    let _ = writeln!(out, "{}", style::dim(&range));
    out
}

fn bar(value: u64, most: u64) -> char {
    if value == 0 {
        return ' ';
    }
    let level = value.saturating_mul(8).div_ceil(most).saturating_sub(1);
    let level = usize::try_from(level).ok();
    level.and_then(|l| LEVELS.get(l)).copied().unwrap_or('█')
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "test")]
    use super::*;

    #[test]
    fn bars_stand_where_and_as_high_as_the_requests() {
        let at = |second: u64, yes, no| (format!("2026-01-01T00:00:{second:02}.000Z"), yes, no);
        let text = over_time(&[at(0, 8, 0), at(30, 1, 0), at(59, 0, 4)]);
        let text = anstream::adapter::strip_str(&text).to_string();
        let rows: Vec<Vec<char>> = text.lines().map(|line| line.chars().collect()).collect();
        let place = |row: usize, bar: char| rows[row].iter().position(|c| *c == bar);
        let start = place(1, '█').unwrap();
        assert_eq!(place(1, '▁').unwrap() - start, 30);
        assert_eq!(place(2, '▄').unwrap() - place(2, 's').unwrap(), 59 + 3);
        assert!(over_time(&[at(3, 1, 0)]).is_empty());
    }
}
