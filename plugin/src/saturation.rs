//! How full limits are, as gauges: of each limit the subject that used most of it.

use std::cell::{Cell, RefCell};

use toolgate_engine::decide::LimitUse;
use toolgate_engine::gate::{Gate, LimitName, NamedPolicy};
use toolgate_engine::limit::{Charge, peek};
use toolgate_engine::series::{LIMIT_USED, Series};

use crate::abi;
use crate::metrics;
use crate::root::Configured;
use crate::shared::Shared;

/// The most limits that are watched.
const MOST: usize = 1_000;

/// A limit. The address only tells policies of one configuration apart and is never followed.
type Key = (*const NamedPolicy, usize);

/// The limits of one configuration that have been charged, in the order of their keys.
#[derive(Debug, Default)]
pub(crate) struct Saturation {
    gauges: RefCell<Vec<(Key, Gauge)>>,
    /// Whether another configuration has taken its place.
    replaced: Cell<bool>,
}

#[derive(Debug)]
struct Gauge {
    name: Series,
    percent: u64,
    /// The subject that used most.
    fullest: Charge,
}

impl Gauge {
    fn set(&mut self, percent: u64) {
        if self.percent != percent {
            self.percent = percent;
            metrics::set(self.name.as_str(), percent);
        }
    }
}

impl Saturation {
    /// A call was charged. The host is told only when a full percent changes.
    pub(crate) fn charged(&self, named: &NamedPolicy, uses: &[LimitUse]) {
        let Ok(mut gauges) = self.gauges.try_borrow_mut() else {
            return;
        };
        if self.replaced.get() {
            return;
        }
        for used in uses {
            let percent = percent(used.max.saturating_sub(used.remaining), used.max);
            let key: Key = (std::ptr::from_ref(named), used.number);
            let place = gauges.binary_search_by(|(known, _)| known.cmp(&key));
            if let Some((_, gauge)) = place.ok().and_then(|place| gauges.get_mut(place)) {
                let same = gauge.fullest.subject == used.charge.subject;
                if same || percent > gauge.percent {
                    gauge.fullest = used.charge;
                    gauge.set(percent);
                }
                continue;
            }
            let Some(limit) = named
                .limits
                .get(used.number)
                .filter(|_| gauges.len() < MOST)
            else {
                continue;
            };
            let name = Series::of(LIMIT_USED)
                .with("counter", &limit.counter)
                .with("rule", &limit.rule)
                .with("policy", named.shown());
            let mut gauge = Gauge {
                name,
                percent: u64::MAX,
                fullest: used.charge,
            };
            gauge.set(percent);
            if let Err(place) = place {
                gauges.insert(place, (key, gauge));
            }
        }
    }

    /// Time has passed: units may have returned.
    pub(crate) fn refresh(&self, shared: &mut Shared) {
        let Ok(mut gauges) = self.gauges.try_borrow_mut() else {
            return;
        };
        let now = abi::now();
        let used = gauges.iter_mut().map(|(_, gauge)| gauge);
        for gauge in used.filter(|gauge| gauge.percent > 0) {
            if let Ok(seen) = peek(shared, &gauge.fullest, now) {
                gauge.set(percent(seen.used, gauge.fullest.quota.max.get()));
            }
        }
    }
}

impl Saturation {
    /// `others` are in force in the place of `gate`, which this is of. They look after the gauges of
    /// limits that they have too; those of the rest say 0, for a host cannot remove them.
    pub(crate) fn replaced(&self, gate: &Gate, others: &[Configured]) {
        // Requests that are under way yet tell of it no more.
        self.replaced.set(true);
        let Ok(mut gauges) = self.gauges.try_borrow_mut() else {
            return;
        };
        for ((policy, number), mut gauge) in std::mem::take(&mut *gauges) {
            let named = gate.policies().iter().find(|n| std::ptr::eq(*n, policy));
            let limit = named.and_then(|named| Some((named, named.limits.get(number)?)));
            let heir = limit.and_then(|(named, limit)| {
                let mut each = others.iter();
                each.find_map(|other| Some((other, place(&other.gate, &named.name, limit)?)))
            });
            match heir {
                Some((other, key)) => other.saturation.adopt(key, gauge),
                None => gauge.set(0),
            }
        }
    }

    /// Looks after a gauge, unless it has been charged here already.
    fn adopt(&self, key: Key, gauge: Gauge) {
        let Ok(mut gauges) = self.gauges.try_borrow_mut() else {
            return;
        };
        if let Err(place) = gauges.binary_search_by(|(known, _)| known.cmp(&key))
            && gauges.len() < MOST
        {
            gauges.insert(place, (key, gauge));
        }
    }
}

/// Where the policy of that name has the same limit.
fn place(gate: &Gate, policy: &str, limit: &LimitName) -> Option<Key> {
    let named = gate.policies().iter().find(|named| named.name == policy)?;
    let same = |other: &LimitName| (&other.rule, &other.counter) == (&limit.rule, &limit.counter);
    let number = named.limits.iter().position(same)?;
    Some((std::ptr::from_ref(named), number))
}

fn percent(used: u64, max: u64) -> u64 {
    used.saturating_mul(100).checked_div(max).unwrap_or(100)
}
