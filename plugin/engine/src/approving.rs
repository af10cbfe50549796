//! Approvals: the root of the crate `toolgate-approval`. Few calls wait for a person, and so it is built for size.

pub mod approval;

use toolgate_json as json;
use toolgate_language::config;
use toolgate_limit::{base32, limit};
