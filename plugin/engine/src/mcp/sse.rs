//! x
/// t
#[derive(Debug)]
pub enum Edit { /// k
Keep, /// r
Replace(String), /// d
Drop }
/// t
#[derive(Debug)]
pub struct EventStream;
impl EventStream {
    /// t
    pub fn new(_max: usize) -> Self { Self }
    /// t
    pub fn push(&mut self, chunk: &[u8], _end: bool, _edit: &mut dyn FnMut(&str, &str) -> Edit, out: &mut Vec<u8>) -> Result<(), ()> { out.extend_from_slice(chunk); Ok(()) }
}
