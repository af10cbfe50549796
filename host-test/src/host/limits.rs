//! Bounds on a guest's memory and tables.

use wasmtime::ResourceLimiter;

use super::settings::Limits;

const PAGE: usize = 65_536;

/// Refuses growth beyond the bounds, and remembers that it did.
pub(crate) struct Limiter {
    memory_bytes: usize,
    table_elements: usize,
    /// Whether growth was refused since this was last set to `false`.
    pub(crate) refused: bool,
}

impl Limiter {
    pub(crate) fn new(limits: &Limits) -> Limiter {
        let pages = usize::try_from(limits.memory_pages).unwrap_or(usize::MAX);
        Limiter {
            memory_bytes: pages.saturating_mul(PAGE),
            table_elements: usize::try_from(limits.table_elements).unwrap_or(usize::MAX),
            refused: false,
        }
    }

    fn decide(&mut self, fits: bool) -> wasmtime::Result<bool> {
        self.refused |= !fits;
        Ok(fits)
    }
}

impl ResourceLimiter for Limiter {
    fn memory_growing(
        &mut self,
        _current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        self.decide(desired <= self.memory_bytes)
    }

    fn table_growing(
        &mut self,
        _current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        self.decide(desired <= self.table_elements)
    }
}
