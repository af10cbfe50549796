//! What was scanned, as one HTML file for people: a chart, and a card for each tool.
//!
//! The page holds its data as JSON in a script element that no browser runs, and builds all text from
//! it by `textContent`: nothing that a server said is ever markup. A Content-Security-Policy in the
//! page allows its own style and script by their hashes and nothing else, no request above all.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::json::{tool, totals};
use super::preset::Preset;
use super::source::Found;
use super::tool::Scanned;
use crate::commands::Trouble;

const PAGE: &str = include_str!("page/page.html");
const STYLE: &str = include_str!("page/style.css");
const SCRIPT: &str = include_str!("page/script.js");

/// How much of one description is shown, in characters.
const SHOWN: usize = 2_000;

pub(super) fn of(found: &Found, tools: &[Scanned], preset: Preset) -> Result<String, Trouble> {
    let cards: Vec<Value> = tools.iter().map(card).collect();
    let data = json!({
        "server": found.server,
        "protocol": found.protocol,
        "preset": preset.name(),
        "totals": totals(tools),
        "tools": cards,
    });
    let data =
        serde_json::to_string(&data).map_err(|why| format!("cannot write the page: {why}"))?;
    let parts = [
        ("{{style-hash}}", hash(STYLE)),
        ("{{script-hash}}", hash(SCRIPT)),
        ("{{style}}", STYLE.to_owned()),
        ("{{script}}", SCRIPT.to_owned()),
        ("{{data}}", inert(&data)),
    ];
    // One pass from left to right, so that data which looks like a part is not replaced.
    let mut page = String::with_capacity(data.len().saturating_add(PAGE.len()));
    let mut rest = PAGE;
    while let Some((before, after)) = rest.split_once("{{") {
        page.push_str(before);
        let from = rest.get(before.len()..).unwrap_or_default();
        match parts.iter().find(|(name, _)| from.starts_with(name)) {
            Some((name, part)) => {
                page.push_str(part);
                rest = from.get(name.len()..).unwrap_or_default();
            }
            None => {
                page.push_str("{{");
                rest = after;
            }
        }
    }
    page.push_str(rest);
    Ok(page)
}

fn card(scanned: &Scanned) -> Value {
    let mut card = tool(scanned);
    let text = scanned.description();
    let shown: String = text.chars().take(SHOWN).collect();
    let more = if shown.len() < text.len() { "…" } else { "" };
    if let Some(card) = card.as_object_mut() {
        card.insert("description".to_owned(), Value::from(shown + more));
    }
    card
}

/// JSON that stays inside its script element, whatever it says.
fn inert(json: &str) -> String {
    json.replace('<', "\\u003c")
        .replace('>', "\\u003e")
        .replace('&', "\\u0026")
        .replace('\u{2028}', "\\u2028")
        .replace('\u{2029}', "\\u2029")
}

/// The source expression that allows exactly this text.
fn hash(text: &str) -> String {
    format!(
        "'sha256-{}'",
        STANDARD.encode(Sha256::digest(text.as_bytes()))
    )
}
