//! The proxy-wasm adapter of Toolgate: host callbacks to the engine, its answers back to the host.
