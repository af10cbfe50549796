//! A checker of interleavings: the real `reserve` and `refund` of several workers over one store
//! with compare-and-swap, cut between every get and set, in every order that can happen.
//!
//! A worker is a pure function of what it has read so far in its current call, so a state holds
//! only that, and a step runs the call again from its start against recorded answers. A failed
//! set leads back to its get and is forgotten. States are compared whole.

use std::collections::BTreeMap;

use rustc_hash::{FxHashMap, FxHashSet};
use toolgate_engine::limit::{
    Change, Charge, MemoryStore, Reason, Store, StoreError, Updater, peek, reserve,
};

/// One call of one worker.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) charges: Vec<Charge>,
    pub(crate) now: u64,
    /// Whether it gives its units back once it has them.
    pub(crate) refund: bool,
}

/// What is wrong with the system under test; the checker must be able to see it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Defect {
    None,
    /// A set succeeds although the value is not the one that was read.
    BlindSet,
    /// Reservations are dropped where they should be given back.
    ForgottenRefund,
}

/// An interned value; 0 is the absence of one.
type Value = u16;

#[derive(Clone, PartialEq, Eq, Hash)]
struct State {
    store: Vec<Value>,
    workers: Vec<Worker>,
}

#[derive(Clone, PartialEq, Eq, Hash, Default)]
struct Worker {
    /// Periods charged by each finished call, nothing for a refused one.
    done: Vec<Option<Vec<u64>>>,
    /// What the finished updates of the current call had read.
    seen: Vec<Value>,
    /// Between get and set: what was read, and whether another has written since.
    read: Option<(Value, bool)>,
}

/// Where a worker's call stands, given what it has read.
#[derive(Clone, Debug)]
enum Next {
    Get(usize),
    Set(usize, Value),
    /// The last read needed no write.
    Kept,
    Done(Option<Vec<u64>>),
}

#[derive(Clone, Debug)]
struct Progress {
    next: Next,
    /// Periods charged, while all units of the call are certainly held.
    holds: Option<Vec<u64>>,
}

/// What the checker found about all states.
#[derive(Debug)]
pub(crate) struct Report {
    pub(crate) states: usize,
    pub(crate) ends: usize,
    /// The fewest and the most calls admitted in any end.
    pub(crate) admitted: (usize, usize),
}

pub(crate) struct Checker {
    plans: Vec<Vec<Call>>,
    defect: Defect,
    values: Vec<Vec<u8>>,
    ids: FxHashMap<Vec<u8>, Value>,
    keys: BTreeMap<String, usize>,
    progress: FxHashMap<(usize, Worker), Progress>,
    used: FxHashMap<(usize, Value), u64>,
    /// Every charge that occurs, once per counter and subject, without its cost.
    counted: Vec<Charge>,
    /// The keys of those.
    names: Vec<String>,
    /// The latest time of any call.
    end: u64,
}

impl Checker {
    pub(crate) fn new(plans: Vec<Vec<Call>>, defect: Defect) -> Self {
        let calls = plans.iter().flatten();
        let end = calls.clone().map(|call| call.now).max().unwrap();
        let mut counted: Vec<Charge> = Vec::new();
        for charge in calls.flat_map(|call| &call.charges) {
            if !counted.iter().any(|known| same(known, charge)) {
                counted.push(Charge { cost: 0, ..*charge });
            }
        }
        Self {
            plans,
            defect,
            values: vec![Vec::new()],
            ids: FxHashMap::default(),
            keys: BTreeMap::new(),
            progress: FxHashMap::default(),
            used: FxHashMap::default(),
            names: counted.iter().map(|charge| name(charge, end)).collect(),
            counted,
            end,
        }
    }

    /// Visits every reachable state; the error says which promise was broken.
    pub(crate) fn run(mut self) -> Result<Report, String> {
        let first = State {
            store: Vec::new(),
            workers: vec![Worker::default(); self.plans.len()],
        };
        let mut report = Report {
            states: 0,
            ends: 0,
            admitted: (usize::MAX, 0),
        };
        let mut known = FxHashSet::default();
        let mut open = vec![first];
        while let Some(mut state) = open.pop() {
            // Keys get their numbers as they are met.
            state
                .store
                .resize(self.keys.len().max(state.store.len()), 0);
            if !known.insert(state.clone()) {
                continue;
            }
            report.states += 1;
            self.never_above(&state)?;
            let before = open.len();
            for worker in 0..self.plans.len() {
                open.extend(self.step(&state, worker));
            }
            if open.len() == before {
                report.ends += 1;
                self.nothing_lost(&state)?;
                let done = state.workers.iter().flat_map(|worker| &worker.done);
                let admitted = done.filter(|call| call.is_some()).count();
                report.admitted.0 = report.admitted.0.min(admitted);
                report.admitted.1 = report.admitted.1.max(admitted);
            }
        }
        Ok(report)
    }

    /// The state after the worker's next get or set, if it has one.
    fn step(&mut self, state: &State, worker: usize) -> Option<State> {
        if state.workers[worker].done.len() == self.plans[worker].len() {
            return None;
        }
        let mut state = state.clone();
        match self.progress(worker, &state.workers[worker]).next {
            Next::Get(key) => {
                state.store.resize(self.keys.len(), 0);
                state.workers[worker].read = Some((state.store[key], false));
                let next = self.progress(worker, &state.workers[worker]).next;
                if matches!(next, Next::Kept) {
                    let (value, _) = state.workers[worker].read.take()?;
                    state.workers[worker].seen.push(value);
                }
            }
            Next::Set(key, new) => {
                let (value, stale) = state.workers[worker].read.take()?;
                if !stale || self.defect == Defect::BlindSet {
                    state.store[key] = new;
                    state.workers[worker].seen.push(value);
                    for other in 0..state.workers.len() {
                        self.outdate(&mut state, other, key);
                    }
                }
            }
            Next::Kept | Next::Done(_) => panic!("a worker stands only before a get or a set"),
        }
        if let Next::Done(outcome) = self.progress(worker, &state.workers[worker]).next {
            let worker = &mut state.workers[worker];
            worker.seen.clear();
            worker.done.push(outcome);
        }
        Some(state)
    }

    /// What another worker has read of this key is not the value any more.
    fn outdate(&mut self, state: &mut State, worker: usize, key: usize) {
        if state.workers[worker].read.is_none() {
            return;
        }
        let next = self.progress(worker, &state.workers[worker]).next;
        if matches!(next, Next::Set(its, _) if its == key)
            && let Some((_, stale)) = &mut state.workers[worker].read
        {
            *stale = true;
        }
    }

    fn progress(&mut self, index: usize, worker: &Worker) -> Progress {
        let mut asked = worker.clone();
        asked.read = asked.read.map(|(value, _)| (value, false));
        if let Some(known) = self.progress.get(&(index, asked.clone())) {
            return known.clone();
        }
        let progress = self.replay(index, &asked);
        self.progress.insert((index, asked), progress.clone());
        progress
    }

    /// Runs the worker's call from its start, up to where what it has read ends.
    fn replay(&mut self, index: usize, worker: &Worker) -> Progress {
        let Some(call) = self.plans[index].get(worker.done.len()).cloned() else {
            return Progress {
                next: Next::Done(None),
                holds: None,
            };
        };
        let forgetful = self.defect == Defect::ForgottenRefund;
        let mut store = Replay {
            answers: worker.seen.iter().map(|value| (*value, true)).collect(),
            at: 0,
            next: None,
            checker: self,
        };
        store
            .answers
            .extend(worker.read.map(|(value, _)| (value, false)));
        let result = reserve(&mut store, &call.charges, call.now);
        let mut holds = None;
        let outcome = match result {
            Ok(reservation) => {
                let periods = reservation.charges().iter().map(|c| c.period()).collect();
                if worker.seen.len() == call.charges.len() {
                    holds = Some(Vec::clone(&periods));
                }
                let refunded = (call.refund && !forgetful).then(|| reservation.refund(&mut store));
                assert!(store.next.is_some() || refunded.is_none_or(|r| r.is_ok()));
                (!call.refund).then_some(periods)
            }
            Err(refusal) => {
                let failed = matches!(refusal.reason, Reason::Store(_)) || refusal.not_returned > 0;
                assert!(store.next.is_some() || !failed, "{refusal:?}");
                None
            }
        };
        let next = store.next.take().unwrap_or(Next::Done(outcome));
        Progress { next, holds }
    }

    fn intern(&mut self, value: &[u8]) -> Value {
        if let Some(id) = self.ids.get(value) {
            return *id;
        }
        let id = Value::try_from(self.values.len()).unwrap();
        self.values.push(value.to_vec());
        self.ids.insert(value.to_vec(), id);
        id
    }

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
                let holds = self.progress(index, worker).holds;
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

    fn never_above(&mut self, state: &State) -> Result<(), String> {
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
    fn nothing_lost(&mut self, state: &State) -> Result<(), String> {
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
        use toolgate_engine::limit::{Algorithm, SLIDING_BUCKETS};
        let quota = self.counted[counter].quota;
        let window = u64::from(quota.window.seconds().get()) * crate::support::SECOND;
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

fn same(a: &Charge, b: &Charge) -> bool {
    (a.counter, a.subject) == (b.counter, b.subject)
}

fn name(charge: &Charge, now: u64) -> String {
    let mut key = String::new();
    let _ = peek(&mut Name(&mut key), charge, now);
    key
}

/// A store that only learns the key it is asked for.
struct Name<'a>(&'a mut String);

impl Store for Name<'_> {
    fn update(&mut self, key: &str, _: &mut Updater<'_>) -> Result<(), StoreError> {
        key.clone_into(self.0);
        Err(StoreError::Unavailable)
    }
}

/// A store that answers from a record, and stops the call where the record ends.
struct Replay<'a> {
    /// What was read, and whether what came of it was written.
    answers: Vec<(Value, bool)>,
    at: usize,
    /// Set once the call has been stopped; what it does from there on is thrown away.
    next: Option<Next>,
    checker: &'a mut Checker,
}

impl Store for Replay<'_> {
    fn update(&mut self, key: &str, change: &mut Updater<'_>) -> Result<(), StoreError> {
        if self.next.is_some() {
            return Err(StoreError::Unavailable);
        }
        let keys = self.checker.keys.len();
        let key = *self.checker.keys.entry(key.to_owned()).or_insert(keys);
        let Some((value, written)) = self.answers.get(self.at).copied() else {
            self.next = Some(Next::Get(key));
            return Err(StoreError::Unavailable);
        };
        self.at += 1;
        let mut out = Vec::new();
        // As after a lost race: what an earlier attempt saw must leave no trace.
        change(None, &mut out);
        out.clear();
        let old = (value != 0).then(|| self.checker.values[usize::from(value)].clone());
        match change(old.as_deref(), &mut out) {
            _ if written => Ok(()),
            Change::Keep => {
                self.next = Some(Next::Kept);
                Err(StoreError::Unavailable)
            }
            Change::Write => {
                let new = self.checker.intern(&out);
                self.next = Some(Next::Set(key, new));
                Err(StoreError::Unavailable)
            }
        }
    }
}
