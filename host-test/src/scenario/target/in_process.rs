//! The module in this process, in the host of the library.

use std::collections::BTreeMap;

use host_test::{BodySequence, Host, Module, Request, Settings, SharedValue};

use super::{Seen, Target};
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
    server: Scripted,
}

impl InProcess {
    /// Starts the module with its configuration.
    ///
    /// # Errors
    /// The module does not start, or refuses its configuration; with what it logged.
    pub(crate) fn start(
        module: &Module,
        plugin_config: &str,
        server: Scripted,
        profile: Profile,
    ) -> Result<InProcess, String> {
        let settings = Settings {
            plugin_config: plugin_config.as_bytes().to_vec(),
            root_id: "toolgate".to_owned(),
            plugin_name: "toolgate".to_owned(),
            vm_id: "toolgate".to_owned(),
            start_time: nanos(DEFAULT),
            ..profile.settings()
        };
        let host = Host::start(module, &settings).map_err(|error| error.to_string())?;
        Ok(InProcess { host, server })
    }
}

impl InProcess {
    /// What the module keeps for all workers.
    pub(crate) fn shared_data(&self) -> BTreeMap<Vec<u8>, SharedValue> {
        self.host.shared_data()
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
        let seen = self.host.exchange(0, request, &mut upstream);
        let mut faults: Vec<String> = seen.problems.iter().map(ToString::to_string).collect();
        faults.extend(seen.trapped.iter().map(ToString::to_string));
        if seen.unfiltered {
            faults.push("the request passed without the filter".to_owned());
        }
        Ok(Seen {
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
        })
    }

    fn exact_clock(&self) -> bool {
        true
    }
}

/// Nanoseconds since the Unix epoch.
pub(crate) fn nanos(seconds: Seconds) -> u64 {
    u64::try_from(seconds)
        .unwrap_or_default()
        .saturating_mul(NANOS)
}
