//! Taking the units of a call's limits (step 5).

use super::Call;
use super::subject::{name, subject};
use super::taken::Taken;
use super::verdict::{Denial, DenialKind, LimitState, LimitUse, Verdict};
use crate::gate::NamedPolicy;
use crate::global::Ask;
use crate::limit::{Charge, CounterId, Reason, Refusal, reserve};
use crate::policy::path::{Found, Path, walk};
use crate::policy::{Cost, Limit};
use crate::surroundings::Surroundings;
use crate::trace::Trace;

/// The room that the limits of most calls fit into.
const USUAL_LIMITS: usize = 4;

/// Takes the units of all limits, or of none (step 5). Shadowed limits have counters of their own.
pub(super) fn charge<'p>(
    named: &NamedPolicy,
    call: &Call<'_>,
    limits: impl Iterator<Item = &'p Limit>,
    verdict: &mut Verdict,
    around: &mut dyn Surroundings,
    trace: &mut impl Trace,
) {
    let counters = named.counters(call.server);
    let now = around.now();
    verdict.time = Some(now);
    let mut enforced = Vec::with_capacity(USUAL_LIMITS);
    let mut charges = Vec::with_capacity(USUAL_LIMITS);
    let mut shadowed = Taken::default();
    for limit in limits {
        let shadow = limit.shadow || named.policy.shadow;
        let prepared = prepare(limit, named, &counters, call, around);
        match prepared {
            Err(denial) => {
                trace.limit_unknown(limit, &denial, shadow);
                verdict.note(denial, shadow);
                if verdict.denial.is_some() {
                    shadowed.give_all_back(around);
                    return;
                }
            }
            Ok(charge) if shadow => {
                trace.limit(limit, &charge, shadow, around);
                match reserve(&mut *around, &[charge], now) {
                    Ok(one) => shadowed.add(one, std::iter::once(limit.refunds)),
                    Err(refusal) => verdict.note(refused(limit, &refusal), true),
                }
            }
            Ok(charge) => {
                trace.limit(limit, &charge, shadow, around);
                let global = named.global.counts(limit);
                if global && charge.cost > 0 {
                    match ask(limit, &charge, call, around) {
                        Ok(ask) => verdict.asks.push(ask),
                        Err(denial) => {
                            verdict.denial = Some(denial);
                            shadowed.give_all_back(around);
                            return;
                        }
                    }
                }
                if !(global && named.global.alone()) {
                    enforced.push(limit);
                    charges.push(charge);
                }
            }
        }
    }
    match reserve(&mut *around, &charges, now) {
        Ok(reservation) => {
            let taken = enforced.iter().zip(reservation.charges());
            verdict
                .limits
                .extend(taken.map(|(limit, charged)| LimitUse {
                    number: limit.number,
                    max: limit.quota.max.get(),
                    remaining: charged.remaining(),
                    reset_seconds: charged.reset_seconds(),
                    charge: *charged.charge(),
                }));
            verdict.taken = shadowed;
            let refunds = enforced.iter().map(|limit| limit.refunds);
            verdict.taken.add(reservation, refunds);
        }
        Err(refusal) => {
            shadowed.give_all_back(around);
            if let Some(limit) = enforced.get(refusal.index) {
                verdict.denial = Some(refused(limit, &refusal));
            }
        }
    }
}

/// What is asked of the service that counts a limit for all proxies.
fn ask(
    limit: &Limit,
    charge: &Charge,
    call: &Call<'_>,
    around: &mut dyn Surroundings,
) -> Result<Ask, Denial> {
    match name(&charge.subject, limit, call, around) {
        Some(name) => Ok(Ask::new(limit, charge.counter, name, charge.cost)),
        None => Err(unknown_subject(limit)),
    }
}

/// What a limit is charged, and where; a denial when that cannot be told.
fn prepare(
    limit: &Limit,
    named: &NamedPolicy,
    counters: &[CounterId],
    call: &Call<'_>,
    around: &mut dyn Surroundings,
) -> Result<Charge, Denial> {
    let unusable = |message: String| Denial {
        rule: limit.id.clone(),
        message,
        kind: DenialKind::Rule,
    };
    let cost = match &limit.cost {
        Cost::Fixed(units) => *units,
        Cost::From(path) => cost(path, call).ok_or_else(|| {
            unusable(format!(
                "The limit \"{}\" needs {path} to be a whole number that is not negative",
                limit.counter
            ))
        })?,
    };
    let counter = counters
        .get(limit.number)
        .ok_or_else(|| unusable(counter_failed(limit)))?;
    let subject = subject(limit, named.subject_sets, counter, call, around)
        .ok_or_else(|| unknown_subject(limit))?;
    Ok(Charge {
        quota: limit.quota,
        counter: *counter,
        subject,
        cost,
    })
}

/// The argument that a call costs: exact, whole, not negative, below 2^64.
fn cost(path: &Path, call: &Call<'_>) -> Option<u64> {
    let mut units = None;
    let (found, segments) = call.arguments.enter(&path.segments);
    walk(found, segments, &mut |found| {
        units = match found {
            Found::Value(value) => value.as_number().and_then(|n| n.to_u64()),
            _ => None,
        };
    });
    units
}

fn refused(limit: &Limit, refusal: &Refusal) -> Denial {
    let (message, remaining, retry) = match refusal.reason {
        Reason::Exhausted {
            remaining, retry, ..
        } => (limit.message.clone(), remaining, Some(retry)),
        Reason::TableFull { retry } => (
            format!(
                "The limit \"{}\" counts too many callers at once. Try again later.",
                limit.counter
            ),
            0,
            Some(retry),
        ),
        Reason::Store(_) => (counter_failed(limit), 0, None),
    };
    let Some(retry) = retry else {
        return Denial {
            rule: limit.id.clone(),
            message,
            kind: DenialKind::Rule,
        };
    };
    Denial {
        rule: limit.id.clone(),
        message,
        kind: DenialKind::Limit(LimitState {
            counter: limit.counter.clone(),
            max: limit.quota.max.get(),
            window_seconds: limit.quota.window.seconds().get(),
            remaining,
            retry_after: retry.seconds().map(std::num::NonZeroU64::get),
        }),
    }
}

fn unknown_subject(limit: &Limit) -> Denial {
    Denial {
        rule: limit.id.clone(),
        message: format!(
            "The limit \"{}\" cannot tell whom to count this call for",
            limit.counter
        ),
        kind: DenialKind::Rule,
    }
}

fn counter_failed(limit: &Limit) -> String {
    format!("The limit \"{}\" could not be counted", limit.counter)
}
