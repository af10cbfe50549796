//! The floor of the benchmark: the least that a Wasm filter can do which sees a request's body. It holds the headers,
//! waits for the whole body, copies it in, and lets it pass. `rustc` alone builds it.

use std::cell::UnsafeCell;

struct Room(UnsafeCell<[u8; 1 << 20]>);

// SAFETY: a virtual machine of a proxy has one thread.
unsafe impl Sync for Room {}

/// One body at a time.
static ROOM: Room = Room(UnsafeCell::new([0; 1 << 20]));

#[link(wasm_import_module = "env")]
unsafe extern "C" {
    fn proxy_get_buffer_bytes(body: u32, start: usize, most: usize, data: *mut *mut u8, size: *mut usize) -> u32;
}

unsafe extern "C" {
    fn __wasm_call_ctors();
}

#[unsafe(no_mangle)]
extern "C" fn _initialize() {
    // SAFETY: the linker makes it, and a host calls this once, before anything else.
    unsafe { __wasm_call_ctors() }
}

#[unsafe(no_mangle)]
extern "C" fn proxy_abi_version_0_2_1() {}

#[unsafe(no_mangle)]
extern "C" fn proxy_on_memory_allocate(_size: usize) -> *mut u8 {
    ROOM.0.get().cast()
}

#[unsafe(no_mangle)]
extern "C" fn proxy_on_context_create(_id: u32, _root: u32) {}

#[unsafe(no_mangle)]
extern "C" fn proxy_on_request_headers(_id: u32, _count: usize, end: bool) -> u32 {
    u32::from(!end)
}

#[unsafe(no_mangle)]
extern "C" fn proxy_on_request_body(_id: u32, size: usize, end: bool) -> u32 {
    if !end {
        return 1;
    }
    let (mut data, mut length) = (std::ptr::null_mut(), 0);
    // SAFETY: the host writes a pointer and a length.
    let status = unsafe { proxy_get_buffer_bytes(0, 0, size, &raw mut data, &raw mut length) };
    u32::from(status != 0 || length != size)
}
