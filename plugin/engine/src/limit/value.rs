//! The bytes of a stored value: versioned, little-endian, checked as they are read.
//!
//! ```text
//! offset  size  field
//!      0     1  version, 1
//!      1     1  algorithm: 0 fixed, 1 sliding
//!      2     2  number of cells
//!      4     4  seconds of the window
//!      8     8  latest: the highest period in which anything was ever charged here
//!     16        cells: fingerprint 8, mask 4, and a count of 8 for each bit of the mask
//! ```
//!
//! Bit `i` of a mask stands for the period `latest - i`; counts stand in the order of bits, and
//! are never 0. One `latest` for all cells, which never goes down, is what makes a clock that
//! goes backwards harmless: an expired cell can be dropped, for its period cannot come again.

use std::num::NonZeroU8;

use super::store::StoreError;
use super::window::{Algorithm, Periods, SLIDING_BUCKETS};

const VERSION: u8 = 1;
const HEADER_BYTES: usize = 16;
const CELL_BYTES: usize = 12;
const COUNT_BYTES: usize = 8;

/// The longest value with that many ways, in bytes.
pub(super) fn bytes_max(algorithm: Algorithm, ways: NonZeroU8) -> usize {
    let counts = match algorithm {
        Algorithm::Fixed => 1,
        Algorithm::Sliding => usize::try_from(SLIDING_BUCKETS)
            .unwrap_or(16)
            .saturating_add(1),
    };
    let cell = CELL_BYTES.saturating_add(counts.saturating_mul(COUNT_BYTES));
    HEADER_BYTES.saturating_add(cell.saturating_mul(usize::from(ways.get())))
}

/// A value whose header is understood.
#[derive(Clone, Copy)]
pub(super) struct View<'a> {
    /// The highest period charged so far.
    pub(super) latest: u64,
    cells: Cells<'a>,
}

impl<'a> View<'a> {
    /// Reads the value of a counter with those periods; none is a value without cells.
    pub(super) fn read(bytes: Option<&'a [u8]>, periods: &Periods) -> Result<Self, StoreError> {
        let Some(bytes) = bytes else {
            let cells = Cells::new(&[], 0, periods);
            return Ok(Self { latest: 0, cells });
        };
        let (header, rest) = bytes
            .split_first_chunk::<HEADER_BYTES>()
            .ok_or(StoreError::Corrupt)?;
        let [version, algorithm, c0, c1, s0, s1, s2, s3, latest @ ..] = *header;
        let known = version == VERSION
            && algorithm == code(periods.algorithm)
            && u32::from_le_bytes([s0, s1, s2, s3]) == periods.seconds;
        if !known {
            return Err(StoreError::Corrupt);
        }
        Ok(Self {
            latest: u64::from_le_bytes(latest),
            cells: Cells::new(rest, u16::from_le_bytes([c0, c1]), periods),
        })
    }

    /// The cells; an error ends them.
    pub(super) fn cells(&self) -> Cells<'a> {
        self.cells
    }
}

/// One subject's counts.
#[derive(Clone, Copy)]
pub(super) struct Cell<'a> {
    pub(super) fingerprint: u64,
    pub(super) mask: u32,
    counts: &'a [[u8; COUNT_BYTES]],
}

impl<'a> Cell<'a> {
    /// Of a subject that has no count.
    pub(super) const NONE: Self = Self {
        fingerprint: 0,
        mask: 0,
        counts: &[],
    };

    /// The mask `shift` periods later, without what is then over.
    pub(super) fn mask_after(self, shift: u64, periods: &Periods) -> u32 {
        u32::try_from(shift)
            .ok()
            .and_then(|shift| self.mask.checked_shl(shift))
            .unwrap_or(0)
            & periods.mask()
    }

    /// The counts, the latest first.
    pub(super) fn counts(self) -> impl DoubleEndedIterator<Item = u64> + 'a {
        self.counts_under(self.mask)
    }

    /// The counts that are still under `mask`, the cell's own after time has moved on: the oldest
    /// are over first, so they are the foremost.
    pub(super) fn counts_under(self, mask: u32) -> impl DoubleEndedIterator<Item = u64> + 'a {
        let kept = self.counts.get(..ones(mask)).unwrap_or(self.counts);
        kept.iter().map(|count| u64::from_le_bytes(*count))
    }
}

/// The cells of a value, read and checked one by one.
#[derive(Clone, Copy)]
pub(super) struct Cells<'a> {
    rest: &'a [u8],
    left: u16,
    valid: u32,
}

impl<'a> Cells<'a> {
    fn new(rest: &'a [u8], left: u16, periods: &Periods) -> Self {
        let valid = periods.mask();
        Self { rest, left, valid }
    }

    fn read(&mut self) -> Option<Cell<'a>> {
        let (fingerprint, rest) = self.rest.split_first_chunk::<8>()?;
        let (mask, rest) = rest.split_first_chunk::<4>()?;
        let mask = u32::from_le_bytes(*mask);
        let bytes = ones(mask).checked_mul(COUNT_BYTES)?;
        let (counts, rest) = rest.split_at_checked(bytes)?;
        let (counts, _) = counts.as_chunks();
        let sound = mask != 0 && mask & !self.valid == 0 && !counts.contains(&[0; COUNT_BYTES]);
        self.rest = rest;
        sound.then_some(Cell {
            fingerprint: u64::from_le_bytes(*fingerprint),
            mask,
            counts,
        })
    }
}

impl<'a> Iterator for Cells<'a> {
    type Item = Result<Cell<'a>, StoreError>;

    fn next(&mut self) -> Option<Self::Item> {
        let Some(left) = self.left.checked_sub(1) else {
            let over = !self.rest.is_empty();
            self.rest = &[];
            return over.then_some(Err(StoreError::Corrupt));
        };
        self.left = left;
        let cell = self.read();
        if cell.is_none() {
            (self.rest, self.left) = (&[], 0);
        }
        Some(cell.ok_or(StoreError::Corrupt))
    }
}

/// Writes a value into an empty buffer.
pub(super) struct Writer<'b> {
    out: &'b mut Vec<u8>,
    cells: u16,
}

impl<'b> Writer<'b> {
    pub(super) fn new(out: &'b mut Vec<u8>, periods: &Periods, latest: u64) -> Self {
        out.extend_from_slice(&[VERSION, code(periods.algorithm), 0, 0]);
        out.extend_from_slice(&periods.seconds.to_le_bytes());
        out.extend_from_slice(&latest.to_le_bytes());
        Self { out, cells: 0 }
    }

    /// Begins a cell; a count for each bit of `mask` follows, the latest first.
    pub(super) fn cell(&mut self, fingerprint: u64, mask: u32) {
        self.cells = self.cells.saturating_add(1);
        if let Some(cells) = self.out.get_mut(2..4) {
            cells.copy_from_slice(&self.cells.to_le_bytes());
        }
        self.out.extend_from_slice(&fingerprint.to_le_bytes());
        self.out.extend_from_slice(&mask.to_le_bytes());
    }

    pub(super) fn count(&mut self, count: u64) {
        self.out.extend_from_slice(&count.to_le_bytes());
    }

    /// Copies a cell, with the counts that are under `mask`, its mask after time has moved on.
    pub(super) fn copy(&mut self, cell: Cell<'_>, mask: u32) {
        self.cell(cell.fingerprint, mask);
        cell.counts_under(mask).for_each(|count| self.count(count));
    }
}

/// The number of bits set.
pub(super) fn ones(mask: u32) -> usize {
    usize::try_from(mask.count_ones()).unwrap_or(0)
}

fn code(algorithm: Algorithm) -> u8 {
    match algorithm {
        Algorithm::Fixed => 0,
        Algorithm::Sliding => 1,
    }
}
