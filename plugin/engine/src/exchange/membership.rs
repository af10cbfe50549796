//! The session that a request belongs to, and what its answer says about sessions.

use super::Exchange;
use crate::caller::{Caller, Grant};
use crate::decide::{Denial, DenialKind, pseudo};
use crate::limit::StoreError;
use crate::session::Standing;
use crate::surroundings::Surroundings;

/// The session that a request names, as far as anything depends on it.
#[derive(Debug, Default)]
pub(super) struct Membership {
    id: Vec<u8>,
    standing: Option<Result<Standing, StoreError>>,
    /// Whether the answer may open a session.
    opens: bool,
    /// Whether the answer may end this one.
    closes: bool,
}

impl Membership {
    /// The session, where the caller opened it through this proxy.
    pub(super) fn own(&self) -> Option<&[u8]> {
        (self.standing == Some(Ok(Standing::Own))).then_some(self.id.as_slice())
    }

    pub(super) fn opens(&self) -> bool {
        self.opens
    }

    pub(super) fn closes(&self) -> bool {
        self.closes
    }
}

impl Exchange {
    /// Looks up the session that a request of a caller with a policy names, where ownership or a
    /// limit asks for it.
    pub(super) fn recall(&mut self, id: Option<&[u8]>, around: &mut dyn Surroundings) {
        self.membership = Membership::default();
        let Some(id) = id.filter(|_| self.uses_sessions()) else {
            return;
        };
        let who = (&self.caller, self.grant());
        let standing = self.gate.sessions.look(self.server(), id, who, around);
        self.membership.standing = Some(standing);
        self.membership.id = id.to_vec();
    }

    /// Whether sessions matter to this caller's requests.
    fn uses_sessions(&self) -> bool {
        self.policy()
            .is_some_and(|named| self.gate.sessions.owned || named.policy.counts_sessions)
    }

    fn grant(&self) -> Option<&Grant> {
        match self.caller {
            Caller::Granted(index) => self.gate.callers.grant(index),
            _ => None,
        }
    }

    /// Why the request may not use its session, if it may not. The same words whether another
    /// caller's session exists or none does.
    pub(super) fn session_denial(&self) -> Option<Denial> {
        let sessions = &self.gate.sessions;
        let message = match self.membership.standing? {
            Ok(Standing::Foreign) if sessions.owned => "This caller did not open this session",
            Ok(Standing::Unknown) if sessions.refuse_unknown => {
                "This caller did not open this session"
            }
            Err(_) => "Whose session this is could not be looked up",
            Ok(_) => return None,
        };
        Some(Denial {
            rule: pseudo::SESSION.to_owned(),
            message: message.to_owned(),
            kind: DenialKind::Rule,
        })
    }

    /// An initialize goes on; one that names a session itself opens none, for a server might only
    /// repeat the name.
    pub(super) fn expect_session(&mut self) {
        self.membership.opens = self.membership.standing.is_none() && self.uses_sessions();
    }

    /// A DELETE goes on.
    pub(super) fn expect_end(&mut self) {
        let ours = matches!(
            self.membership.standing,
            Some(Ok(Standing::Own | Standing::Unknown))
        );
        self.membership.closes = ours;
    }

    /// Whether the answer's `Mcp-Session-Id` is asked for, by [`on_session`](Self::on_session).
    pub fn opens_session(&self) -> bool {
        self.membership.opens
    }

    /// The upstream's answer to an initialize names this session; `None` where it names none, or
    /// several.
    pub fn on_session(&mut self, status: u16, id: Option<&[u8]>, around: &mut dyn Surroundings) {
        let visible = |id: &&[u8]| !id.is_empty() && id.iter().all(u8::is_ascii_graphic);
        let success = (200..300).contains(&status);
        if !std::mem::take(&mut self.membership.opens) || !success {
            return;
        }
        if let Some(id) = id.filter(visible) {
            let who = (&self.caller, self.grant());
            // One that could not be remembered is a session that is not known.
            let _ = self.gate.sessions.open(self.server(), id, who, around);
        }
    }

    /// The upstream ended the session, if it answered a DELETE with success.
    pub(super) fn end_session(&mut self, status: u16, around: &mut dyn Surroundings) {
        if std::mem::take(&mut self.membership.closes) && (200..300).contains(&status) {
            let who = (&self.caller, self.grant());
            let id = &self.membership.id;
            // Where it stays, nobody else can use it.
            let _ = self.gate.sessions.close(self.server(), id, who, around);
        }
    }
}
