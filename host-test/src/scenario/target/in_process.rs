//! The module in this process, in the host of the library.

use host_test::{BodySequence, Exchange, Host, Module, Request, Settings};

use super::{Seen, Target};
use crate::scenario::read::Plan;
use crate::scenario::server::Scripted;
use crate::scenario::time::{DEFAULT, Seconds};

const NANOS: u64 = 1_000_000_000;

/// The proxy that the host imitates.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Profile {
    /// Envoy, with clients of HTTP/1.1
    #[default]
    Envoy,
    /// Envoy, with clients of HTTP/2: the end of a body is told otherwise
    EnvoyHttp2,
    /// nginx with a Wasm module: one callback for the whole body, other shared data and properties
    Nginx,
}

impl Profile {
    fn settings(self) -> Settings {
        let mut settings = Settings::default();
        match self {
            Profile::Envoy => {}
            Profile::EnvoyHttp2 => settings.body_sequence = BodySequence::Http2,
            Profile::Nginx => settings.profile = host_test::Profile::Nginx,
        }
        settings
    }
}

/// A host with one worker, and the scripted server behind it.
pub(crate) struct InProcess {
    host: Host,
    /// The operators' listener, in the same process.
    operators: Option<Host>,
    server: Scripted,
}

impl InProcess {
    /// Starts the module with its configuration.
    ///
    /// # Errors
    /// The module does not start, or refuses its configuration; with what it logged.
    pub(crate) fn start(
        module: &Module,
        plan: &Plan,
        server: Scripted,
        profile: Profile,
    ) -> Result<InProcess, String> {
        let settings = Settings {
            plugin_config: plan.plugin_config.as_bytes().to_vec(),
            root_id: "toolgate".to_owned(),
            plugin_name: "toolgate".to_owned(),
            vm_id: "toolgate".to_owned(),
            start_time: nanos(DEFAULT),
            ..profile.settings()
        };
        let host = Host::start(module, &settings).map_err(|error| error.to_string())?;
        let operators = plan.operators_config.as_ref().map(|config| {
            let settings = Settings {
                plugin_config: config.as_bytes().to_vec(),
                ..settings
            };
            Host::start_in(host.process(), module, &settings)
                .map_err(|error| format!("the operators' listener: {error}"))
        });
        Ok(InProcess {
            operators: operators.transpose()?,
            host,
            server,
        })
    }
}

impl Target for InProcess {
    fn set_clock(&mut self, to: Seconds) -> Result<(), String> {
        self.host.set_time(nanos(to));
        Ok(())
    }

    fn send(&mut self, request: &Request) -> Result<Seen, String> {
        let server = &mut self.server;
        let mut upstream = |request: &Request| server.answer(request).into();
        Ok(seen(self.host.exchange(0, request, &mut upstream)))
    }

    fn ask_operators(&mut self, request: &Request) -> Result<Seen, String> {
        let host = self.operators.as_mut();
        let host = host.ok_or_else(|| "there is no operators' listener".to_owned())?;
        let server = &mut self.server;
        let mut upstream = |request: &Request| server.answer(request).into();
        let mut seen = seen(host.exchange(0, request, &mut upstream));
        if !seen.upstream.is_empty() {
            seen.faults
                .push("what operators ask went to the upstream".to_owned());
        }
        seen.record = None;
        Ok(seen)
    }

    fn exact_clock(&self) -> bool {
        true
    }
}

/// What came of an exchange, as every target tells it.
fn seen(seen: Exchange) -> Seen {
    let mut faults: Vec<String> = seen.problems.iter().map(ToString::to_string).collect();
    faults.extend(seen.trapped.iter().map(ToString::to_string));
    if seen.unfiltered {
        faults.push("the request passed without the filter".to_owned());
    }
    Seen {
        response: seen.response.filter(|_| seen.response_complete),
        upstream: seen
            .upstream
            .filter(|_| seen.upstream_complete)
            .into_iter()
            .collect(),
        record: seen
            .filter_state
            .get("toolgate")
            .map(|record| String::from_utf8_lossy(record).into_owned()),
        faults,
        logs: seen.logs.iter().map(ToString::to_string).collect(),
    }
}

fn nanos(seconds: Seconds) -> u64 {
    u64::try_from(seconds)
        .unwrap_or_default()
        .saturating_mul(NANOS)
}
