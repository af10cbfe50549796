//! `host-test explain`: the decision of one call, and every step to it.

mod story;

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::rc::Rc;

use clap::{ArgGroup, Args};
use host_test::Request;
use toolgate_engine::config::Faults;
use toolgate_engine::exchange::RequestStep;
use toolgate_engine::json::{self, Kind, Value};
use toolgate_engine::mcp::Headers;
use toolgate_engine::{Exchange, Gate, Trace};

use super::document::{Document, Source};
use super::header::{self, Header};
use super::world::World;
use super::{Trouble, clock, module};
use crate::scenario;
use crate::scenario::server::Scripted;
use crate::scenario::target::in_process::{InProcess, Profile, nanos};
use story::Story;

/// Tells the decision of one call, and every step to it: which entry matched, each rule's verdict
/// with the values that it saw, each limit with what remains.
///
/// The engine that decides in the module tells of its own steps; nothing is worked out twice. With
/// --policy or --config it starts with fresh counters, from the client address 127.0.0.1, and nothing
/// has been learned from tools/list; with --scenario it goes on from what the steps before left. A
/// rule with [shadow] only records.
#[derive(Debug, Args)]
#[command(after_help = AFTER, group = ArgGroup::new("what").args(["policy", "config", "scenario"]).required(true))]
pub(super) struct Explain {
    #[command(flatten)]
    source: Option<Source>,
    /// A scenario: what one of its steps sends, after all that comes before it
    #[arg(long, value_name = "FILE", requires = "step", conflicts_with_all = ["Source", "call", "after", "at", "headers", "server"])]
    scenario: Option<PathBuf>,
    /// Which of the scenario's steps, from 1
    #[arg(long, value_name = "N", requires = "scenario")]
    step: Option<usize>,
    /// Which time, of a step with `times`
    #[arg(long, value_name = "N", default_value_t = 1, requires = "scenario")]
    time: u32,
    /// The module that plays what comes before the step [default: built from the workspace first]
    #[arg(long, value_name = "FILE", requires = "scenario")]
    module: Option<PathBuf>,
    /// The call: {"tool": …, "args": {…}}, or a whole request body; `-` reads it from standard
    /// input
    #[arg(
        value_name = "CALL",
        allow_hyphen_values = true,
        required_unless_present = "scenario"
    )]
    call: Option<String>,
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
  host-test explain --scenario examples/workprotocol/scenario.yaml --step 4

Exit codes: 0 the call was decided, whatever the decision; 2 the policy has errors (printed as
`host-test check` does), or the command line is at fault."#;

impl Explain {
    pub(super) fn run(self) -> Result<ExitCode, Trouble> {
        let asked = match (&self.scenario, &self.source) {
            (Some(file), _) => self.of_scenario(file),
            (None, Some(source)) => self.of_call(source),
            (None, None) => Err("give --policy, --config or --scenario".to_owned()),
        };
        match asked? {
            Ok(asked) => {
                asked.explain();
                Ok(ExitCode::SUCCESS)
            }
            Err(refused) => Ok(refused),
        }
    }

    /// A call by itself.
    fn of_call(&self, source: &Source) -> Result<Result<Asked, ExitCode>, Trouble> {
        let document = source.read();
        if document.is_refused() {
            return Ok(Err(document.refuse()));
        }
        let mut request = Request::post("/mcp", self.body()?)
            .with_header("accept", "application/json, text/event-stream");
        header::apply(&mut request.headers, &self.headers);
        let gate = gate(&document.plugin_config(self.server.as_deref()))?;
        let mut asked = Asked {
            gate,
            world: World::new(self.at),
            request,
        };
        for _ in 0..self.after {
            asked.decide(&mut ());
        }
        Ok(Ok(asked))
    }

    /// What a step of a scenario sends, once the module has been sent what comes before it.
    fn of_scenario(&self, file: &Path) -> Result<Result<Asked, ExitCode>, Trouble> {
        let plan = scenario::read::read(file).map_err(|broken| broken.to_string())?;
        let document = Document::read(&plan.decided_by, None);
        if document.is_refused() {
            return Ok(Err(document.refuse()));
        }
        let module = module::load(self.module.as_deref())?;
        let server = Scripted::new(&plan.upstream);
        let mut host = InProcess::start(&module, &plan, server, Profile::default())?;
        let step = (self.step.unwrap_or_default(), self.time);
        let reached = scenario::run::up_to(&plan, &mut host, step)?;
        Ok(Ok(Asked {
            gate: gate(&plan.plugin_config)?,
            world: World::after(&host.shared_data(), nanos(reached.clock)),
            request: reached.request,
        }))
    }

    /// The request body that the argument stands for.
    fn body(&self) -> Result<Vec<u8>, Trouble> {
        let call = self.call.as_deref().unwrap_or_default();
        let mut text = call.as_bytes().to_vec();
        if call == "-" {
            text.clear();
            std::io::stdin()
                .read_to_end(&mut text)
                .map_err(|why| format!("cannot read standard input: {why}"))?;
        }
        let parsed = match json::parse(&text) {
            Ok(value) => value,
            // From standard input it may be any body: what becomes of it is the answer.
            Err(_) if call == "-" => return Ok(text),
            Err(error) => {
                return Err(format!(
                    "CALL is not JSON: {error}; write '{{\"tool\": \"NAME\", \"args\": {{…}}}}'"
                ));
            }
        };
        match parsed.get("tool") {
            Some(tool) if parsed.get("method").is_none() => short(parsed, tool),
            None if parsed.get("jsonrpc").is_none() && call != "-" => Err(
                "CALL is neither a call, with `tool`, nor a request body, with `jsonrpc`: write \
                 '{\"tool\": \"NAME\", \"args\": {…}}'"
                    .to_owned(),
            ),
            _ => Ok(text),
        }
    }
}

/// A request, and the world in which it is decided.
struct Asked {
    gate: Rc<Gate>,
    world: World,
    request: Request,
}

impl Asked {
    /// Decides the request, and tells `trace` each step.
    fn decide(&mut self, trace: &mut impl Trace) -> (RequestStep, Exchange) {
        let request = &self.request;
        let pseudo = [
            (":method", request.method.as_bytes()),
            (":path", request.path.as_bytes()),
        ];
        let pseudo = pseudo.map(|(name, value)| (name.as_bytes(), value));
        let others = request.headers.iter();
        let others = others.map(|(name, value)| (name.as_bytes(), value.as_slice()));
        let headers: Headers<'_> = pseudo.into_iter().chain(others).collect();
        let body = &request.body;
        let mut exchange = Exchange::new(Rc::clone(&self.gate));
        let step = exchange.on_request_headers(&headers, body.is_empty(), &mut self.world);
        let step = match step {
            RequestStep::AwaitBody => {
                exchange.on_request_body_watched(&headers, body, &mut self.world, trace)
            }
            step => step,
        };
        (step, exchange)
    }

    /// Prints each step to the decision.
    fn explain(mut self) {
        let mut story = Story::default();
        let (step, mut exchange) = self.decide(&mut story);
        let record = exchange.take_record().unwrap_or_default();
        let status = match &step {
            RequestStep::Reply(reply) => Some(reply.status),
            _ => None,
        };
        anstream::print!("{}", story.told(record, status));
        if matches!(step, RequestStep::Ask(_)) {
            anstream::println!(
                "Then the rate limit service of `global_limits` is asked, and decides."
            );
        }
    }
}

fn gate(config: &str) -> Result<Rc<Gate>, Trouble> {
    let (gate, _) = Gate::load(config.as_bytes()).map_err(|faults| told(&faults))?;
    Ok(Rc::new(gate))
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

fn told(faults: &Faults) -> Trouble {
    let faults: Vec<String> = faults.as_slice().iter().map(ToString::to_string).collect();
    faults.join("; ")
}
