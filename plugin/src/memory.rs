//! Where memory comes from: small pieces that are given back wait, by size, for the next request.
//!
//! A request asks for a hundred or two pieces of few sizes. Taking one off a list and putting it back takes a fraction of
//! the instructions of the standard library's allocator, to which is left what is larger, what no list has, and what is too
//! much to wait: otherwise an attacker could make every list long in turn.
#![cfg(target_family = "wasm")]
#![expect(unsafe_code, reason = "an allocator is unsafe by its nature")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::ptr::{self, null_mut};

/// Sizes are rounded up to a multiple of this, which is also what pieces are aligned to.
const STEP: usize = 16;
/// The number of lists, for sizes up to 1 kB.
const LISTS: usize = 64;
/// The most bytes that wait in all lists together.
const MOST_WAITING: usize = 256 << 10;

/// A piece that waits, in whose place the link to the next one stands.
struct Waiting {
    next: *mut Waiting,
}

struct Memory {
    /// The first piece of each size that waits.
    lists: [Cell<*mut Waiting>; LISTS],
    /// The bytes that wait.
    waiting: Cell<usize>,
}

// SAFETY: the module has one thread.
unsafe impl Sync for Memory {}

#[global_allocator]
static MEMORY: Memory = Memory {
    lists: [const { Cell::new(null_mut()) }; LISTS],
    waiting: Cell::new(0),
};

impl Memory {
    /// The list of the pieces that are good for a layout, where there is one.
    fn list(&self, layout: Layout) -> Option<&Cell<*mut Waiting>> {
        // A size of 0 is never asked for.
        let list = self.lists.get(layout.size().wrapping_sub(1) / STEP)?;
        (layout.align() <= STEP).then_some(list)
    }
}

/// What all pieces of a layout's list have.
fn whole(layout: Layout) -> Layout {
    let size = layout.size().next_multiple_of(STEP);
    Layout::from_size_align(size, STEP).unwrap_or(layout)
}

// Called, not copied to wherever something is made or dropped.
// SAFETY: a piece is in use or in one list, and all that a list ever had came from the system with the same layout.
unsafe impl GlobalAlloc for Memory {
    #[inline(never)]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let Some(list) = self.list(layout) else {
            // SAFETY: as the caller promises.
            return unsafe { System.alloc(layout) };
        };
        let (first, layout) = (list.get(), whole(layout));
        if first.is_null() {
            // SAFETY: the size is not 0.
            return unsafe { System.alloc(layout) };
        }
        // SAFETY: what is in a list was written by `dealloc`.
        list.set(unsafe { (*first).next });
        self.waiting
            .set(self.waiting.get().wrapping_sub(layout.size()));
        first.cast()
    }

    #[inline(never)]
    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        let Some(list) = self.list(layout) else {
            // SAFETY: as the caller promises.
            return unsafe { System.dealloc(memory, layout) };
        };
        let layout = whole(layout);
        let waiting = self.waiting.get().wrapping_add(layout.size());
        if waiting > MOST_WAITING {
            // SAFETY: this is the layout that `alloc` asked the system for.
            return unsafe { System.dealloc(memory, layout) };
        }
        let piece = memory.cast::<Waiting>();
        // SAFETY: the piece is nobody's any more, large enough and aligned.
        unsafe { piece.write(Waiting { next: list.get() }) };
        list.set(piece);
        self.waiting.set(waiting);
    }

    #[inline(never)]
    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: as the caller promises.
        let wanted = unsafe { Layout::from_size_align_unchecked(size, layout.align()) };
        match (self.list(layout), self.list(wanted)) {
            // SAFETY: as the caller promises.
            (None, None) => unsafe { System.realloc(memory, layout, size) },
            (Some(has), Some(wants)) if ptr::eq(has, wants) => memory,
            // SAFETY: two pieces of at least the length that is copied.
            _ => unsafe {
                let other = self.alloc(wanted);
                if !other.is_null() {
                    other.copy_from_nonoverlapping(memory, layout.size().min(size));
                    self.dealloc(memory, layout);
                }
                other
            },
        }
    }
}
