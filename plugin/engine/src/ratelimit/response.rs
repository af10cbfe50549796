//! `RateLimitResponse`, read.

use crate::protobuf::{Reader, Wire};

/// What a service says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Code {
    /// Nothing that the protocol knows.
    #[default]
    Unknown,
    /// Within the limit.
    Ok,
    /// Over it.
    OverLimit,
}

/// A service's answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Response {
    /// Over all descriptors.
    pub code: Code,
    /// Of each descriptor, in order; empty from services that do not tell.
    pub statuses: Vec<Status>,
}

/// How one count stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Status {
    /// Whether this one is over its limit.
    pub code: Code,
    /// The limit that was applied; `None` when the service applied none.
    pub limit: Option<Current>,
    /// Units that remain.
    pub remaining: u32,
    /// Whole seconds, rounded up, until the window ends.
    pub reset_seconds: Option<u64>,
}

/// A limit as the service names it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Current {
    /// Units that a window admits.
    pub requests: u64,
    /// The window's unit, by its number in the protocol.
    pub unit: u64,
}

impl Code {
    fn of(number: u64) -> Self {
        match number {
            1 => Self::Ok,
            2 => Self::OverLimit,
            _ => Self::Unknown,
        }
    }
}

impl Response {
    /// Reads a message; `None` when the bytes are none. Fields that are not needed are passed over.
    pub fn read(message: &[u8]) -> Option<Self> {
        let mut response = Self::default();
        let mut fields = Reader::new(message);
        while !fields.is_empty() {
            match fields.field()? {
                (1, Wire::Varint(code)) => response.code = Code::of(code),
                (2, Wire::Bytes(status)) => response.statuses.push(Status::read(status)?),
                (1 | 2, _) => return None,
                _ => {}
            }
        }
        Some(response)
    }
}

impl Status {
    fn read(message: &[u8]) -> Option<Self> {
        let mut status = Self::default();
        let mut fields = Reader::new(message);
        while !fields.is_empty() {
            match fields.field()? {
                (1, Wire::Varint(code)) => status.code = Code::of(code),
                (2, Wire::Bytes(limit)) => status.limit = Some(Current::read(limit)?),
                (3, Wire::Varint(remaining)) => {
                    status.remaining = u32::try_from(remaining).ok()?;
                }
                (4, Wire::Bytes(duration)) => status.reset_seconds = Some(seconds(duration)?),
                (1..=4, _) => return None,
                _ => {}
            }
        }
        Some(status)
    }
}

impl Current {
    fn read(message: &[u8]) -> Option<Self> {
        let mut limit = Self::default();
        let mut fields = Reader::new(message);
        while !fields.is_empty() {
            match fields.field()? {
                (1, Wire::Varint(requests)) => limit.requests = requests,
                (2, Wire::Varint(unit)) => limit.unit = unit,
                (1 | 2, _) => return None,
                _ => {}
            }
        }
        Some(limit)
    }
}

/// A `google.protobuf.Duration`, rounded up; a negative one is over.
fn seconds(message: &[u8]) -> Option<u64> {
    let (mut seconds, mut nanos) = (0u64, 0u64);
    let mut fields = Reader::new(message);
    while !fields.is_empty() {
        match fields.field()? {
            (1, Wire::Varint(value)) => seconds = value,
            (2, Wire::Varint(value)) => nanos = value,
            (1 | 2, _) => return None,
            _ => {}
        }
    }
    let positive = |value: u64| u64::try_from(value.cast_signed()).unwrap_or(0);
    let more = u64::from(positive(nanos) > 0);
    Some(positive(seconds).saturating_add(more))
}
