//! The module between a client that sends bodies and an upstream that always succeeds.

use host_test::{Host, Module, Reply, Request, Response, Settings};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::super::header::{self, Header};
use super::super::toolgate;
use super::line::{self, Line};

/// Where callers come from.
const CLIENT: &str = "127.0.0.1:50000";

/// A proxy with the module in it.
pub(in crate::commands) struct Proxy {
    host: Host,
    headers: Vec<Header>,
}

impl Proxy {
    /// Starts the module with its configuration, at a time in nanoseconds since the Unix epoch.
    ///
    /// # Errors
    /// The module does not start, or refuses its configuration; with what it logged.
    pub(in crate::commands) fn start(
        module: &Module,
        plugin_config: String,
        start_time: u64,
        headers: Vec<Header>,
    ) -> Result<Proxy, String> {
        let settings = Settings {
            start_time,
            properties: vec![(
                vec!["source".to_owned(), "address".to_owned()],
                CLIENT.as_bytes().to_vec(),
            )],
            ..toolgate::settings(plugin_config.into_bytes())
        };
        let host = Host::start(module, &settings).map_err(|error| error.to_string())?;
        Ok(Proxy { host, headers })
    }

    /// The clock, in nanoseconds since the Unix epoch.
    pub(in crate::commands) fn time(&self) -> u64 {
        self.host.time()
    }

    /// Sets the clock.
    ///
    /// # Errors
    /// The module traps.
    pub(in crate::commands) fn set_time(&mut self, nanos: u64) -> Result<(), String> {
        match self.host.set_time(nanos).first() {
            None => Ok(()),
            Some(trap) => Err(trap.to_string()),
        }
    }

    /// Sends one body and tells what became of it.
    ///
    /// # Errors
    /// The module or the host fails, in words.
    pub(in crate::commands) fn decide(&mut self, body: Vec<u8>) -> Result<Line, String> {
        self.decide_with(body, &[])
    }

    /// The same with headers of this request alone.
    ///
    /// # Errors
    /// The module or the host fails, in words.
    pub(in crate::commands) fn decide_with(
        &mut self,
        body: Vec<u8>,
        headers: &[Header],
    ) -> Result<Line, String> {
        let mut request = self.request(body);
        header::apply(&mut request.headers, headers);
        let mut upstream = |request: &Request| succeed(request);
        let seen = self.host.exchange(0, &request, &mut upstream);
        let logs = self.host.take_logs();
        let failed = |why: &str| {
            let logs: Vec<String> = logs.iter().map(|line| format!("\n  {line}")).collect();
            format!("{why}{}", logs.concat())
        };
        if let Some(trap) = &seen.trapped {
            return Err(failed(&trap.to_string()));
        }
        if let Some(problem) = seen.problems.first() {
            return Err(failed(&problem.to_string()));
        }
        let passed = seen.upstream.is_some();
        let response = seen.response.filter(|_| seen.response_complete);
        let Some(record) = seen.filter_state.get("toolgate") else {
            // The proxy itself answered, which it does only for what it cannot pass on.
            return match response {
                Some(response) if !passed => Ok(line::without_record(&response)),
                _ => Err(failed("the module wrote no decision record")),
            };
        };
        let line = line::of_record(record, response.as_ref()).map_err(|why| failed(&why))?;
        if line.is_allowed() != passed {
            let record = String::from_utf8_lossy(record);
            let but = if passed { "reached" } else { "never reached" };
            return Err(failed(&format!(
                "the decision record is {record}, but the request {but} the upstream"
            )));
        }
        Ok(line)
    }

    fn request(&self, body: Vec<u8>) -> Request {
        let mut request = Request::new("POST", "/mcp");
        let length = body.len().to_string();
        request.headers = vec![
            ("content-type".to_owned(), b"application/json".to_vec()),
            (
                "accept".to_owned(),
                b"application/json, text/event-stream".to_vec(),
            ),
            ("content-length".to_owned(), length.into_bytes()),
        ];
        request.has_body = !body.is_empty();
        request.body = body;
        header::apply(&mut request.headers, &self.headers);
        request
    }
}

/// A JSON-RPC message as far as the upstream reads it.
#[derive(Deserialize)]
struct Message<'a> {
    #[serde(borrow)]
    id: Option<&'a RawValue>,
}

/// The answer of an upstream on which everything succeeds.
fn succeed(request: &Request) -> Reply {
    let message = serde_json::from_slice::<Message<'_>>(&request.body).ok();
    let Some(id) = message.and_then(|message| message.id) else {
        return Response::new(202).with_header("content-length", "0").into();
    };
    let result = "{\"content\":[],\"isError\":false}";
    let body = format!("{{\"jsonrpc\":\"2.0\",\"id\":{id},\"result\":{result}}}");
    Response::new(200)
        .with_header("content-type", "application/json")
        .with_body(body)
        .into()
}
