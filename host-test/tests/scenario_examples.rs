//! Every example is whole: without its transcript a scenario compares less than it seems to.
#![expect(clippy::unwrap_used, reason = "test")]

mod common;
#[path = "common/toolgate.rs"]
mod toolgate;

use std::path::Path;

use common::folder::host_test;

#[test]
fn every_example_has_its_files() {
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples");
    let mut count = 0_u32;
    for entry in std::fs::read_dir(examples).unwrap() {
        let folder = entry.unwrap().path();
        // The attacks have a test of their own.
        if !folder.is_dir() || folder.ends_with("attacks") {
            continue;
        }
        count = count.saturating_add(1);
        let has = |name: &str| folder.join(name).is_file();
        assert!(
            ["policy.json", "policy.yaml", "config.json"]
                .into_iter()
                .any(has),
            "{folder:?} has no policy"
        );
        for name in ["README.md", "scenario.yaml", "transcript.txt"] {
            assert!(has(name), "{folder:?} has no {name}");
        }
    }
    assert!(count >= 5, "{count} examples");
}

#[test]
fn every_example_holds_in_every_profile_with_the_same_transcript() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let module = toolgate::path().to_str().unwrap();
    for profile in ["envoy", "envoy-http2", "nginx"] {
        let run = ["run", "examples", "--module", module, "--profile", profile];
        let (code, text) = host_test(&root, &run);
        assert_eq!(code, 0, "{profile}: {text}");
    }
}
