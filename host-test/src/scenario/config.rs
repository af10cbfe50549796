//! The plugin's configuration of a scenario or a policy file, as the JSON text that Envoy gets.

use std::path::{Path, PathBuf};

use serde::de::IgnoredAny;

use super::model::Scenario;
use super::read::Broken;
use crate::yaml;

/// The plugin configuration that a scenario asks for.
///
/// # Errors
/// The file that it names cannot be read, or is no JSON or YAML.
pub(crate) fn of_scenario(path: &Path, scenario: &Scenario) -> Result<String, Broken> {
    let file = file_of(path, scenario);
    if scenario.config.is_some() {
        return json_of(&file);
    }
    of_policy(&file, scenario.server.as_deref())
}

/// The plugin configuration of the operators' listener, where a scenario has one.
///
/// # Errors
/// As [`of_scenario`].
pub(crate) fn of_operators(path: &Path, scenario: &Scenario) -> Result<Option<String>, Broken> {
    let folder = path.parent().unwrap_or(Path::new(""));
    let file = scenario.operators.as_deref().map(|name| folder.join(name));
    file.map(|file| json_of(&file)).transpose()
}

/// The file that a scenario names: its policy, or its whole configuration.
pub(crate) fn file_of(path: &Path, scenario: &Scenario) -> PathBuf {
    let folder = path.parent().unwrap_or(Path::new(""));
    let named = scenario.config.as_deref().or(scenario.policy.as_deref());
    folder.join(named.unwrap_or_default())
}

/// The plugin configuration with this policy for every caller. The policy's JSON stands in it
/// byte for byte, duplicate keys included, for the module to judge. The server is named after
/// the policy's folder unless it is given.
///
/// # Errors
/// The file cannot be read, or is no JSON or YAML.
pub(crate) fn of_policy(policy: &Path, server: Option<&str>) -> Result<String, Broken> {
    Ok(around(&json_of(policy)?, policy, server))
}

/// The plugin configuration around the JSON text of the policy in this file.
pub(crate) fn around(json: &str, policy: &Path, server: Option<&str>) -> String {
    let server = match server {
        Some(name) => name.to_owned(),
        None => folder_name(policy),
    };
    let server = serde_json::Value::from(server);
    format!("{{\"server\":{server},\"policy\":{}}}", json.trim())
}

/// The name of the folder that a file is in.
fn folder_name(file: &Path) -> String {
    let absolute = std::path::absolute(file).unwrap_or_else(|_| file.to_owned());
    absolute
        .parent()
        .and_then(Path::file_name)
        .map_or_else(|| "server".to_owned(), |n| n.to_string_lossy().into_owned())
}

/// A file as JSON text: JSON as it is, YAML converted.
fn json_of(path: &Path) -> Result<String, Broken> {
    let text = std::fs::read_to_string(path)
        .map_err(|why| Broken::whole(path, format!("cannot read it: {why}")))?;
    let extension = path.extension().and_then(|e| e.to_str());
    if matches!(extension, Some("yaml" | "yml")) {
        return yaml::to_json(&text)
            .map(|converted| converted.json)
            .map_err(|e| Broken::at(path, e.at, e.why));
    }
    match serde_json::from_str::<IgnoredAny>(&text) {
        Ok(_) => Ok(text),
        Err(error) => {
            let at = yaml::Position {
                line: error.line(),
                column: error.column(),
            };
            let why = error.to_string();
            let why = why.split(" at line ").next().unwrap_or(&why);
            Err(Broken::at(path, at, format!("not JSON: {why}")))
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "test")]
    use super::*;

    fn configured(name: &str, text: &str) -> Result<String, String> {
        let folder = std::env::temp_dir().join(format!("toolgate-config-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let file = folder.join(name);
        std::fs::write(&file, text).unwrap();
        let result = of_policy(&file, Some("s")).map_err(|e| e.to_string());
        std::fs::remove_file(&file).unwrap();
        result
    }

    #[test]
    fn json_stands_in_it_byte_for_byte() {
        let policy = "{ \"a\": 1.50, \"a\": 123456789012345678901234567890 }";
        assert_eq!(
            configured("verbatim.json", &format!("\n{policy}\n")).unwrap(),
            format!("{{\"server\":\"s\",\"policy\":{policy}}}")
        );
    }

    #[test]
    fn yaml_is_converted() {
        assert_eq!(
            configured("p.yaml", "tools:\n  a: {max: 1.50}\n").unwrap(),
            r#"{"server":"s","policy":{"tools":{"a":{"max":1.50}}}}"#
        );
    }

    #[test]
    fn what_would_break_out_of_its_place_is_refused() {
        for text in ["{}, \"server\": \"x\"", "{", "", "{} {}", "// c\n{}"] {
            let error = configured("broken.json", text).unwrap_err();
            assert!(
                error.contains("broken.json:1:") || error.contains("broken.json:2:"),
                "{error}"
            );
            assert!(error.contains("not JSON: "), "{error}");
        }
    }

    #[test]
    fn a_missing_file_is_named() {
        let error = of_policy(Path::new("no/such.json"), None).unwrap_err();
        assert!(
            error
                .to_string()
                .starts_with("no/such.json: cannot read it: ")
        );
    }
}
