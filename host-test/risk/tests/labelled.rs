//! The classifier against 451 tools of public servers whose categories others have given, a fifth of
//! them held back from tuning. `docs/risk.md` shows what this test counts.
#![expect(clippy::unwrap_used, clippy::panic, reason = "test")]
#![expect(clippy::arithmetic_side_effects, reason = "counts")]

use std::collections::BTreeMap;
use std::fmt::Write;

use sha2::{Digest, Sha256};
use toolgate_risk::{Category, Tool, classify};

const DATA: &str = include_str!("data/tool-categories.tsv");
const JUDGED_WRONG: &str = include_str!("data/judged-wrong.tsv");
const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/risk.md");
const BEGIN: &str = "<!-- counted by host-test/risk/tests/labelled.rs -->\n";
const END: &str = "<!-- end of what is counted -->";

struct Labelled {
    server: &'static str,
    tool: &'static str,
    label: Category,
    ours: Category,
}

impl Labelled {
    /// The rule of the split, stated before the first word of the lexicon was written: held back is
    /// where the first byte of SHA-256 of `server/tool` is a multiple of five.
    fn is_held_back(&self) -> bool {
        let digest = Sha256::digest(format!("{}/{}", self.server, self.tool));
        digest.first().is_some_and(|byte| byte % 5 == 0)
    }

    fn agrees(&self) -> bool {
        self.label == self.ours
    }
}

/// Every labelled tool; `Other` is no verdict and not among them.
fn labelled() -> Vec<Labelled> {
    let lines = DATA.lines().skip(1);
    lines
        .filter_map(|line| {
            let mut fields = line.split('\t');
            let mut next = || {
                fields
                    .next()
                    .unwrap_or_else(|| panic!("a field is missing: {line}"))
            };
            let (server, name, label, description) = (next(), next(), next(), next());
            let label = Category::ALL.into_iter().find(|c| c.to_string() == label)?;
            let tool = Tool {
                server: Some(server),
                name,
                description,
                ..Tool::default()
            };
            Some(Labelled {
                server,
                tool: name,
                label,
                ours: classify(&tool).category,
            })
        })
        .collect()
}

fn percent(tools: &[&Labelled]) -> f64 {
    let agree = tools.iter().filter(|tool| tool.agrees()).count();
    let share = |count: usize| f64::from(u32::try_from(count).unwrap());
    100.0 * share(agree) / share(tools.len())
}

#[test]
fn the_category_agrees_and_holds_for_what_was_not_tuned_on() {
    let tools = labelled();
    assert_eq!(tools.len(), 335, "the data is another");
    let all: Vec<&Labelled> = tools.iter().collect();
    let (held, tuned): (Vec<_>, Vec<_>) = all.iter().partition(|tool| tool.is_held_back());
    assert!(percent(&all) >= 93.0, "{:.1} %", percent(&all));
    assert!(
        percent(&held) >= 93.0 - 3.0,
        "{:.1} % of the held-back",
        percent(&held)
    );
    let apart = percent(&tuned) - percent(&held);
    assert!(
        apart <= 3.0,
        "the held-back fifth is {apart:.1} points worse"
    );
}

#[test]
fn nothing_that_acts_comes_out_as_a_read() {
    for tool in labelled() {
        let acts = matches!(
            tool.label,
            Category::Destructive | Category::Execute | Category::Financial
        );
        assert!(
            !acts || tool.ours != Category::Read,
            "{}/{}",
            tool.server,
            tool.tool
        );
    }
}

#[test]
fn the_labels_judged_wrong_are_labels_of_this_data() {
    let tools = labelled();
    for line in JUDGED_WRONG.lines().skip(1) {
        let fields: Vec<&str> = line.split('\t').collect();
        let [server, name, label, right, why] = fields[..] else {
            panic!("not five fields: {line}")
        };
        let tool = tools.iter().find(|t| t.server == server && t.tool == name);
        let tool = tool.unwrap_or_else(|| panic!("no such tool: {line}"));
        assert_eq!(tool.label.to_string(), label, "{line}");
        assert_ne!(label, right, "{line}");
        assert!(
            !why.is_empty() && Category::ALL.iter().any(|c| c.to_string() == right),
            "{line}"
        );
    }
}

/// With `UPDATE=1` the page is written instead.
#[test]
fn the_page_shows_what_is_counted() {
    let page = std::fs::read_to_string(PAGE).unwrap();
    let (before, rest) = page.split_once(BEGIN).unwrap();
    let (shown, after) = rest.split_once(END).unwrap();
    let counted = table();
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(PAGE, format!("{before}{BEGIN}{counted}{END}{after}")).unwrap();
    } else {
        assert_eq!(
            shown, counted,
            "docs/risk.md is stale: UPDATE=1 cargo test -p toolgate-risk"
        );
    }
}

fn table() -> String {
    let tools = labelled();
    let all: Vec<&Labelled> = tools.iter().collect();
    let (held, tuned): (Vec<_>, Vec<_>) = all.iter().partition(|tool| tool.is_held_back());
    let mut text = String::from("\n| | tools | agree |\n|---|---|---|\n");
    for (what, tools) in [
        ("all", &all),
        ("used for tuning", &tuned),
        ("held back", &held),
    ] {
        writeln!(
            text,
            "| {what} | {} | {:.1} % |",
            tools.len(),
            percent(tools)
        )
        .unwrap();
    }
    text.push_str("\n| label \\ verdict |");
    for category in Category::ALL {
        write!(text, " {category} |").unwrap();
    }
    text.push_str("\n|---|---|---|---|---|---|\n");
    let mut counts = BTreeMap::<_, usize>::new();
    for tool in &tools {
        *counts.entry((tool.label, tool.ours)).or_default() += 1;
    }
    for label in Category::ALL {
        write!(text, "| {label} |").unwrap();
        for ours in Category::ALL {
            write!(
                text,
                " {} |",
                counts.get(&(label, ours)).copied().unwrap_or(0)
            )
            .unwrap();
        }
        text.push('\n');
    }
    text.push('\n');
    text
}
