//! Logs and time.

use wasmtime::Linker;

use super::super::guest::{Guest, Tick};
use super::super::log::Level;
use super::status::Status;
use super::{Call, Outcome, memory};

pub(super) fn link(linker: &mut Linker<Guest>) -> wasmtime::Result<()> {
    host_function!(
        linker,
        "proxy_log",
        |c, level: i32, at: u32, size: u32| log(c, level, at, size)
    );
    // Trace: a test wants to see everything.
    host_function!(linker, "proxy_get_log_level", |c, at: u32| {
        memory::write_u32(c, at, 0)
    });
    host_function!(
        linker,
        "proxy_get_current_time_nanoseconds",
        |c, at: u32| {
            let time = c.data().process().time();
            memory::write_u64(c, at, time)
        }
    );
    host_function!(
        linker,
        "proxy_set_tick_period_milliseconds",
        |c, period: u32| {
            set_tick_period(c.data_mut(), period);
            Ok(())
        }
    );
    Ok(())
}

fn log(call: &mut Call<'_>, level: i32, at: u32, size: u32) -> Outcome {
    let level = Level::from_number(level).ok_or(Status::BadArgument)?;
    let text = memory::read(call, at, size)?;
    call.data_mut().log(level, &text);
    Ok(())
}

/// A period of 0 stops the timer.
fn set_tick_period(guest: &mut Guest, milliseconds: u32) {
    let root = guest.acting_root();
    if milliseconds == 0 {
        guest.ticks.remove(&root);
        return;
    }
    let period = u64::from(milliseconds).saturating_mul(1_000_000);
    let next = guest.process().time().saturating_add(period);
    guest.ticks.insert(root, Tick { period, next });
}
