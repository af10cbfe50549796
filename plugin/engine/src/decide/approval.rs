//! Asking for a person's yes (step 6): last of all, so that nobody is asked for a call that would
//! not pass, and a yes is used up only by a call that does.

use super::Call;
use super::question::{Earlier, SHOWN_BYTES, Settled, question, settle};
use super::rule::push_why;
use super::verdict::{ApprovalState, Approved, Denial, DenialKind, GoesOn};
use crate::approval::{
    Answer, Asked, Bond, Keys, MAX_KEPT_BYTES, Notice, Place, Places, USER, Webhook, ask, use_up,
};
use crate::caller::Caller;
use crate::config::approver::{Approver, Fallback};
use crate::digest::digest_of;
use crate::gate::NamedPolicy;
use crate::json::canonical;
use crate::policy::Approval;
use crate::surroundings::Surroundings;

/// `approvals` of the plugin's configuration.
#[derive(Debug)]
pub struct Approvals {
    /// What seals a yes.
    pub keys: Keys,
    /// Requests that one caller may have open.
    pub most: u8,
    /// Who is told that a request waits for operators.
    pub webhook: Option<Webhook>,
}

/// What an agent reads when the store fails.
const FAILED: &str = "Approval could not be asked for. Try again later.";

/// The call's yes, used up; or the denial that says what it waits for. `None` where no rule asks.
///
/// Of the `asks` one speaks for all: a yes is to the call, not to a rule. An operator's yes is asked
/// for where any of them wants one.
pub(super) fn yes(
    asks: &[(&Approval, Denial)],
    named: &NamedPolicy,
    call: &Call<'_>,
    around: &mut dyn Surroundings,
) -> Result<Option<Approved>, Denial> {
    let Some(first) = asks.first() else {
        return Ok(None);
    };
    let arguments = canonical(call.arguments.value());
    let earlier = call.trip.and_then(|trip| Earlier::read(&trip));
    let responses = earlier.as_ref().and_then(Earlier::responses);
    let shown = responses.as_ref().map_or(0, String::len);
    let shown = shown.saturating_add(arguments.len());
    // Whether the client can ask its user, and the user can see all that is decided about.
    let can_ask = call.trip.is_some_and(|trip| trip.can_elicit()) && shown <= SHOWN_BYTES;
    let wants = |wanted: Approver| asks.iter().find(|(a, _)| a.by == wanted);
    let speaker = match wants(Approver::Operator) {
        None if !can_ask => wants(Approver::User(Fallback::Deny)),
        operators => operators,
    };
    let (approval, denial) = speaker.unwrap_or(first);
    // The person hears them all, and the one in the greatest hurry says how long.
    let mut message = denial.message.clone();
    for (_, other) in asks {
        if !message.contains(&other.message) {
            message.push('\n');
            message.push_str(&other.message);
        }
    }
    let shortest = asks.iter().map(|(approval, _)| approval.timeout).min();
    let timeout = shortest.unwrap_or(approval.timeout);
    let waits = |state| Denial {
        kind: DenialKind::Approval(Some(Box::new(state))),
        ..denial.clone()
    };
    let impossible = |why| waits(ApprovalState::Impossible(why));
    let Some(approvals) = call.approvals else {
        return Err(impossible(
            "Nobody can approve calls here. Do not send this call again.",
        ));
    };
    let Some(trip) = call.trip else {
        return Err(impossible(
            "Send this call alone, not in a batch, to ask for approval.",
        ));
    };
    if trip.says_more() {
        return Err(impossible(
            "Send this call with nothing in `params` but `name`, `arguments`, `_meta`, `task`, `inputResponses` and `requestState`: a person is shown no more.",
        ));
    }
    let of_user = match approval.by {
        Approver::Operator => false,
        Approver::User(_) if can_ask => true,
        Approver::User(Fallback::Operator) => false,
        Approver::User(Fallback::Deny) => {
            return Err(impossible(
                "Only the user can approve this call, and cannot be asked: the client needs MCP 2026-07-28 and the capability `elicitation`, and the arguments, with what else the call answers, at most 2000 bytes. Do not send this call again.",
            ));
        }
    };
    let Some(who) = who(call, around) else {
        return Err(impossible(FAILED));
    };
    let Some(earlier) = earlier else {
        return Err(waits(ApprovalState::Void));
    };
    let call_bond = Bond::of(
        &[who.kind.as_bytes(), &who.value],
        call.server,
        call.tool,
        &digest_of(&arguments),
        &named.hash,
    );
    // What a person said yes to is also why they were asked: where another rule asks, or the same one
    // of another header or address, it is another request.
    let mut why = Vec::new();
    for (approval, _) in asks {
        push_why(&mut why, &approval.rule, call, around);
    }
    let call_bond = call_bond.asked_by(&why);
    let call_bond = if of_user {
        call_bond.of_user()
    } else {
        call_bond
    };
    let asked = Asked {
        keys: &approvals.keys,
        place: who.place,
        bond: earlier.bond(call_bond),
        now: around.now(),
        timeout,
        most: approvals.most,
    };
    let passes = |id: String, by: String| Approved {
        id,
        kept: earlier
            .answered
            .as_ref()
            .map(|answered| answered.kept.clone()),
        goes_on: trip.may_be_asked().then(|| {
            Box::new(GoesOn {
                place: who.place,
                bond: call_bond,
                timeout,
                by: by.clone(),
            })
        }),
        by,
    };
    if let Some(bond) = earlier.next_round(call_bond) {
        match use_up(around, &Asked { bond, ..asked }) {
            Ok(Some((id, by))) => return Ok(Some(passes(id.to_string(), by))),
            Ok(None) => {}
            Err(_) => return Err(impossible(FAILED)),
        }
    }
    let settled = match &earlier.answered {
        Some(_) if !of_user => Ok(Settled::Void),
        Some(returned) => settle(around, &asked, returned, &trip),
        None => Ok(Settled::Open),
    };
    match settled {
        Ok(Settled::Open) => {}
        Ok(Settled::Yes(id)) => return Ok(Some(passes(id.to_string(), USER.to_owned()))),
        Ok(Settled::No { id, seconds }) => {
            return Err(waits(ApprovalState::Refused {
                id: id.to_string(),
                by: USER.to_owned(),
                seconds,
            }));
        }
        Ok(Settled::Void) => return Err(waits(ApprovalState::Void)),
        Err(_) => return Err(impossible(FAILED)),
    }
    if of_user && earlier.kept.len() > MAX_KEPT_BYTES {
        return Err(impossible(
            "This call answers another question with too much to ask for approval at the same time.",
        ));
    }
    let notice = Notice {
        caller: call.grant.map_or(who.kind, |grant| grant.name.as_str()),
        server: call.server,
        tool: call.tool,
        rule: &approval.rule.id,
        message: &message,
        arguments: approval.shows_arguments.then_some(arguments.as_str()),
        responses: responses.as_deref().filter(|_| approval.shows_arguments),
        of_user,
    };
    let state = match ask(around, &asked, &notice) {
        Ok(Answer::Pass { id, by }) => return Ok(Some(passes(id.to_string(), by))),
        Ok(Answer::Wait(standing)) if of_user => ApprovalState::Asks(question(
            &asked,
            &standing,
            &message,
            (call, &arguments, responses.as_deref()),
            &earlier.kept,
        )),
        Ok(Answer::Wait(standing)) => ApprovalState::Waits {
            id: standing.id.to_string(),
            seconds: standing.left,
            fresh: standing.fresh,
            expired: standing.expired.map(|id| id.to_string()),
            announcement: approvals
                .webhook
                .as_ref()
                .filter(|_| standing.fresh)
                .map(|webhook| Box::new(webhook.announce(&notice, &standing, asked.now))),
        },
        Ok(Answer::Refused { id, by, again }) => ApprovalState::Refused {
            id: id.to_string(),
            by,
            seconds: again,
        },
        Ok(Answer::Full) => ApprovalState::Full,
        Err(_) => ApprovalState::Impossible(FAILED),
    };
    Err(waits(state))
}

/// Who asks, and where its requests stand.
struct Who {
    kind: &'static str,
    value: Vec<u8>,
    place: Place,
}

fn who(call: &Call<'_>, around: &mut dyn Surroundings) -> Option<Who> {
    let places = Places::new(around.hash_key()?);
    let (kind, value) = match (call.grant, call.caller) {
        (Some(grant), _) => ("grant", grant.name.clone().into_bytes()),
        (None, Caller::Identified(kind, value)) => {
            return Some(Who {
                kind,
                place: places.open(&[kind.as_bytes(), value]),
                value: value.clone(),
            });
        }
        (None, _) => ("anonymous", Vec::new()),
    };
    let name = call.grant.map_or("", |grant| grant.name.as_str());
    Some(Who {
        kind,
        place: places.configured(kind, name),
        value,
    })
}
