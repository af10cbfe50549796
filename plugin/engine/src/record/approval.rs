//! What a record says of a person's yes: that it was asked for, given, refused, or used up.

use super::key;
use super::shown::push_shown;
use crate::admin::Decision;
use crate::decide::{ApprovalState, DenialKind, Question, Verdict};

/// How the approval of a call stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Approval<'a> {
    /// `requested`, `pending`, `denied`, `used`, `refused` (an answer that is worth nothing), `full`
    /// or `impossible`; of an operator's decision
    /// `approved` or `denied`.
    pub state: &'static str,
    /// The request's id, `apr_…`.
    pub id: Option<std::borrow::Cow<'a, str>>,
    /// Who decided it.
    pub by: Option<&'a str>,
    /// The id of the request for the same call that ended unanswered, or unused, before.
    pub expired: Option<&'a str>,
}

impl<'a> Approval<'a> {
    /// Of a call; `None` where nobody has to be asked.
    pub fn of_call(verdict: &'a Verdict) -> Option<Self> {
        let approval = |state, id: Option<&'a str>| Self {
            state,
            id: id.map(Into::into),
            by: None,
            expired: None,
        };
        if let Some(yes) = &verdict.approved {
            return Some(Self {
                by: Some(&yes.by),
                ..approval("used", Some(&yes.id))
            });
        }
        let DenialKind::Approval(Some(state)) = &verdict.denial.as_ref()?.kind else {
            return None;
        };
        Some(match state.as_ref() {
            ApprovalState::Waits {
                id, fresh, expired, ..
            }
            | ApprovalState::Asks(Question {
                id, fresh, expired, ..
            }) => Self {
                expired: expired.as_deref(),
                ..approval(if *fresh { "requested" } else { "pending" }, Some(id))
            },
            ApprovalState::Refused { id, by, .. } => Self {
                by: Some(by),
                ..approval("denied", Some(id))
            },
            ApprovalState::Void => approval("refused", None),
            ApprovalState::Full => approval("full", None),
            ApprovalState::Impossible(_) => approval("impossible", None),
        })
    }

    /// Of an operator's decision.
    pub fn of_decision(decision: &'a Decision) -> Self {
        Self {
            state: if decision.yes { "approved" } else { "denied" },
            id: Some(decision.id.to_string().into()),
            by: Some(&decision.by),
            expired: None,
        }
    }

    pub(super) fn push(&self, out: &mut String) {
        out.push_str(",\"approval\":{\"state\":\"");
        out.push_str(self.state);
        out.push('"');
        let members = [
            ("id", self.id.as_deref()),
            ("by", self.by),
            ("expired", self.expired),
        ];
        for (name, value) in members {
            if let Some(value) = value {
                key(out, name);
                push_shown(out, value);
            }
        }
        out.push('}');
    }
}
