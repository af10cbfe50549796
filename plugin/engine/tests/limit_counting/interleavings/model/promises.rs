//! What must hold in every state of the checker of interleavings, and at every end.

use std::collections::BTreeMap;

use toolgate_engine::limit::{Algorithm, MemoryStore, SLIDING_BUCKETS, peek};

use super::{Checker, State, same};
use crate::support::SECOND;

impl Checker {
    /// Units of a counter in use at the end of all calls' time, as the engine reads them.
    fn used(&mut self, state: &State, charge: usize) -> u64 {
        let key = &self.names[charge];
        let value = self.keys.get(key).and_then(|key| state.store.get(*key));
        let value = value.copied().unwrap_or(0);
        if let Some(used) = self.used.get(&(charge, value)) {
            return *used;
        }
        let mut probe = MemoryStore::new();
        if value != 0 {
            probe.put(key, self.values[usize::from(value)].clone());
        }
        let used = peek(&mut probe, &self.counted[charge], self.end)
            .unwrap()
            .used;
        self.used.insert((charge, value), used);
        used
    }

    /// Units that finished and unrefunded calls hold, and with `current` those of calls that have
    /// all their units and have not begun to give them back: by counter and period.
    fn held(&mut self, state: &State, current: bool) -> BTreeMap<(usize, u64), u64> {
        let mut held = BTreeMap::new();
        for (index, worker) in state.workers.iter().enumerate() {
            let mut calls: Vec<(usize, Vec<u64>)> = Vec::new();
            for (call, periods) in worker.done.iter().enumerate() {
                calls.extend(periods.clone().map(|periods| (call, periods)));
            }
            if current && worker.done.len() < self.plans[index].len() {
                let holds = self.progress(index, worker).holds.clone();
                calls.extend(holds.map(|periods| (worker.done.len(), periods)));
            }
            for (call, periods) in calls {
                for (charge, period) in self.plans[index][call].charges.iter().zip(periods) {
                    let counter = self
                        .counted
                        .iter()
                        .position(|known| same(known, charge))
                        .unwrap();
                    *held.entry((counter, period)).or_insert(0) += charge.cost;
                }
            }
        }
        held
    }

    pub(super) fn never_above(&mut self, state: &State) -> Result<(), String> {
        let held = self.held(state, true);
        for counter in 0..self.counted.len() {
            let max = self.counted[counter].quota.max.get();
            let used = self.used(state, counter);
            if used > max {
                return Err(format!("counter {counter} stores {used} of {max}"));
            }
            for ((_, period), units) in held.range((counter, 0)..=(counter, u64::MAX)) {
                if *units > max {
                    return Err(format!(
                        "counter {counter} admitted {units} of {max} in {period}"
                    ));
                }
            }
            let counts = self.counting(counter, &held);
            if counts > used {
                return Err(format!(
                    "counter {counter} stores {used}, but {counts} are held"
                ));
            }
        }
        Ok(())
    }

    /// When all is done, what is stored is exactly what was admitted and not refunded.
    pub(super) fn nothing_lost(&mut self, state: &State) -> Result<(), String> {
        let held = self.held(state, false);
        for counter in 0..self.counted.len() {
            let (used, counts) = (self.used(state, counter), self.counting(counter, &held));
            if used != counts {
                return Err(format!(
                    "counter {counter} ends at {used}, admitted {counts}"
                ));
            }
        }
        Ok(())
    }

    /// Of the units held, those whose period still counts at the end.
    fn counting(&self, counter: usize, held: &BTreeMap<(usize, u64), u64>) -> u64 {
        let quota = self.counted[counter].quota;
        let window = u64::from(quota.window.seconds().get()) * SECOND;
        let (width, before) = match quota.algorithm {
            Algorithm::Fixed => (window, 0),
            Algorithm::Sliding => (window / 16, u64::from(SLIDING_BUCKETS)),
        };
        let oldest = (self.end / width).saturating_sub(before);
        held.range((counter, oldest)..=(counter, u64::MAX))
            .map(|(_, units)| units)
            .sum()
    }
}
