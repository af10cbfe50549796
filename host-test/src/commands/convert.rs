//! `host-test convert`: a policy of any dialect as a canonical policy.json.

mod node;
mod rules;

use std::collections::BTreeMap;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use toolgate_engine::config::policy::{Mode, Posture, RawPolicy, read_policy};
use toolgate_engine::config::{Faults, Field, Keyword, Severity};
use toolgate_engine::json;
use toolgate_engine::policy::{Policy, compile};

use super::Trouble;
use super::document::{Document, Kind};
use node::Node;
use rules::{Mover, Notes};

/// Converts a policy of any dialect to a canonical policy.json with the same decisions.
///
/// `version` and `default` are stated; `rules` become `validate`, `require`, `deny_if`,
/// `approve_if` and `limits`; keys stand in a fixed order, tools in that of the file. Numbers
/// keep their text, and counters what they count, so that a policy can be replaced by its
/// conversion while it is in force. What cannot be converted without a change of meaning is
/// refused.
///
/// What changes: identifiers of rules (each is listed on standard error), and with them the
/// default messages that quote one; comments, and names and descriptions of single rules, are
/// lost.
#[derive(Debug, Args)]
#[command(after_help = AFTER)]
pub(super) struct Convert {
    /// The policy: JSON, or YAML where its name ends in .yaml or .yml
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Where to write it [default: standard output]
    #[arg(short, long, value_name = "OUT")]
    output: Option<PathBuf>,
    /// Do not list what changes
    #[arg(short, long)]
    quiet: bool,
}

const AFTER: &str = "\
Example:
  host-test convert intercept.yaml -o policy.json

Exit codes: 0 converted; 2 the policy has errors (printed as `host-test check` does) or cannot be
converted.";

const POLICY_KEYS: [&str; 11] = [
    "version",
    "description",
    "default",
    "mode",
    "deny_with",
    "hide",
    "all_tools",
    "tools",
    "methods",
    "resources",
    "prompts",
];
const TOOL_KEYS: [&str; 8] = [
    "description",
    "mode",
    "pin",
    "validate",
    "require",
    "deny_if",
    "approve_if",
    "limits",
];
const LIMIT_KEYS: [&str; 9] = [
    "counter",
    "window",
    "max",
    "scope",
    "algorithm",
    "cost",
    "refund_on",
    "on_deny",
    "mode",
];
const GUARD_KEYS: [&str; 6] = [
    "conditions",
    "timeout",
    "show_arguments",
    "on_deny",
    "message",
    "mode",
];
const CONDITION_KEYS: [&str; 3] = ["path", "op", "value"];
const SECTION_KEYS: [&str; 3] = ["default", "allow", "deny"];

impl Convert {
    pub(super) fn run(self) -> Result<ExitCode, Trouble> {
        let mut document = Document::read(&self.file, Some(Kind::Policy));
        if document.is_refused() {
            return Ok(document.refuse());
        }
        let text = document.json.clone();
        let (converted, notes) = convert(&text)?;
        if !notes.refusals.is_empty() {
            document.findings.clear();
            for (pointer, why) in notes.refusals {
                document.fault(Severity::Error, &pointer, why);
            }
            return Ok(document.refuse());
        }
        match &self.output {
            Some(file) => std::fs::write(file, &converted)
                .map_err(|why| format!("cannot write `{}`: {why}", file.display()))?,
            None => std::io::stdout()
                .write_all(converted.as_bytes())
                .map_err(|why| format!("cannot print: {why}"))?,
        }
        if !self.quiet {
            for (old, new) in &notes.moved {
                anstream::eprintln!("note: rule {old} is {new} now");
            }
            for remark in &notes.remarks {
                anstream::eprintln!("note: {remark}");
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// The canonical text of a policy without errors, and what is to be said of it.
fn convert(text: &str) -> Result<(String, Notes), Trouble> {
    let (before, raw) = compiled(text)?;
    let value = json::parse(text.as_bytes()).map_err(|error| error.to_string())?;
    let mut notes = Notes::default();
    let mut policy = Node::of(value);
    policy.put("version", Node::string("1"));
    let default = Posture::WORDS
        .iter()
        .find(|(_, posture)| Some(*posture) == raw.default);
    policy.put(
        "default",
        Node::string(default.map_or("deny", |(word, _)| word)),
    );
    if raw.hide.all {
        policy.put("hide", Node::List(vec![Node::string("*")]));
    }
    for (name, tool) in &raw.tools {
        let node = policy
            .get_mut("tools")
            .and_then(|tools| tools.get_mut(name));
        if let Some(node) = node
            && tool.has_rules
        {
            let shadow = [raw.mode, tool.mode].contains(&Some(Mode::Shadow));
            let notes = &mut notes;
            Mover {
                tool: node,
                notes,
                shadow,
            }
            .run(tool);
        }
    }
    sort(&mut policy);
    let converted = policy.pretty();
    if notes.refusals.is_empty() {
        let (after, _) = compiled(&converted)?;
        let (before, after) = (counters(&before), counters(&after));
        // Limits behind an unconditional denial are left out; none may come or change.
        if after
            .iter()
            .any(|(counter, count)| before.get(counter) != Some(count))
        {
            return Err(
                "the conversion would count otherwise than the policy does; please report it with \
                 the policy"
                    .to_owned(),
            );
        }
    }
    Ok((converted, notes))
}

/// A policy that has no errors, compiled and as written.
fn compiled(text: &str) -> Result<(Policy, RawPolicy<'_>), Trouble> {
    let value = json::parse(text.as_bytes()).map_err(|error| error.to_string())?;
    let mut faults = Faults::default();
    let raw = read_policy(&Field::root(value), &mut faults);
    let policy = raw.as_ref().and_then(|raw| compile(raw, &mut faults));
    match (policy, raw) {
        (Some(policy), Some(raw)) => Ok((policy, raw)),
        _ => {
            let faults: Vec<String> = faults.as_slice().iter().map(ToString::to_string).collect();
            Err(format!(
                "the conversion is no valid policy; please report it with the policy: {}",
                faults.join("; ")
            ))
        }
    }
}

/// What a policy counts, and how often: everything that a counter and its limit are made of.
fn counters(policy: &Policy) -> BTreeMap<String, usize> {
    let entries = policy.tools.entries().iter().chain(&policy.wildcard);
    let limits = policy
        .all_tools
        .iter()
        .chain(entries.flat_map(|e| &e.limits));
    let mut counters = BTreeMap::new();
    for limit in limits {
        let key = format!(
            "{:?} {:?} {:?} {:?} {:?} {:?} {}",
            limit.section,
            limit.counter,
            limit.quota,
            limit.scopes,
            limit.cost,
            limit.refunds,
            limit.shadow
        );
        let count: &mut usize = counters.entry(key).or_default();
        *count = count.saturating_add(1);
    }
    counters
}

/// Puts keys into their order wherever the language gives them a meaning.
fn sort(policy: &mut Node) {
    policy.sort(&POLICY_KEYS);
    if let Some(limits) = policy
        .get_mut("all_tools")
        .and_then(|all| all.get_mut("limits"))
    {
        limits
            .children_mut()
            .into_iter()
            .for_each(|limit| limit.sort(&LIMIT_KEYS));
    }
    for section in ["methods", "resources", "prompts"] {
        if let Some(section) = policy.get_mut(section) {
            section.sort(&SECTION_KEYS);
        }
    }
    let tools = policy.get_mut("tools").map(Node::children_mut);
    for tool in tools.unwrap_or_default() {
        tool.sort(&TOOL_KEYS);
        if let Some(limits) = tool.get_mut("limits") {
            limits
                .children_mut()
                .into_iter()
                .for_each(|limit| limit.sort(&LIMIT_KEYS));
        }
        for list in ["require", "deny_if", "approve_if"] {
            let guards = tool.get_mut(list).map(Node::children_mut);
            for guard in guards.unwrap_or_default() {
                guard.sort(&GUARD_KEYS);
                let conditions = guard.get_mut("conditions").map(Node::children_mut);
                for condition in conditions.unwrap_or_default() {
                    condition.sort(&CONDITION_KEYS);
                }
            }
        }
    }
}
