//! The proxy-wasm adapter of Toolgate: host callbacks to the engine, its answers back to the host.

mod abi;
mod audit;
mod callbacks;
mod http;
mod metrics;
mod root;
mod saturation;
mod shared;
