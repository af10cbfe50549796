//! What a capture holds in the place of a caller's token, and how `replay` takes it for the token.

use std::collections::BTreeMap;
use std::fmt::Write;

use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// What every stand-in begins with.
const PREFIX: &str = "toolgate-replay:";

/// The stand-in for a token of this grant: only characters that a token may have.
pub(super) fn of_grant(name: &str) -> String {
    let mut text = PREFIX.to_owned();
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._".contains(&byte) {
            text.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(text, "%{byte:02x}");
        }
    }
    text
}

/// The stand-in for a token that no grant has: no grant's stand-in looks like it.
pub(super) fn of_stranger(number: usize) -> String {
    format!("{PREFIX}~{number}")
}

/// The SHA-256 of a token as configurations write it.
pub(super) fn hash(token: &[u8]) -> String {
    let mut text = String::new();
    for byte in Sha256::digest(token) {
        let _ = write!(text, "{byte:02x}");
    }
    text
}

/// The grants with tokens, each with their hashes in lower case.
pub(super) fn tokens(config: &Value) -> Vec<(String, Vec<String>)> {
    let grants = config.get("grants").and_then(Value::as_object);
    let grants = grants.into_iter().flatten();
    let tokens = grants.filter_map(|(name, grant)| {
        let hashes = match grant.get("token_sha256")? {
            Value::Array(hashes) => hashes.clone(),
            hash => vec![hash.clone()],
        };
        let hashes = hashes.iter().filter_map(Value::as_str);
        Some((name.clone(), hashes.map(str::to_ascii_lowercase).collect()))
    });
    tokens.collect()
}

/// A configuration that knows each grant with tokens by its stand-in, too. All else is kept as it is
/// written: numbers must not change.
pub(super) fn admit(config: String) -> String {
    let Ok(mut members) = serde_json::from_str::<BTreeMap<String, Box<RawValue>>>(&config) else {
        return config;
    };
    let grants = members.get("grants").map(|grants| grants.get());
    let Some(Ok(mut grants)) = grants.map(serde_json::from_str::<Value>) else {
        return config;
    };
    for (name, mut hashes) in tokens(&json!({"grants": grants})) {
        hashes.push(hash(of_grant(&name).as_bytes()));
        if let Some(known) = grants
            .get_mut(&name)
            .and_then(|g| g.get_mut("token_sha256"))
        {
            *known = json!(hashes);
        }
    }
    let Ok(grants) = to_raw_value(&grants) else {
        return config;
    };
    members.insert("grants".to_owned(), grants);
    serde_json::to_string(&members).unwrap_or(config)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "test")]
    use super::*;

    #[test]
    fn a_stand_in_is_admitted_beside_the_tokens_and_numbers_stay() {
        let config = r#"{"policy": {"max": 12345678901234567890123},
            "grants": {"al, ice": {"token_sha256": "AB", "policy": "p"}, "san": {"san": "x"}}}"#;
        let admitted = admit(config.to_owned());
        assert!(admitted.contains("12345678901234567890123"), "{admitted}");
        let admitted: Value = serde_json::from_str(&admitted).unwrap();
        let own = hash(b"toolgate-replay:al%2c%20ice");
        assert_eq!(
            admitted.get("grants"),
            Some(
                &json!({"al, ice": {"token_sha256": ["ab", own], "policy": "p"}, "san": {"san": "x"}})
            )
        );
        for config in ["{}", "[1]", r#"{"grants": 1}"#] {
            let admitted: Value = serde_json::from_str(&admit(config.to_owned())).unwrap();
            assert_eq!(admitted, serde_json::from_str::<Value>(config).unwrap());
        }
        assert_ne!(of_grant("~1"), of_stranger(1));
    }
}
