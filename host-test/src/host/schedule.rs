//! Turns: which of several workers may touch the shared data next, so that a test can replay any
//! interleaving of them.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, PoisonError};

use super::process::lock;

/// One point at which a worker was chosen to go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Choice {
    /// Which of those that could go on, counted from 0 in the order of the workers.
    pub chosen: usize,
    /// How many could.
    pub of: usize,
}

/// The turns of one run. Each worker stops before it begins and before each access to the shared
/// data; when all have stopped, one of them goes on, so that only one ever runs.
pub(crate) struct Turns {
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    workers: Vec<Worker>,
    /// The choices that are still to be made; beyond them the first that can go on does.
    order: VecDeque<usize>,
    made: Vec<Choice>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Worker {
    Running,
    Stopped,
    Done,
}

impl Turns {
    /// Turns of workers 0 to `workers - 1`, none of which has begun.
    pub(crate) fn new(workers: usize, order: &[usize]) -> Turns {
        Turns {
            state: Mutex::new(State {
                workers: vec![Worker::Running; workers],
                order: order.iter().copied().collect(),
                made: Vec::new(),
            }),
            changed: Condvar::new(),
        }
    }

    /// Stops a worker until it is its turn. One that takes no part goes on.
    pub(crate) fn wait(&self, worker: usize) {
        let mut state = lock(&self.state);
        if !state.becomes(worker, Worker::Stopped) {
            return;
        }
        self.changed.notify_all();
        while state.workers.get(worker) == Some(&Worker::Stopped) {
            state = self
                .changed
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// A worker takes part, from its first turn until the value is dropped.
    pub(crate) fn take_part(&self, worker: usize) -> Part<'_> {
        self.wait(worker);
        Part {
            turns: self,
            worker,
        }
    }

    /// The choices that were made.
    pub(crate) fn made(&self) -> Vec<Choice> {
        lock(&self.state).made.clone()
    }
}

/// A worker's part in a run.
pub(crate) struct Part<'a> {
    turns: &'a Turns,
    worker: usize,
}

impl Drop for Part<'_> {
    fn drop(&mut self) {
        lock(&self.turns.state).becomes(self.worker, Worker::Done);
        self.turns.changed.notify_all();
    }
}

impl State {
    /// Notes what a worker does now, and lets one go on where all have stopped. False for a worker
    /// that takes no part.
    fn becomes(&mut self, worker: usize, now: Worker) -> bool {
        let Some(state) = self.workers.get_mut(worker) else {
            return false;
        };
        *state = now;
        if self.workers.contains(&Worker::Running) {
            return true;
        }
        let stopped = self.workers.iter_mut().filter(|w| **w == Worker::Stopped);
        let mut stopped: Vec<&mut Worker> = stopped.collect();
        if stopped.is_empty() {
            return true;
        }
        let of = stopped.len();
        let last = of.saturating_sub(1);
        let chosen = self.order.pop_front().unwrap_or(0).min(last);
        if let Some(next) = stopped.get_mut(chosen) {
            **next = Worker::Running;
        }
        self.made.push(Choice { chosen, of });
        true
    }
}

/// The order to try after one that led to these choices, the last of them first: trying all in
/// turn, from `&[]`, plays every interleaving once. `None` after the last.
pub fn next_order(made: &[Choice]) -> Option<Vec<usize>> {
    let more = |choice: &Choice| choice.chosen.saturating_add(1) < choice.of;
    let last = made.iter().rposition(more)?;
    let mut order: Vec<usize> = made.iter().take(last).map(|c| c.chosen).collect();
    order.push(made.get(last)?.chosen.saturating_add(1));
    Some(order)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orders_are_tried_like_the_digits_of_a_number() {
        let made = |choices: &[(usize, usize)]| {
            let choice = |&(chosen, of): &(usize, usize)| Choice { chosen, of };
            next_order(&choices.iter().map(choice).collect::<Vec<_>>())
        };
        assert_eq!(made(&[(0, 2), (0, 2), (0, 1)]), Some(vec![0, 1]));
        assert_eq!(made(&[(0, 2), (1, 2)]), Some(vec![1]));
        assert_eq!(made(&[(1, 2), (1, 2), (0, 1)]), None);
    }
}
