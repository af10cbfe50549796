//! The policy and the scenario that docs/testing-policies.md shows do what it says.
#![expect(clippy::unwrap_used, reason = "test")]

mod common;
#[path = "common/toolgate.rs"]
mod toolgate;

use common::folder::{Folder, host_test};

/// The text of the first fenced block of a language.
fn block<'a>(document: &'a str, language: &str) -> &'a str {
    let (_, rest) = document.split_once(&format!("```{language}\n")).unwrap();
    rest.split_once("```").unwrap().0
}

#[test]
fn the_first_scenario_of_the_page_holds() {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/testing-policies.md");
    let page = std::fs::read_to_string(page).unwrap();
    let folder = Folder::new("docs-testing");
    folder.write("policy.json", block(&page, "json"));
    folder.write("scenario.yaml", block(&page, "yaml"));
    let module = toolgate::path().to_str().unwrap();
    let run = ["run", "--module", module, "--coverage", "scenario.yaml"];
    let (code, text) = host_test(&folder.0, &run);
    assert_eq!(code, 0, "{text}");
    // The default's own denial is the one thing that it does not show.
    assert!(text.contains("2 of 3 rules were seen to deny"), "{text}");
}

#[test]
fn every_key_of_a_step_is_on_the_page() {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/testing-policies.md");
    let page = std::fs::read_to_string(page).unwrap();
    let folder = Folder::new("docs-keys");
    folder.write("scenario.yaml", "policy: policy.yaml\nsteps: [{zzz: 1}]\n");
    let (_, text) = folder.run(&["."]);
    // The refusal lists the keys that there are.
    let (_, keys) = text.split_once("known: ").unwrap_or((&text, ""));
    for key in keys.split(['`', ',', ' ', '\n']).filter(|k| k.len() > 1) {
        assert!(
            page.contains(&format!("`{key}`")),
            "{key} is not on the page"
        );
    }
}
