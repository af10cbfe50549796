//! Documents with one fault each: the engine says what is wrong, and so does the schema where a
//! schema can.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::document::{blocks, matches, messages, repository};
use super::engine::Engine;
use super::examples::config;
use super::schema::Schemas;

/// One file of `tests/broken`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    /// `policy` or `config`.
    about: String,
    document: Option<Box<RawValue>>,
    /// Instead of `document`, where it is not JSON to everybody.
    text: Option<String>,
    /// All that the engine says: one thing, but for what follows from it.
    errors: Vec<String>,
    /// `refuses`, or `cannot tell: ` and why.
    schema: String,
}

impl Case {
    fn text(&self) -> &str {
        let document = self.document.as_ref().map(|d| d.get());
        self.text.as_deref().or(document).expect("a document")
    }

    fn found(&self) -> Vec<String> {
        let text = self.text();
        let config = match self.about.as_str() {
            "policy" => format!(r#"{{"policy":{text}}}"#),
            "config" => text.to_owned(),
            other => panic!("`{other}` is neither `policy` nor `config`"),
        };
        Engine::load(&config).err().unwrap_or_default()
    }
}

fn cases() -> BTreeMap<String, Case> {
    let folder = repository("host-test/tests/broken");
    std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| {
            let path = entry.unwrap().path();
            let text = std::fs::read_to_string(&path).unwrap();
            let case = serde_json::from_str(&text);
            let case = case.unwrap_or_else(|why| panic!("{}: {why}", path.display()));
            let name = path.file_stem().unwrap().to_string_lossy().into_owned();
            (name, case)
        })
        .collect()
}

#[test]
fn the_engine_refuses_each_with_the_message_stated() {
    let cases = cases();
    assert!(cases.len() >= 40, "{} cases", cases.len());
    let wrong: Vec<String> = cases
        .iter()
        .filter(|(_, case)| case.found() != case.errors)
        .map(|(name, case)| format!("{name}: {:#?}", case.found()))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_schema_refuses_each_that_it_can_tell() {
    let schemas = Schemas::load();
    for (name, case) in cases() {
        // A document that this reader of JSON refuses cannot be shown to a schema.
        let document = serde_json::from_str(case.text());
        let accepted = document.is_ok_and(|d| schemas.validate(&case.about, &d).is_ok());
        let shown = serde_json::from_str::<serde_json::Value>(case.text()).is_ok();
        match case.schema.as_str() {
            "refuses" => assert!(shown && !accepted, "{name}: the schema accepts it"),
            why => {
                let reason = why.strip_prefix("cannot tell: ");
                assert!(reason.is_some_and(|r| r.len() > 10), "{name}: `{why}`");
                assert!(
                    accepted || !shown,
                    "{name}: the schema refuses it after all"
                );
            }
        }
    }
}

/// The table of messages holds them all, and none that cannot be met.
#[test]
fn every_message_of_a_refused_document_is_in_the_table() {
    let listed = messages("### Messages of refused documents");
    let mut met = vec![false; listed.len()];
    let mut unknown = Vec::new();
    let mut errors: Vec<String> = cases().into_values().flat_map(|case| case.errors).collect();
    for block in blocks().iter().filter(|block| block.role == "refused") {
        errors.extend(Engine::load(&config(block).unwrap()).err().unwrap());
    }
    for error in errors {
        let (_, message) = error.split_once(": ").unwrap();
        let mut found = false;
        for (at, pattern) in listed.iter().enumerate() {
            let fits = matches(pattern, message);
            met[at] |= fits;
            found |= fits;
        }
        if !found {
            unknown.push(error);
        }
    }
    assert!(unknown.is_empty(), "not in the table: {unknown:#?}");
    let unmet: Vec<_> = listed.iter().zip(&met).filter(|(_, met)| !**met).collect();
    assert!(unmet.is_empty(), "no case shows {unmet:#?}");
}
