//! What reaches a virtual machine between requests: timers, queues, answers to calls.

use super::error::TrapReport;
use super::vm::Vm;

/// How many callbacks one turn makes at most: a guest that calls out from each answer, or sets a
/// timer of a millisecond and skips a day, would go on for ever.
const MOST: usize = 10_000;

/// How many ticks that a jump of the clock passed over are made up for. A proxy that slept makes up for none; a test that
/// lets an hour pass wants the timer seen to run, and one that skips a month must not wait for half a million ticks.
const MADE_UP: u64 = 100;

/// Delivers everything that is due now.
pub(crate) fn run(vm: &mut Vm) -> Result<(), TrapReport> {
    let mut left = MOST;
    loop {
        let worked = vm.deliver()? || tick(vm)? || queue(vm)?;
        left = left.saturating_sub(1);
        if !worked || left == 0 {
            return Ok(());
        }
    }
}

/// One tick of the timer that is due first.
fn tick(vm: &mut Vm) -> Result<bool, TrapReport> {
    let guest = vm.guest_mut();
    let now = guest.process().time();
    let due = guest.ticks.iter_mut().filter(|(_, tick)| tick.next <= now);
    let Some((root, tick)) = due.min_by_key(|(_, tick)| tick.next) else {
        return Ok(false);
    };
    let root = *root;
    let behind = now.saturating_sub(tick.next).checked_div(tick.period);
    let periods = behind
        .unwrap_or(0)
        .saturating_sub(MADE_UP)
        .saturating_add(1);
    tick.next = tick
        .next
        .saturating_add(tick.period.saturating_mul(periods));
    vm.call("proxy_on_tick", root, &[root])?;
    Ok(true)
}

/// Tells the guest of one queue that has items, until it takes them or does nothing about it.
fn queue(vm: &mut Vm) -> Result<bool, TrapReport> {
    let guest = vm.guest_mut();
    let length = |token: u32| guest.process().queue_length(token);
    let ready = guest.queues.iter().find(|(token, _)| length(**token) > 0);
    let Some((token, root)) = ready.map(|(token, root)| (*token, *root)) else {
        return Ok(false);
    };
    let before = vm.guest().process().queue_length(token);
    vm.call("proxy_on_queue_ready", root, &[root, token])?;
    Ok(vm.guest().process().queue_length(token) < before)
}
