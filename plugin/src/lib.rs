//! The proxy-wasm adapter of Toolgate: host callbacks to the engine, its answers back to the host.

#![expect(
    missing_docs,
    reason = "the only public item is the entry point that a macro of the SDK makes"
)]

mod abi;
mod http;
mod root;
mod shared;

use proxy_wasm::traits::RootContext;
use proxy_wasm::types::LogLevel;

proxy_wasm::main! {{
    proxy_wasm::set_log_level(LogLevel::Info);
    proxy_wasm::set_root_context(|_| -> Box<dyn RootContext> { Box::new(root::Root::default()) });
}}
