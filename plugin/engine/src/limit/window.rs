//! Windows and quotas, and the arithmetic that turns a time into the period it counts in.

use std::fmt;
use std::num::{NonZeroU32, NonZeroU64};

/// Into how many buckets a sliding window is cut.
///
/// A unit counts for at least the window and at most 1/16 of the window longer: the time of a
/// charge is known only to its bucket, and the doubt is always resolved against the caller.
pub const SLIDING_BUCKETS: u32 = 16;

const NANOS_PER_SECOND: NonZeroU64 = NonZeroU64::MIN.saturating_add(999_999_999);

/// A sixteenth, exactly: buckets of whole nanoseconds tile every window.
const NANOS_PER_SECOND_BUCKET: NonZeroU64 = NonZeroU64::MIN.saturating_add(62_499_999);

/// The length over which a limit counts: whole seconds, at least one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Window {
    seconds: NonZeroU32,
}

impl Window {
    /// One second.
    pub const SECOND: Self = Self::of(NonZeroU32::MIN);
    /// Sixty seconds.
    pub const MINUTE: Self = Self::of(NonZeroU32::MIN.saturating_add(59));
    /// 3,600 seconds.
    pub const HOUR: Self = Self::of(NonZeroU32::MIN.saturating_add(3_599));
    /// 86,400 seconds: the UTC day, since leap seconds are not in Unix time.
    pub const DAY: Self = Self::of(NonZeroU32::MIN.saturating_add(86_399));

    /// A window of that many seconds.
    pub const fn of(seconds: NonZeroU32) -> Self {
        Self { seconds }
    }

    /// Its length in seconds.
    pub const fn seconds(self) -> NonZeroU32 {
        self.seconds
    }
}

/// What stands after "per" in a message: `second`, `minute`, `hour`, `day`, or `90 seconds`.
impl fmt::Display for Window {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::SECOND => f.write_str("second"),
            Self::MINUTE => f.write_str("minute"),
            Self::HOUR => f.write_str("hour"),
            Self::DAY => f.write_str("day"),
            Self { seconds } => write!(f, "{seconds} seconds"),
        }
    }
}

/// How a window moves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Algorithm {
    /// UTC calendar windows: `floor(now / window) * window`; all units return at its end.
    #[default]
    Fixed,
    /// At most `max` in **any** interval as long as the window; units return one bucket after
    /// the other, each at most 1/16 of the window late (see [`SLIDING_BUCKETS`]).
    Sliding,
}

/// At most `max` units per window.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Quota {
    /// Units that a window admits.
    pub max: NonZeroU64,
    /// Over which length.
    pub window: Window,
    /// How the window moves.
    pub algorithm: Algorithm,
}

/// Time cut into numbered periods of equal width, of which the last `span` count.
///
/// Both algorithms are this: `fixed` has periods as wide as the window and counts one; `sliding`
/// counts the current bucket and the 16 before it, because a unit in the oldest of them may have
/// been charged less than one window ago.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Periods {
    pub(super) algorithm: Algorithm,
    pub(super) seconds: u32,
    width: NonZeroU64,
    span: u32,
}

impl Periods {
    pub(super) fn of(quota: &Quota) -> Self {
        let seconds = NonZeroU64::from(quota.window.seconds);
        let (unit, span) = match quota.algorithm {
            Algorithm::Fixed => (NANOS_PER_SECOND, 1),
            Algorithm::Sliding => (NANOS_PER_SECOND_BUCKET, SLIDING_BUCKETS.saturating_add(1)),
        };
        // Never saturates: 2^32 seconds in nanoseconds fit 63 bits.
        let width = seconds.saturating_mul(unit);
        Self {
            algorithm: quota.algorithm,
            seconds: quota.window.seconds.get(),
            width,
            span,
        }
    }

    /// The number of the period that `now` (nanoseconds since the Unix epoch) falls into.
    pub(super) fn index(&self, now: u64) -> u64 {
        now / self.width
    }

    /// One bit for each period that counts; bit 0 is the latest.
    pub(super) fn mask(&self) -> u32 {
        1u32.checked_shl(self.span).unwrap_or(0).wrapping_sub(1)
    }

    /// When units charged in period `index` stop counting, in nanoseconds since the epoch.
    pub(super) fn frees_at(&self, index: u64) -> u64 {
        index
            .saturating_add(u64::from(self.span))
            .saturating_mul(self.width.get())
    }

    /// Whole seconds, rounded up, from `now` until units of period `index` stop counting.
    pub(super) fn seconds_until_free(&self, index: u64, now: u64) -> u64 {
        self.frees_at(index)
            .saturating_sub(now)
            .div_ceil(NANOS_PER_SECOND.get())
    }
}
