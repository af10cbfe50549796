//! Asking for a person's yes (step 6): last of all, so that nobody is asked for a call that would
//! not pass, and a yes is used up only by a call that does.

use super::Call;
use super::verdict::{ApprovalState, Approved, Denial, DenialKind};
use crate::approval::{Answer, Asked, Bond, Keys, Notice, Place, Places, ask};
use crate::caller::Caller;
use crate::digest::digest;
use crate::gate::NamedPolicy;
use crate::policy::Approval;
use crate::surroundings::Surroundings;

/// `approvals` of the plugin's configuration.
#[derive(Debug)]
pub struct Approvals {
    /// What seals a yes.
    pub keys: Keys,
    /// Requests that one caller may have open.
    pub most: u8,
}

/// What an agent reads when the store fails.
const FAILED: &str = "Approval could not be asked for. Try again later.";

/// The call's yes, used up; or the denial that says what it waits for.
pub(super) fn yes(
    approval: &Approval,
    denial: Denial,
    named: &NamedPolicy,
    call: &Call<'_>,
    around: &mut dyn Surroundings,
) -> Result<Approved, Denial> {
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
    if !call.alone {
        return Err(impossible(
            "Send this call alone, not in a batch, to ask for approval.",
        ));
    }
    let Some(who) = who(call, around) else {
        return Err(impossible(FAILED));
    };
    let asked = Asked {
        keys: &approvals.keys,
        place: who.place,
        bond: Bond::of(
            &[who.kind.as_bytes(), &who.value],
            call.server,
            call.tool,
            &digest(call.arguments.value()),
            &named.hash,
        ),
        now: around.now(),
        timeout: approval.timeout,
        most: approvals.most,
    };
    let notice = Notice {
        caller: call.grant.map_or(who.kind, |grant| grant.name.as_str()),
        server: call.server,
        tool: call.tool,
        rule: &approval.rule.id,
        message: &denial.message,
        arguments: approval
            .shows_arguments
            .then(|| call.arguments.value().text()),
    };
    let state = match ask(around, &asked, &notice) {
        Ok(Answer::Pass { id, by }) => {
            return Ok(Approved {
                id: id.to_string(),
                by,
            });
        }
        Ok(Answer::Wait(standing)) => ApprovalState::Waits {
            id: standing.id.to_string(),
            seconds: standing.left,
            fresh: standing.fresh,
            expired: standing.expired.map(|id| id.to_string()),
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
