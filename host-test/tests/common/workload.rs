//! The calls and policies that every benchmark of this repository uses, from `envoy/benchmark`.

#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::arithmetic_side_effects,
    reason = "test; not every test uses all of it"
)]

use std::path::Path;

use serde_json::Value;

/// A file of `envoy/benchmark`.
pub(crate) fn file(name: &str) -> String {
    // Included by crates that lie elsewhere too.
    let above = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors();
    let path = |folder: &Path| folder.join("envoy/benchmark").join(name);
    let file = above.map(path).find(|file| file.exists()).unwrap();
    std::fs::read_to_string(file).unwrap()
}

/// The plugin's configuration with the policy `name`.
pub(crate) fn plugin(name: &str) -> Vec<u8> {
    file(&format!("policies/{name}.json")).into_bytes()
}

/// A tools/call of exactly `size` bytes, by the recipe in `bodies.json`.
pub(crate) fn call(size: usize) -> String {
    let recipe: Value = serde_json::from_str(&file("bodies.json")).unwrap();
    let part = |name: &str| recipe.get(name).and_then(Value::as_str).unwrap().to_owned();
    let (mut body, item, end) = (part("head"), part("item"), part("middle"));
    let fixed = body.len() + end.len() + part("tail").len();
    let items = (size - fixed + 1) / (item.len() + 1);
    body.push_str(&vec![item; items].join(","));
    body.push_str(&end);
    let letters = size - body.len() - part("tail").len();
    body.push_str(&"x".repeat(letters));
    body.push_str(&part("tail"));
    assert_eq!(body.len(), size);
    body
}
