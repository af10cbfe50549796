//! Sorting in little code.

use std::collections::BinaryHeap;

/// The items in order, equal ones in any; those that come in order stay as they are. A heap takes n log n comparisons whatever
/// the items, and a tenth of the code that `slice::sort` adds for each type.
#[must_use]
pub fn sorted<T: Ord>(items: Vec<T>) -> Vec<T> {
    if items.is_sorted() {
        return items;
    }
    BinaryHeap::from(items).into_sorted_vec()
}
