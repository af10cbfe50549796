//! The host's callbacks: which context each is for, and the exports by the names of the ABI.
//!
//! The SDK's dispatcher panics on a context that it does not know, and hands on only answers to
//! calls made through its own wrappers, which panic on a status that they do not expect. A panic
//! in the filter resets every stream of the worker; here nothing panics. Names and signatures:
//! proxy-wasm ABI 0.2.1; what is not exported, a host takes for "go on".
#![expect(
    unsafe_code,
    reason = "exports have fixed names, and memory is given away to the host"
)]

use std::alloc::{Layout, alloc};
use std::cell::RefCell;
use std::ptr::{NonNull, null_mut};
use std::rc::Rc;

use rustc_hash::FxHashMap;

use crate::abi::{self, Body};
use crate::calls::{self, Ids};
use crate::grpc;
use crate::http::Filter;
use crate::root::Root;
use crate::webhook;

/// What becomes of the headers, the piece of a body or the trailers that a callback is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub(crate) enum Action {
    /// They go on.
    Continue = 0,
    /// They wait.
    Pause = 1,
}

/// What a host calls about one HTTP stream, with the SDKs' names.
pub(crate) trait HttpContext {
    fn on_http_request_headers(&mut self, count: usize, end_of_stream: bool) -> Action;
    fn on_http_request_body(&mut self, size: usize, end_of_stream: bool) -> Action;
    fn on_http_request_trailers(&mut self, count: usize) -> Action;
    fn on_http_response_headers(&mut self, count: usize, end_of_stream: bool) -> Action;
    fn on_http_response_body(&mut self, size: usize, end_of_stream: bool) -> Action;
    fn on_http_response_trailers(&mut self, count: usize) -> Action;
    /// The stream ends; its log lines are written next.
    fn on_log(&mut self);
    /// The answer to a call over gRPC, or the status that it ended with. The host acts for this
    /// stream meanwhile.
    fn on_grpc_call_response(&mut self, token: u32, answer: Result<&[u8], u32>);
    /// The stream ends.
    fn on_delete(&mut self);
}

/// What a host calls about one configuration, with the SDKs' names.
pub(crate) trait RootContext {
    /// Whether the configuration of `size` bytes is taken.
    fn on_configure(&mut self, size: usize) -> bool;
    /// Some time has passed.
    fn on_tick(&mut self);
    /// A new stream.
    fn create_http_context(&self, ids: Ids) -> Filter;
}

type Cells<T> = FxHashMap<u32, Rc<RefCell<T>>>;

/// The contexts that live, by their ids.
#[derive(Default)]
struct Contexts {
    roots: Cells<Root>,
    streams: Cells<Filter>,
    /// Root contexts that end once no call of theirs is under way.
    ending: Vec<u32>,
}

thread_local! {
    static CONTEXTS: RefCell<Contexts> = RefCell::default();
}

/// Looks at the contexts. They are never borrowed while the host is called or a context runs, so
/// that a host which calls back from within a call finds them.
fn contexts<T>(look: impl FnOnce(&mut Contexts) -> T) -> Option<T> {
    CONTEXTS.with(|contexts| Some(look(&mut *contexts.try_borrow_mut().ok()?)))
}

/// Runs a stream; `None` when there is none of that id, or when it runs already.
fn stream<T>(id: u32, run: impl FnOnce(&mut Filter) -> T) -> Option<T> {
    let found = contexts(|contexts| contexts.streams.get(&id).cloned())??;
    let mut filter = found.try_borrow_mut().ok()?;
    Some(run(&mut filter))
}

/// Runs a root context, as [`stream`].
fn root<T>(id: u32, run: impl FnOnce(&mut Root) -> T) -> Option<T> {
    let found = contexts(|contexts| contexts.roots.get(&id).cloned())??;
    let mut root = found.try_borrow_mut().ok()?;
    Some(run(&mut root))
}

/// A request that no filter saw goes no further.
fn request(id: u32, run: impl FnOnce(&mut Filter) -> Action) -> Action {
    stream(id, run).unwrap_or(Action::Pause)
}

/// A response to a request that no filter let pass is the host's own.
fn response(id: u32, run: impl FnOnce(&mut Filter) -> Action) -> Action {
    stream(id, run).unwrap_or(Action::Continue)
}

#[cfg(target_family = "wasm")]
unsafe extern "C" {
    fn __wasm_call_ctors();
}

#[unsafe(no_mangle)]
extern "C" fn _initialize() {
    #[cfg(target_family = "wasm")]
    // SAFETY: the linker makes it, and a host calls this once, before anything else.
    unsafe {
        __wasm_call_ctors();
    }
}

#[unsafe(no_mangle)]
extern "C" fn proxy_abi_version_0_2_1() {}

/// Memory that the host fills and gives back: see `take` in `abi.rs`.
#[unsafe(no_mangle)]
extern "C" fn proxy_on_memory_allocate(size: usize) -> *mut u8 {
    let Ok(layout) = Layout::array::<u8>(size) else {
        return null_mut();
    };
    if size == 0 {
        return NonNull::dangling().as_ptr();
    }
    // SAFETY: the size is not 0. The host writes all of it before it gives it back: nothing is cleared.
    unsafe { alloc(layout) }
}

#[unsafe(no_mangle)]
extern "C" fn proxy_on_context_create(id: u32, root_id: u32) {
    if root_id == 0 {
        let made = Rc::new(RefCell::new(Root::default()));
        contexts(|contexts| contexts.roots.insert(id, made));
        return;
    }
    // Without its root, a stream has no configuration and answers so.
    let ids = Ids {
        stream: id,
        root: root_id,
    };
    let made = root(root_id, |root| root.create_http_context(ids));
    let made = Rc::new(RefCell::new(made.unwrap_or_else(|| Filter::new(None, ids))));
    contexts(|contexts| contexts.streams.insert(id, made));
}

#[unsafe(no_mangle)]
extern "C" fn proxy_on_configure(id: u32, size: usize) -> bool {
    root(id, |root| root.on_configure(size)).unwrap_or(false)
}

#[unsafe(no_mangle)]
extern "C" fn proxy_on_tick(id: u32) {
    root(id, RootContext::on_tick);
}

#[unsafe(no_mangle)]
extern "C" fn proxy_on_request_headers(id: u32, count: usize, end: bool) -> Action {
    request(id, |filter| filter.on_http_request_headers(count, end))
}

#[unsafe(no_mangle)]
extern "C" fn proxy_on_request_body(id: u32, size: usize, end: bool) -> Action {
    request(id, |filter| filter.on_http_request_body(size, end))
}

#[unsafe(no_mangle)]
extern "C" fn proxy_on_request_trailers(id: u32, count: usize) -> Action {
    request(id, |filter| filter.on_http_request_trailers(count))
}

#[unsafe(no_mangle)]
extern "C" fn proxy_on_response_headers(id: u32, count: usize, end: bool) -> Action {
    response(id, |filter| filter.on_http_response_headers(count, end))
}

#[unsafe(no_mangle)]
extern "C" fn proxy_on_response_body(id: u32, size: usize, end: bool) -> Action {
    response(id, |filter| filter.on_http_response_body(size, end))
}

#[unsafe(no_mangle)]
extern "C" fn proxy_on_response_trailers(id: u32, count: usize) -> Action {
    response(id, |filter| filter.on_http_response_trailers(count))
}

/// Hands an answer to the stream that waits for it. A late one finds none.
fn answer(token: u32, answer: Result<&[u8], u32>) {
    let Some(ids) = calls::take(token) else {
        return;
    };
    // Answers come to the root context; what follows is done to the stream.
    if abi::set_effective_context(ids.stream).is_ok() {
        stream(ids.stream, |filter| {
            filter.on_grpc_call_response(token, answer);
        });
    }
    end_where_due(ids.root);
}

/// A root context that is to end does so when nothing of it is under way any more.
fn end_where_due(root: u32) {
    let ending = contexts(|contexts| contexts.ending.contains(&root));
    if ending == Some(true) && is_idle(root) {
        contexts(|contexts| contexts.ending.retain(|id| *id != root));
        if abi::set_effective_context(root).is_ok() {
            let _ = abi::done();
        }
    }
}

fn is_idle(root: u32) -> bool {
    calls::of_root(root).is_empty() && !webhook::any_of(root)
}

#[unsafe(no_mangle)]
extern "C" fn proxy_on_http_call_response(
    _root_id: u32,
    token: u32,
    headers: usize,
    _body: usize,
    _trailers: usize,
) {
    if let Some(root) = webhook::answered(token, headers) {
        end_where_due(root);
    }
}

#[unsafe(no_mangle)]
extern "C" fn proxy_on_grpc_receive(_root_id: u32, token: u32, size: usize) {
    // Too long an answer is refused by its length; there is no need to hold it.
    let most = toolgate_engine::ratelimit::MAX_RESPONSE_BYTES.saturating_add(1);
    match abi::body(Body::Grpc, size.min(most)) {
        Ok(message) => answer(token, Ok(&message)),
        Err(_) => answer(token, Err(grpc::UNKNOWN)),
    }
}

#[unsafe(no_mangle)]
extern "C" fn proxy_on_grpc_close(_root_id: u32, token: u32, status: u32) {
    answer(token, Err(status));
}

/// A root context ends when its configuration is replaced, and with it the calls that streams of it
/// wait for: they are let come to an end first.
#[unsafe(no_mangle)]
extern "C" fn proxy_on_done(id: u32) -> bool {
    if is_idle(id) {
        return true;
    }
    contexts(|contexts| contexts.ending.push(id));
    false
}

#[unsafe(no_mangle)]
extern "C" fn proxy_on_log(id: u32) {
    stream(id, HttpContext::on_log);
}

#[unsafe(no_mangle)]
extern "C" fn proxy_on_delete(id: u32) {
    stream(id, HttpContext::on_delete);
    let deleted = contexts(|contexts| {
        contexts.ending.retain(|root| *root != id);
        (contexts.streams.remove(&id), contexts.roots.remove(&id))
    });
    if let Some((_, Some(root))) = &deleted
        && let Ok(root) = root.try_borrow()
    {
        let others = contexts(|contexts| contexts.roots.values().cloned().collect::<Vec<_>>());
        root.deleted(&others.unwrap_or_default());
    }
    webhook::forget(id);
    // Dropped only now, for a context that ends may call the host.
    drop(deleted);
    // A host that does not wait for the end of a root context's calls brings no answers.
    for token in calls::of_root(id) {
        answer(token, Err(grpc::CANCELLED));
    }
}
