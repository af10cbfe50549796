//! Other streams in the same virtual machine, while one waits for its upstream.

use super::drive;
use super::error::TrapReport;
use super::exchange::Exchange;
use super::message::Request;
use super::upstream::Upstream;
use super::vm::Vm;
use super::worker::unavailable;

/// The virtual machine of a stream that waits, for streams that begin and end meanwhile; they can
/// wait for others in turn.
pub struct Others<'a> {
    vm: &'a mut Vm,
    /// What ended the virtual machine, and with it the stream that waits.
    trap: Option<TrapReport>,
}

impl<'a> Others<'a> {
    pub(super) fn new(vm: &'a mut Vm) -> Others<'a> {
        Others { vm, trap: None }
    }

    /// Sends another request through the same virtual machine.
    pub fn exchange(&mut self, request: &Request, upstream: &mut dyn Upstream) -> Exchange {
        if self.vm.failed() {
            return unavailable();
        }
        let guest = self.vm.guest_mut();
        let tally = std::mem::take(&mut guest.tally);
        if let Some(waiting) = guest.stream.take() {
            guest.waiting.push(waiting);
        }
        let exchange = drive::exchange(self.vm, request, upstream, None);
        let guest = self.vm.guest_mut();
        guest.stream = guest.waiting.pop();
        guest.tally = tally;
        if self.trap.is_none() && self.vm.failed() {
            self.trap.clone_from(&exchange.trapped);
        }
        exchange
    }

    pub(super) fn trap(self) -> Option<TrapReport> {
        self.trap
    }
}
