//! `host-test scan`: every tool of a server, judged, and a policy for it.

mod against;
mod json;
mod lock;
mod page;
mod policy;
mod preset;
mod source;
mod suggest;
mod table;
mod tool;

use std::ffi::OsString;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, ValueEnum};

use super::format::Format;
use super::header::{self, Header};
use super::{Trouble, style};
use preset::Preset;
use tool::Scanned;

/// Scans a server: each tool with its category, risk, signals and reasons, and a policy for it.
///
/// The tools are listed through every page with the official MCP SDK; nothing is called. Each is
/// judged from its name, description, schema and annotations by fixed rules (docs/risk.md): the
/// same definitions give the same verdicts. What a server says of itself can be a lie; the policy
/// denies whatever it does not name.
#[derive(Debug, Args)]
#[command(after_help = AFTER)]
pub(super) struct Scan {
    #[command(flatten)]
    from: From,
    /// A header for every request to --upstream; may be given again
    #[arg(long, value_name = "NAME:VALUE", value_parser = header::parse, requires = "upstream")]
    header: Vec<Header>,
    /// How to begin the session
    #[arg(long, value_enum, default_value_t = Era::Auto, conflicts_with = "tools")]
    era: Era,
    /// What the policy lets pass
    #[arg(long, value_enum, default_value_t = Preset::Recommended)]
    preset: Preset,
    /// Write the policy here, and what was scanned beside it (OUT.scan.json)
    #[arg(short, long, value_name = "OUT")]
    output: Option<PathBuf>,
    /// Write a page for people here: one HTML file that needs nothing else
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    /// Compare with this policy, which an earlier scan wrote; exit code 1 where anything differs
    #[arg(long, value_name = "POLICY", conflicts_with = "output")]
    against: Option<PathBuf>,
    /// How to print
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// Tell no progress
    #[arg(short, long)]
    quiet: bool,
}

/// Where the tools come from.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(super) struct From {
    /// The server's MCP endpoint, http:// or https://
    #[arg(long, value_name = "URL")]
    upstream: Option<String>,
    /// A file with the answer to tools/list, its result, or the list of tools; JSON
    #[arg(long, value_name = "FILE")]
    tools: Option<PathBuf>,
    /// A command that runs the server on its standard input and output
    #[arg(last = true, value_name = "COMMAND")]
    command: Vec<OsString>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Era {
    /// server/discover, and initialize where that is not known
    Auto,
    /// initialize: protocol versions to 2025-11-25
    Handshake,
    /// server/discover alone: from 2026-07-28
    Stateless,
}

const AFTER: &str = r#"Presets:
  strict       Read 60 a minute; Write 10 a minute; Execute after approval; Financial and
               Destructive hidden
  recommended  Read without limits; Write 30 a minute; Execute 10 a minute; Financial after
               approval; Destructive hidden
  permissive   Read without limits; Write 120 a minute; Execute 30 a minute; Financial and
               Destructive after approval
Tools whose definitions speak to the model are hidden under every preset. What no preset names is
denied.

Examples:
  host-test scan --upstream http://127.0.0.1:3000/mcp -o policy.json
  host-test scan --upstream https://example.com/mcp --header 'Authorization: Bearer ...'
  host-test scan --tools tools.json --report report.html
  host-test scan --against policy.json --format json -- npx some-mcp-server

With --format json, one object is printed: `server`, `protocol`, `totals` by category and risk, and
`tools`, each with `name`, `category`, `risk`, `signals`, `reasons`, `rule` and `suggestions`. With
--against: `appeared`, `went` and `changed`.

Exit codes: 0 scanned (with --against: nothing differs); 1 with --against, something differs;
2 the server or a file is at fault."#;

impl Scan {
    pub(super) fn run(self) -> Result<ExitCode, Trouble> {
        let found = source::read(&self.from, &self.header, self.era, self.quiet)?;
        let tools = tool::judge(&found, self.preset);
        if let Some(policy) = &self.against {
            let difference = against::compare(policy, &found, &tools)?;
            match self.format {
                Format::Text => difference.print(),
                Format::Json => say(&difference.json()?)?,
            }
            self.page(&found, &tools)?;
            return Ok(ExitCode::from(u8::from(difference.is_any())));
        }
        match self.format {
            Format::Text => table::print(&found, &tools),
            Format::Json => say(&json::of(&found, &tools)?)?,
        }
        if let Some(output) = &self.output {
            write(output, &policy::of(&found, &tools, self.preset)?)?;
            write(
                &lock::beside(output),
                &lock::of(&found, &tools, self.preset)?,
            )?;
        }
        self.page(&found, &tools)?;
        Ok(ExitCode::SUCCESS)
    }

    fn page(&self, found: &source::Found, tools: &[Scanned]) -> Result<(), Trouble> {
        match &self.report {
            Some(report) => write(report, &page::of(found, tools, self.preset)?),
            None => Ok(()),
        }
    }
}

fn write(path: &Path, text: &str) -> Result<(), Trouble> {
    std::fs::write(path, text)
        .map_err(|why| format!("cannot write `{}`: {why}", path.display()))?;
    anstream::eprintln!("{} {}", style::good("wrote"), path.display());
    Ok(())
}

fn say(text: &str) -> Result<(), Trouble> {
    writeln!(std::io::stdout(), "{text}").map_err(|why| format!("cannot print: {why}"))
}
