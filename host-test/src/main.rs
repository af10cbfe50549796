//! The command `host-test`: runs policies in the module that Envoy runs, without a proxy.

mod commands;
mod scenario;
mod wire;
mod yaml;

use std::process::ExitCode;

fn main() -> ExitCode {
    commands::main()
}
