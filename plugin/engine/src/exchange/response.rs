//! The response's side: lists are filtered to what the caller may call, in JSON and in SSE.

use super::note::MAX_CHANGED;
use super::{Exchange, Expect, view};
use crate::decide::{Denial, DenialKind, of_prompt, of_resource};
use crate::json::Value;
use crate::learned::{self, definition};
use crate::mcp::list::{self, Filtered, Limits, View};
use crate::mcp::reply::error;
use crate::mcp::sse::{Edit, EventStream};
use crate::mcp::{Rejection, Reply};
use crate::pin::Pin;
use crate::policy::{Policy, Rule};
use crate::surroundings::Surroundings;

/// What every name of an event stream's media type holds that an SDK takes for one.
pub(super) const EVENTS: &[u8] = b"event-stream";

/// JSON-RPC "Internal error".
const CODE_INTERNAL: i32 = -32603;

/// What a response's headers say of its body.
#[derive(Clone, Copy, Debug, Default)]
pub struct ResponseHead<'a> {
    /// HTTP status.
    pub status: u16,
    /// `Content-Type`.
    pub content_type: Option<&'a [u8]>,
    /// `Content-Encoding`.
    pub content_encoding: Option<&'a [u8]>,
}

/// What of the upstream's answer has to be looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Interest {
    /// Nothing.
    Nothing,
    /// Its status, by [`Exchange::on_response_status`].
    Status,
    /// Its `Content-Type`, by [`Exchange::passes`]; and its headers, where that says no.
    MediaType,
    /// Both.
    StatusAndMediaType,
    /// Its status and its headers, by [`Exchange::on_response_headers`].
    Headers,
}

/// What to do with a response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ResponseStep {
    /// Nothing.
    Pass,
    /// Read the whole body, then ask [`Exchange::on_response_body`]. `content-length` goes.
    Buffer,
    /// Hand every chunk to [`Exchange::on_response_chunk`] as it comes. `content-length` goes.
    Stream,
    /// Let it pass, and show every chunk to [`Exchange::on_response_seen`].
    Watch,
    /// Answer this instead.
    Refuse(Reply),
}

/// The state of a filtered event stream.
#[derive(Debug, Default)]
pub(super) struct Stream {
    events: Option<EventStream>,
    /// An error ended it: the rest is thrown away.
    closed: bool,
}

impl Exchange {
    /// What of the upstream's answer is worth reading.
    pub fn interest(&self) -> Interest {
        let quiet = self.pending.is_empty() && !self.membership.closes();
        if self.membership.opens() || self.pending.reads_answers() {
            return Interest::Headers;
        }
        match (self.expect, quiet) {
            (Expect::Single, true) => Interest::MediaType,
            (Expect::Single, false) => Interest::StatusAndMediaType,
            (Expect::List | Expect::Stream, _) => Interest::Headers,
            (Expect::Anything, true) => Interest::Nothing,
            (Expect::Anything, false) => Interest::Status,
        }
    }

    /// Whether a response of this `Content-Type` passes as it is, whatever its other headers say: the
    /// answer to one call that lists nothing, where it is no stream that may carry other answers.
    pub fn passes(&self, content_type: Option<&[u8]>) -> bool {
        matches!(
            self.interest(),
            Interest::MediaType | Interest::StatusAndMediaType
        ) && matches!(Media::of(content_type), Media::Json | Media::Other)
    }

    /// Whether every answer is read, of whatever type and to whatever request: a list that passes
    /// unread would show a pinned tool as it must not be. Hiding asks for less, since a call is
    /// decided whatever was seen.
    pub(super) fn reads_all(&self) -> bool {
        self.policy().is_none_or(|named| named.policy.pins)
    }

    /// The response's headers are there.
    pub fn on_response_headers(&mut self, head: &ResponseHead<'_>) -> ResponseStep {
        let media = Media::of(head.content_type);
        let step = match (self.expect, media) {
            (Expect::Stream, Media::Other) if self.hears_events && is_success(head.status) => {
                // The TypeScript SDK reads the answer to its GET as events, whatever it calls itself.
                let why =
                    "the upstream answered a request for an event stream with another content type";
                return ResponseStep::Refuse(self.failed(502, why));
            }
            (Expect::Stream, Media::Other) if self.reads_all() => ResponseStep::Buffer,
            (Expect::Anything, _)
            | (Expect::Single, Media::Json | Media::Other)
            | (Expect::Stream, Media::Other) => {
                return if self.pending.watch(media, head) {
                    ResponseStep::Watch
                } else {
                    ResponseStep::Pass
                };
            }
            (_, Media::Unclear) => {
                let why = "clients read the upstream's content type in different ways: send application/json or text/event-stream, once";
                return ResponseStep::Refuse(self.failed(502, why));
            }
            (_, Media::EventStream) => ResponseStep::Stream,
            (Expect::List, Media::Json | Media::Other) | (Expect::Stream, Media::Json) => {
                ResponseStep::Buffer
            }
        };
        if !head.content_encoding.is_none_or(is_plain) {
            // What cannot be read cannot be filtered.
            let why = "the upstream compressed its answer although it was asked not to";
            return ResponseStep::Refuse(self.failed(502, why));
        }
        if !head.content_type.is_none_or(is_utf8) {
            let why = "the upstream answered in a charset other than utf-8";
            return ResponseStep::Refuse(self.failed(502, why));
        }
        if head.status == 206 {
            // Of a part of a list nobody can say what it lists.
            let why = "the upstream answered with a part of what may be a list";
            return ResponseStep::Refuse(self.failed(502, why));
        }
        if step == ResponseStep::Stream {
            self.stream.events = Some(EventStream::new(self.gate.bounds.event_bytes));
        }
        step
    }

    /// The body of a buffered response is whole; what must be sent in its stead, if anything.
    pub fn on_response_body(
        &mut self,
        body: &[u8],
        around: &mut dyn Surroundings,
    ) -> Option<Vec<u8>> {
        let limits = self.gate.bounds.list;
        if body.len() > limits.bytes {
            return Some(self.response_too_large());
        }
        self.pending.on_message(body, around);
        match self.filter(body, limits, around) {
            Ok(None) => None,
            Ok(Some(text)) => Some(text.into_bytes()),
            Err(why) => Some(self.failed(200, &why).body.into_bytes()),
        }
    }

    /// What is sent instead of an answer that is longer than `max_list_bytes`.
    pub fn response_too_large(&self) -> Vec<u8> {
        let most = self.gate.bounds.list.bytes;
        let why = format!("the upstream's answer is longer than {most} bytes");
        self.failed(200, &why).body.into_bytes()
    }

    /// A chunk of an event stream; what leaves in its stead.
    pub fn on_response_chunk(
        &mut self,
        chunk: &[u8],
        end: bool,
        around: &mut dyn Surroundings,
    ) -> Vec<u8> {
        let mut out = Vec::with_capacity(chunk.len());
        let Some(mut events) = self.stream.events.take().filter(|_| !self.stream.closed) else {
            return out;
        };
        let limits = self.gate.bounds.event();
        let mut pending = std::mem::take(&mut self.pending);
        let result = events.push(
            chunk,
            end,
            &mut |data, _| {
                pending.on_message(data.as_bytes(), around);
                match self.filter(data.as_bytes(), limits, around) {
                    Ok(None) => Edit::Keep,
                    Ok(Some(text)) => Edit::Replace(text),
                    Err(why) => Edit::Replace(self.failed(200, &why).body),
                }
            },
            &mut out,
        );
        self.pending = pending;
        if result.is_err() {
            self.stream.closed = true;
            let most = limits.bytes;
            let why = format!("the upstream sent an event longer than {most} bytes");
            let body = self.failed(200, &why).body;
            out.extend_from_slice(format!("event: message\ndata: {body}\n\n").as_bytes());
        }
        self.stream.events = Some(events);
        out
    }

    /// A response text without what the caller may not see; `None` when nothing changes.
    fn filter(
        &mut self,
        text: &[u8],
        limits: Limits,
        around: &mut dyn Surroundings,
    ) -> Result<Option<String>, String> {
        if !list::may_hold_list(text) {
            return Ok(None);
        }
        let Some(named) = self.policy() else {
            return Err("no policy permits this caller".to_owned());
        };
        let mut view = CallerView {
            policy: &named.policy,
            changed: Vec::new(),
            private: self.gate.callers.has_grants(),
            server: self.server(),
            around,
        };
        let filtered = list::filter(text, &mut view, limits);
        for (changed, shadow) in view.changed {
            self.notes.changed(changed, shadow);
        }
        match filtered {
            Ok(Filtered::Unchanged) => Ok(None),
            Ok(Filtered::Changed { text, removed }) => {
                self.notes.hid(removed);
                Ok(Some(text))
            }
            Err(error) => Err(format!("the upstream's list cannot be filtered: {error}")),
        }
    }

    fn failed(&self, status: u16, why: &str) -> Reply {
        if status == 200 {
            Reply::json(200, error(self.id.as_deref(), CODE_INTERNAL, why, None))
        } else {
            let mut rejection = Rejection::http(status, why);
            rejection.code = CODE_INTERNAL;
            rejection.id.clone_from(&self.id);
            rejection.reply()
        }
    }
}

struct CallerView<'a> {
    policy: &'a Policy,
    /// Tools whose definition is not the pinned one, and whether that is only recorded.
    changed: Vec<(Denial, bool)>,
    private: bool,
    server: &'a str,
    around: &'a mut dyn Surroundings,
}

impl CallerView<'_> {
    /// Remembers how a pinned tool is defined for its calls; whether it may be shown.
    fn as_pinned(&mut self, rule: &Rule, pins: &[Pin], name: &str, tool: Value<'_>) -> bool {
        let seen = Pin::of(tool);
        definition::see(self.around, self.server, name, seen);
        if pins.contains(&seen) {
            return true;
        }
        let shadow = rule.shadow || self.policy.shadow;
        if self.changed.len() < MAX_CHANGED {
            let denial = Denial {
                rule: rule.id.clone(),
                message: definition::changed(name, seen),
                kind: DenialKind::Rule,
            };
            self.changed.push((denial, shadow));
        }
        shadow
    }
}

impl View for CallerView<'_> {
    fn shows_tool(&mut self, name: &str, tool: Value<'_>) -> bool {
        if view::needs_schema(self.policy, name) {
            learned::learn(self.around, self.server, name, tool);
        }
        let kept = match view::pinned(self.policy, name) {
            Some((rule, pins)) => self.as_pinned(rule, pins, name, tool),
            None => true,
        };
        kept && view::shows_tool(self.policy, name)
    }

    fn shows_prompt(&mut self, name: &str) -> bool {
        view::shows(self.policy, of_prompt(self.policy, name))
    }

    fn shows_resource(&mut self, uri: &str) -> bool {
        view::shows(self.policy, of_resource(self.policy, uri))
    }

    fn private(&self) -> bool {
        self.private
    }
}

/// Whether a `Content-Encoding` leaves a body as it is.
pub(super) fn is_plain(encoding: &[u8]) -> bool {
    encoding.trim_ascii().eq_ignore_ascii_case(b"identity")
}

/// Whether a `Content-Type` names no charset but UTF-8: a reader that obeys another one would see
/// another list than the one that was filtered.
pub(super) fn is_utf8(content_type: &[u8]) -> bool {
    let parameters = content_type.split(|b| *b == b';').skip(1);
    let mut charsets = parameters.filter_map(|parameter| {
        let (name, value) =
            parameter.split_at_checked(parameter.iter().position(|b| *b == b'=')?)?;
        let value = value.trim_ascii_start().strip_prefix(b"=")?.trim_ascii();
        let value = value
            .strip_prefix(b"\"")
            .and_then(|v| v.strip_suffix(b"\""))
            .unwrap_or(value);
        name.trim_ascii()
            .eq_ignore_ascii_case(b"charset")
            .then_some(value)
    });
    charsets.all(|charset| {
        [b"utf-8".as_slice(), b"utf8", b"us-ascii"]
            .iter()
            .any(|known| charset.eq_ignore_ascii_case(known))
    })
}

/// What kind of body a `Content-Type` names.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Media {
    Json,
    EventStream,
    /// What some clients read as JSON or as events, and others do not.
    Unclear,
    Other,
}

impl Media {
    fn of(content_type: Option<&[u8]>) -> Self {
        let essence = content_type
            .and_then(|value| value.split(|b| *b == b';').next())
            .map(<[u8]>::trim_ascii)
            .unwrap_or_default();
        let whole = content_type.unwrap_or_default();
        let json = essence.last_chunk::<4>();
        let json = json.is_some_and(|end| end.eq_ignore_ascii_case(b"json"));
        let events = essence.eq_ignore_ascii_case(b"text/event-stream");
        // The SDKs look whether the value begins with, or holds, the one or the other; a header that
        // came twice is joined by a comma.
        let says_json = holds(whole, b"application/json");
        let says_events = holds(whole, EVENTS);
        match (events, json) {
            (true, _) if !says_json && !whole.contains(&b',') => Media::EventStream,
            (_, true) if !says_events && !whole.contains(&b',') => Media::Json,
            (false, false) if !says_json && !says_events => Media::Other,
            _ => Media::Unclear,
        }
    }
}

/// Whether a text holds another, whatever the case of its letters.
pub(super) fn holds(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len())
        .any(|window| window.eq_ignore_ascii_case(part))
}

fn is_success(status: u16) -> bool {
    (200..300).contains(&status)
}
