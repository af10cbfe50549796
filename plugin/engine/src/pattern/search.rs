//! Searching: the sets of instructions that a text can have reached, learned as it is read.
//!
//! A state is such a set together with what stood before it. Each transition is computed once and
//! kept, so that a text costs one look-up per character. What is kept is bounded: where a text
//! needs more states than that, and keeps needing new ones, its rest is read without keeping any.

use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::MAX_CACHE_BYTES;
use super::alphabet::{Neighbour, Symbol};
use super::program::{Index, Inst, Program};
use crate::json::sorted;

/// How many characters a state must have been good for before the states are forgotten and
/// collected anew rather than given up.
const WORTH: usize = 16;

/// What is known of where a state goes on a symbol: a state's row in the table, or one of these.
const UNKNOWN: u32 = u32::MAX;
const MATCHED: u32 = u32::MAX - 1;
const FAILED: u32 = u32::MAX - 2;

/// The states learned so far, and the memory to work in.
#[derive(Default)]
pub(super) struct Cache {
    /// A row for each state, in it a cell for each symbol and the text's end.
    table: Vec<u32>,
    states: Vec<State>,
    rows: FxHashMap<State, u32>,
    /// About how much memory the states take, in bytes.
    bytes: usize,
    scratch: Scratch,
}

#[derive(Clone, PartialEq, Eq, Hash)]
struct State {
    /// Instructions to go on from, ascending.
    set: Arc<[Index]>,
    before: Neighbour,
}

impl Cache {
    /// Whether the program matches anywhere in `text`. The cache must have served no other program.
    pub(super) fn is_match(&mut self, program: &Program, text: &str) -> bool {
        let mut chars = text.chars();
        let mut row = self.first_row(program);
        let mut read = 0_usize;
        loop {
            let symbol = chars.next().map_or(program.end(), |c| program.symbol(c));
            let cell = cell(row, symbol);
            let mut next = self.table.get(cell).copied().unwrap_or(UNKNOWN);
            if next == UNKNOWN {
                next = match self.learn(program, row, symbol) {
                    Learned::Known(next) => next,
                    Learned::New(state) if self.has_room(program, &state) => {
                        self.add(program, state)
                    }
                    Learned::New(state) if read >= WORTH.saturating_mul(self.states.len()) => {
                        self.forget();
                        read = 0;
                        row = self.add(program, state);
                        continue;
                    }
                    Learned::New(state) => {
                        let matched = self.scratch.read(program, &state, chars);
                        self.forget();
                        return matched;
                    }
                };
                if let Some(known) = self.table.get_mut(cell) {
                    *known = next;
                }
            }
            match next {
                MATCHED => return true,
                FAILED => return false,
                next => row = next,
            }
            read = read.saturating_add(1);
        }
    }

    fn first_row(&mut self, program: &Program) -> u32 {
        if self.states.is_empty() {
            // Where a match can start anywhere, every step starts one by itself.
            let start = program.anchored().then(|| program.start());
            self.add(
                program,
                State {
                    set: start.into_iter().collect(),
                    before: program.before_text(),
                },
            );
        }
        0
    }

    /// Finds out where the state in `row` goes on `symbol`.
    fn learn(&mut self, program: &Program, row: u32, symbol: Symbol) -> Learned {
        let index = row
            .checked_div(width(program))
            .and_then(|index| usize::try_from(index).ok());
        let Some(state) = index.and_then(|index| self.states.get(index)) else {
            return Learned::Known(FAILED);
        };
        if self.scratch.step(program, &state.set, state.before, symbol) {
            return Learned::Known(MATCHED);
        }
        if symbol == program.end() || (program.anchored() && self.scratch.reached.is_empty()) {
            return Learned::Known(FAILED);
        }
        let next = State {
            set: sorted(self.scratch.reached.clone()).into(),
            before: program.neighbour(symbol),
        };
        match self.rows.get(&next) {
            Some(row) => Learned::Known(*row),
            None => Learned::New(next),
        }
    }

    fn has_room(&self, program: &Program, state: &State) -> bool {
        self.bytes.saturating_add(cost(program, state)) <= MAX_CACHE_BYTES
    }

    /// Adds a state and gives its row.
    fn add(&mut self, program: &Program, state: State) -> u32 {
        let row = self.table.len();
        let width = usize::try_from(width(program)).unwrap_or(usize::MAX);
        self.table.resize(row.saturating_add(width), UNKNOWN);
        let row = u32::try_from(row).unwrap_or(FAILED);
        self.bytes = self.bytes.saturating_add(cost(program, &state));
        self.states.push(state.clone());
        self.rows.insert(state, row);
        row
    }

    /// Forgets every state and frees what they took.
    fn forget(&mut self) {
        let scratch = std::mem::take(&mut self.scratch);
        *self = Self {
            scratch,
            ..Self::default()
        };
    }
}

enum Learned {
    /// The content of the cell.
    Known(u32),
    /// A state that has no row yet.
    New(State),
}

/// Cells in a row: a pattern's symbols and the text's end.
fn width(program: &Program) -> u32 {
    u32::from(program.end()).saturating_add(1)
}

fn cell(row: u32, symbol: Symbol) -> usize {
    usize::try_from(row)
        .unwrap_or(usize::MAX)
        .saturating_add(symbol.into())
}

/// About how many bytes a state takes: its row, its set, its places in the list and the map.
fn cost(program: &Program, state: &State) -> usize {
    let row = usize::from(program.end())
        .saturating_add(1)
        .saturating_mul(size_of::<u32>());
    let set = state.set.len().saturating_mul(size_of::<Index>());
    row.saturating_add(set)
        .saturating_add(size_of::<State>().saturating_mul(4))
}

/// Memory for one step at a time: 14 bytes per instruction.
#[derive(Default)]
struct Scratch {
    stack: Vec<Index>,
    /// Where the step that was just made leads.
    reached: Vec<Index>,
    /// The number of the last step that visited each instruction.
    visited: Vec<u32>,
    /// The number of the last step that reached each instruction.
    listed: Vec<u32>,
    steps: u32,
}

impl Scratch {
    /// Goes on from `set` over one symbol: whether the pattern has matched before it. What it
    /// reaches otherwise is in `reached`.
    fn step(
        &mut self,
        program: &Program,
        set: &[Index],
        before: Neighbour,
        symbol: Symbol,
    ) -> bool {
        let after = program.neighbour(symbol);
        let step = self.next_step(program.len());
        self.reached.clear();
        self.stack.clear();
        self.stack.extend(set);
        if !program.anchored() {
            self.stack.push(program.start());
        }
        while let Some(index) = self.stack.pop() {
            if !mark(&mut self.visited, index, step) {
                continue;
            }
            match program.inst(index) {
                None => {}
                Some(Inst::Match) => return true,
                Some(Inst::Split(a, b)) => self.stack.extend([a, b]),
                Some(Inst::Look(look, next)) if look.holds(before, after) => self.stack.push(next),
                Some(Inst::Symbol { from, to, next })
                    if program.contains(from, to, symbol) && mark(&mut self.listed, next, step) =>
                {
                    self.reached.push(next);
                }
                Some(_) => {}
            }
        }
        false
    }

    /// Reads the rest of a text from a state without keeping any.
    fn read(&mut self, program: &Program, state: &State, mut rest: std::str::Chars<'_>) -> bool {
        let mut set = state.set.to_vec();
        let mut before = state.before;
        loop {
            let symbol = rest.next().map_or(program.end(), |c| program.symbol(c));
            if self.step(program, &set, before, symbol) {
                return true;
            }
            std::mem::swap(&mut set, &mut self.reached);
            if symbol == program.end() || (program.anchored() && set.is_empty()) {
                return false;
            }
            before = program.neighbour(symbol);
        }
    }

    fn next_step(&mut self, instructions: usize) -> u32 {
        let Some(step) = self.steps.checked_add(1) else {
            *self = Self::default();
            return self.next_step(instructions);
        };
        self.steps = step;
        self.visited.resize(instructions, 0);
        self.listed.resize(instructions, 0);
        step
    }
}

/// Notes that `step` came to `index`: whether for the first time.
fn mark(steps: &mut [u32], index: Index, step: u32) -> bool {
    match steps.get_mut(usize::from(index)) {
        Some(last) if *last != step => {
            *last = step;
            true
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests;
