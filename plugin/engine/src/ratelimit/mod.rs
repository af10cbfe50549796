//! Envoy's rate limit protocol, `envoy.service.ratelimit.v3`: a request and its answer as bytes.
//!
//! It knows no policy and no MCP. What the protocol promises is little: a service adds
//! `hits_addend` to the count of every descriptor and says whether any of them is over its limit.
//! Whether one that is over leaves the others uncounted is up to the service.

mod request;
mod response;
mod unit;

use crate::protobuf::Writer;

pub use request::{Descriptor, Override, Request};
pub use response::{Code, Current, Response, Status};
pub use unit::Unit;

/// The service's full name.
pub const SERVICE: &str = "envoy.service.ratelimit.v3.RateLimitService";
/// The one method that it has.
pub const METHOD: &str = "ShouldRateLimit";

/// The longest answer that is read, in bytes; ours are below 100 bytes a descriptor.
pub const MAX_RESPONSE_BYTES: usize = 64 << 10;

/// `envoy.config.core.v3.GrpcService` for a cluster. A bare name is no substitute: hosts read it as
/// this message first, and the bytes of some names, `quota_svc` for one, are one.
pub fn envoy_service(cluster: &str) -> Vec<u8> {
    let mut out = Writer::default();
    out.message(1, |envoy_grpc| envoy_grpc.bytes(1, cluster.as_bytes()));
    out.finish()
}
