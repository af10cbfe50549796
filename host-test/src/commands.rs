//! The command line.

mod approvals;
mod audit;
mod check;
mod clock;
mod config;
mod convert;
mod decide;
mod document;
mod explain;
mod failure;
mod find;
mod format;
mod header;
mod module;
mod pin;
mod progress;
mod replay;
mod run;
mod scan;
mod serve;
mod stand_in;
mod style;
mod toolgate;
mod watch;
mod world;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Tests MCP policies in the same module that Envoy runs, without a proxy.
#[derive(Debug, Parser)]
#[command(name = "host-test", version, after_help = EXIT_CODES)]
#[command(disable_help_subcommand = true, arg_required_else_help = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

const EXIT_CODES: &str = "\
Exit codes: 0 all is well; 1 a scenario failed; 2 the command line, a file or the module is at fault.

Example:
  host-test run examples";

#[derive(Debug, Subcommand)]
enum Command {
    Run(run::Run),
    Check(check::Check),
    Decide(decide::Decide),
    Explain(explain::Explain),
    Replay(replay::Replay),
    Serve(serve::Serve),
    Convert(convert::Convert),
    Pin(pin::PinTools),
    Config(config::Config),
    Audit(audit::Audit),
    Scan(scan::Scan),
    Approvals(approvals::Approvals),
}

/// Why a command cannot do its work, in words for its user; exit code 2.
type Trouble = String;

/// Runs the command that the arguments name.
pub(crate) fn main() -> ExitCode {
    let result = match Arguments::parse().command {
        Command::Run(run) => run.run(),
        Command::Check(check) => check.run(),
        Command::Decide(decide) => decide.run(),
        Command::Explain(explain) => explain.run(),
        Command::Replay(replay) => replay.run(),
        Command::Serve(serve) => serve.run(),
        Command::Convert(convert) => convert.run(),
        Command::Pin(pin) => pin.run(),
        Command::Config(config) => config.run(),
        Command::Audit(audit) => audit.run(),
        Command::Scan(scan) => scan.run(),
        Command::Approvals(approvals) => approvals.run(),
    };
    match result {
        Ok(code) => code,
        Err(trouble) => {
            anstream::eprintln!("{}", style::error(&trouble));
            ExitCode::from(2)
        }
    }
}
