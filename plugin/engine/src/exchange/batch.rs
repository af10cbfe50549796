//! Batches (2025-03-26): decided element by element, refused whole.

use std::rc::Rc;

use super::request::form;
use super::service::{Decided, give_back, rounds};
use super::{Exchange, Expect, RequestStep};
use crate::config::policy::DenyWith;
use crate::decide::Denial;
use crate::denial;
use crate::mcp::reply::error;
use crate::mcp::{Era, Head, Headers, Message, Rejection, Reply, Role};
use crate::surroundings::Surroundings;
use crate::trace::Trace;

/// What an element of a batch is told that would have passed alone.
const NOT_RUN: &str = "[POLICY DENIED] Not run: another message of this batch was denied";

impl Exchange {
    /// Every element is decided; one denial denies the whole and gives back what others took.
    pub(super) fn batch(
        &mut self,
        (headers, head): (&Headers<'_>, &Head),
        messages: &[Message<'_>],
        around: &mut dyn Surroundings,
        trace: &mut impl Trace,
    ) -> RequestStep {
        if self.gate.export_headers && messages.iter().any(Message::is_tool_call) {
            // Whatever acts on the header would see none, or one of several.
            let why = "a batch with a tools/call is not accepted here: send the calls one by one";
            return self.reject(&Rejection::http(400, why), around);
        }
        self.meet(headers, around);
        self.recall(head.session.as_deref(), around);
        let gate = Rc::clone(&self.gate);
        let mut decided: Vec<Decided> = Vec::with_capacity(messages.len());
        let mut elements = Vec::with_capacity(messages.len());
        for (index, message) in messages.iter().enumerate() {
            let verdict = self.judge(&gate, headers, message, None, around, trace);
            elements.push(self.element(&gate, message, &verdict, around));
            if let Some(denial) = &verdict.denial {
                give_back(&mut decided, around);
                let reply = batch_reply(messages, index, denial, form(self.policy()));
                let shadow = shadow(&decided);
                self.note_batch(&elements, &shadow, Some((denial, &reply)), around);
                return RequestStep::Reply(reply);
            }
            decided.push(Decided {
                id: message.id.map(str::to_owned),
                verdict,
            });
        }
        let shadow = shadow(&decided);
        let rounds = match rounds(&mut decided) {
            Ok(rounds) => rounds,
            Err((index, denial)) => {
                give_back(&mut decided, around);
                let reply = batch_reply(messages, index, &denial, form(self.policy()));
                self.note_batch(&elements, &shadow, Some((&denial, &reply)), around);
                return RequestStep::Reply(reply);
            }
        };
        self.note_batch(&elements, &shadow, None, around);
        self.ask(rounds, decided, Expect::List)
    }
}

/// What shadowed rules would have denied, of all messages.
pub(super) fn shadow(decided: &[Decided]) -> Vec<Denial> {
    let all = decided.iter().flat_map(|d| &d.verdict.shadow);
    all.cloned().collect()
}

/// The denied element its denial, the other requests that they were not run.
pub(super) fn batch_reply(
    messages: &[Message<'_>],
    denied: usize,
    denial: &Denial,
    form: DenyWith,
) -> Reply {
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
