//! A request on the operators' listener: answered from the approvals that wait, never forwarded.

use std::rc::Rc;

use super::{Exchange, RequestStep};
use crate::mcp::{Headers, Rejection};
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
            return Some(self.reject(&missing, around));
        };
        let answered = admin.answer(&approvals.keys, headers, around);
        let method = match &answered.decision {
            Some(decision) if decision.yes => "approve".into(),
            Some(_) => "deny".into(),
            None => {
                let http = headers.all(":method").next().unwrap_or_default();
                String::from_utf8_lossy(http)
            }
        };
        self.note_operator(&method, &answered, around);
        Some(RequestStep::Reply(answered.reply))
    }
}
