//! The part of WASI that a proxy offers: output to the log, an environment, randomness, time.
//! Everything else exists and refuses.

use std::fmt;

use wasmtime::{FuncType, Linker, Val, ValType};

use super::super::guest::Guest;
use super::super::log::Level;
use super::status::Refusal;
use super::{Call, charge_call, memory};

/// The names under which modules import WASI.
pub(crate) const MODULES: [&str; 2] = ["wasi_snapshot_preview1", "wasi_unstable"];

const SUCCESS: u32 = 0;
const BADF: u32 = 8;
const FAULT: u32 = 21;
const INVAL: u32 = 28;
const NOSYS: u32 = 52;
const NOTSUP: u32 = 58;

/// How much one `fd_write` or `random_get` may move.
const MOST: u32 = 1 << 24;

/// The guest called `proc_exit`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Exit(pub(crate) i32);

impl fmt::Display for Exit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the guest exited with code {}", self.0)
    }
}

impl std::error::Error for Exit {}

pub(super) fn link(linker: &mut Linker<Guest>) -> wasmtime::Result<()> {
    for module in MODULES {
        host_function!(
            linker,
            module,
            "fd_write",
            |c, fd: u32, vectors: u32, count: u32, written_at: u32| fd_write(
                c, fd, vectors, count, written_at
            )
        );
        linker.func_wrap(
            module,
            "proc_exit",
            |_: Call<'_>, code: i32| -> wasmtime::Result<()> {
                Err(wasmtime::Error::new(Exit(code)))
            },
        )?;
        host_function!(
            linker,
            module,
            "environ_sizes_get",
            |c, count_at: u32, size_at: u32| {
                let lines = environment(c.data());
                let size: usize = lines.iter().map(Vec::len).sum();
                memory::write_u32(c, count_at, u32::try_from(lines.len()).unwrap_or(u32::MAX))?;
                memory::write_u32(c, size_at, u32::try_from(size).unwrap_or(u32::MAX))?;
                Ok(SUCCESS)
            }
        );
        host_function!(
            linker,
            module,
            "environ_get",
            |c, pointers: u32, at: u32| {
                let (mut pointers, mut at) = (pointers, at);
                for line in environment(c.data()) {
                    memory::write_u32(c, pointers, at)?;
                    memory::write(c, at, &line)?;
                    pointers = pointers.saturating_add(4);
                    at = at.saturating_add(u32::try_from(line.len()).unwrap_or(u32::MAX));
                }
                Ok(SUCCESS)
            }
        );
        host_function!(
            linker,
            module,
            "args_sizes_get",
            |c, count_at: u32, size_at: u32| {
                memory::write_u32(c, count_at, 0)?;
                memory::write_u32(c, size_at, 0)?;
                Ok(SUCCESS)
            }
        );
        host_function!(
            linker,
            module,
            "args_get",
            |_, _vectors: u32, _text: u32| Ok(SUCCESS)
        );
        host_function!(linker, module, "random_get", |c, at: u32, size: u32| {
            if size > MOST {
                return Ok(INVAL);
            }
            let bytes = c
                .data_mut()
                .random
                .bytes(usize::try_from(size).unwrap_or(0));
            memory::write(c, at, &bytes)?;
            Ok(SUCCESS)
        });
        host_function!(
            linker,
            module,
            "clock_time_get",
            |c, id: u32, _precision: u64, at: u32| {
                // The wall clock and the monotonic one, which a test drives as one.
                if id > 1 {
                    return Ok(NOTSUP);
                }
                let time = c.data().process().time();
                memory::write_u64(c, at, time)?;
                Ok(SUCCESS)
            }
        );
    }
    Ok(())
}

/// A function that takes and gives what a module says, and answers "not supported".
pub(crate) fn refuse(
    linker: &mut Linker<Guest>,
    module: &str,
    name: &str,
    ty: FuncType,
) -> wasmtime::Result<()> {
    let answers: Vec<Val> = ty.results().map(|ty| refusal(&ty)).collect();
    linker.func_new(module, name, ty, move |mut call, _, results| {
        charge_call(&mut call, "(refused by WASI)")?;
        results.clone_from_slice(&answers);
        Ok(())
    })?;
    Ok(())
}

fn refusal(ty: &ValType) -> Val {
    match ty {
        ValType::I32 => Val::I32(NOSYS.cast_signed()),
        ty => Val::default_for_ty(ty).unwrap_or(Val::I32(0)),
    }
}

fn run(
    mut call: Call<'_>,
    name: &'static str,
    f: impl FnOnce(&mut Call<'_>) -> Result<u32, Refusal>,
) -> wasmtime::Result<u32> {
    charge_call(&mut call, name)?;
    match f(&mut call) {
        Ok(errno) => Ok(errno),
        Err(Refusal::Status(_)) => Ok(FAULT),
        Err(Refusal::Trap(error)) => Err(error),
    }
}

/// Standard output is logged as information, standard error as errors.
fn fd_write(
    call: &mut Call<'_>,
    fd: u32,
    vectors: u32,
    count: u32,
    written_at: u32,
) -> Result<u32, Refusal> {
    let level = match fd {
        1 => Level::Info,
        2 => Level::Error,
        _ => return Ok(BADF),
    };
    let Some(size) = count.checked_mul(8).filter(|size| *size <= MOST) else {
        return Ok(INVAL);
    };
    let vectors = memory::read(call, vectors, size)?;
    let mut text = Vec::new();
    for vector in vectors.chunks_exact(8) {
        let (address, length) = vector.split_at(4);
        let number = |bytes: &[u8]| bytes.try_into().map(u32::from_le_bytes).unwrap_or(0);
        text.extend_from_slice(&memory::read(call, number(address), number(length))?);
        if text.len() as u64 > u64::from(MOST) {
            return Ok(INVAL);
        }
    }
    let written = u32::try_from(text.len()).unwrap_or(u32::MAX);
    if text.last() == Some(&b'\n') {
        text.pop();
    }
    if written > 0 {
        call.data_mut().log(level, &text);
    }
    memory::write_u32(call, written_at, written)?;
    Ok(SUCCESS)
}

/// The environment's lines, each ended by a zero byte.
fn environment(guest: &Guest) -> Vec<Vec<u8>> {
    let line = |(name, value): &(String, String)| format!("{name}={value}\0").into_bytes();
    guest.settings().environment.iter().map(line).collect()
}
