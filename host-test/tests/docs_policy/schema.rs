//! The JSON Schemas for editors accept what the engine accepts.

use serde_json::Value;

use super::document::{blocks, repository};
use super::yaml;

/// Both schemas, compiled.
pub(crate) struct Schemas {
    compiled: boon::Schemas,
    policy: boon::SchemaIndex,
    plugin: boon::SchemaIndex,
}

impl Schemas {
    /// Reads both; each must be a valid schema itself. The one refers to the other by file name, as
    /// editors resolve it.
    pub(crate) fn load() -> Self {
        let mut compiled = boon::Schemas::new();
        let mut compiler = boon::Compiler::new();
        let mut schema = |name: &str| {
            let path = repository(&format!("docs/{name}.schema.json"));
            compiler
                .compile(path.to_str().unwrap(), &mut compiled)
                .unwrap_or_else(|why| panic!("{why:#}"))
        };
        let (policy, plugin) = (schema("policy"), schema("plugin"));
        Self {
            compiled,
            policy,
            plugin,
        }
    }

    /// Whether the schema of a `policy` or a `config` accepts the document; otherwise, why not.
    pub(crate) fn validate(&self, about: &str, document: &Value) -> Result<(), String> {
        let schema = match about {
            "policy" => self.policy,
            "config" => self.plugin,
            other => panic!("no schema for `{other}`"),
        };
        let validated = self.compiled.validate(document, schema);
        validated.map_err(|why| why.to_string())
    }
}

#[test]
fn every_policy_of_the_reference_is_valid() {
    let schemas = Schemas::load();
    for block in blocks() {
        let document = match block.language.as_str() {
            "yaml" => yaml::to_json(&block.text),
            "json" => serde_json::from_str(&block.text).unwrap(),
            _ => continue,
        };
        if ["policy", "config"].contains(&block.role.as_str()) {
            let validated = schemas.validate(&block.role, &document);
            assert_eq!(validated, Ok(()), "line {}", block.line);
        }
    }
}

#[test]
fn every_policy_of_the_examples_is_valid() {
    let schemas = Schemas::load();
    let mut count = 0;
    for entry in std::fs::read_dir(repository("examples")).unwrap() {
        let folder = entry.unwrap().path();
        for (file, about) in [
            ("policy.json", "policy"),
            ("policy.yaml", "policy"),
            ("plugin.json", "config"),
            ("plugin.yaml", "config"),
        ] {
            let path = folder.join(file);
            let Ok(text) = std::fs::read_to_string(&path) else {
                continue;
            };
            let document = match path.extension().and_then(|e| e.to_str()) {
                Some("yaml") => yaml::to_json(&text),
                _ => serde_json::from_str(&text).unwrap(),
            };
            let validated = schemas.validate(about, &document);
            assert_eq!(validated, Ok(()), "{}", path.display());
            count += 1;
        }
    }
    assert!(count >= 5, "{count} policies");
}
