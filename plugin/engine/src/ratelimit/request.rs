//! `RateLimitRequest`, written.

use super::Unit;
use crate::protobuf::Writer;

/// One count and the units asked of it, with all the others of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request<'a> {
    /// Whose limits these are, among all that the service counts.
    pub domain: &'a str,
    /// Units asked of every descriptor, at least 1: 0 means 1 in the protocol.
    pub hits: u32,
    /// The counts, at least one.
    pub descriptors: &'a [Descriptor<'a>],
}

/// What identifies one count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Descriptor<'a> {
    /// Keys and values, neither empty.
    pub entries: [(&'a str, &'a str); 3],
    /// The limit to apply instead of the service's own.
    pub limit: Option<Override>,
}

/// A limit that comes with the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Override {
    /// Units that a window admits.
    pub requests: u32,
    /// The window.
    pub unit: Unit,
}

impl Request<'_> {
    /// The message's bytes.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Writer::default();
        out.bytes(1, self.domain.as_bytes());
        for descriptor in self.descriptors {
            out.message(2, |out| descriptor.write(out));
        }
        out.varint(3, u64::from(self.hits));
        out.finish()
    }
}

impl Descriptor<'_> {
    fn write(&self, out: &mut Writer) {
        for (key, value) in self.entries {
            out.message(1, |entry| {
                entry.bytes(1, key.as_bytes());
                entry.bytes(2, value.as_bytes());
            });
        }
        if let Some(limit) = self.limit {
            out.message(2, |out| {
                out.varint(1, u64::from(limit.requests));
                out.varint(2, limit.unit.number());
            });
        }
    }
}
