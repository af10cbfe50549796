//! The ways in which a module can fail to load, to start or to run.

use std::fmt;

use super::log::LogLine;

/// Why a module cannot be used at all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ModuleError {
    /// The file could not be read.
    Unreadable(String),
    /// It is not valid Wasm (or wat).
    Invalid(String),
    /// It imports something that no proxy-wasm host offers.
    UnknownImport(String),
    /// It imports or exports a function with another signature than the ABI's.
    WrongSignature {
        /// The function.
        function: String,
        /// The ABI's signature.
        expected: String,
        /// The module's.
        found: String,
    },
    /// It lacks an export that the ABI demands.
    MissingExport(String),
}

impl fmt::Display for ModuleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ModuleError::Unreadable(why) => write!(f, "cannot read the module: {why}"),
            ModuleError::Invalid(why) => write!(f, "not a valid Wasm module: {why}"),
            ModuleError::UnknownImport(name) => {
                write!(
                    f,
                    "the module imports `{name}`, which no proxy-wasm host offers"
                )
            }
            ModuleError::WrongSignature {
                function,
                expected,
                found,
            } => write!(
                f,
                "the module has `{function}` as `{found}`, where the ABI has `{expected}`"
            ),
            ModuleError::MissingExport(name) => write!(f, "the module does not export {name}"),
        }
    }
}

impl std::error::Error for ModuleError {}

/// What ended a call into the guest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TrapKind {
    /// The fuel of one callback was used up: an endless loop, or nearly one.
    OutOfFuel,
    /// The guest's stack overflowed.
    StackOverflow,
    /// The guest reached an instruction that traps, such as `unreachable` (how Rust panics).
    Trap,
    /// The guest called `proc_exit`.
    Exit(i32),
}

/// A call into the guest that did not return.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrapReport {
    /// The export that was called.
    pub callback: String,
    /// What ended it.
    pub kind: TrapKind,
    /// In words, with the guest's stack where there is one.
    pub message: String,
    /// Whether the guest had asked for more memory or table than its bounds allow, which is then
    /// the likely cause.
    pub memory_refused: bool,
}

impl fmt::Display for TrapReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the guest failed in `{}`: ", self.callback)?;
        match self.kind {
            TrapKind::OutOfFuel => f.write_str("it used up its fuel (an endless loop?)")?,
            TrapKind::StackOverflow => f.write_str("its stack overflowed")?,
            TrapKind::Exit(code) => write!(f, "it exited with code {code}")?,
            TrapKind::Trap => f.write_str(&self.message)?,
        }
        if self.memory_refused {
            f.write_str(" (it had been refused memory beyond its bounds)")?;
        }
        Ok(())
    }
}

impl std::error::Error for TrapReport {}

/// Why a host did not start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StartError {
    /// The settings make no sense.
    Settings(String),
    /// The virtual machine could not be made.
    Instantiate(String),
    /// The module failed while it started.
    Trapped(TrapReport, Vec<LogLine>),
    /// `proxy_on_vm_start` answered false.
    VmRefused(Vec<LogLine>),
    /// `proxy_on_configure` answered false.
    ConfigRefused(Vec<LogLine>),
}

impl StartError {
    /// What the module logged before it failed.
    pub fn logs(&self) -> &[LogLine] {
        match self {
            StartError::Settings(_) | StartError::Instantiate(_) => &[],
            StartError::Trapped(_, logs)
            | StartError::VmRefused(logs)
            | StartError::ConfigRefused(logs) => logs,
        }
    }
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StartError::Settings(why) => write!(f, "bad settings: {why}")?,
            StartError::Instantiate(why) => write!(f, "cannot start the module: {why}")?,
            StartError::Trapped(trap, _) => write!(f, "{trap}")?,
            StartError::VmRefused(_) => f.write_str("the module refused to start")?,
            StartError::ConfigRefused(_) => f.write_str("the module refused its configuration")?,
        }
        write_logs(f, self.logs())
    }
}

impl std::error::Error for StartError {}

/// A new configuration that the module refused; the old one stays.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigRefused {
    /// The trap, if it did not just answer false.
    pub trap: Option<TrapReport>,
    /// What the module logged about it.
    pub logs: Vec<LogLine>,
}

impl fmt::Display for ConfigRefused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.trap {
            Some(trap) => write!(f, "{trap}")?,
            None => f.write_str("the module refused its configuration")?,
        }
        write_logs(f, &self.logs)
    }
}

impl std::error::Error for ConfigRefused {}

fn write_logs(f: &mut fmt::Formatter<'_>, logs: &[LogLine]) -> fmt::Result {
    logs.iter().try_for_each(|line| write!(f, "\n  {line}"))
}
