//! Giving back what a failed call took (`refund_on`): once, and only what that call took.
//!
//! The first response with a call's id settles it, whatever it says; what is not settled when the
//! exchange ends stays used, since the tool may have run.

use super::approved::Awaited;
use super::response::{Media, ResponseHead, is_plain, is_utf8};
use super::{Exchange, attempt};
use crate::decide::{Failure, Taken};
use crate::mcp::answer::{Id, Outcome, read_answers};
use crate::mcp::sse::{Edit, EventStream};
use crate::policy::Refunds;
use crate::surroundings::Surroundings;

/// The longest JSON answer, and the longest event of a stream, that is looked at for a failure, in
/// bytes; a longer one gives nothing back.
pub const MAX_ANSWER_BYTES: usize = 1 << 20;

/// The longest JSON answer that is looked at before its end, in bytes.
const MAX_EARLY_BYTES: usize = 64 << 10;

/// The calls of a forwarded request that may still get their units back.
#[derive(Debug, Default)]
pub(super) struct Pending {
    calls: Vec<Call>,
    /// Calls that failed and got back what their limits say.
    given_back: u64,
    /// An approved call that may go on with a question.
    awaited: Option<Box<Awaited>>,
    reader: Reader,
}

#[derive(Debug)]
struct Call {
    id: Option<Id>,
    /// Whether no other call of the batch has this id, so that an answer can be told to be its own.
    alone: bool,
    taken: Taken,
}

/// How an answer is looked at that passes unchanged.
#[derive(Debug, Default)]
enum Reader {
    #[default]
    Idle,
    /// JSON, kept until it is whole.
    Whole(Vec<u8>),
    Events(EventStream),
}

impl Pending {
    /// A call went on; `id` as spelled.
    pub(super) fn add(&mut self, id: Option<&str>, taken: Taken) {
        if taken.refunds() == Refunds::default() {
            return;
        }
        let id = id.and_then(Id::read);
        let mut alone = id.is_some();
        for call in self.calls.iter_mut().filter(|call| call.id == id) {
            (call.alone, alone) = (false, false);
        }
        self.calls.push(Call { id, alone, taken });
    }

    /// An approved call went on, to which the upstream may answer with a question.
    pub(super) fn await_question(&mut self, awaited: Awaited) {
        self.awaited = Some(Box::new(awaited));
    }

    pub(super) fn is_empty(&self) -> bool {
        self.calls.is_empty() && self.awaited.is_none()
    }

    /// How many calls got units back.
    pub(super) fn given_back(&self) -> u64 {
        self.given_back
    }

    /// Whether the answer's body has to be looked at.
    pub(super) fn reads_answers(&self) -> bool {
        let mut calls = self.calls.iter();
        self.awaited.is_some() || calls.any(|call| call.alone && call.taken.refunds().need_answer())
    }

    /// The response's status is known. An answer of the proxy's own, to a request of which
    /// nothing went upstream, settles everything.
    fn on_status(&mut self, status: u16, around: &mut dyn Surroundings) {
        let asked = |call: &Call| call.taken.refunds().unreachable;
        if status < 400 || !self.calls.iter().any(asked) || !attempt::sent_nothing(around) {
            return;
        }
        self.on_nothing_sent(around);
    }

    /// Nothing went upstream, and nothing will.
    pub(super) fn on_nothing_sent(&mut self, around: &mut dyn Surroundings) {
        self.awaited = None;
        for call in self.calls.drain(..) {
            if call.taken.refunds().unreachable {
                self.given_back = self.given_back.saturating_add(1);
            }
            call.taken.give_back(Failure::Unreachable, around);
        }
    }

    /// Begins to look at a body that passes unchanged; whether there is anything to look at.
    pub(super) fn watch(&mut self, media: Media, head: &ResponseHead<'_>) -> bool {
        let readable = head.content_encoding.is_none_or(is_plain)
            && head.content_type.is_none_or(is_utf8)
            && head.status != 206;
        self.reader = match media {
            _ if !readable || !self.reads_answers() => Reader::Idle,
            Media::Json => Reader::Whole(Vec::new()),
            Media::EventStream => Reader::Events(EventStream::new(MAX_ANSWER_BYTES)),
            Media::Unclear | Media::Other => Reader::Idle,
        };
        !matches!(self.reader, Reader::Idle)
    }

    /// A chunk of it passes; whether to show the next.
    fn on_chunk(&mut self, chunk: &[u8], end: bool, around: &mut dyn Surroundings) -> bool {
        match std::mem::take(&mut self.reader) {
            Reader::Idle => return false,
            Reader::Whole(mut held) => {
                if held.len().saturating_add(chunk.len()) > MAX_ANSWER_BYTES {
                    return false;
                }
                if end && held.is_empty() {
                    self.on_message(chunk, around);
                    return false;
                }
                held.extend_from_slice(chunk);
                // Whoever waits for a question answers it as soon as it is whole, which may be
                // before it is said to be.
                let whole =
                    self.awaited.is_some() && held.len() <= MAX_EARLY_BYTES && held.ends_with(b"}");
                if end || whole {
                    self.on_message(&held, around);
                }
                if end {
                    return false;
                }
                self.reader = Reader::Whole(held);
            }
            Reader::Events(mut events) => {
                let mut unused = Vec::new();
                let mut see = |data: &str, _: &str| {
                    self.on_message(data.as_bytes(), around);
                    Edit::Drop
                };
                if events.push(chunk, end, &mut see, &mut unused).is_ok() {
                    self.reader = Reader::Events(events);
                }
            }
        }
        self.reads_answers()
    }

    /// A whole message, or a batch of them, is on its way to the caller.
    pub(super) fn on_message(&mut self, text: &[u8], around: &mut dyn Surroundings) {
        if text.len() > MAX_ANSWER_BYTES || !self.reads_answers() {
            return;
        }
        let over = |awaited: &mut Box<Awaited>| awaited.is_over(text, around);
        self.awaited.take_if(over);
        for answer in read_answers(text) {
            let known = |call: &Call| call.alone && call.id.as_ref() == Some(&answer.id);
            let Some(at) = self.calls.iter().position(known) else {
                continue;
            };
            let call = self.calls.swap_remove(at);
            let failure = match answer.outcome {
                Outcome::Error => Failure::Error,
                Outcome::IsError => Failure::IsError,
                Outcome::Result | Outcome::Unclear => continue,
            };
            if call.taken.refunds().cover(failure) && !attempt::repeated(around) {
                self.given_back = self.given_back.saturating_add(1);
                call.taken.give_back(failure, around);
            }
        }
    }
}

impl Exchange {
    /// The status of the response, before anything of it leaves: the proxy's own answers count too,
    /// those of this exchange do not.
    pub fn on_response_status(&mut self, status: u16, around: &mut dyn Surroundings) {
        self.pending.on_status(status, around);
        self.end_session(status, around);
    }

    /// A chunk of a response that passes unchanged, after [`ResponseStep::Watch`]; false when no
    /// more of it needs to be shown.
    ///
    /// [`ResponseStep::Watch`]: super::ResponseStep::Watch
    pub fn on_response_seen(
        &mut self,
        chunk: &[u8],
        end: bool,
        around: &mut dyn Surroundings,
    ) -> bool {
        self.pending.on_chunk(chunk, end, around)
    }
}
