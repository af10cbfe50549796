//! Calls over gRPC.
#![expect(
    unsafe_code,
    reason = "the ABI is pointers and lengths in linear memory"
)]

use toolgate_engine::exchange::ServiceCall;

use crate::abi::{Refusal, check};

/// gRPC's status for a call that somebody gave up.
pub(crate) const CANCELLED: u32 = 1;
/// gRPC's status for an error that says no more.
pub(crate) const UNKNOWN: u32 = 2;

#[link(wasm_import_module = "env")]
unsafe extern "C" {
    fn proxy_grpc_call(
        target: *const u8,
        target_size: usize,
        service: *const u8,
        service_size: usize,
        method: *const u8,
        method_size: usize,
        metadata: *const u8,
        metadata_size: usize,
        message: *const u8,
        message_size: usize,
        timeout_ms: u32,
        token: *mut u32,
    ) -> u32;
    fn proxy_grpc_cancel(token: u32) -> u32;
}

/// No headers, in the ABI's form.
const NO_METADATA: [u8; 4] = [0; 4];

/// Makes a call; its answer comes with the token that this gives.
pub(crate) fn call(call: &ServiceCall) -> Result<u32, Refusal> {
    let mut token = 0;
    // SAFETY: the host reads everything during the call, and writes one u32.
    let status = unsafe {
        proxy_grpc_call(
            call.target.as_ptr(),
            call.target.len(),
            call.service.as_ptr(),
            call.service.len(),
            call.method.as_ptr(),
            call.method.len(),
            NO_METADATA.as_ptr(),
            NO_METADATA.len(),
            call.message.as_ptr(),
            call.message.len(),
            call.timeout_ms,
            &raw mut token,
        )
    };
    check(status).map(|()| token)
}

/// Gives a call up; its answer does not come.
pub(crate) fn cancel(token: u32) -> Result<(), Refusal> {
    // SAFETY: no memory is passed.
    check(unsafe { proxy_grpc_cancel(token) })
}
