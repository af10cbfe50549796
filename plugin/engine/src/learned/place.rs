//! Where what tools/list taught of a tool is kept: a table of a fixed number of keys in the store.

use sha2::{Digest, Sha256};

/// Keys in one table.
pub(super) const SLOTS: u16 = 1_024;

/// A tool's place in a table.
pub(super) struct Place {
    /// The store's key, which the tool shares with others.
    pub(super) key: String,
    /// What tells it from these.
    pub(super) id: u128,
}

impl Place {
    /// The place of a server's tool in the table `table`.
    pub(super) fn of(table: &str, server: &str, tool: &str) -> Self {
        let mut hash = Sha256::new();
        // Lengths first, so that no two pairs are alike.
        let length = u64::try_from(server.len()).unwrap_or(u64::MAX);
        hash.update(length.to_le_bytes());
        hash.update(server.as_bytes());
        hash.update(tool.as_bytes());
        let digest: [u8; 32] = hash.finalize().into();
        let mut words = digest.chunks_exact(16).map(|half| {
            let bytes = <[u8; 16]>::try_from(half).unwrap_or_default();
            u128::from_be_bytes(bytes)
        });
        let slot = words
            .next()
            .unwrap_or(0)
            .checked_rem(u128::from(SLOTS))
            .unwrap_or(0);
        Self {
            key: format!("tg1/{table}/{slot}"),
            id: words.next().unwrap_or(0),
        }
    }
}
