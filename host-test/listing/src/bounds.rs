//! How much of a server is listened to.

use std::time::Duration;

/// Bounds of a listing. The SDK bounds one message to 16 MiB besides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// At most this many pages.
    pub pages: usize,
    /// At most this many tools.
    pub tools: usize,
    /// At most this many bytes of definitions, as compact JSON.
    pub bytes: usize,
    /// How long connecting may take.
    pub connect: Duration,
    /// How long one page may take.
    pub page: Duration,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            pages: 1_000,
            tools: 20_000,
            bytes: 64 << 20,
            connect: Duration::from_secs(60),
            page: Duration::from_secs(60),
        }
    }
}
