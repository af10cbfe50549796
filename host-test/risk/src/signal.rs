//! What about a tool deserves a rule of its own.

use std::fmt;

use crate::Source;

/// A kind of signal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SignalKind {
    /// It takes or gives credentials or secrets.
    Credentials,
    /// It takes a URL or an endpoint.
    Url,
    /// It takes a path of a file or a folder.
    Path,
    /// It takes raw HTML or a template.
    Markup,
    /// It takes code.
    Code,
    /// It takes SQL or another query language that can change data.
    Sql,
    /// It takes a command or its arguments.
    Command,
    /// It overwrites what is there.
    Overwrites,
    /// It spends money.
    SpendsMoney,
    /// It sends messages to people or systems.
    SendsMessages,
    /// It touches personal data.
    PersonalData,
    /// Its definition speaks to the model: orders, or characters that nobody sees.
    Instructions,
}

impl SignalKind {
    /// All of them, in the order in which they are told.
    pub const ALL: [SignalKind; 12] = [
        SignalKind::Credentials,
        SignalKind::Url,
        SignalKind::Path,
        SignalKind::Markup,
        SignalKind::Code,
        SignalKind::Sql,
        SignalKind::Command,
        SignalKind::Overwrites,
        SignalKind::SpendsMoney,
        SignalKind::SendsMessages,
        SignalKind::PersonalData,
        SignalKind::Instructions,
    ];

    /// A short name for tables and scripts.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            SignalKind::Credentials => "credentials",
            SignalKind::Url => "url",
            SignalKind::Path => "path",
            SignalKind::Markup => "markup",
            SignalKind::Code => "code",
            SignalKind::Sql => "sql",
            SignalKind::Command => "command",
            SignalKind::Overwrites => "overwrites",
            SignalKind::SpendsMoney => "spends-money",
            SignalKind::SendsMessages => "sends-messages",
            SignalKind::PersonalData => "personal-data",
            SignalKind::Instructions => "instructions",
        }
    }
}

impl fmt::Display for SignalKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            SignalKind::Credentials => "Handles credentials or secrets",
            SignalKind::Url => "Accepts URL/endpoint input",
            SignalKind::Path => "Accepts a file path",
            SignalKind::Markup => "Accepts raw HTML or a template",
            SignalKind::Code => "Accepts code",
            SignalKind::Sql => "Accepts SQL or a query language",
            SignalKind::Command => "Accepts a command",
            SignalKind::Overwrites => "Overwrites what is there",
            SignalKind::SpendsMoney => "Spends money",
            SignalKind::SendsMessages => "Sends messages",
            SignalKind::PersonalData => "Touches personal data",
            SignalKind::Instructions => "Speaks to the model",
        })
    }
}

/// One signal, and what raised it first. Its evidence may quote the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signal {
    /// What it is.
    pub kind: SignalKind,
    /// Where it was seen.
    pub source: Source,
    /// The word, or the argument with its path in the schema (`options.url`).
    pub evidence: String,
}

/// Signals as they are raised: each kind once, the first evidence standing.
#[derive(Debug, Default)]
pub(crate) struct Raised(Vec<Signal>);

impl Raised {
    pub(crate) fn raise(&mut self, kind: SignalKind, source: Source, evidence: impl Into<String>) {
        if self.has(kind).is_none() {
            let evidence = evidence.into();
            self.0.push(Signal {
                kind,
                source,
                evidence,
            });
        }
    }

    pub(crate) fn has(&self, kind: SignalKind) -> Option<&Signal> {
        self.0.iter().find(|signal| signal.kind == kind)
    }

    pub(crate) fn sorted(mut self) -> Vec<Signal> {
        self.0.sort_by_key(|signal| signal.kind);
        self.0
    }
}
