//! What an approval is for: one call of one caller, under one policy, for which certain rules ask.

use sha2::{Digest, Sha256};

/// The digest of everything that must be the same when an approval is used.
///
/// Canonical arguments, so that a call that means the same is the same call: the order of keys,
/// white space and the spelling of numbers and strings do not matter, anything else does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bond(pub(super) [u8; 32]);

impl Bond {
    /// Binds a call.
    ///
    /// - `caller`: who it is, in parts of which the first says of what kind (`grant`, …);
    /// - `server`: the upstream's name;
    /// - `tool`: its name, as it will be run;
    /// - `arguments`: SHA-256 of their canonical form;
    /// - `policy`: SHA-256 of the policy that asked.
    pub fn of(
        caller: &[&[u8]],
        server: &str,
        tool: &str,
        arguments: &[u8; 32],
        policy: &[u8; 32],
    ) -> Self {
        let mut hash = Sha256::new();
        hash.update(b"toolgate/approval/bond/1");
        let count = u64::try_from(caller.len()).unwrap_or(u64::MAX);
        hash.update(count.to_le_bytes());
        let call = [server.as_bytes(), tool.as_bytes(), arguments, policy];
        for part in caller.iter().copied().chain(call) {
            hash.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_le_bytes());
            hash.update(part);
        }
        Self(hash.finalize().into())
    }

    /// The same call where these rules ask for it; `why` are their names, each with what it looked at
    /// beside the call, so written that no two lists are written alike.
    #[must_use]
    pub fn asked_by(self, why: &[u8]) -> Self {
        self.marked(b"asked by", why)
    }

    /// The same call where its own user says yes: no operator's yes is good for it, nor the other
    /// way round.
    #[must_use]
    pub fn of_user(self) -> Self {
        self.marked(b"user", &[])
    }

    /// The same call in a later round trip, with any answer to a question of the server's; `state`
    /// is SHA-256 of the canonical form of the server's own `requestState`, where it has one.
    #[must_use]
    pub fn continued(self, state: Option<&[u8; 32]>) -> Self {
        self.marked(b"continued", state.map_or(&[], |state| &state[..]))
    }

    /// The same call with exactly what it carries of a round trip with the server; `carried` is
    /// SHA-256 of its canonical form.
    #[must_use]
    pub fn carrying(self, carried: &[u8; 32]) -> Self {
        self.marked(b"carrying", carried)
    }

    fn marked(self, mark: &[u8], what: &[u8]) -> Self {
        let mut hash = Sha256::new();
        hash.update(b"toolgate/approval/bond/1/");
        hash.update(mark);
        hash.update(b"/");
        hash.update(self.0);
        hash.update(what);
        Self(hash.finalize().into())
    }
}
