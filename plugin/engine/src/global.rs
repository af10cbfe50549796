//! Limits that a rate limit service counts for all proxies together: which they are, what it is
//! asked, and what its answers mean.
//!
//! A call asks it last, when the policy allows the call and this proxy's own counts do. The
//! service's answer then decides. It is trusted to count, and not to have understood: an answer
//! that does not say which limit it applied is an error, for services let pass what they have no
//! limit for.

mod answer;
mod ask;
mod rounds;

use crate::config::global_limits::{RawChoice, RawGlobalLimits};
use crate::config::{Faults, hint};
use crate::gate::NamedPolicy;
use crate::limit::{Algorithm, Quota};
use crate::policy::Limit;
use crate::ratelimit::{Override, Unit, envoy_service};

pub use crate::config::global_limits::{Numbers, OnError};
pub use answer::{Failed, Outcome};
pub use ask::{Ask, Counted};
pub use rounds::{MAX_ASKS, Round, Rounds};

/// The settings, compiled.
#[derive(Debug)]
pub struct GlobalLimits {
    /// Where the service is, as the proxy's `GrpcService`, serialized.
    pub service: Vec<u8>,
    /// Whose limits these are, for the service.
    pub domain: String,
    /// How long a call waits for one answer, in milliseconds, 1 to 10,000.
    pub timeout_ms: u32,
    /// What becomes of a call when there is none.
    pub on_error: OnError,
    /// Whose numbers the service counts by.
    pub numbers: Numbers,
}

/// Which limits of one policy the service counts.
#[derive(Debug, Default)]
pub struct Chosen {
    /// Of each limit, by its number.
    limits: Vec<bool>,
    alone: bool,
}

impl Chosen {
    /// Whether the service counts this one.
    pub fn counts(&self, limit: &Limit) -> bool {
        self.limits.get(limit.number).copied().unwrap_or(false)
    }

    /// Whether what the service counts is not counted by this proxy too: without the service there
    /// is then no limit.
    pub fn alone(&self) -> bool {
        self.alone
    }
}

impl GlobalLimits {
    /// Marks the chosen limits of all policies. `wanted` is how many policies there should be:
    /// where one is broken, a limit that nobody has may have been its.
    pub(crate) fn compile(
        raw: RawGlobalLimits,
        policies: &mut [NamedPolicy],
        wanted: usize,
        faults: &mut Faults,
    ) -> Self {
        let mut used = match &raw.limits {
            RawChoice::All => Vec::new(),
            RawChoice::Named(names) => vec![false; names.len()],
        };
        for named in policies.iter_mut() {
            let mut chosen = vec![false; named.policy.limit_count];
            for limit in named.policy.limits() {
                let Some(pointer) = choose(&raw, limit, &mut used) else {
                    continue;
                };
                if raw.numbers == Numbers::Policy
                    && let Err(why) = expressed(&limit.quota)
                {
                    let owner = match named.name.as_str() {
                        "" => String::new(),
                        name => format!(" of the policy `{name}`"),
                    };
                    faults.error(
                        pointer,
                        format!(
                            "the limit `{}`{owner} cannot be counted by the service: {why}; or configure the numbers there and say `\"numbers\": \"service\"`",
                            limit.id
                        ),
                    );
                }
                // What only records never asks: it must not make a call wait or fail.
                let enforced = !limit.shadow && !named.policy.shadow;
                if let Some(chosen) = chosen.get_mut(limit.number) {
                    *chosen = enforced;
                }
            }
            named.global = Chosen {
                limits: chosen,
                alone: raw.on_error == OnError::Allow,
            };
        }
        if let RawChoice::Named(names) = &raw.limits
            && policies.len() >= wanted
        {
            unknown(names, &used, policies, faults);
        }
        Self {
            service: envoy_service(&raw.cluster),
            domain: raw.domain,
            timeout_ms: raw.timeout_ms,
            on_error: raw.on_error,
            numbers: raw.numbers,
        }
    }
}

/// Where `global_limits` names this limit; `None` when it does not.
fn choose<'r>(raw: &'r RawGlobalLimits, limit: &Limit, used: &mut [bool]) -> Option<&'r str> {
    let names = match &raw.limits {
        RawChoice::All => return Some(&raw.pointer),
        RawChoice::Named(names) => names,
    };
    let mut found = None;
    for ((pointer, name), used) in names.iter().zip(used) {
        if *name == limit.id || *name == limit.counter {
            *used = true;
            found = found.or(Some(pointer.as_str()));
        }
    }
    found
}

/// Every name that no policy has.
fn unknown(
    names: &[(String, String)],
    used: &[bool],
    policies: &[NamedPolicy],
    faults: &mut Faults,
) {
    for ((pointer, name), used) in names.iter().zip(used) {
        if !used {
            let all = policies.iter().flat_map(|named| named.policy.limits());
            let known = all.flat_map(|limit| [limit.id.as_str(), limit.counter.as_str()]);
            let hint = hint(name, known);
            faults.error(
                pointer,
                format!("no policy has a limit with the identifier or counter `{name}`{hint}"),
            );
        }
    }
}

/// A quota in the protocol's terms.
///
/// # Errors
/// What it cannot say.
pub(crate) fn expressed(quota: &Quota) -> Result<Override, String> {
    if quota.algorithm != Algorithm::Fixed {
        return Err("its protocol has calendar windows only, this one slides".to_owned());
    }
    let seconds = quota.window.seconds().get();
    let Some(unit) = Unit::of_seconds(seconds) else {
        let known: Vec<String> = Unit::ALL
            .iter()
            .map(|(_, seconds)| seconds.to_string())
            .collect();
        return Err(format!(
            "its protocol has no window of {seconds} seconds, only {}",
            known.join(", ")
        ));
    };
    let max = quota.max.get();
    let Ok(requests) = u32::try_from(max) else {
        return Err(format!(
            "its protocol counts to {}, this limit to {max}",
            u32::MAX
        ));
    };
    Ok(Override { requests, unit })
}
