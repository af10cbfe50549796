//! What the proxy did with a request that it forwarded, by Envoy's attributes.
//!
//! Only a proxy that speaks them can say that nothing was sent; where one is absent, or says
//! anything unexpected, the answer is that something may have been.

use crate::surroundings::Surroundings;

/// Response flags, one bit each (`response.flags`).
const NO_HEALTHY_UPSTREAM: u64 = 1 << 1;
const CONNECTION_FAILURE: u64 = 1 << 5;
const OVERFLOW: u64 = 1 << 7;

/// Whether no byte of the request went upstream. Only meaningful once a response began.
///
/// Envoy counts attempts: at none, its router was never reached or found no cluster. At exactly
/// one, the flag must be one of those that mean that there was no connection to send on, and no
/// other flag beside it. With more attempts nobody can say what the earlier ones did.
pub(super) fn sent_nothing(around: &mut dyn Surroundings) -> bool {
    let local = match around.property(&["response", "code_details"]) {
        Some(details) => !details.is_empty() && details != b"via_upstream",
        None => false,
    };
    if !local {
        return false;
    }
    match number(around, &["upstream", "request_attempt_count"]) {
        Some(0) => true,
        Some(1) => matches!(
            number(around, &["response", "flags"]),
            Some(NO_HEALTHY_UPSTREAM | CONNECTION_FAILURE | OVERFLOW)
        ),
        _ => false,
    }
}

/// Whether the proxy tried more than once: an answer then says nothing of the earlier attempts.
pub(super) fn repeated(around: &mut dyn Surroundings) -> bool {
    number(around, &["upstream", "request_attempt_count"]).is_some_and(|attempts| attempts > 1)
}

fn number(around: &mut dyn Surroundings, path: &[&str]) -> Option<u64> {
    let bytes = around.property(path)?;
    Some(u64::from_le_bytes(bytes.try_into().ok()?))
}
