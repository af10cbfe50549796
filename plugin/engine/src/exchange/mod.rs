//! One HTTP exchange, from its first header to its last byte, without any I/O.
//!
//! The adapter calls the methods in the order of an HTTP stream and does what they answer.

mod admin;
mod approved;
mod attempt;
mod batch;
mod count;
mod export;
mod membership;
mod not_forwarded;
mod note;
mod origin;
mod refund;
mod request;
mod response;
mod service;
mod view;
mod who;

use std::rc::Rc;

use crate::approval::Announcement;
use crate::caller::Caller;
use crate::gate::{Gate, NamedPolicy};
use crate::mcp::{Head, Reply};
use crate::policy::condition::Effort;

pub use export::TOOL_HEADER;
pub use refund::MAX_ANSWER_BYTES;
pub use response::{Interest, ResponseHead, ResponseStep};
pub use service::ServiceCall;

/// What to do with a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RequestStep {
    /// Forward it untouched, but for `accept-encoding` when the answer may have to be filtered.
    Forward {
        /// Whether the upstream must not see `accept-encoding`.
        strip_accept_encoding: bool,
    },
    /// Forward nothing yet: the body decides.
    AwaitBody,
    /// Forward nothing yet: make this call, and tell [`Exchange::on_service_answer`] its answer.
    Ask(ServiceCall),
    /// Answer it here; the upstream sees nothing.
    Reply(Reply),
}

/// What an answer may hold that this caller must not see.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Expect {
    /// Nothing to hide from this caller, or no answer with a body.
    #[default]
    Anything,
    /// The answer to one method that lists nothing; streams may carry other answers too.
    Single,
    /// A list.
    List,
    /// A GET: whatever the server sends.
    Stream,
}

/// The state of one exchange.
#[derive(Debug)]
pub struct Exchange {
    gate: Rc<Gate>,
    /// The request's headers, as they were read; only while the body is to come.
    head: Option<Head>,
    caller: Caller,
    /// The upstream's name, once it is looked up; none is an empty one.
    server: Option<Rc<str>>,
    expect: Expect,
    /// Whether the client of an answer that may be anything reads events from it.
    hears_events: bool,
    /// The request's id as spelled, for an answer made in the upstream's stead.
    id: Option<String>,
    pending: refund::Pending,
    membership: membership::Membership,
    /// Headers that the upstream must not see.
    strip: Vec<String>,
    stream: response::Stream,
    notes: note::Notes,
    effort: Effort,
    waiting: Option<Box<service::Waiting>>,
    /// What is about to go on, until it has.
    passed: Vec<service::Decided>,
    notice: Option<String>,
    /// The body that goes on in the place of the client's.
    rewritten: Option<Vec<u8>>,
    announcement: Option<Box<Announcement>>,
    /// The tool that is called, as a header's value; only with `export_headers`.
    exported_tool: Option<String>,
}

impl Exchange {
    /// A new exchange under a configuration, which stays its own to the end.
    pub fn new(gate: Rc<Gate>) -> Self {
        Self {
            gate,
            head: None,
            caller: Caller::Unknown,
            server: None,
            expect: Expect::Anything,
            hears_events: false,
            id: None,
            pending: refund::Pending::default(),
            membership: membership::Membership::default(),
            strip: Vec::new(),
            stream: response::Stream::default(),
            notes: note::Notes::default(),
            effort: Effort::default(),
            waiting: None,
            passed: Vec::new(),
            notice: None,
            rewritten: None,
            announcement: None,
            exported_tool: None,
        }
    }

    /// The configuration.
    pub fn gate(&self) -> &Gate {
        &self.gate
    }

    /// The headers, by name, that carry credentials and must be gone before anything goes upstream.
    /// Known as soon as the request's headers are.
    pub fn strips(&self) -> &[String] {
        &self.strip
    }

    /// The policy that decides, once the caller is known.
    pub fn policy(&self) -> Option<&NamedPolicy> {
        self.gate.policy_of(&self.caller)
    }
}
