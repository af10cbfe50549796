//! The validated model: what a request is decided by.

use crate::config::approver::Approver;
use crate::config::policy::{DenyWith, Posture};
use crate::limit::Quota;
use crate::pin::Pin;

use super::condition::Condition;
use super::path::Path;
use super::pseudo;
use super::schema::Schema;
use super::tools::{Hidden, Names, ToolTable};
use super::uri::{decoded, shorter};

/// A compiled policy.
#[derive(Debug)]
pub struct Policy {
    /// What happens to what it does not list.
    pub default: Posture,
    /// What nobody sees.
    pub hidden: Hidden,
    /// The entries under `tools`.
    pub tools: ToolTable,
    /// The entry `*`, run after a tool's own.
    pub wildcard: Option<Entry>,
    /// `all_tools`, on every call.
    pub all_tools: Limits,
    /// Methods that have no section of their own.
    pub methods: Section,
    /// By URI.
    pub resources: Section,
    /// By prompt name.
    pub prompts: Section,
    /// The form of a denied tools/call.
    pub deny_with: DenyWith,
    /// Whether the whole policy only records.
    pub shadow: bool,
    /// How many limits it has; each has a number below that.
    pub limit_count: usize,
    /// Whether anything asks for a tool's own schema.
    pub learns: bool,
    /// Whether any limit counts by session.
    pub counts_sessions: bool,
    /// Whether any limit gives units back after an error, or any call may need a yes: the answers
    /// to some calls are read.
    pub reads_answers: bool,
    /// Whether any tool's definition is pinned.
    pub pins: bool,
}

/// The rules of one entry under `tools`.
#[derive(Debug, Default)]
pub struct Entry {
    /// The key as written: a name, a glob or `*`.
    pub key: String,
    /// Its place among the entries under `tools`, from 0.
    pub number: usize,
    /// In the order in which they are asked.
    pub rules: Vec<Rule>,
    /// When a person must be asked.
    pub approvals: Vec<Approval>,
    /// Charged when all rules have passed.
    pub limits: Limits,
}

/// Some limits, in document order.
pub type Limits = Vec<Limit>;

/// One rule that may deny.
#[derive(Debug)]
pub struct Rule {
    /// Its identifier, a JSON pointer into the document.
    pub id: String,
    /// What a denied caller reads; where it is empty, [`Check::Pinned`], [`Check::Required`]
    /// and [`Check::Schema`] say what is wrong.
    pub message: String,
    /// When it denies.
    pub check: Check,
    /// Whether it only records.
    pub shadow: bool,
}

/// A rule that asks for a person's yes.
#[derive(Debug)]
pub struct Approval {
    /// When it asks; it "denies" the calls that need a yes.
    pub rule: Rule,
    /// How long a request waits, and how long a yes is good for, in seconds.
    pub timeout: u32,
    /// Whether operators see the arguments.
    pub shows_arguments: bool,
    /// Whom it asks.
    pub by: Approver,
}

/// When a rule denies.
#[derive(Debug)]
pub enum Check {
    /// Unless the tool was last listed with one of these definitions.
    Pinned(Vec<Pin>),
    /// Unless these arguments are there and not null.
    Required(Required),
    /// Unless the arguments satisfy it.
    Schema(Schema),
    /// Unless all hold.
    Require(Vec<Condition>),
    /// When all hold; always, when there are none.
    DenyIf(Vec<Condition>),
}

/// Which arguments must be there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Required {
    /// What the tool's own schema requires.
    BySchema,
    /// These.
    Listed(Vec<String>),
}

/// One limit.
#[derive(Debug)]
pub struct Limit {
    /// Its identifier.
    pub id: String,
    /// What a refused caller reads.
    pub message: String,
    /// The counter's name.
    pub counter: String,
    /// The key under `tools` that holds it; `None` for `all_tools`.
    pub section: Option<String>,
    /// How much per window.
    pub quota: Quota,
    /// Whom one count is for; never empty.
    pub scopes: Vec<Scope>,
    /// What one call takes.
    pub cost: Cost,
    /// When it is given back.
    pub refunds: Refunds,
    /// Whether it only records.
    pub shadow: bool,
    /// Its number in the policy, from 0 and without gaps.
    pub number: usize,
}

/// Whom one count is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// The caller's grant, or identity where no grants are configured.
    Grant,
    /// The session, where the caller opened it through this proxy; all others of a caller are one.
    Session,
    /// The client's address.
    Client,
    /// Everybody.
    Global,
    /// An argument's value.
    Argument(Path),
}

/// What one call takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cost {
    /// Always the same, at least 1.
    Fixed(u64),
    /// What an argument says: a whole number, not negative.
    From(Path),
}

/// After which failures a charge is given back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Refunds {
    /// A JSON-RPC error; an HTTP error without one may come from a gateway behind which the tool ran.
    pub error: bool,
    /// A result that says `isError`.
    pub is_error: bool,
    /// No byte of the request went upstream.
    pub unreachable: bool,
}

/// Allow and deny lists for what is not a tool. `deny` beats `allow`.
#[derive(Debug, Default)]
pub struct Section {
    /// What is in neither list; `None` where the document does not say.
    pub default: Option<Posture>,
    /// What passes.
    pub allow: Names,
    /// What does not; URIs decoded.
    pub deny: Names,
    /// Where it stands; empty when the document has none.
    pub pointer: String,
}

impl Policy {
    /// Every limit that it has.
    pub fn limits(&self) -> impl Iterator<Item = &Limit> {
        let entries = self.tools.entries().iter().chain(&self.wildcard);
        self.all_tools
            .iter()
            .chain(entries.flat_map(|entry| &entry.limits))
    }

    /// Whether some caller of it may see less than the upstream lists, or lists must be learned from.
    pub fn is_partial(&self) -> bool {
        let sections = [&self.prompts, &self.resources];
        let hides = |s: &&Section| {
            // What is not plain is hidden by any list.
            s.default == Some(Posture::Deny) || !s.deny.is_empty() || !s.allow.is_empty()
        };
        self.learns
            || self.pins
            || !self.shadow
                && (self.default == Posture::Deny
                    || !self.hidden.is_empty()
                    || sections.iter().any(hides)
                    // Look-alikes of listed names and names that are not plain are not callable.
                    || !self.tools.entries().is_empty())
    }
}

impl Section {
    /// Whether `name` equals a listed one only after trimming or ASCII case folding.
    pub fn resembles(&self, name: &str) -> bool {
        self.allow.has_look_alike(name) || self.deny.has_look_alike(name)
    }

    /// As [`find`](Self::find), of a name that `is_plain` tells to be read in one way by every server: one that
    /// is not passes where it is listed as it stands, for a glob says nothing of what a server makes of it.
    pub fn judge(&self, name: &str, is_plain: fn(&str) -> bool) -> Option<(Posture, String)> {
        let found = self.find(name);
        let denied = matches!(found, Some((Posture::Deny, _)));
        let lists = !self.allow.is_empty() || !self.deny.is_empty();
        if denied || !lists || is_plain(name) || self.allow.lists(name) {
            return found;
        }
        Some((Posture::Deny, pseudo::UNSAFE_NAME.to_owned()))
    }

    /// As [`judge`](Self::judge), of a URI: what servers may read as one that is under `deny` is denied with it.
    pub fn judge_uri(&self, uri: &str, is_plain: fn(&str) -> bool) -> Option<(Posture, String)> {
        let found = self.judge(uri, is_plain);
        if self.deny.is_empty() || matches!(found, Some((Posture::Deny, _))) {
            return found;
        }
        let decoded = decoded(uri);
        let denied = |uri: &str| self.deny.has_any(uri);
        let shorter = || shorter(&decoded).into_iter().any(denied);
        if denied(&decoded) || (!self.allow.lists(uri) && shorter()) {
            return Some((Posture::Deny, format!("{}/deny", self.pointer)));
        }
        found
    }

    /// What the section says of a name: the posture and the rule that says so.
    pub fn find(&self, name: &str) -> Option<(Posture, String)> {
        let rule = |part: &str| format!("{}/{part}", self.pointer);
        if self.deny.cannot_tell(name) {
            return Some((Posture::Deny, rule("deny")));
        }
        if self.deny.contains(name) || self.deny.has_look_alike(name) {
            Some((Posture::Deny, rule("deny")))
        } else if !self.allow.cannot_tell(name) && self.allow.contains(name) {
            Some((Posture::Allow, rule("allow")))
        } else {
            self.default.map(|posture| (posture, rule("default")))
        }
    }
}
