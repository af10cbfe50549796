//! Waiting for a rate limit service, after everything here has said yes.
//!
//! What the call took of this proxy's own limits stays taken meanwhile, and goes back when the
//! service denies, when the call is denied for want of an answer, and when the caller leaves.

use std::rc::Rc;

use super::batch::batch_reply;
use super::request::form;
use super::{Exchange, Expect, RequestStep};
use crate::decide::{Denial, DenialKind, LimitState, Verdict};
use crate::denial;
use crate::global::{Ask, GlobalLimits, OnError, Outcome, Round, Rounds};
use crate::mcp::message::{Body, read_body};
use crate::mcp::{Head, Headers, agree};
use crate::ratelimit::{METHOD, SERVICE};
use crate::surroundings::Surroundings;

/// A call that the proxy makes over gRPC.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceCall {
    /// Where to: `envoy.config.core.v3.GrpcService`, serialized.
    pub target: Vec<u8>,
    /// The service's full name.
    pub service: &'static str,
    /// The method.
    pub method: &'static str,
    /// The request, serialized.
    pub message: Vec<u8>,
    /// How long to wait, in milliseconds.
    pub timeout_ms: u32,
}

/// A message that was decided, and waits or goes on.
#[derive(Debug)]
pub(super) struct Decided {
    /// Its id as spelled.
    pub(super) id: Option<String>,
    pub(super) verdict: Verdict,
}

/// What waits, and for what.
pub(super) struct Waiting {
    /// What was asked last.
    round: Round,
    rest: Rounds,
    messages: Vec<Decided>,
    expect: Expect,
}

impl std::fmt::Debug for Waiting {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Waiting").finish_non_exhaustive()
    }
}

/// What the service is to be asked for all messages of a body, in order.
///
/// # Errors
/// The message that asks for more than can be asked, and its denial.
pub(super) fn rounds(messages: &mut [Decided]) -> Result<Rounds, (usize, Denial)> {
    let mut asks = Vec::new();
    for (index, message) in messages.iter_mut().enumerate() {
        let verdict = &mut message.verdict;
        let more = std::mem::take(&mut verdict.asks);
        // What is denied already asks for nothing.
        for mut ask in more.into_iter().filter(|_| verdict.denial.is_none()) {
            ask.message = index;
            asks.push(ask);
        }
    }
    Rounds::of(asks).map_err(|ask| (ask.message, uncounted(&ask)))
}

/// Gives back what messages took: they are not forwarded.
pub(super) fn give_back(messages: &mut [Decided], around: &mut dyn Surroundings) {
    for message in messages {
        message.verdict.give_all_back(around);
    }
}

fn uncounted(ask: &Ask) -> Denial {
    Denial {
        rule: ask.limit.id.clone(),
        message: format!("The limit \"{}\" could not be counted", ask.limit.counter),
        kind: DenialKind::Rule,
    }
}

fn over(ask: &Ask, remaining: u64, reset_seconds: Option<u64>, now: u64) -> Denial {
    let quota = &ask.limit.quota;
    let window = u64::from(quota.window.seconds().get());
    let seconds = now.checked_div(1_000_000_000).unwrap_or(0);
    let left = window.saturating_sub(seconds.checked_rem(window).unwrap_or(0));
    let retry = reset_seconds.unwrap_or(left).clamp(1, window);
    Denial {
        rule: ask.limit.id.clone(),
        message: ask.limit.message.clone(),
        kind: DenialKind::Limit(LimitState {
            counter: ask.limit.counter.clone(),
            max: quota.max.get(),
            window_seconds: quota.window.seconds().get(),
            remaining: remaining.min(quota.max.get()),
            retry_after: Some(retry),
        }),
    }
}

impl Exchange {
    /// Asks what is to be asked, or forwards. All messages are allowed here.
    pub(super) fn ask(
        &mut self,
        mut rest: Rounds,
        messages: Vec<Decided>,
        expect: Expect,
    ) -> RequestStep {
        let gate = Rc::clone(&self.gate);
        let (Some(round), Some(settings)) = (rest.take(), &gate.global_limits) else {
            return self.pass(messages, expect);
        };
        let call = ServiceCall {
            target: settings.service.clone(),
            service: SERVICE,
            method: METHOD,
            message: round.encode(settings),
            timeout_ms: settings.timeout_ms,
        };
        self.waiting = Some(Box::new(Waiting {
            round,
            rest,
            messages,
            expect,
        }));
        RequestStep::Ask(call)
    }

    /// Forwards what was decided, and keeps what it took.
    fn pass(&mut self, mut messages: Vec<Decided>, expect: Expect) -> RequestStep {
        let alone = messages.len() == 1;
        for message in &mut messages {
            let taken = std::mem::take(&mut message.verdict.taken);
            self.pending.add(message.id.as_deref(), taken);
            if alone {
                self.id = message.id.take();
            }
        }
        self.passed = messages;
        self.forward(expect)
    }

    /// The service answered the last [`RequestStep::Ask`]: with a message, or the call ended with a
    /// gRPC status, `None` where it could not even be made. Headers and body are those of
    /// [`on_request_body`](Self::on_request_body).
    pub fn on_service_answer(
        &mut self,
        headers: &Headers<'_>,
        body: &[u8],
        answer: Result<&[u8], Option<u32>>,
        around: &mut dyn Surroundings,
    ) -> RequestStep {
        let gate = Rc::clone(&self.gate);
        let (Some(waiting), Some(settings)) = (self.waiting.take(), &gate.global_limits) else {
            return self.unreadable("an answer that was asked for", around);
        };
        let Waiting {
            round,
            rest,
            messages,
            expect,
        } = *waiting;
        let (index, denial) = match self.read_answer(round, answer, settings, around) {
            Ok(()) => return self.ask(rest, messages, expect),
            Err(Some(denied)) => denied,
            // What is left to ask would fail as well, and each would take its time.
            Err(None) => return self.pass(messages, expect),
        };
        self.refuse(headers, body, messages, index, denial, around)
    }

    /// `Err` ends the asking: with a denial and the message it is of, or without.
    fn read_answer(
        &mut self,
        round: Round,
        answer: Result<&[u8], Option<u32>>,
        settings: &GlobalLimits,
        around: &mut dyn Surroundings,
    ) -> Result<(), Option<(usize, Denial)>> {
        match round.outcome(answer, settings) {
            Outcome::Pass => Ok(()),
            Outcome::Over {
                ask,
                remaining,
                reset_seconds,
            } => {
                let now = around.now();
                Err(Some((
                    ask.message,
                    over(&ask, remaining, reset_seconds, now),
                )))
            }
            Outcome::Failed { ask, why } => {
                self.notice = Some(format!("global_limits: {}", why.why()));
                Err(match settings.on_error {
                    OnError::Deny => Some((ask.message, uncounted(&ask))),
                    OnError::Local | OnError::Allow => None,
                })
            }
        }
    }

    /// Denies after all. The body is read again for the answer's sake, which only denials need.
    fn refuse(
        &mut self,
        headers: &Headers<'_>,
        body: &[u8],
        mut messages: Vec<Decided>,
        index: usize,
        denial: Denial,
        around: &mut dyn Surroundings,
    ) -> RequestStep {
        give_back(&mut messages, around);
        let gate = Rc::clone(&self.gate);
        let form = form(self.policy());
        let before = messages.get_mut(index).map(|message| {
            let verdict = &mut message.verdict;
            (std::mem::take(&mut verdict.shadow), verdict.entry)
        });
        let (shadow, entry) = before.unwrap_or_default();
        let verdict = Verdict {
            shadow,
            entry,
            ..Verdict::denied(denial.clone())
        };
        let head = Head::read(headers);
        match (head, read_body(body)) {
            (Ok(head), Ok(Body::Single(message))) => {
                let Ok(era) = agree::agree(&head, &message) else {
                    return self.unreadable("the request as it was", around);
                };
                let reply = denial::reply(&denial, &message, form, era);
                self.note_verdict(&gate, &message, &verdict, Some(reply.status), around);
                RequestStep::Reply(reply)
            }
            (Ok(_), Ok(Body::Batch(batch))) => {
                let denied = batch.get(index);
                let element = denied.map(|m| self.element(&gate, m, &verdict, around));
                let elements: Vec<String> = element.into_iter().collect();
                let reply = batch_reply(&batch, index, &denial, form);
                let told = Some((&denial, &reply));
                self.note_batch(&elements, &verdict.shadow, told, around);
                RequestStep::Reply(reply)
            }
            _ => self.unreadable("the request as it was", around),
        }
    }

    /// The stream ends, whatever it waited for: what a call took that never ran goes back.
    pub fn on_end(&mut self, around: &mut dyn Surroundings) {
        if let Some(mut waiting) = self.waiting.take() {
            give_back(&mut waiting.messages, around);
        }
    }

    /// What an operator should know of and no record says; taken so that it is told once.
    pub fn take_notice(&mut self) -> Option<String> {
        self.notice.take()
    }
}
