//! One worker's call, run again from its start against the record of what it has read.

use toolgate_engine::limit::{Change, Reason, Store, StoreError, Updater, reserve};

use super::{Checker, Defect, Next, Progress, Value, Worker};

impl Checker {
    /// Runs the worker's call from its start, up to where what it has read ends.
    pub(super) fn replay(&mut self, index: usize, worker: &Worker) -> Progress {
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
