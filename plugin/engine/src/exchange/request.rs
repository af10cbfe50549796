//! The request's side: headers, then the whole body, then a decision.

use std::rc::Rc;

use super::response::{EVENTS, holds};
use super::service::{Decided, give_back, rounds};
use super::{Exchange, Expect, RequestStep, origin};
use crate::caller::Caller;
use crate::config::policy::DenyWith;
use crate::decide::{
    Arguments, Call, Denial, DenialKind, Verdict, decide_watched, judge_method, methods_deny_calls,
    pseudo,
};
use crate::denial;
use crate::gate::{Gate, NamedPolicy};
use crate::global::Rounds;
use crate::mcp::head::Method;
use crate::mcp::message::{Body, read_body};
use crate::mcp::method;
use crate::mcp::reply::error;
use crate::mcp::{Era, Head, Headers, Message, Rejection, Reply, Role, RoundTrip, agree};
use crate::surroundings::Surroundings;
use crate::trace::Trace;

impl Exchange {
    /// The request's headers are there; `end_of_stream` when nothing follows.
    pub fn on_request_headers(
        &mut self,
        headers: &Headers<'_>,
        end_of_stream: bool,
        around: &mut dyn Surroundings,
    ) -> RequestStep {
        self.remember_origin(headers);
        if let Some(step) = self.administer(headers, around) {
            return step;
        }
        if let Err(rejection) = origin::check(self.gate.allowed_origins.as_deref(), headers) {
            return self.reject(&rejection, around);
        }
        let head = match Head::read(headers) {
            Ok(head) => head,
            Err(rejection) => return self.reject(&rejection, around),
        };
        self.strip = self.gate.callers.strips(headers);
        match (head.method, end_of_stream) {
            // Headers that are not held reach the upstream now, and it may act on these alone.
            (Method::Bodiless, false) => match self.bodiless(headers, &head, around) {
                RequestStep::Forward { .. } => {
                    self.forget();
                    RequestStep::AwaitBody
                }
                step => step,
            },
            (Method::Message, false) => {
                if !self.gate.hold_headers {
                    // An answer may come before anything is decided: no list in it may pass.
                    self.expect = Expect::Stream;
                    self.hears_events = hears_events(headers);
                }
                self.head = Some(head);
                RequestStep::AwaitBody
            }
            (Method::Bodiless, true) => self.bodiless(headers, &head, around),
            (Method::Message, true) => self.reject(
                &Rejection::parse("empty body where a JSON-RPC message is expected".into()),
                around,
            ),
        }
    }

    /// The whole body is there, trailers or not; `headers` are those of
    /// [`on_request_headers`](Self::on_request_headers).
    pub fn on_request_body(
        &mut self,
        headers: &Headers<'_>,
        body: &[u8],
        around: &mut dyn Surroundings,
    ) -> RequestStep {
        self.on_request_body_watched(headers, body, around, &mut ())
    }

    /// As [`on_request_body`](Self::on_request_body), and tells `trace` of every step.
    pub fn on_request_body_watched(
        &mut self,
        headers: &Headers<'_>,
        body: &[u8],
        around: &mut dyn Surroundings,
        trace: &mut impl Trace,
    ) -> RequestStep {
        if body.len() > self.gate.max_body_bytes {
            return self.body_too_large(around);
        }
        let head = match self.head.take().map_or_else(|| Head::read(headers), Ok) {
            Ok(head) => head,
            Err(rejection) => return self.reject(&rejection, around),
        };
        if head.method == Method::Bodiless {
            if body.is_empty() {
                return self.bodiless(headers, &head, around);
            }
            let why = "expected no body with this HTTP method: use POST";
            return self.reject(&Rejection::http(400, why), around);
        }
        let read = match read_body(body) {
            Ok(read) => read,
            Err(rejection) => return self.reject(&rejection, around),
        };
        match read {
            Body::Single(message) => match agree::agree(&head, &message) {
                Ok(era) => self.single((headers, &head), (&message, body), era, around, trace),
                Err(rejection) => self.reject(&rejection, around),
            },
            Body::Batch(messages) => match agree::agree_batch(&head) {
                Ok(()) => self.batch((headers, &head), &messages, around, trace),
                Err(rejection) => self.reject(&rejection, around),
            },
        }
    }

    /// The body is, or would become, longer than `max_body_bytes`.
    pub fn body_too_large(&mut self, around: &mut dyn Surroundings) -> RequestStep {
        let why = format!("the body is longer than {} bytes", self.gate.max_body_bytes);
        self.reject(&Rejection::http(413, &why), around)
    }

    /// The host could not hand over what a decision needs.
    pub fn unreadable(&mut self, what: &str, around: &mut dyn Surroundings) -> RequestStep {
        let why = format!("the proxy did not hand over {what}");
        self.reject(&Rejection::http(500, &why), around)
    }

    pub(super) fn reject(
        &mut self,
        rejection: &Rejection,
        around: &mut dyn Surroundings,
    ) -> RequestStep {
        self.note_rejection(rejection, around);
        RequestStep::Reply(rejection.reply())
    }

    /// GET, DELETE and the like: nothing to decide but whether the caller is known.
    fn bodiless(
        &mut self,
        headers: &Headers<'_>,
        head: &Head,
        around: &mut dyn Surroundings,
    ) -> RequestStep {
        let http = headers.all(":method").next().unwrap_or_default();
        let http = String::from_utf8_lossy(http).into_owned();
        self.meet(headers, around);
        let gate = Rc::clone(&self.gate);
        // A browser asks with OPTIONS before it may show who it is, and no server runs a tool for it.
        let denial = match gate.policy_of(&self.caller) {
            _ if http == "OPTIONS" => None,
            None => Some(no_policy()),
            Some(_) => {
                self.recall(head.session.as_deref(), around);
                self.session_denial()
            }
        };
        if let Some(denial) = denial {
            self.note_bodiless(&http, Some((&denial, 403)), around);
            let text = format!("[POLICY DENIED] {}", denial.message);
            let body = error(None, denial::CODE_DENIED, &text, None);
            return RequestStep::Reply(Reply::json(403, body));
        }
        if http == "DELETE" {
            self.expect_end();
        }
        self.note_bodiless(&http, None, around);
        self.hears_events = hears_events(headers);
        self.forward(Expect::Stream)
    }

    pub(super) fn meet(&mut self, headers: &Headers<'_>, around: &mut dyn Surroundings) {
        self.caller = self.gate.callers.identify(headers, around);
        self.server = self.gate.server.clone().or_else(|| {
            let cluster = around.property(&["cluster_name"])?;
            Some(String::from_utf8(cluster).ok()?.into())
        });
    }

    /// The upstream's name; empty where nobody says.
    pub(super) fn server(&self) -> &str {
        self.server.as_deref().unwrap_or_default()
    }

    pub(super) fn forward(&mut self, expect: Expect) -> RequestStep {
        // Where callers differ, even one who may see all must not leave it in a shared cache.
        let partial =
            self.gate.callers.has_grants() || self.policy().is_none_or(|p| p.policy.is_partial());
        self.expect = match expect {
            _ if !partial => Expect::Anything,
            // Clients of JSON take whatever answer it holds, that to their open tools/list too.
            Expect::Single if self.reads_all() => Expect::List,
            expect => expect,
        };
        RequestStep::Forward {
            strip_accept_encoding: self.expect != Expect::Anything || self.pending.reads_answers(),
        }
    }

    fn single(
        &mut self,
        (headers, head): (&Headers<'_>, &Head),
        (message, body): (&Message<'_>, &[u8]),
        era: Era,
        around: &mut dyn Surroundings,
        trace: &mut impl Trace,
    ) -> RequestStep {
        self.meet(headers, around);
        self.recall(head.session.as_deref(), around);
        let gate = Rc::clone(&self.gate);
        let trip = Some(RoundTrip::of(message, era));
        let verdict = self.judge(&gate, headers, message, trip, around, trace);
        let mut decided = [Decided {
            id: message.id.map(str::to_owned),
            verdict,
        }];
        let rounds = match rounds(&mut decided) {
            Ok(rounds) => rounds,
            Err((_, denial)) => {
                give_back(&mut decided, around);
                let [decided] = &mut decided;
                decided.verdict.denial = Some(denial);
                Rounds::default()
            }
        };
        let [Decided { verdict, .. }] = &decided;
        if let Some(denial) = &verdict.denial {
            self.announce(denial);
            let reply = denial::reply(denial, message, form(self.policy()), era);
            self.note_verdict(&gate, message, verdict, Some(reply.status), around);
            return RequestStep::Reply(reply);
        }
        if let Some(approved) = &verdict.approved
            && !self.approved(approved, message, body)
        {
            give_back(&mut decided, around);
            return self.unreadable("a body that can be changed", around);
        }
        if message.method == method::INITIALIZE {
            self.expect_session();
        }
        self.note_verdict(&gate, message, verdict, None, around);
        self.export(message);
        self.ask(rounds, decided.into(), expectation(message))
    }

    pub(super) fn judge(
        &self,
        gate: &Gate,
        headers: &Headers<'_>,
        message: &Message<'_>,
        trip: Option<RoundTrip<'_>>,
        around: &mut dyn Surroundings,
        trace: &mut impl Trace,
    ) -> Verdict {
        let Some(named) = gate.policy_of(&self.caller) else {
            return Verdict::denied(no_policy());
        };
        if let Some(denial) = self.session_denial() {
            return Verdict::denied(denial);
        }
        if message.role == Role::Response {
            return Verdict::allowed();
        }
        if !message.is_tool_call() {
            return judge_method(&named.policy, message);
        }
        if let Some(denied) = methods_deny_calls(&named.policy) {
            return denied;
        }
        let grant = match self.caller {
            Caller::Granted(index) => gate.callers.grant(index),
            _ => None,
        };
        let call = Call {
            tool: message.params.name.as_deref().unwrap_or_default(),
            arguments: Arguments::of(&message.params),
            headers,
            caller: &self.caller,
            grant,
            session: self.membership.own(),
            server: self.server(),
            effort: &self.effort,
            approvals: gate.approvals.as_ref(),
            trip,
        };
        decide_watched(named, &call, around, trace)
    }
}

pub(super) fn form(named: Option<&NamedPolicy>) -> DenyWith {
    named.map(|n| n.policy.deny_with).unwrap_or_default()
}

fn no_policy() -> Denial {
    Denial {
        rule: pseudo::NO_POLICY.to_owned(),
        message: "No policy permits this caller".to_owned(),
        kind: DenialKind::Rule,
    }
}

/// What the answer to a forwarded message may hold.
fn expectation(message: &Message<'_>) -> Expect {
    let listing = matches!(
        message.method.as_ref(),
        method::TOOLS_LIST
            | method::PROMPTS_LIST
            | method::RESOURCES_LIST
            | method::RESOURCE_TEMPLATES_LIST
            // Servers may let lists be fetched later, too.
            | method::TASKS_RESULT
    );
    // A method that is not known may list anything.
    let known = method::is_known(&message.method) || message.role != Role::Request;
    if listing || !known {
        Expect::List
    } else {
        Expect::Single
    }
}

/// Whether the client says that it reads event streams.
fn hears_events(headers: &Headers<'_>) -> bool {
    headers.all("accept").any(|value| holds(value, EVENTS))
}
