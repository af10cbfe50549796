//! What `host-test convert` prints decides as the original does: every case of the engine, with its
//! policy converted first.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "test")]

#[path = "../../plugin/engine/tests/cases/harness/mod.rs"]
mod harness;
#[path = "../../plugin/engine/tests/cases/native.rs"]
mod native;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use harness::format::{Case, Store};
use harness::run::{Answer, Loaded, Request, World, run};
use native::Native;
use serde_json::Value;
use serde_json::value::RawValue;

fn convert(file: &Path) -> Output {
    Command::new(env!("CARGO_BIN_EXE_host-test"))
        .arg("convert")
        .arg(file)
        .output()
        .unwrap()
}

fn cases(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && !path.ends_with("failing") {
            cases(&path, found);
        } else if path.extension().is_some_and(|e| e == "json") {
            found.push(path);
        }
    }
}

/// The original and the converted policy side by side: what one decides, the other must.
struct Twins {
    original: Native,
    converted: Native,
    scratch: PathBuf,
    /// Why a policy has no canonical form.
    inexpressible: Option<String>,
    compared: usize,
}

impl Twins {
    fn canonical(&mut self, policy: &str) -> Option<String> {
        std::fs::write(&self.scratch, policy).unwrap();
        let output = convert(&self.scratch);
        if !output.status.success() {
            self.inexpressible = Some(String::from_utf8_lossy(&output.stderr).into_owned());
            return None;
        }
        let text = String::from_utf8(output.stdout).unwrap();
        std::fs::write(&self.scratch, &text).unwrap();
        let again = String::from_utf8(convert(&self.scratch).stdout).unwrap();
        assert_eq!(text, again, "what is canonical stays as it is");
        Some(text)
    }
}

impl World for Twins {
    fn load(&mut self, configuration: &str) -> Loaded {
        let loaded = self.original.load(configuration);
        if loaded.accepted {
            let mut members: BTreeMap<String, Box<RawValue>> =
                serde_json::from_str(configuration).unwrap();
            if let Some(policy) = members.get("policy").map(|p| p.get().to_owned())
                && let Some(text) = self.canonical(&policy)
            {
                members.insert("policy".to_owned(), RawValue::from_string(text).unwrap());
            }
            let again = self
                .converted
                .load(&serde_json::to_string(&members).unwrap());
            assert!(again.accepted, "{:?}", again.errors);
        }
        loaded
    }

    fn send(&mut self, request: &Request) -> Answer {
        let answer = self.original.send(request);
        let twin = self.converted.send(request);
        if self.inexpressible.is_none() {
            let outcome = |answer: &Answer| {
                let record: Value = serde_json::from_str(&answer.record).unwrap_or_default();
                let status = answer.reply.as_ref().map(|reply| reply.status);
                (record["outcome"].clone(), record["tool"].clone(), status)
            };
            assert_eq!(outcome(&answer), outcome(&twin), "{answer:?}\n{twin:?}");
            self.compared = self.compared.saturating_add(1);
        }
        answer
    }

    fn set_store(&mut self, store: Store) {
        self.original.set_store(store);
        self.converted.set_store(store);
    }
}

#[test]
fn a_converted_policy_decides_as_the_original() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../plugin/engine/tests/cases");
    let mut files = Vec::new();
    cases(&folder, &mut files);
    let scratch =
        std::env::temp_dir().join(format!("toolgate-convert-{}.json", std::process::id()));
    let (mut compared, mut inexpressible) = (0usize, Vec::new());
    for file in &files {
        let case = Case::read(&std::fs::read_to_string(file).unwrap()).unwrap();
        let mut twins = Twins {
            original: Native::default(),
            converted: Native::default(),
            scratch: scratch.clone(),
            inexpressible: None,
            compared: 0,
        };
        let result = run(&case, &mut twins);
        assert!(result.is_ok(), "{}: {result:?}", file.display());
        compared = compared.saturating_add(twins.compared);
        inexpressible.extend(twins.inexpressible);
    }
    std::fs::remove_file(&scratch).unwrap();
    assert!(compared >= 500, "only {compared} decisions compared");
    assert!(inexpressible.len() <= 10, "{inexpressible:#?}");
    for why in inexpressible {
        assert!(why.contains("canonical form"), "{why}");
    }
}

#[test]
fn every_example_converts() {
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples");
    for name in [
        "workprotocol/policy.json",
        "safebot/policy.json",
        "instanode/policy.json",
        "aap-enterprise/policy.json",
        "arcane/policy.yaml",
    ] {
        let output = convert(&examples.join(name));
        assert!(
            output.status.success(),
            "{name}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
}
