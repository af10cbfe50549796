//! The engine's decision cases, through the very module that Envoy runs: the same files, the same
//! expectations.
#![expect(clippy::unwrap_used, clippy::panic, reason = "test")]

#[path = "../../plugin/engine/tests/cases/harness/mod.rs"]
mod harness;
#[path = "common/toolgate.rs"]
mod toolgate;

use std::path::{Path, PathBuf};

use harness::format::{Case, Store};
use harness::run::{Answer, Fault, Loaded, Reply, Request, World, run};
use host_test::{Host, Level, LogLine, Response, Settings};

/// One proxy with the module in it.
#[derive(Default)]
struct Proxy {
    host: Option<Host>,
}

impl World for Proxy {
    fn load(&mut self, configuration: &str) -> Loaded {
        let configuration = configuration.as_bytes();
        let (accepted, logs) = match &mut self.host {
            Some(host) => {
                let accepted = host.reconfigure(configuration).is_ok();
                (accepted, host.take_logs())
            }
            None => {
                let settings = Settings {
                    plugin_config: configuration.to_vec(),
                    ..Settings::default()
                };
                match Host::start(toolgate::module(), &settings) {
                    Ok(mut host) => {
                        let logs = host.take_logs();
                        self.host = Some(host);
                        (true, logs)
                    }
                    Err(error) => (false, error.logs().to_vec()),
                }
            }
        };
        Loaded {
            accepted,
            errors: told(&logs, Level::Error),
            warnings: told(&logs, Level::Warn),
        }
    }

    fn send(&mut self, request: &Request) -> Answer {
        let Some(host) = &mut self.host else {
            return Answer {
                record: "no configuration".into(),
                reply: None,
                response: None,
            };
        };
        host.set_time(request.now);
        let pseudo = |name: &str| {
            let found = request.headers.iter().find(|(known, _)| known == name);
            found.map_or("", |(_, value)| value.as_str()).to_owned()
        };
        let mut sent = host_test::Request::new(&pseudo(":method"), &pseudo(":path"));
        for (name, value) in request.headers.iter().filter(|(n, _)| !n.starts_with(':')) {
            sent = sent.with_header(name, value.as_bytes());
        }
        if let Some(body) = &request.body {
            sent.body.clone_from(body);
            sent.has_body = true;
        }
        sent.properties.clone_from(&request.properties);
        let upstream = request.upstream.as_ref();
        let mut respond = |_: &host_test::Request| -> host_test::Reply {
            let mut response = Response::new(200);
            if let Some(upstream) = upstream {
                for (name, value) in &upstream.headers {
                    response = response.with_header(name, value.as_bytes());
                }
                response = response.with_body(upstream.body.clone());
            }
            response.into()
        };
        let exchange = host.exchange(0, &sent, &mut respond);
        assert!(exchange.trapped.is_none(), "{:?}", exchange.trapped);
        assert!(exchange.problems.is_empty(), "{:?}", exchange.problems);
        let record = exchange
            .filter_state
            .get("toolgate")
            .cloned()
            .unwrap_or_default();
        let by_filter = exchange
            .local_reply
            .as_ref()
            .is_some_and(|reply| reply.by_filter);
        let response = exchange.response.map(|response| Reply {
            status: response.status,
            headers: response
                .headers
                .iter()
                .map(|(name, value)| (name.clone(), String::from_utf8_lossy(value).into_owned()))
                .collect(),
            body: response.text(),
        });
        let before_upstream = by_filter && exchange.upstream.is_none();
        let (reply, response) = if before_upstream {
            (response, None)
        } else {
            (None, response.filter(|_| request.upstream.is_some()))
        };
        Answer {
            record: String::from_utf8(record).unwrap(),
            reply,
            response,
        }
    }

    fn set_store(&mut self, _: Store) {
        panic!("shared data cannot be made to fail here");
    }
}

/// What the module said of its configuration: `toolgate: POINTER: MESSAGE`.
fn told(logs: &[LogLine], level: Level) -> Vec<Fault> {
    let lines = logs.iter().filter(|line| line.level == level);
    let faults = lines.filter_map(|line| {
        let (pointer, message) = line.text.strip_prefix("toolgate: ")?.split_once(": ")?;
        Some(Fault {
            pointer: if pointer == "/" {
                String::new()
            } else {
                pointer.to_owned()
            },
            message: message.to_owned(),
        })
    });
    // Every virtual machine says the same: the canary, the main thread's, each worker's.
    let mut distinct: Vec<Fault> = Vec::new();
    for fault in faults {
        let known = distinct
            .iter()
            .any(|f| f.pointer == fault.pointer && f.message == fault.message);
        if !known {
            distinct.push(fault);
        }
    }
    distinct
}

fn cases(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && !path.ends_with("failing") {
            cases(&path, found);
        } else if path.extension().is_some_and(|e| e == "json") {
            found.push(path);
        }
    }
}

#[test]
fn every_case_holds_in_the_module() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../plugin/engine/tests/cases");
    let mut files = Vec::new();
    cases(&folder, &mut files);
    let mut failures = Vec::new();
    let mut held = 0usize;
    for file in &files {
        let case = Case::read(&std::fs::read_to_string(file).unwrap()).unwrap();
        // Shared data cannot be made to fail from outside; those cases are the engine's own.
        if case.steps.iter().any(|step| step.store.is_some()) {
            continue;
        }
        match run(&case, &mut Proxy::default()) {
            Ok(()) => held = held.saturating_add(1),
            Err(why) => failures.push(format!("{}\n  {why}", file.display())),
        }
    }
    assert!(
        failures.is_empty(),
        "{}:\n{}",
        failures.len(),
        failures.join("\n")
    );
    assert!(held >= 300, "only {held} of {} cases ran", files.len());
}
