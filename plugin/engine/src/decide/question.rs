//! The question to the client's user, and what a call carries of the round trips before it.

use super::Call;
use super::verdict::Question;
use crate::approval::{
    ApprovalId, Asked, Bond, Returned, Standing, Worth, accept, is_bound, plain, request_state,
};
use crate::digest::digest;
use crate::json::{Value, canonical, parse};
use crate::limit::{Store, StoreError};
use crate::mcp::RoundTrip;
use crate::mcp::round_trip::Action;
use crate::record::shown_name;

/// The name of our question among those of a result.
pub(crate) const KEY: &str = "toolgate_approval";

/// The longest that the user reads of the arguments and of what the call answers, in bytes.
pub(super) const SHOWN_BYTES: usize = 2_000;

/// What a call carries of earlier round trips.
pub(super) struct Earlier {
    /// The state of a question of ours that it answers.
    pub(super) answered: Option<Returned>,
    /// Its round trip with the upstream, as members of an object; empty when none.
    pub(super) kept: String,
}

impl Earlier {
    /// Reads it; `None` when a state of ours is broken.
    pub(super) fn read(trip: &RoundTrip<'_>) -> Option<Self> {
        let state = trip.state().and_then(Value::as_str);
        let answered = state.and_then(|state| Returned::read(&state));
        let kept = match &answered {
            Some(returned) => returned.kept.clone(),
            None => trip.kept(),
        };
        let earlier = Self { answered, kept };
        earlier.look(|trip| trip.continues()).map(|_| earlier)
    }

    /// What `look` makes of the round trip with the upstream; `None` when that cannot be read.
    fn look<T>(&self, look: impl FnOnce(RoundTrip<'_>) -> T) -> Option<T> {
        let object = format!("{{{}}}", self.kept);
        parse(object.as_bytes())
            .ok()
            .map(|params| look(RoundTrip::of_kept(params)))
    }

    /// What a yes must be for: the call, with exactly what it carries to the upstream.
    pub(super) fn bond(&self, call: Bond) -> Bond {
        if self.kept.is_empty() {
            return call;
        }
        let object = format!("{{{}}}", self.kept);
        let carried = parse(object.as_bytes()).map(digest);
        // It was read before.
        call.carrying(&carried.unwrap_or_default())
    }

    /// What a yes may be for that was given to the round trip before; `None` where there was none.
    pub(super) fn next_round(&self, call: Bond) -> Option<Bond> {
        if self.kept.is_empty() || self.answered.is_some() {
            return None;
        }
        let state = self.look(|trip| trip.state().map(digest)).flatten();
        Some(call.continued(state.as_ref()))
    }

    /// What it answers to the upstream, a canonical text.
    pub(super) fn responses(&self) -> Option<String> {
        let text = |trip: RoundTrip<'_>| trip.responses().map(canonical);
        self.look(text).flatten()
    }
}

/// What the answer to a question of ours leads to.
pub(super) enum Settled {
    /// The user said yes, and the request is used up.
    Yes(ApprovalId),
    /// The user said no.
    No {
        /// To which request.
        id: ApprovalId,
        /// Seconds until it may be asked again.
        seconds: u64,
    },
    /// The question was of another call, is over, or was answered before.
    Void,
    /// The question is not answered: it is to be asked again.
    Open,
}

/// Uses up the request that was asked about, as the user answered.
///
/// # Errors
/// The store's; nothing is used up as far as can be known.
pub(super) fn settle(
    store: &mut dyn Store,
    asked: &Asked<'_>,
    returned: &Returned,
    trip: &RoundTrip<'_>,
) -> Result<Settled, StoreError> {
    if !is_bound(asked, returned) {
        return Ok(Settled::Void);
    }
    let Some(action) = trip.action(KEY) else {
        return Ok(Settled::Open);
    };
    // A question that is closed without an answer is answered: an agent must not ask until the
    // user tires.
    let yes = action == Action::Accept;
    Ok(match accept(store, asked, returned, yes)? {
        Worth::Void => Settled::Void,
        Worth::Used { id, .. } if yes => Settled::Yes(id),
        Worth::Used { id, left } => Settled::No { id, seconds: left },
    })
}

/// The question in plain words, with what the user decides about: the call, its arguments and what it
/// answers, without the spaces between tokens, of which a text can be made that shows nothing else.
pub(super) fn question(
    asked: &Asked<'_>,
    standing: &Standing,
    message: &str,
    (call, arguments, responses): (&Call<'_>, &str, Option<&str>),
    kept: &str,
) -> Question {
    let answers = responses.map(|responses| {
        let responses = plain(responses);
        format!(" It answers a question of the tool's own with {responses}.")
    });
    let text = format!(
        "{message}\n\nThe agent wants to call the tool \"{}\" of \"{}\" with {}.{}\n\nAccept to let exactly this call pass, once. Decline to refuse it.",
        plain(&shown_name(call.tool)),
        plain(call.server),
        plain(arguments),
        answers.unwrap_or_default(),
    );
    Question {
        id: standing.id.to_string(),
        seconds: standing.left,
        fresh: standing.fresh,
        expired: standing.expired.map(|id| id.to_string()),
        text,
        state: request_state(asked, standing, kept),
    }
}
