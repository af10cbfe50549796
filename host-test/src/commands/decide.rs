//! `host-test decide`: request bodies in, decisions out, one a line.

pub(super) mod line;
pub(super) mod proxy;

use std::io::{BufRead, ErrorKind, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{ArgGroup, Args};

use super::document::Source;
use super::header::{self, Header};
use super::{Trouble, clock, module};
use proxy::Proxy;

/// Decides request bodies from standard input, one a line, in the module that Envoy runs.
///
/// Each line is one request body, byte for byte, without the line feed that ends it: it need not
/// be UTF-8, a carriage return belongs to it, and an empty line is an empty body. It is POSTed to
/// /mcp with `content-type: application/json` and `accept: application/json, text/event-stream`.
/// A line that begins with `@` is no request: it sets the clock, to an RFC 3339 time or by a step
/// (`@+90s`, `@+5m`, `@+1h`, `@+1d`). The clock stands still otherwise; counters last for the run.
///
/// For each request one line is printed at once, a JSON object with these six members, always:
///
///   outcome  "allow", "deny" (by the policy, hidden tools included) or "reject" (malformed)
///   tool     the tool that was called, or null
///   rule     the rule that denied, or null
///   message  why, as the decision record has it, or null
///   status   the HTTP status that the agent got; null when the request was allowed
///   reply    the body that the agent got, parsed (a string where it is not JSON); null when the
///            request was allowed or the body is empty
///
/// The upstream is a stand-in that answers every request with success; it offers no tools, so
/// `required_args: true` learns nothing here. Callers come from 127.0.0.1.
#[derive(Debug, Args)]
#[command(verbatim_doc_comment, after_help = EXAMPLES, group = ArgGroup::new("what").args(["policy", "config"]).required(true))]
pub(super) struct Decide {
    #[command(flatten)]
    source: Source,
    /// The upstream's name in counters, with --policy [default: the policy's folder]
    #[arg(long, value_name = "NAME", conflicts_with = "config")]
    server: Option<String>,
    /// The clock at the start, an RFC 3339 time
    #[arg(long, value_name = "TIME", default_value = "2026-01-01T00:00:00Z", value_parser = clock::time)]
    at: u64,
    /// A header of every request; it takes the place of the default of its name, and without a
    /// value takes the default away
    #[arg(long = "header", value_name = "NAME:VALUE", value_parser = header::parse)]
    headers: Vec<Header>,
    /// The module to run [default: built from the workspace first]
    #[arg(long, value_name = "FILE")]
    module: Option<PathBuf>,
}

const EXAMPLES: &str = r#"Examples:
  echo '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"claim_job"}}' |
    host-test decide --policy examples/workprotocol/policy.json
  host-test decide --config plugin.json --header 'authorization: Bearer abc' < bodies.ndjson

Exit codes: 0 every line was decided, whatever the decisions; 2 the configuration is refused (its
errors are printed as `host-test check` does), or a clock line, the command line or the module is
at fault."#;

impl Decide {
    pub(super) fn run(self) -> Result<ExitCode, Trouble> {
        let document = self.source.read();
        if document.is_refused() {
            return Ok(document.refuse());
        }
        let config = document.plugin_config(self.server.as_deref());
        let module = module::load(self.module.as_deref())?;
        let mut proxy = Proxy::start(&module, config, self.at, self.headers)?;
        let mut input = std::io::stdin().lock();
        let mut output = std::io::stdout().lock();
        let mut body = Vec::new();
        for number in 1_u64.. {
            body.clear();
            let read = input
                .read_until(b'\n', &mut body)
                .map_err(|why| format!("cannot read standard input: {why}"))?;
            if read == 0 {
                break;
            }
            if body.last() == Some(&b'\n') {
                body.pop();
            }
            let wrong = |why: String| format!("line {number} of standard input: {why}");
            if let Some(setting) = body.strip_prefix(b"@") {
                let setting = String::from_utf8_lossy(setting);
                let to = clock::setting(setting.trim(), proxy.time()).map_err(wrong)?;
                proxy.set_time(to).map_err(wrong)?;
                continue;
            }
            let decided = proxy.decide(std::mem::take(&mut body)).map_err(wrong)?;
            let printed = writeln!(output, "{decided}").and_then(|()| output.flush());
            match printed {
                Ok(()) => {}
                // Whoever reads has seen enough.
                Err(why) if why.kind() == ErrorKind::BrokenPipe => break,
                Err(why) => return Err(format!("cannot print: {why}")),
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}
