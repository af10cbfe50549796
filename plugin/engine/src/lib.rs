//! The policy engine of Toolgate: bytes of MCP in, decisions out; no host, no clock, no I/O.

pub mod limit;
