//! The proxy-wasm adapter of Toolgate: host callbacks to the engine, its answers back to the host.

mod abi;
mod audit;
mod callbacks;
mod calls;
mod grpc;
mod http;
mod memory;
mod metrics;
mod notice;
mod root;
mod saturation;
mod shared;
mod webhook;
