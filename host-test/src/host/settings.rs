//! What a test decides about the host: which proxy it imitates, how it is configured, its bounds.

use std::time::Duration;

/// Which proxy the host imitates.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Profile {
    /// Envoy 1.40, at its strictest.
    #[default]
    Envoy,
    /// nginx with a Wasm module: one body callback, a large body reads as absent, numbers in
    /// properties are text, shared data differs.
    Nginx,
}

/// What happens to requests on a worker whose virtual machine trapped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FailurePolicy {
    /// Every later request is answered 503, until the next reconfiguration.
    #[default]
    Closed,
    /// Every later request passes unfiltered.
    Open,
    /// 503 until the backoff has passed on the test's clock, then a fresh virtual machine.
    Reload,
}

/// How the end of a body that has a length is told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum BodySequence {
    /// The last piece with `false`, then nothing new with `true`.
    #[default]
    Http1,
    /// The last piece with `true`.
    Http2,
}

/// The bounds on a guest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Fuel (about one a Wasm instruction) for each call into the guest.
    pub fuel: u64,
    /// Calls of the guest to the host, for each call into the guest.
    pub host_calls: u64,
    /// Bytes copied between guest and host, for each call into the guest.
    pub host_bytes: u64,
    /// Pages of 64 KiB of linear memory.
    pub memory_pages: u32,
    /// Elements of a table.
    pub table_elements: u32,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            fuel: 200_000_000,
            host_calls: 1_000_000,
            host_bytes: 1 << 26,
            memory_pages: 2_048,
            table_elements: 65_536,
        }
    }
}

/// A call of the guest that the host does not do, so that a test sees what the guest makes of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The function of the host, such as `proxy_set_buffer_bytes`.
    pub function: String,
    /// Which call of it in each exchange, from 1.
    pub nth: u64,
    /// The status that the guest gets, by its number in the ABI: 10 is an internal failure.
    pub status: u32,
}

/// Everything a test decides about a host before it starts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The proxy to imitate.
    pub profile: Profile,
    /// Envoy's `allow_on_headers_stop_iteration`: a pause in a header callback holds the headers
    /// while the body comes in. Without it such a pause stops everything.
    pub hold_allowed: bool,
    /// Workers, each with its own virtual machine; at least 1.
    pub workers: usize,
    /// The virtual machine's id, which names the shared data.
    pub vm_id: String,
    /// The root context's id.
    pub root_id: String,
    /// The plugin's name, in the property `plugin_name`.
    pub plugin_name: String,
    /// The virtual machine's configuration.
    pub vm_config: Vec<u8>,
    /// The plugin's configuration.
    pub plugin_config: Vec<u8>,
    /// What follows a trap.
    pub failure_policy: FailurePolicy,
    /// How long [`FailurePolicy::Reload`] waits, on the test's clock.
    pub reload_backoff: Duration,
    /// The most bytes of a body that are buffered while a stream is paused.
    pub buffer_limit: usize,
    /// The bounds on the guest.
    pub limits: Limits,
    /// Properties of every request: path and value.
    pub properties: Vec<(Vec<String>, Vec<u8>)>,
    /// Environment variables of the module.
    pub environment: Vec<(String, String)>,
    /// The seed of `random_get`, mixed with the worker's number.
    pub random_seed: u64,
    /// The time at the start, in nanoseconds since the Unix epoch.
    pub start_time: u64,
    /// How the ends of bodies are told.
    pub body_sequence: BodySequence,
    /// The size of the pieces that a request's body arrives in, in bytes; at least 1.
    pub request_chunk: usize,
    /// The largest piece that a response's body arrives in; smaller ones stay as they are.
    pub response_chunk: usize,
    /// [`Profile::Nginx`] only: a request body larger than this was spilled to disk and reads
    /// as absent.
    pub spill_limit: usize,
    /// What the host does not do.
    pub faults: Vec<Fault>,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            profile: Profile::default(),
            hold_allowed: true,
            workers: 1,
            vm_id: "vm".to_owned(),
            root_id: String::new(),
            plugin_name: "plugin".to_owned(),
            vm_config: Vec::new(),
            plugin_config: Vec::new(),
            failure_policy: FailurePolicy::default(),
            reload_backoff: Duration::from_secs(1),
            buffer_limit: 1_048_576,
            limits: Limits::default(),
            properties: Vec::new(),
            environment: Vec::new(),
            random_seed: 1,
            start_time: 1_767_225_600_000_000_000,
            body_sequence: BodySequence::default(),
            request_chunk: 16_384,
            response_chunk: 16_384,
            spill_limit: 16_384,
            faults: Vec::new(),
        }
    }
}
