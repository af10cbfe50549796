//! The policy engine of Toolgate: bytes of MCP in, decisions out; no host, no clock, no I/O.

pub mod glob;
pub mod json {
    //! JSON as MCP uses it.
    pub mod number;
}
pub mod pattern;
