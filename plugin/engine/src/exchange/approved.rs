//! What follows from asking for a yes. An approved call is another one to the upstream: our question
//! and its answer are gone from it, and a question of the upstream's own may follow. A call that
//! waits may be announced.

use std::rc::Rc;

use super::Exchange;
use crate::approval::{Announcement, Asked, go_on};
use crate::decide::{ApprovalState, Approved, Denial, DenialKind, GoesOn};
use crate::digest::digest;
use crate::gate::Gate;
use crate::mcp::answer::Id;
use crate::mcp::round_trip::{Question, read_question};
use crate::mcp::{Era, Message, RoundTrip};
use crate::surroundings::Surroundings;

/// An approved call of which the answer is awaited.
#[derive(Debug)]
pub(super) struct Awaited {
    id: Id,
    call: GoesOn,
    gate: Rc<Gate>,
}

impl Exchange {
    /// A call passes with a person's yes; false when its body cannot be what it must be.
    pub(super) fn approved(
        &mut self,
        approved: &Approved,
        message: &Message<'_>,
        body: &[u8],
    ) -> bool {
        if let Some(kept) = &approved.kept {
            let trip = RoundTrip::of(message, Era::Stateless);
            self.rewritten = trip.put_back(body, kept);
            if self.rewritten.is_none() {
                return false;
            }
        }
        let id = message.id.and_then(Id::read);
        if let (Some(call), Some(id)) = (&approved.goes_on, id) {
            let call = GoesOn::clone(call);
            let gate = Rc::clone(&self.gate);
            self.pending.await_question(Awaited { id, call, gate });
        }
        true
    }

    /// What is to be sent of a request that waits; taken so that it is sent once.
    pub fn take_announcement(&mut self) -> Option<Box<Announcement>> {
        self.announcement.take()
    }

    /// Keeps what a denial wants announced.
    pub(super) fn announce(&mut self, denial: &Denial) {
        if let DenialKind::Approval(Some(state)) = &denial.kind
            && let ApprovalState::Waits { announcement, .. } = &**state
        {
            self.announcement.clone_from(announcement);
        }
    }

    /// The body that goes upstream in the place of the client's, of the same length; taken so that
    /// it is put there once.
    pub fn take_rewritten(&mut self) -> Option<Vec<u8>> {
        self.rewritten.take()
    }
}

impl Awaited {
    /// Whether a message answers the call. Where it asks something, the same call may go on.
    pub(super) fn is_over(&self, text: &[u8], around: &mut dyn Surroundings) -> bool {
        let Some((_, question)) = read_question(text).filter(|(id, _)| *id == self.id) else {
            return false;
        };
        if let (Question::Asked(state), Some(approvals)) = (question, &self.gate.approvals) {
            let state = state.map(digest);
            let asked = Asked {
                keys: &approvals.keys,
                place: self.call.place,
                bond: self.call.bond.continued(state.as_ref()),
                now: around.now(),
                timeout: self.call.timeout,
                most: approvals.most,
            };
            // Where that fails, the next round asks for a yes of its own.
            let _ = go_on(around, &asked, &self.call.by);
        }
        true
    }
}
