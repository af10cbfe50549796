//! Whom a counter counts: configured subjects with a key each, open-ended ones in a bounded table.

use std::fmt;
use std::hash::Hasher;
use std::num::{NonZeroU8, NonZeroU32};

use sha2::{Digest, Sha256};
use siphasher::sip128::{Hasher128, SipHasher24};

use super::id::{self, CounterId};
use super::key::KEY_BYTES_MAX;
use super::value;
use super::window::Algorithm;

/// One of those that a counter counts separately. Small, and without any of the caller's bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Subject {
    /// One that the configuration knows: it has a key of its own, which no caller can crowd out.
    Own(OwnSlot),
    /// One that callers make up: it shares a table of fixed size with the others.
    Open(OpenSlot),
}

/// The place of a configured subject, stable across configurations: a hash, never an index.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OwnSlot([u8; 10]);

impl OwnSlot {
    /// Everybody together (`scope: global`).
    pub const GLOBAL: Self = Self(*b"\0\0\0\0global");
    /// All callers that present no credential, together.
    pub const NO_CREDENTIAL: Self = Self(*b"\0\0\0\0nocred");

    /// The slot of the grant with that name in the configuration. Meant for configuration time.
    pub fn grant(name: &str) -> Self {
        let mut hash = Sha256::new();
        hash.update(b"toolgate/grant/1");
        id::text(&mut hash, name);
        Self(id::truncated(hash))
    }

    /// The slot of something else that is configured and bounded, under a `kind` that says what:
    /// such as the shared slot of all the made-up sessions of one grant.
    pub fn other(kind: &str, name: &str) -> Self {
        let mut hash = Sha256::new();
        hash.update(b"toolgate/other/1");
        id::text(&mut hash, kind);
        id::text(&mut hash, name);
        Self(id::truncated(hash))
    }

    /// The 10 bytes.
    pub fn as_bytes(&self) -> &[u8; 10] {
        &self.0
    }

    /// The subject's name wherever it is counted: see [`everywhere`].
    pub fn everywhere(&self) -> [u8; 16] {
        everywhere(&[b"own", &self.0])
    }
}

impl fmt::Debug for OwnSlot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OwnSlot(")?;
        for byte in self.0 {
            write!(f, "{byte:02x}")?;
        }
        f.write_str(")")
    }
}

/// The place of an open-ended subject in one counter's table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct OpenSlot {
    /// Which set of the table, from 0.
    pub(super) set: u32,
    /// How many live subjects the set may hold.
    pub(super) ways: NonZeroU8,
    /// Tells the subjects of a set apart. Two that collide share one count: stricter, never looser.
    pub(super) fingerprint: u64,
}

/// A subject's name that is the same in every process, unlike its place in an [`OpenTable`]:
/// SHA-256 of `parts` with their lengths, truncated. It hides nothing from who can guess the parts.
pub fn everywhere(parts: &[&[u8]]) -> [u8; 16] {
    let mut hash = Sha256::new();
    hash.update(b"toolgate/subject/1");
    for part in parts {
        hash.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_le_bytes());
        hash.update(part);
    }
    id::truncated(hash)
}

/// The secret of the table's hash, so that nobody can choose subjects that share a set.
///
/// All workers that share a store must have the same one for as long as the store lives.
#[derive(Clone, Copy)]
pub struct HashKey(pub [u8; 16]);

impl HashKey {
    /// The key of the store under which all workers share it, as its 16 bytes.
    pub const STORED: &str = "tg1/hash-key";

    /// A keyed hash of 128 bits in two halves: SipHash-2-4 of `parts` with their lengths, so that
    /// no two lists are alike, and of the `domain` that they are of.
    pub fn hash(&self, domain: &[u8; 16], parts: &[&[u8]]) -> (u64, u64) {
        let mut hash = SipHasher24::new_with_key(&self.0);
        hash.write(domain);
        for part in parts {
            let length = u64::try_from(part.len()).unwrap_or(u64::MAX);
            hash.write(&length.to_le_bytes());
            hash.write(part);
        }
        let hash = hash.finish128();
        (hash.h1, hash.h2)
    }
}

impl fmt::Debug for HashKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HashKey(..)")
    }
}

/// The shape of the set-associative table in which each counter keeps its open-ended subjects.
///
/// A subject's set is chosen by keyed SipHash-2-4 (128 bits: half for the set, half for the
/// fingerprint). A set holds up to `ways` subjects whose windows are not over; expired ones make
/// room. **When all ways of a set are live, a new subject is refused** ([`TableFull`]): those
/// counted keep their exact counts, and memory stays bounded. Size the table for several times
/// the subjects expected in one window.
///
/// More ways take effect at once, fewer as windows end. Changing the number of sets moves most
/// subjects to a set that does not know them, so their windows start anew: unlike every other
/// edit, it belongs with a new store.
///
/// [`TableFull`]: super::Reason::TableFull
#[derive(Clone, Copy, Debug)]
pub struct OpenTable {
    key: HashKey,
    sets: NonZeroU32,
    ways: NonZeroU8,
}

/// The most that a part of the configuration can make a store hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StateBound {
    /// Number of keys.
    pub keys: u64,
    /// Bytes of keys and values together, without what the store adds (Envoy: about 154 a key).
    pub bytes: u64,
}

impl OpenTable {
    /// A table of `sets` sets with `ways` ways each, under the secret `key`.
    pub fn new(key: HashKey, sets: NonZeroU32, ways: NonZeroU8) -> Self {
        Self { key, sets, ways }
    }

    /// Where `counter` counts the subject made of `parts`.
    ///
    /// Parts are hashed with their lengths, so that no two lists are alike; begin with one that
    /// says what the others are (`session`, `client`, …) so that no two scopes are alike either.
    pub fn subject(&self, counter: &CounterId, parts: &[&[u8]]) -> Subject {
        let (high, fingerprint) = self.key.hash(counter.as_bytes(), parts);
        // Scales 64 bits down to 0..sets without a division.
        let set = u128::from(high).saturating_mul(u128::from(self.sets.get())) >> 64;
        Subject::Open(OpenSlot {
            set: u32::try_from(set).unwrap_or(0),
            ways: self.ways,
            fingerprint,
        })
    }

    /// The most that one counter's table can hold, whatever callers send:
    /// `sets * (key + 16 + ways * cell)` bytes, where a cell is 20 bytes for `fixed` and at most
    /// 148 for `sliding` (12, and 8 for each bucket in use).
    ///
    /// Each configured subject adds one key, and a value as large as that of a set with one way.
    pub fn state_bound(&self, algorithm: Algorithm) -> StateBound {
        let keys = u64::from(self.sets.get());
        let each = KEY_BYTES_MAX.saturating_add(value::bytes_max(algorithm, self.ways));
        let each = u64::try_from(each).unwrap_or(u64::MAX);
        StateBound {
            keys,
            bytes: keys.saturating_mul(each),
        }
    }
}
