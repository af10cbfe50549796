//! Logs and time.

use wasmtime::Linker;

use super::super::guest::{Guest, Tick};
use super::super::log::Level;
use super::status::Status;
use super::{Call, Outcome, answer, memory};

pub(super) fn link(linker: &mut Linker<Guest>) -> wasmtime::Result<()> {
    linker.func_wrap(
        "env",
        "proxy_log",
        |c: Call<'_>, level: i32, at: u32, size: u32| answer(c, |c| log(c, level, at, size)),
    )?;
    linker.func_wrap("env", "proxy_get_log_level", |c: Call<'_>, at: u32| {
        // Trace: a test wants to see everything.
        answer(c, |c| memory::write_u32(c, at, 0))
    })?;
    linker.func_wrap(
        "env",
        "proxy_get_current_time_nanoseconds",
        |c: Call<'_>, at: u32| {
            answer(c, |c| {
                let time = c.data().process().time();
                memory::write_u64(c, at, time)
            })
        },
    )?;
    linker.func_wrap(
        "env",
        "proxy_set_tick_period_milliseconds",
        |c: Call<'_>, period: u32| {
            answer(c, |c| {
                set_tick_period(c.data_mut(), period);
                Ok(())
            })
        },
    )?;
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
