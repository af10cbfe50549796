//! `host-test explain`: the decision of one call, and every step to it.

mod story;

use std::io::Read;
use std::process::ExitCode;
use std::rc::Rc;

use clap::Args;
use toolgate_engine::config::Faults;
use toolgate_engine::exchange::RequestStep;
use toolgate_engine::json::{self, Kind, Value};
use toolgate_engine::mcp::{Headers, Reply};
use toolgate_engine::{Exchange, Gate};

use super::document::Source;
use super::header::{self, Header};
use super::world::World;
use super::{Trouble, clock};
use story::Story;

/// Tells the decision of one call, and every step to it: which entry matched, each rule's verdict
/// with the values that it saw, each limit with what remains.
///
/// The engine that decides in the module tells of its own steps; nothing is worked out twice. It
/// starts with fresh counters, from the client address 127.0.0.1; nothing has been learned from
/// tools/list. A rule with [shadow] only records.
#[derive(Debug, Args)]
#[command(after_help = AFTER)]
pub(super) struct Explain {
    #[command(flatten)]
    source: Source,
    /// The call: {"tool": …, "args": {…}}, or a whole request body; `-` reads it from standard
    /// input
    #[arg(value_name = "CALL", allow_hyphen_values = true)]
    call: String,
    /// As if this call had been made so often before, at the same time
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(u32).range(..=1_000_000))]
    after: u32,
    /// The clock, an RFC 3339 time
    #[arg(long, value_name = "TIME", default_value = "2026-01-01T00:00:00Z", value_parser = clock::time)]
    at: u64,
    /// A header of the request, such as the caller's credential
    #[arg(long = "header", value_name = "NAME:VALUE", value_parser = header::parse)]
    headers: Vec<Header>,
    /// The upstream's name in counters, with --policy [default: the policy's folder]
    #[arg(long, value_name = "NAME", conflicts_with = "config")]
    server: Option<String>,
}

const AFTER: &str = r#"Examples:
  host-test explain --policy policy.yaml '{"tool": "create_refund", "args": {"amount": 150}}'
  host-test explain --policy policy.yaml --after 20 '{"tool": "create_refund"}'
  host-test explain --config plugin.json --header 'authorization: Bearer abc' - < body.json

Exit codes: 0 the call was decided, whatever the decision; 2 the policy has errors (printed as
`host-test check` does), or the command line is at fault."#;

impl Explain {
    pub(super) fn run(self) -> Result<ExitCode, Trouble> {
        let document = self.source.read();
        if document.is_refused() {
            return Ok(document.refuse());
        }
        let body = self.body()?;
        let config = document.plugin_config(self.server.as_deref());
        let (gate, _) = Gate::load(config.as_bytes()).map_err(|faults| told(&faults))?;
        let gate = Rc::new(gate);
        let mut headers = vec![
            (":method".to_owned(), b"POST".to_vec()),
            (":path".to_owned(), b"/mcp".to_vec()),
            ("content-type".to_owned(), b"application/json".to_vec()),
            (
                "accept".to_owned(),
                b"application/json, text/event-stream".to_vec(),
            ),
        ];
        header::apply(&mut headers, &self.headers);
        let headers: Headers<'_> = headers
            .iter()
            .map(|(name, value)| (name.as_bytes(), value.as_slice()))
            .collect();
        let mut world = World::new(self.at);
        for _ in 0..self.after {
            let mut before = Exchange::new(Rc::clone(&gate));
            let first = before.on_request_headers(&headers, body.is_empty(), &mut world);
            if first == RequestStep::AwaitBody {
                before.on_request_body(&headers, &body, &mut world);
            }
        }
        let mut story = Story::default();
        let mut exchange = Exchange::new(gate);
        let step = match exchange.on_request_headers(&headers, body.is_empty(), &mut world) {
            RequestStep::AwaitBody => {
                exchange.on_request_body_watched(&headers, &body, &mut world, &mut story)
            }
            step => step,
        };
        let record = exchange.take_record().unwrap_or_default();
        let asks = matches!(step, RequestStep::Ask(_));
        let reply = match step {
            RequestStep::Reply(reply) => Some(reply),
            RequestStep::Forward { .. } | RequestStep::AwaitBody | RequestStep::Ask(_) => None,
        };
        anstream::print!("{}", story.told(&record, reply.as_ref().map(status)));
        if asks {
            anstream::println!(
                "Then the rate limit service of `global_limits` is asked, and decides."
            );
        }
        Ok(ExitCode::SUCCESS)
    }

    /// The request body that the argument stands for.
    fn body(&self) -> Result<Vec<u8>, Trouble> {
        let mut text = self.call.clone().into_bytes();
        if self.call == "-" {
            text.clear();
            std::io::stdin()
                .read_to_end(&mut text)
                .map_err(|why| format!("cannot read standard input: {why}"))?;
        }
        let parsed = match json::parse(&text) {
            Ok(value) => value,
            // From standard input it may be any body: what becomes of it is the answer.
            Err(_) if self.call == "-" => return Ok(text),
            Err(error) => {
                return Err(format!(
                    "CALL is not JSON: {error}; write '{{\"tool\": \"NAME\", \"args\": {{…}}}}'"
                ));
            }
        };
        match parsed.get("tool") {
            Some(tool) if parsed.get("method").is_none() => short(parsed, tool),
            None if parsed.get("jsonrpc").is_none() && self.call != "-" => Err(
                "CALL is neither a call, with `tool`, nor a request body, with `jsonrpc`: write \
                 '{\"tool\": \"NAME\", \"args\": {…}}'"
                    .to_owned(),
            ),
            _ => Ok(text),
        }
    }
}

/// The body of `{"tool": …, "args": …}`.
fn short(call: Value<'_>, tool: Value<'_>) -> Result<Vec<u8>, Trouble> {
    let unknown = call
        .members()
        .map(|(key, _)| key.decode())
        .find(|key| key != "tool" && key != "args");
    if let Some(key) = unknown {
        return Err(format!(
            "CALL has the unknown key `{key}`; known are `tool` and `args`"
        ));
    }
    if tool.kind() != Kind::String {
        return Err(format!(
            "`tool` is the tool's name, a string, not {}",
            tool.kind().with_article()
        ));
    }
    let arguments = call.get("args").map_or("{}", Value::text);
    let body = format!(
        "{{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\
         \"params\":{{\"name\":{},\"arguments\":{arguments}}}}}",
        tool.text()
    );
    Ok(body.into_bytes())
}

fn status(reply: &Reply) -> u16 {
    reply.status
}

fn told(faults: &Faults) -> Trouble {
    let faults: Vec<String> = faults.as_slice().iter().map(ToString::to_string).collect();
    faults.join("; ")
}
