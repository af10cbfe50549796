//! Batches (2025-03-26): decided element by element, refused whole.

use std::rc::Rc;

use super::request::form;
use super::{Exchange, Expect, RequestStep};
use crate::config::policy::DenyWith;
use crate::decide::{Denial, Taken};
use crate::denial;
use crate::mcp::reply::error;
use crate::mcp::{Era, Headers, Message, Reply, Role};
use crate::surroundings::Surroundings;
use crate::trace::Trace;

/// What an element of a batch is told that would have passed alone.
const NOT_RUN: &str = "[POLICY DENIED] Not run: another message of this batch was denied";

impl Exchange {
    /// Every element is decided; one denial denies the whole and gives back what others took.
    pub(super) fn batch(
        &mut self,
        headers: &Headers<'_>,
        messages: &[Message<'_>],
        around: &mut dyn Surroundings,
        trace: &mut impl Trace,
    ) -> RequestStep {
        self.meet(headers, around);
        let gate = Rc::clone(&self.gate);
        let mut taken: Vec<Taken> = Vec::new();
        let mut shadow = Vec::new();
        let mut elements = Vec::new();
        for (index, message) in messages.iter().enumerate() {
            let verdict = self.judge(&gate, headers, message, around, trace);
            elements.push(self.element(&gate, message, &verdict, around));
            let Some(denial) = &verdict.denial else {
                taken.push(verdict.taken);
                shadow.extend(verdict.shadow);
                continue;
            };
            for taken in taken {
                taken.give_all_back(around);
            }
            let reply = batch_reply(messages, index, denial, form(self.policy()));
            let status = Some(reply.status);
            self.note_batch(&gate, &elements, &shadow, Some(denial), status, around);
            return RequestStep::Reply(reply);
        }
        self.note_batch(&gate, &elements, &shadow, None, None, around);
        for (message, taken) in messages.iter().zip(taken) {
            self.pending.add(message.id, taken);
        }
        self.forward(Expect::List)
    }
}

/// The denied element its denial, the other requests that they were not run.
fn batch_reply(messages: &[Message<'_>], denied: usize, denial: &Denial, form: DenyWith) -> Reply {
    let mut bodies = Vec::new();
    for (index, message) in messages.iter().enumerate() {
        if message.role != Role::Request {
            continue;
        }
        bodies.push(if index == denied {
            denial::body(denial, message, form, Era::Handshake)
        } else {
            error(message.id, denial::CODE_DENIED, NOT_RUN, None)
        });
    }
    if bodies.is_empty() {
        return Reply::accepted();
    }
    let mut reply = Reply::json(200, format!("[{}]", bodies.join(",")));
    denial::limit_headers(denial, &mut reply);
    reply
}
