//! x
/// TEMP
#[derive(Debug)]
pub struct Pattern(String);
impl Pattern {
    /// TEMP
    pub fn compile(t: &str) -> Result<Self, String> { Ok(Self(t.into())) }
    /// TEMP
    pub fn is_match(&self, t: &str) -> bool { t.contains(&self.0) }
}
