//! A request on the operators' listener: answered from the approvals that wait, never forwarded.

use std::rc::Rc;

use super::{Exchange, RequestStep, plain};
use crate::mcp::{Headers, Rejection};
use crate::record::{Outcome, Record};
use crate::surroundings::Surroundings;

impl Exchange {
    /// The answer to an operator; `None` where calls are decided.
    pub(super) fn administer(
        &mut self,
        headers: &Headers<'_>,
        around: &mut dyn Surroundings,
    ) -> Option<RequestStep> {
        let gate = Rc::clone(&self.gate);
        let admin = gate.admin.as_ref()?;
        let Some(approvals) = &gate.approvals else {
            // Refused when it is loaded.
            let missing = Rejection::http(500, "the operators' listener has no key");
            return Some(self.reject(&missing));
        };
        let answered = admin.answer(&approvals.keys, headers, around);
        if let Some(decision) = &answered.decision {
            let method = if decision.yes { "approve" } else { "deny" };
            self.note(&Record {
                message: Some(&decision.id.to_string()),
                ..plain(Outcome::Allow, Some(method), Some(&decision.by))
            });
        }
        Some(RequestStep::Reply(answered.reply))
    }
}
