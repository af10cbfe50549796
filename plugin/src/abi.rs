//! The calls of the host, as values: no status of any host and no byte of any header panics.
//!
//! The SDK's wrappers panic on a status that they do not expect and on a header name that is not
//! UTF-8; a panic in the filter resets every stream of the worker. Signatures: proxy-wasm ABI
//! 0.2.1.
#![expect(
    unsafe_code,
    reason = "the ABI is pointers and lengths in linear memory"
)]

use std::ptr::null_mut;

use toolgate_engine::mcp::Headers;

/// Which headers.
#[derive(Clone, Copy)]
#[repr(u32)]
pub(crate) enum Map {
    Request = 0,
    Response = 2,
    /// Of the answer to a call over HTTP.
    CallResponse = 6,
}

/// Which body.
#[derive(Clone, Copy)]
#[repr(u32)]
pub(crate) enum Body {
    Request = 0,
    Response = 1,
    /// The answer to a call over gRPC.
    Grpc = 5,
    Configuration = 7,
}

/// Log levels of the ABI.
#[derive(Clone, Copy)]
#[repr(u32)]
pub(crate) enum Level {
    Info = 2,
    Warn = 3,
    Error = 4,
}

/// A status other than `Ok`, of which only some are told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    NotFound,
    CasMismatch,
    Unimplemented,
    Other,
}

const OK: u32 = 0;
const NOT_FOUND: u32 = 1;
const CAS_MISMATCH: u32 = 8;
const UNIMPLEMENTED: u32 = 12;

pub(crate) fn check(status: u32) -> Result<(), Refusal> {
    match status {
        OK => Ok(()),
        NOT_FOUND => Err(Refusal::NotFound),
        CAS_MISMATCH => Err(Refusal::CasMismatch),
        UNIMPLEMENTED => Err(Refusal::Unimplemented),
        _ => Err(Refusal::Other),
    }
}

#[link(wasm_import_module = "env")]
unsafe extern "C" {
    fn proxy_log(level: u32, text: *const u8, size: usize) -> u32;
    fn proxy_get_current_time_nanoseconds(time: *mut u64) -> u32;
    fn proxy_set_tick_period_milliseconds(period: u32) -> u32;
    fn proxy_define_metric(kind: u32, name: *const u8, size: usize, id: *mut u32) -> u32;
    fn proxy_increment_metric(id: u32, offset: i64) -> u32;
    fn proxy_record_metric(id: u32, value: u64) -> u32;
    fn proxy_get_header_map_pairs(map: u32, data: *mut *mut u8, size: *mut usize) -> u32;
    fn proxy_get_header_map_value(
        map: u32,
        key: *const u8,
        key_size: usize,
        data: *mut *mut u8,
        size: *mut usize,
    ) -> u32;
    fn proxy_remove_header_map_value(map: u32, key: *const u8, key_size: usize) -> u32;
    fn proxy_replace_header_map_value(
        map: u32,
        key: *const u8,
        key_size: usize,
        value: *const u8,
        value_size: usize,
    ) -> u32;
    fn proxy_get_buffer_bytes(
        body: u32,
        start: usize,
        most: usize,
        data: *mut *mut u8,
        size: *mut usize,
    ) -> u32;
    fn proxy_set_buffer_bytes(
        body: u32,
        start: usize,
        length: usize,
        data: *const u8,
        size: usize,
    ) -> u32;
    fn proxy_get_property(
        path: *const u8,
        path_size: usize,
        data: *mut *mut u8,
        size: *mut usize,
    ) -> u32;
    fn proxy_set_property(
        path: *const u8,
        path_size: usize,
        value: *const u8,
        value_size: usize,
    ) -> u32;
    fn proxy_get_shared_data(
        key: *const u8,
        key_size: usize,
        data: *mut *mut u8,
        size: *mut usize,
        cas: *mut u32,
    ) -> u32;
    fn proxy_set_shared_data(
        key: *const u8,
        key_size: usize,
        value: *const u8,
        value_size: usize,
        cas: u32,
    ) -> u32;
    fn proxy_continue_stream(stream: u32) -> u32;
    fn proxy_set_effective_context(id: u32) -> u32;
    fn proxy_done() -> u32;
    fn proxy_call_foreign_function(
        name: *const u8,
        name_size: usize,
        argument: *const u8,
        argument_size: usize,
        data: *mut *mut u8,
        size: *mut usize,
    ) -> u32;
    fn proxy_send_local_response(
        status: u32,
        details: *const u8,
        details_size: usize,
        body: *const u8,
        body_size: usize,
        headers: *const u8,
        headers_size: usize,
        grpc_status: i32,
    ) -> u32;
}

/// Takes over what the host wrote into memory that it asked the SDK's allocator for.
fn take(status: u32, data: *mut u8, size: usize) -> Result<Vec<u8>, Refusal> {
    check(status)?;
    if data.is_null() || size == 0 {
        return Ok(Vec::new());
    }
    // SAFETY: `proxy_on_memory_allocate` made it with the layout of an array of exactly `size` bytes,
    // and the host, which has written them, gives it away.
    Ok(unsafe { Vec::from_raw_parts(data, size, size) })
}

/// Writes a line to the host's log; a host that refuses it loses only the line.
pub(crate) fn log(level: Level, text: &str) {
    // SAFETY: the host reads `text` during the call.
    let _ = unsafe { proxy_log(level as u32, text.as_ptr(), text.len()) };
}

/// Nanoseconds since the Unix epoch; 0 from a host without a clock, which frees no counter.
pub(crate) fn now() -> u64 {
    let mut time = 0;
    // SAFETY: the host writes one u64.
    let status = unsafe { proxy_get_current_time_nanoseconds(&raw mut time) };
    if status == OK { time } else { 0 }
}

/// Asks for `on_tick` every so many milliseconds.
pub(crate) fn set_tick_period(milliseconds: u32) {
    // SAFETY: plain numbers.
    let _ = unsafe { proxy_set_tick_period_milliseconds(milliseconds) };
}

/// What a metric does.
#[derive(Clone, Copy)]
#[repr(u32)]
pub(crate) enum Metric {
    Counter = 0,
    Gauge = 1,
    Histogram = 2,
}

/// Makes or finds a metric.
pub(crate) fn define_metric(kind: Metric, name: &str) -> Result<u32, Refusal> {
    let mut id = 0;
    // SAFETY: the host reads `name` during the call, and writes one u32.
    let status =
        unsafe { proxy_define_metric(kind as u32, name.as_ptr(), name.len(), &raw mut id) };
    check(status).map(|()| id)
}

/// Adds to a counter. What a host does not count is not counted.
pub(crate) fn increment_metric(id: u32, offset: i64) {
    // SAFETY: plain numbers.
    let _ = unsafe { proxy_increment_metric(id, offset) };
}

/// Sets a gauge, or adds a sample to a histogram.
pub(crate) fn record_metric(id: u32, value: u64) {
    // SAFETY: plain numbers.
    let _ = unsafe { proxy_record_metric(id, value) };
}

/// All headers, in the ABI's form; see [`headers`].
pub(crate) fn header_block(map: Map) -> Result<Vec<u8>, Refusal> {
    let (mut data, mut size) = (null_mut(), 0);
    // SAFETY: the host writes a pointer and a length.
    let status = unsafe { proxy_get_header_map_pairs(map as u32, &raw mut data, &raw mut size) };
    take(status, data, size)
}

/// Reads a header block: a count, then the lengths of each name and value, then each of them with
/// a NUL after it. `None` when it is not one.
pub(crate) fn headers(block: &[u8]) -> Option<Headers<'_>> {
    let Some((count, rest)) = block.split_first_chunk() else {
        return block.is_empty().then(Headers::default);
    };
    let count = usize::try_from(u32::from_le_bytes(*count)).ok()?;
    let (lengths, mut rest) = rest.split_at_checked(count.checked_mul(8)?)?;
    let mut pairs = Vec::with_capacity(count);
    for [a, b, c, d, e, f, g, h] in lengths.as_chunks().0 {
        let name = text(&mut rest, u32::from_le_bytes([*a, *b, *c, *d]))?;
        let value = text(&mut rest, u32::from_le_bytes([*e, *f, *g, *h]))?;
        pairs.push((name, value));
    }
    Some(Headers::from(pairs))
}

/// Takes a text of that size, and the NUL after it, from the front of `rest`.
#[inline]
fn text<'a>(rest: &mut &'a [u8], size: u32) -> Option<&'a [u8]> {
    let size = usize::try_from(size).ok()?;
    let text = rest.get(..size)?;
    if rest.get(size) != Some(&0) {
        return None;
    }
    *rest = rest.get(size.checked_add(1)?..)?;
    Some(text)
}

/// One header's value.
pub(crate) fn header(map: Map, name: &str) -> Result<Vec<u8>, Refusal> {
    let (mut data, mut size) = (null_mut(), 0);
    // SAFETY: the host reads `name` during the call, and writes a pointer and a length.
    let status = unsafe {
        proxy_get_header_map_value(
            map as u32,
            name.as_ptr(),
            name.len(),
            &raw mut data,
            &raw mut size,
        )
    };
    take(status, data, size)
}

/// Removes a header.
pub(crate) fn remove_header(map: Map, name: &str) -> Result<(), Refusal> {
    // SAFETY: the host reads `name` during the call.
    check(unsafe { proxy_remove_header_map_value(map as u32, name.as_ptr(), name.len()) })
}

/// Sets a header.
pub(crate) fn set_header(map: Map, name: &str, value: &str) -> Result<(), Refusal> {
    // SAFETY: the host reads both texts during the call.
    check(unsafe {
        proxy_replace_header_map_value(
            map as u32,
            name.as_ptr(),
            name.len(),
            value.as_ptr(),
            value.len(),
        )
    })
}

/// At most `most` bytes from the start of a buffer.
pub(crate) fn body(body: Body, most: usize) -> Result<Vec<u8>, Refusal> {
    let (mut data, mut size) = (null_mut(), 0);
    // SAFETY: the host writes a pointer and a length.
    let status =
        unsafe { proxy_get_buffer_bytes(body as u32, 0, most, &raw mut data, &raw mut size) };
    match take(status, data, size) {
        // What an empty buffer answers.
        Err(Refusal::NotFound) => Ok(Vec::new()),
        taken => taken,
    }
}

/// Replaces a buffer of `size` bytes.
pub(crate) fn set_body(body: Body, size: usize, text: &[u8]) -> Result<(), Refusal> {
    // Hosts differ in whether a length beyond the buffer is clipped; none keeps a tail this way.
    let length = size.max(text.len());
    // SAFETY: the host reads `text` during the call.
    check(unsafe { proxy_set_buffer_bytes(body as u32, 0, length, text.as_ptr(), text.len()) })
}

/// A property, by its path; `None` when there is none.
pub(crate) fn property(path: &[&str]) -> Option<Vec<u8>> {
    let path = path.join("\0");
    let (mut data, mut size) = (null_mut(), 0);
    // SAFETY: the host reads the path during the call, and writes a pointer and a length.
    let status =
        unsafe { proxy_get_property(path.as_ptr(), path.len(), &raw mut data, &raw mut size) };
    take(status, data, size).ok()
}

/// Sets a property of one step.
pub(crate) fn set_property(name: &str, value: &[u8]) -> Result<(), Refusal> {
    // SAFETY: the host reads both during the call.
    check(unsafe { proxy_set_property(name.as_ptr(), name.len(), value.as_ptr(), value.len()) })
}

/// A value of the shared data and its compare-and-swap number.
pub(crate) fn shared_data(key: &str) -> Result<(Vec<u8>, u32), Refusal> {
    let (mut data, mut size, mut cas) = (null_mut(), 0, 0);
    // SAFETY: the host reads the key during the call, and writes a pointer, a length and a number.
    let status = unsafe {
        proxy_get_shared_data(
            key.as_ptr(),
            key.len(),
            &raw mut data,
            &raw mut size,
            &raw mut cas,
        )
    };
    take(status, data, size).map(|value| (value, cas))
}

/// Stores a value of the shared data if its number is still `cas`; 0 stores in any case.
pub(crate) fn set_shared_data(key: &str, value: &[u8], cas: u32) -> Result<(), Refusal> {
    // SAFETY: the host reads both during the call.
    check(unsafe {
        proxy_set_shared_data(key.as_ptr(), key.len(), value.as_ptr(), value.len(), cas)
    })
}

/// Lets a paused request go on, once the callback returns. Its headers can no longer be changed.
pub(crate) fn continue_request() -> Result<(), Refusal> {
    // SAFETY: no memory is passed.
    check(unsafe { proxy_continue_stream(0) })
}

/// Acts for another context until the callback returns.
pub(crate) fn set_effective_context(id: u32) -> Result<(), Refusal> {
    // SAFETY: no memory is passed.
    check(unsafe { proxy_set_effective_context(id) })
}

/// Has the route chosen anew, by the headers as they are now.
pub(crate) fn clear_route_cache() -> Result<(), Refusal> {
    let name = "clear_route_cache";
    let (mut data, mut size) = (null_mut(), 0);
    // SAFETY: the host reads the name during the call, and writes a pointer and a length.
    let status = unsafe {
        proxy_call_foreign_function(
            name.as_ptr(),
            name.len(),
            name.as_ptr(),
            0,
            &raw mut data,
            &raw mut size,
        )
    };
    take(status, data, size).map(|_| ())
}

/// A context that was not done when it was asked to end is done now.
pub(crate) fn done() -> Result<(), Refusal> {
    // SAFETY: no memory is passed.
    check(unsafe { proxy_done() })
}

/// Answers the request here. `details` stands in the host's access log.
pub(crate) fn reply(
    status: u16,
    headers: &[(&str, &str)],
    body: &[u8],
    details: &str,
) -> Result<(), Refusal> {
    let headers = header_block_of(headers);
    // SAFETY: the host reads all three during the call.
    check(unsafe {
        proxy_send_local_response(
            u32::from(status),
            details.as_ptr(),
            details.len(),
            body.as_ptr(),
            body.len(),
            headers.as_ptr(),
            headers.len(),
            -1,
        )
    })
}

/// Pairs in the ABI's form.
pub(crate) fn header_block_of(pairs: &[(&str, &str)]) -> Vec<u8> {
    let length = |text: &str| u32::try_from(text.len()).unwrap_or(u32::MAX).to_le_bytes();
    let mut block = Vec::with_capacity(128);
    block.extend(u32::try_from(pairs.len()).unwrap_or(0).to_le_bytes());
    for (name, value) in pairs {
        block.extend(length(name));
        block.extend(length(value));
    }
    for (name, value) in pairs {
        block.extend(name.as_bytes());
        block.push(0);
        block.extend(value.as_bytes());
        block.push(0);
    }
    block
}
