//! `host-test approvals`: what waits for a person, and the person's yes or no.

mod admin;
mod pages;
mod show;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Subcommand};

use super::{Trouble, style};
use admin::Admin;

/// Lists calls that wait for a person, and approves or denies them.
///
/// It talks to the operators' listener of a proxy: one whose Toolgate has `admin` in its
/// configuration. Over plain HTTP, so use it on the same machine, or through a tunnel.
#[derive(Debug, Args)]
#[command(after_help = AFTER)]
pub(super) struct Approvals {
    #[command(subcommand)]
    verb: Verb,
    /// The operators' listener
    #[arg(
        long,
        value_name = "URL",
        default_value = "http://127.0.0.1:9902",
        global = true
    )]
    admin: String,
    /// A file with your token; without it, $TOOLGATE_ADMIN_TOKEN
    #[arg(long, value_name = "FILE", global = true)]
    token_file: Option<PathBuf>,
    /// Print what the listener answers, as JSON
    #[arg(long, global = true)]
    json: bool,
}

const AFTER: &str = "\
Examples:
  export TOOLGATE_ADMIN_TOKEN=...
  host-test approvals list
  host-test approvals show apr_mzxw6ytboi2dsnrxmzxw6ytb
  host-test approvals approve apr_mzxw6ytboi2dsnrxmzxw6ytb

Exit codes: 0 done; 1 there is no such request, or it was decided or had ended; 2 anything else.";

#[derive(Debug, Subcommand)]
enum Verb {
    /// All requests that are kept, the oldest first
    List,
    /// One request, with what it would do
    Show(Id),
    /// Lets exactly this call pass, once
    Approve(Id),
    /// Refuses this call until the request ends
    Deny(Id),
}

#[derive(Debug, Args)]
struct Id {
    /// The request's id, apr_…
    #[arg(value_name = "ID")]
    id: String,
}

impl Approvals {
    pub(super) fn run(self) -> Result<ExitCode, Trouble> {
        let admin = Admin::new(&self.admin, self.token_file.as_deref())?;
        let answer = match &self.verb {
            Verb::List => pages::all(&admin)?,
            Verb::Show(id) => admin.ask("GET", &format!("/approvals/{}", id.checked()?))?,
            Verb::Approve(id) => {
                admin.ask("POST", &format!("/approvals/{}/approve", id.checked()?))?
            }
            Verb::Deny(id) => admin.ask("POST", &format!("/approvals/{}/deny", id.checked()?))?,
        };
        if self.json {
            anstream::println!("{}", answer.body);
        } else if answer.status == 200 {
            let shown = match &self.verb {
                Verb::List => show::list(&answer.body)?,
                Verb::Show(_) => show::one(&answer.body)?,
                Verb::Approve(_) => {
                    format!("{} {}", style::good("approved"), show::short(&answer.body)?)
                }
                Verb::Deny(_) => format!("{} {}", style::bad("denied"), show::short(&answer.body)?),
            };
            anstream::println!("{shown}");
        }
        match answer.status {
            200 => Ok(ExitCode::SUCCESS),
            404 | 409 => {
                anstream::eprintln!("{}", style::error(&show::problem(&answer.body)));
                Ok(ExitCode::from(1))
            }
            401 => Err(format!(
                "the listener does not know this token; {}",
                admin::WHERE_THE_TOKEN_IS
            )),
            status => Err(format!(
                "the listener answered {status}: {}",
                show::problem(&answer.body)
            )),
        }
    }
}

impl Id {
    /// The id, if it can be one: it becomes part of a path.
    fn checked(&self) -> Result<&str, Trouble> {
        let plain = self
            .id
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'_');
        if plain && self.id.starts_with("apr_") {
            return Ok(&self.id);
        }
        Err(format!(
            "`{}` is not an id: expected apr_ and 24 letters and digits",
            self.id
        ))
    }
}
