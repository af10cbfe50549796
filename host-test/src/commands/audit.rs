//! `host-test audit`: what a log of decision records says, and whether it is complete.

mod chart;
mod line;
mod summary;

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, ValueEnum};

use super::{Trouble, style};
use line::Line;
use summary::Summary;

/// Sums up a log of decision records: what was denied, to whom, by which rule, when.
///
/// Each line of the file is one request: a decision record, a JSON object that holds one under
/// `toolgate` (as an object or as text), a line of the proxy's log with `toolgate: audit` and a
/// record, or anything else, which counts as a request without a record. With --requests the
/// records are counted against the requests that were made. Records of requests that were sampled
/// stand for as many as they say.
#[derive(Debug, Args)]
#[command(after_help = AFTER)]
pub(super) struct Audit {
    /// The log; `-` reads standard input
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// How many requests were made; fails unless each has its record
    #[arg(long, value_name = "N")]
    requests: Option<u64>,
    /// How many names a list shows
    #[arg(long, value_name = "N", default_value_t = 10)]
    top: usize,
    /// How to print
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

const AFTER: &str = r#"Examples:
  host-test audit records.jsonl
  host-test audit access.log --requests 120000 --format json

With --format json, one object is printed:
  {"lines": 3, "records": 2, "without_record": 1, "requests": 3, "complete": false,
   "outcomes": {"allow": 1, "deny": 1}, "denied_tools": {"pay": 1}, "denied_callers": {"agent": 1},
   "rules": {"/tools/pay/require/0": 1}, "causes": {}, "limits": {}, "shadowed": {},
   "hidden": 0, "refunded": 0, "from": "2026-01-01T00:00:00.000Z", "to": "2026-01-01T00:01:00.000Z"}
`requests` is null without --requests; without it `complete` says that every line has a record.

Exit codes: 0 complete; 1 records are missing, or there are more than requests; 2 the file cannot be
read, or a record is not one."#;

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Format {
    Text,
    Json,
}

impl Audit {
    pub(super) fn run(self) -> Result<ExitCode, Trouble> {
        let name = self.file.display().to_string();
        let input: Box<dyn Read> = if name == "-" {
            Box::new(std::io::stdin())
        } else {
            Box::new(File::open(&self.file).map_err(|why| format!("cannot read `{name}`: {why}"))?)
        };
        let mut summary = Summary::default();
        for (number, text) in BufReader::new(input).split(b'\n').enumerate() {
            let text = text.map_err(|why| format!("cannot read `{name}`: {why}"))?;
            let line = Line::read(&String::from_utf8_lossy(&text))
                .map_err(|why| format!("line {} of `{name}`: {why}", number.saturating_add(1)))?;
            summary.add(line);
        }
        let complete = summary.is_complete(self.requests);
        match self.format {
            Format::Text => {
                anstream::print!("{}", summary.shown(self.top));
                anstream::println!("{}", self.verdict(&summary, complete));
            }
            Format::Json => println!("{}", summary.to_json(self.requests)?),
        }
        Ok(if complete {
            ExitCode::SUCCESS
        } else {
            ExitCode::from(1)
        })
    }

    fn verdict(&self, summary: &Summary, complete: bool) -> String {
        let (records, missing) = (summary.records, summary.without_record);
        let told = match self.requests {
            Some(requests) => format!("{records} records for {requests} requests"),
            None => format!("{records} records, {missing} lines without one"),
        };
        if complete {
            format!("{} {told}", style::good("complete:"))
        } else {
            format!("{} {told}", style::bad("incomplete:"))
        }
    }
}
