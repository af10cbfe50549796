//! A proxy-wasm host for tests: runs any proxy-wasm module (ABI 0.1.0 to 0.2.1) the way Envoy does, with the
//! clock, randomness, upstreams and services under the test's control. It knows no policy.
//!
//! ```no_run
//! use host_test::{Host, Module, Request, Response, Settings};
//!
//! let module = Module::from_file("plugin.wasm").unwrap();
//! let mut host = Host::start(&module, &Settings::default()).unwrap();
//! host.set_time(1_767_600_000_000_000_000);
//! let mut upstream = |_: &Request| Response::new(200).with_body("hello").into();
//! let seen = host.exchange(0, &Request::post("/mcp", "{}"), &mut upstream);
//! assert_eq!(seen.response.unwrap().status, 200);
//! ```

pub mod host;

pub use host::Host;
pub use host::error::{ConfigRefused, ModuleError, StartError, TrapKind, TrapReport};
pub use host::exchange::{Callback, Exchange, LocalReply, Problem};
pub use host::log::{Level, LogLine};
pub use host::message::{Headers, Request, Response};
pub use host::module::Module;
pub use host::others::Others;
pub use host::process::{Metric, MetricKind, Process, SharedValue};
pub use host::schedule::{Choice, next_order};
pub use host::services::{GrpcCall, GrpcReply, HttpCall, HttpReply, NoServices, Services};
pub use host::settings::{BodySequence, FailurePolicy, Fault, Limits, Profile, Settings};
pub use host::upstream::{Client, Next, Reply, Upstream};
pub use host::worker::Worker;
