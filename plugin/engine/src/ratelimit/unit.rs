//! The windows that the protocol can express.

/// `envoy.type.v3.RateLimitUnit` and `RateLimitResponse.RateLimit.Unit`, which agree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// 1 second.
    Second = 1,
    /// 60 seconds.
    Minute = 2,
    /// 3,600 seconds.
    Hour = 3,
    /// 86,400 seconds.
    Day = 4,
    /// 30 days, as `envoyproxy/ratelimit` counts them; the protocol does not say.
    Month = 5,
    /// 365 days, as `envoyproxy/ratelimit` counts them; the protocol does not say.
    Year = 6,
}

impl Unit {
    /// Every unit and its length in seconds.
    pub const ALL: [(Self, u32); 6] = [
        (Self::Second, 1),
        (Self::Minute, 60),
        (Self::Hour, 3_600),
        (Self::Day, 86_400),
        (Self::Month, 2_592_000),
        (Self::Year, 31_536_000),
    ];

    /// The unit of that many seconds, where there is one.
    pub fn of_seconds(seconds: u32) -> Option<Self> {
        let mut all = Self::ALL.into_iter();
        all.find(|(_, length)| *length == seconds)
            .map(|(unit, _)| unit)
    }

    /// Its number in the protocol.
    pub fn number(self) -> u64 {
        // The discriminants are the protocol's.
        u64::from(self as u8)
    }
}
