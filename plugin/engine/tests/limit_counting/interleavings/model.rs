//! A checker of interleavings: the real `reserve` and `refund` of several workers over one store
//! with compare-and-swap, cut between every get and set, in every order that can happen.
//!
//! A worker is a pure function of what it has read so far in its current call, so a state holds
//! only that, and a step runs the call again from its start against recorded answers. A failed
//! set leads back to its get and is forgotten. States are compared whole.

mod promises;
mod replay;

use std::collections::BTreeMap;
use std::rc::Rc;

use rustc_hash::{FxHashMap, FxHashSet};
use toolgate_engine::limit::{Charge, Store, StoreError, Updater, peek};

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
    progress: Vec<FxHashMap<Worker, Rc<Progress>>>,
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
            defect,
            values: vec![Vec::new()],
            ids: FxHashMap::default(),
            keys: BTreeMap::new(),
            progress: vec![FxHashMap::default(); plans.len()],
            used: FxHashMap::default(),
            names: counted.iter().map(|charge| name(charge, end)).collect(),
            counted,
            end,
            plans,
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
            let mut last = true;
            for worker in 0..self.plans.len() {
                let next = self.step(&state, worker);
                last &= next.is_none();
                open.extend(next.filter(|next| !known.contains(next)));
            }
            if last {
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
        match self.progress(worker, &state.workers[worker]).next.clone() {
            Next::Get(key) => {
                state.store.resize(self.keys.len(), 0);
                state.workers[worker].read = Some((state.store[key], false));
                let next = self.progress(worker, &state.workers[worker]).next.clone();
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
        if let Next::Done(outcome) = self.progress(worker, &state.workers[worker]).next.clone() {
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
        let next = self.progress(worker, &state.workers[worker]).next.clone();
        if matches!(next, Next::Set(its, _) if its == key)
            && let Some((_, stale)) = &mut state.workers[worker].read
        {
            *stale = true;
        }
    }

    fn progress(&mut self, index: usize, worker: &Worker) -> Rc<Progress> {
        let fresh = match worker.read {
            // Whether it is out of date shows only at the set.
            Some((value, true)) => &Worker {
                read: Some((value, false)),
                ..worker.clone()
            },
            _ => worker,
        };
        if let Some(known) = self.progress[index].get(fresh) {
            return Rc::clone(known);
        }
        let progress = Rc::new(self.replay(index, fresh));
        self.progress[index].insert(fresh.clone(), Rc::clone(&progress));
        progress
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
