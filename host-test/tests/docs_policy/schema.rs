//! The JSON Schemas for editors accept what the engine accepts.

use serde_json::Value;

use super::document::{blocks, read, repository};
use super::yaml;

/// Both schemas, compiled.
pub(crate) struct Schemas {
    policy: jsonschema::Validator,
    plugin: jsonschema::Validator,
}

impl Schemas {
    pub(crate) fn load() -> Self {
        let schema = |name: &str| -> Value {
            serde_json::from_str(&read(&format!("docs/{name}.schema.json"))).unwrap()
        };
        let (policy, plugin) = (schema("policy"), schema("plugin"));
        for schema in [&policy, &plugin] {
            jsonschema::meta::validate(schema).unwrap();
        }
        // The one refers to the other by file name, as editors resolve it.
        let registry = jsonschema::Registry::new()
            .add("json-schema:///policy.schema.json", policy.clone())
            .unwrap()
            .prepare()
            .unwrap();
        Self {
            policy: jsonschema::validator_for(&policy).unwrap(),
            plugin: jsonschema::options()
                .with_registry(&registry)
                .build(&plugin)
                .unwrap(),
        }
    }

    /// The schema of a `policy` or a `config`.
    pub(crate) fn of(&self, about: &str) -> &jsonschema::Validator {
        match about {
            "policy" => &self.policy,
            "config" => &self.plugin,
            other => panic!("no schema for `{other}`"),
        }
    }

    fn faults(&self, about: &str, document: &Value) -> Vec<String> {
        self.of(about)
            .iter_errors(document)
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect()
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
            let faults = schemas.faults(&block.role, &document);
            assert!(faults.is_empty(), "line {}: {faults:#?}", block.line);
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
            let faults = schemas.faults(about, &document);
            assert!(faults.is_empty(), "{}: {faults:#?}", path.display());
            count += 1;
        }
    }
    assert!(count >= 5, "{count} policies");
}
