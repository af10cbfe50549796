//! `host-test config`: the plugin configuration that Envoy gets.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use super::{Trouble, find};
use crate::scenario::{config, read};

/// Prints the plugin's configuration as JSON: what Envoy gets as a StringValue.
///
/// The policy's JSON stands in it byte for byte; YAML is converted, numbers keeping their text.
/// Whether it is a good policy is for the module to judge.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  host-test config --policy policy.yaml --server github")]
pub(super) struct Config {
    /// A scenario, or its folder, whose policy or configuration is wanted
    #[arg(conflicts_with = "policy")]
    scenario: Option<PathBuf>,
    /// A policy file, JSON or YAML
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    /// The upstream's name in counters and records [default: the policy's folder]
    #[arg(long, value_name = "NAME", requires = "policy")]
    server: Option<String>,
}

impl Config {
    pub(super) fn run(self) -> Result<ExitCode, Trouble> {
        let json = match (&self.policy, &self.scenario) {
            (Some(policy), _) => {
                config::of_policy(policy, self.server.as_deref()).map_err(|e| e.to_string())?
            }
            (None, Some(path)) => match find::scenarios(std::slice::from_ref(path))?.as_slice() {
                [only] => read::read(only).map_err(|e| e.to_string())?.plugin_config,
                several => {
                    let count = several.len();
                    return Err(format!(
                        "{count} scenarios in `{}`; name one",
                        path.display()
                    ));
                }
            },
            (None, None) => return Err("name a scenario, or give --policy FILE".to_owned()),
        };
        writeln!(std::io::stdout(), "{json}").map_err(|why| format!("cannot print: {why}"))?;
        Ok(ExitCode::SUCCESS)
    }
}
