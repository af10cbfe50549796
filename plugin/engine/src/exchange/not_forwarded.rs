//! A request that may go on, and that the proxy does not let go on as it must.

use super::{Exchange, Expect, RequestStep};
use crate::mcp::{Headers, Rejection};
use crate::surroundings::Surroundings;

impl Exchange {
    /// The proxy did not `what`, without which the request must not go on: it is answered instead.
    /// What it took of limits goes back as that of a call that could not be sent.
    ///
    /// To be told after [`RequestStep::Forward`] or [`RequestStep::AwaitBody`] and before the record
    /// is taken. Headers and body are those of [`on_request_body`](Self::on_request_body), as far as
    /// they can be had again; the record names what they say.
    pub fn not_forwarded(
        &mut self,
        what: &str,
        headers: &Headers<'_>,
        body: &[u8],
        around: &mut dyn Surroundings,
    ) -> RequestStep {
        let rejection = Rejection::http(500, &format!("the proxy did not {what}"));
        let passed = std::mem::take(&mut self.passed);
        self.note_not_forwarded((headers, body), &passed, &rejection, around);
        self.passed = passed;
        self.pending.on_nothing_sent(around);
        self.expect = Expect::Anything;
        RequestStep::Reply(rejection.reply())
    }
}
