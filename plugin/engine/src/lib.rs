//! The policy engine of Toolgate: bytes of MCP in, decisions out; no host, no clock, no I/O.

pub mod config;
pub mod glob;
pub mod json;
pub mod limit;
pub mod mcp;
pub mod pattern;
pub mod policy;
