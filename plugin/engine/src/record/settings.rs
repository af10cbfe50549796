//! The settings of the record, compiled, and the key of its digests.

use std::cell::{Cell, OnceCell};

use rustc_hash::FxHashMap;

use super::arguments::Digester;
use crate::config::audit::{RawAudit, Which};
use crate::surroundings::Surroundings;

/// What records hold, and where they go.
#[derive(Debug, Default)]
pub struct Audit {
    raw: RawAudit,
    safe: FxHashMap<String, Vec<String>>,
    /// Made when it is first needed: without a configured key, from the secret of all workers.
    digester: OnceCell<Digester>,
    /// Allowed requests so far.
    allowed: Cell<u64>,
}

impl Audit {
    /// Compiles what was written.
    pub fn new(mut raw: RawAudit) -> Self {
        let safe = std::mem::take(&mut raw.arguments);
        Self {
            raw,
            safe: safe.into_iter().collect(),
            ..Self::default()
        }
    }

    /// The arguments of a tool whose values may be recorded.
    pub fn safe(&self, tool: &str) -> &[String] {
        self.safe.get(tool).map_or(&[], Vec::as_slice)
    }

    /// Of how many allowed requests one is recorded; 0 records none.
    pub fn allowed_every(&self) -> u64 {
        self.raw.allowed_every
    }

    /// Whether this allowed request is recorded. What was not simply allowed always is.
    pub fn keeps_allowed(&self) -> bool {
        let every = self.raw.allowed_every;
        if every <= 1 {
            return every == 1;
        }
        let count = self.allowed.get();
        self.allowed.set(count.wrapping_add(1));
        count.checked_rem(every) == Some(0)
    }

    /// Whether records are also written to the host's log: those that `noteworthy` is true of, or all.
    pub fn logs(&self, noteworthy: bool) -> bool {
        covers(self.raw.log, noteworthy)
    }

    /// What digests secrets; `None` where no key can be had.
    pub fn digester(&self, around: &mut dyn Surroundings) -> Option<&Digester> {
        if let Some(known) = self.digester.get() {
            return Some(known);
        }
        let made = match &self.raw.digest_key {
            Some(key) => Digester::new(key.as_bytes()),
            None => {
                let secret = [b"toolgate/audit/1".as_slice(), &around.hash_key()?.0];
                Digester::new(&secret.concat())
            }
        };
        let made = made?;
        Some(self.digester.get_or_init(|| made))
    }

    /// What digests the arguments of such a request; `None` where they are not, too.
    pub fn argument_digester(
        &self,
        noteworthy: bool,
        around: &mut dyn Surroundings,
    ) -> Option<&Digester> {
        covers(self.raw.digest, noteworthy).then(|| self.digester(around))?
    }
}

fn covers(which: Which, noteworthy: bool) -> bool {
    match which {
        Which::None => false,
        Which::Denied => noteworthy,
        Which::All => true,
    }
}
