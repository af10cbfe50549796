//! How commands that stand for a proxy run the module.

use host_test::{Limits, Settings};

/// The largest body that `max_body_bytes` allows, twice: what is too large is for the module to
/// say, not for a proxy's buffer.
const BUFFER: usize = 128 << 20;

/// Enough for the largest body; an endless loop still ends.
const FUEL: u64 = 40_000_000_000;

/// The settings of a host that runs the module with this configuration.
pub(super) fn settings(plugin_config: Vec<u8>) -> Settings {
    Settings {
        plugin_config,
        root_id: "toolgate".to_owned(),
        plugin_name: "toolgate".to_owned(),
        vm_id: "toolgate".to_owned(),
        buffer_limit: BUFFER,
        request_chunk: 1 << 20,
        limits: Limits {
            fuel: FUEL,
            host_bytes: 4 << 30,
            ..Limits::default()
        },
        ..Settings::default()
    }
}
