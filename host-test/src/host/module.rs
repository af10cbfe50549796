//! A module, checked against the ABI and compiled once.

use std::path::Path;

use super::error::ModuleError;

/// A compiled proxy-wasm module; cheap to clone.
#[derive(Clone)]
pub struct Module {}

impl Module {
    /// Reads and compiles a file of Wasm or wat.
    pub fn from_file(path: impl AsRef<Path>) -> Result<Module, ModuleError> {
        let path = path.as_ref();
        let bytes = std::fs::read(path)
            .map_err(|why| ModuleError::Unreadable(format!("`{}`: {why}", path.display())))?;
        Module::from_bytes(&bytes)
    }

    /// Compiles Wasm or wat.
    pub fn from_bytes(bytes: &[u8]) -> Result<Module, ModuleError> {
        let _ = bytes;
        Err(ModuleError::Invalid("not done".to_owned()))
    }
}
