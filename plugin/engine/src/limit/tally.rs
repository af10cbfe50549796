//! What one charge, one refund or one look does to one stored value.
//!
//! The functions see bytes and write bytes; they may be run any number of times for one change.

use super::refusal::{Reason, Retry};
use super::store::{Change, StoreError};
use super::value::{Cell, View, Writer, ones};
use super::window::Periods;

/// One question to a value.
#[derive(Clone, Copy)]
pub(super) struct Ask {
    pub(super) periods: Periods,
    /// Tells subjects of one value apart.
    pub(super) fingerprint: u64,
    /// How many live subjects the value may hold.
    pub(super) ways: u8,
    pub(super) max: u64,
    pub(super) cost: u64,
    /// Nanoseconds since the Unix epoch.
    pub(super) now: u64,
}

/// What a value says about a subject.
#[derive(Clone, Copy)]
pub(super) struct Standing<'a> {
    /// The period that a charge counts in: that of `now`, unless a later one was charged before.
    pub(super) index: u64,
    /// Units that count now.
    pub(super) used: u64,
    shift: u64,
    /// The subject's cell as stored, or [`Cell::NONE`].
    cell: Cell<'a>,
    /// The subject's periods that count now; bit 0 is `index`.
    live: u32,
    /// Other subjects that count now.
    others: u32,
    /// The period whose end is the first to free one of the others' ways.
    first_over: u64,
}

impl<'a> Standing<'a> {
    fn of(view: &View<'a>, ask: &Ask) -> Result<Self, StoreError> {
        let index = ask.periods.index(ask.now).max(view.latest);
        let mut standing = Self {
            index,
            used: 0,
            shift: index.saturating_sub(view.latest),
            cell: Cell::NONE,
            live: 0,
            others: 0,
            first_over: u64::MAX,
        };
        for cell in view.cells() {
            let cell = cell?;
            let live = cell.mask_after(standing.shift, &ask.periods);
            if cell.fingerprint == ask.fingerprint {
                if standing.cell.mask != 0 {
                    return Err(StoreError::Corrupt);
                }
                standing.cell = cell;
                standing.live = live;
                for count in cell.counts_under(live) {
                    standing.used = standing.used.saturating_add(count);
                }
            } else if live != 0 {
                let newest = index.saturating_sub(u64::from(live.trailing_zeros()));
                standing.others = standing.others.saturating_add(1);
                standing.first_over = standing.first_over.min(newest);
            }
        }
        Ok(standing)
    }

    /// Why the units asked for are refused, if they are.
    pub(super) fn refusal(&self, ask: &Ask) -> Option<Reason> {
        if ask.cost > ask.max {
            return Some(self.exhausted(ask, Retry::Never));
        }
        let after = self.used.checked_add(ask.cost);
        if after.is_none_or(|after| after > ask.max) {
            return Some(self.exhausted(ask, self.retry(ask)));
        }
        let full = self.live == 0 && self.others >= u32::from(ask.ways) && ask.cost > 0;
        full.then(|| Reason::TableFull {
            retry: Retry::after(ask.periods.seconds_until_free(self.first_over, ask.now)),
        })
    }

    fn exhausted(&self, ask: &Ask, retry: Retry) -> Reason {
        Reason::Exhausted {
            max: ask.max,
            remaining: ask.max.saturating_sub(self.used),
            retry,
        }
    }

    /// When enough units will have returned: the oldest periods end first.
    fn retry(&self, ask: &Ask) -> Retry {
        let enough = ask.max.saturating_sub(ask.cost);
        let (mut used, mut live, mut index) = (self.used, self.live, self.index);
        for count in self.cell.counts_under(self.live).rev() {
            let age = 31u32.saturating_sub(live.leading_zeros());
            live &= !bit(age);
            index = self.index.saturating_sub(u64::from(age));
            used = used.saturating_sub(count);
            if used <= enough {
                break;
            }
        }
        Retry::after(ask.periods.seconds_until_free(index, ask.now))
    }

    /// Seconds until nothing of what counts now does any more; 0 when nothing does.
    pub(super) fn reset_seconds(&self, ask: &Ask) -> u64 {
        if self.live == 0 {
            return 0;
        }
        let newest = self
            .index
            .saturating_sub(u64::from(self.live.trailing_zeros()));
        ask.periods.seconds_until_free(newest, ask.now)
    }
}

/// What the value says, without changing it.
pub(super) fn look<'a>(old: Option<&'a [u8]>, ask: &Ask) -> Result<Standing<'a>, StoreError> {
    Standing::of(&View::read(old, &ask.periods)?, ask)
}

/// Takes the units asked for, if they are there; the standing is that before.
pub(super) fn charge<'a>(
    old: Option<&'a [u8]>,
    out: &mut Vec<u8>,
    ask: &Ask,
) -> Result<(Standing<'a>, Change), Reason> {
    let view = View::read(old, &ask.periods)?;
    let standing = Standing::of(&view, ask)?;
    if let Some(reason) = standing.refusal(ask) {
        return Err(reason);
    }
    if ask.cost == 0 {
        return Ok((standing, Change::Keep));
    }
    let mut writer = Writer::new(out, &ask.periods, standing.index);
    for cell in view.cells() {
        let cell = cell?;
        let live = cell.mask_after(standing.shift, &ask.periods);
        if cell.fingerprint != ask.fingerprint && live != 0 {
            writer.copy(cell, live);
        }
    }
    let mut counts = standing.cell.counts_under(standing.live);
    let current = if standing.live & 1 == 0 {
        None
    } else {
        counts.next()
    };
    writer.cell(ask.fingerprint, standing.live | 1);
    // No overflow: the sum of all counts and the cost is at most `max`.
    writer.count(current.unwrap_or(0).saturating_add(ask.cost));
    counts.for_each(|count| writer.count(count));
    Ok((standing, Change::Write))
}

/// Returns units to the period they were charged in, if it is still there.
pub(super) fn give_back(
    old: Option<&[u8]>,
    out: &mut Vec<u8>,
    ask: &Ask,
    index: u64,
) -> Result<Change, StoreError> {
    let periods = &ask.periods;
    let view = View::read(old, periods)?;
    let age = view
        .latest
        .checked_sub(index)
        .and_then(|age| u32::try_from(age).ok());
    let charged = age.map_or(0, bit) & periods.mask();
    let (mut met, mut found) = (false, false);
    let mut writer = Writer::new(out, periods, view.latest);
    for cell in view.cells() {
        let cell = cell?;
        let ours = cell.fingerprint == ask.fingerprint;
        if ours && met {
            return Err(StoreError::Corrupt);
        }
        met |= ours;
        if !ours || cell.mask & charged == 0 {
            writer.copy(cell, cell.mask);
            continue;
        }
        found = true;
        return_to(&mut writer, cell, charged, ask.cost);
    }
    Ok(if found { Change::Write } else { Change::Keep })
}

/// Writes the cell with `cost` units less in the one period `charged`, never below none.
fn return_to(writer: &mut Writer<'_>, cell: Cell<'_>, charged: u32, cost: u64) {
    let position = ones(cell.mask & charged.wrapping_sub(1));
    let count = cell.counts().nth(position).unwrap_or(0);
    let left = count.saturating_sub(cost);
    let mask = match left {
        0 => cell.mask & !charged,
        _ => cell.mask,
    };
    if mask == 0 {
        return;
    }
    writer.cell(cell.fingerprint, mask);
    for (at, count) in cell.counts().enumerate() {
        match (at == position, left) {
            (true, 0) => {}
            (true, left) => writer.count(left),
            (false, _) => writer.count(count),
        }
    }
}

fn bit(age: u32) -> u32 {
    1u32.checked_shl(age).unwrap_or(0)
}
