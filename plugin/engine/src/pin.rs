//! A tool's definition as one hash: what a policy pins a tool by.

use std::fmt;

use sha2::{Digest, Sha256};

use crate::json::{Value, canonical};

/// SHA-256 of the [`canonical`] text of a tool's whole entry in tools/list: its name, descriptions, schemas,
/// annotations and whatever else the server says of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pin(pub [u8; 32]);

impl Pin {
    /// The pin of a definition.
    pub fn of(definition: Value<'_>) -> Self {
        Self(Sha256::digest(canonical(definition).as_bytes()).into())
    }
}

impl fmt::Display for Pin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("sha256:")?;
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "test")]
    use super::*;
    use crate::json::parse;

    #[test]
    fn a_pin_is_what_sha256sum_says_of_the_canonical_text() {
        let listed = r#"{ "name": "a", "x": 1.0 }"#;
        // printf %s '{"name":"a","x":1}' | sha256sum
        let want = "sha256:71eb714270fadd7cec47653fb0c74c06d65c6df272847705b4f1dd41e858e404";
        assert_eq!(Pin::of(parse(listed.as_bytes()).unwrap()).to_string(), want);
    }
}
