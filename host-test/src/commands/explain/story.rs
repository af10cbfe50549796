//! The steps to a decision, as they are told to a person.

use std::fmt::Write;

use serde_json::Value as Json;
use toolgate_engine::decide::{Call, Denial, Standing};
use toolgate_engine::gate::NamedPolicy;
use toolgate_engine::json::Kind;
use toolgate_engine::limit::{Charge, Reason, peek};
use toolgate_engine::policy::condition::{Condition, Test, Truth};
use toolgate_engine::policy::path::Found;
use toolgate_engine::policy::{Check, Entry, Limit, Rule, Scope};
use toolgate_engine::{Surroundings, Trace};

use super::super::document::printable;
use super::super::style;

/// How much of a value is shown, in characters.
const SHOWN: usize = 60;

/// Collects the steps.
#[derive(Debug, Default)]
pub(super) struct Story {
    text: String,
    /// What the next rule saw.
    seen: Vec<String>,
    /// What the condition that is being asked saw.
    values: Vec<String>,
    tool: String,
    /// What the policy has for this tool, in the order in which it is asked, and was not asked yet.
    left: Vec<String>,
    /// Set once something was asked, so that each part has one heading.
    heading: &'static str,
}

impl Story {
    /// All that there is to tell, with the decision record and the status of the reply.
    pub(super) fn told(mut self, record: &str, status: Option<u16>) -> String {
        if !self.left.is_empty() {
            self.line("");
            let left = self.left.join(", ");
            self.line(&style::dim(&format!("not asked: {}", printable(&left))));
        }
        let record: Json = serde_json::from_str(record).unwrap_or_default();
        let member = |name: &str| record.get(name).and_then(Json::as_str).map(printable);
        let outcome = member("outcome").unwrap_or_default();
        let shown = match outcome.as_str() {
            "allow" => style::good("allow"),
            word => style::bad(word),
        };
        let by = member("rule").map_or_else(String::new, |rule| format!(" by {rule}"));
        let status = status.map_or_else(String::new, |status| format!(" (HTTP {status})"));
        if self.text.is_empty()
            && let Some(method) = member("method")
        {
            self.line(&format!("{}{method}", style::bold("method    ")));
        }
        if !self.text.is_empty() {
            self.line("");
        }
        self.line(&format!("{}{shown}{by}{status}", style::bold("decision  ")));
        if let Some(message) = member("message") {
            self.line(&format!("          {message}"));
        }
        let shadow = record.get("shadow").and_then(Json::as_array);
        for denial in shadow.into_iter().flatten() {
            let part = |name: &str| denial.get(name).and_then(Json::as_str).map(printable);
            let (rule, message) = (part("rule"), part("message"));
            self.line(&format!(
                "          in shadow: {} would deny: {}",
                rule.unwrap_or_default(),
                message.unwrap_or_default()
            ));
        }
        self.text
    }

    fn line(&mut self, line: &str) {
        // Writing to a string cannot fail.
        let _ = writeln!(self.text, "{line}");
    }

    fn under(&mut self, heading: &'static str) {
        if self.heading != heading {
            self.heading = heading;
            self.line("");
            self.line(&style::bold(heading));
        }
    }

    fn asked(&mut self, id: &str) {
        if let Some(at) = self.left.iter().position(|left| left == id) {
            self.left.remove(at);
        }
    }

    fn expect(&mut self, policy: &NamedPolicy, entry: Option<&Entry>) {
        let policy = &policy.policy;
        let entries = || entry.into_iter().chain(&policy.wildcard);
        let rules = entries().flat_map(|e| &e.rules);
        let rules = rules.chain(entries().flat_map(|e| &e.approvals));
        let limits = policy
            .all_tools
            .iter()
            .chain(entries().flat_map(|e| &e.limits));
        self.left = rules.map(|rule| rule.id.clone()).collect();
        self.left.extend(limits.map(|limit| limit.id.clone()));
    }

    fn verdict(&mut self, id: &str, denies: bool, shadow: bool, what: &str) {
        let word = if denies {
            style::bad("deny")
        } else {
            style::good("ok  ")
        };
        let shadow = if shadow { " [shadow]" } else { "" };
        self.line(&format!("  {word}  {}{shadow}{what}", printable(id)));
    }
}

impl Trace for Story {
    fn call(&mut self, named: &NamedPolicy, call: &Call<'_>) {
        if !self.text.is_empty() {
            self.line("");
        }
        self.heading = "";
        self.tool = printable(call.tool);
        self.line(&format!("{}{}", style::bold("tool      "), self.tool));
        let mut policy = match named.name.as_str() {
            "" => "the configuration's `policy`".to_owned(),
            name => format!("`{}`", printable(name)),
        };
        if let Some(grant) = call.grant {
            policy.push_str(&format!(", for the grant `{}`", printable(&grant.name)));
        }
        if named.policy.shadow {
            policy.push_str(" [shadow]");
        }
        self.line(&format!("{}{policy}", style::bold("policy    ")));
        // What a tool that is refused by its name has is not asked.
        self.expect(named, None);
        if let toolgate_engine::policy::Listing::Exact(entry)
        | toolgate_engine::policy::Listing::Glob(entry) = named.policy.tools.find(call.tool)
        {
            self.expect(named, Some(entry));
        }
    }

    fn standing(&mut self, standing: &Standing<'_>) {
        let what = match standing {
            Standing::Listed(Some(entry)) if printable(&entry.key) == self.tool => {
                format!("/tools/{}, its own entry", self.tool)
            }
            Standing::Listed(Some(entry)) => {
                format!("/tools/{}, a glob that matches", printable(&entry.key))
            }
            Standing::Listed(None) => "none: not listed, and the default allows".to_owned(),
            Standing::Refused(denial) => {
                format!(
                    "refused by its name: {} {}",
                    denial.rule,
                    printable(&denial.message)
                )
            }
        };
        self.line(&format!("{}{what}", style::bold("entry     ")));
    }

    fn value(&mut self, condition: &Condition, found: Found<'_>, truth: Truth) {
        let mut text = shown(found);
        if truth == Truth::Unknown {
            text.push_str(&format!(" ({})", why(&condition.test, found)));
        }
        self.values.push(text);
    }

    fn condition(&mut self, condition: &Condition, truth: Truth) {
        let word = match truth {
            Truth::Holds => "holds         ",
            Truth::Fails => "fails         ",
            Truth::Unknown => "cannot be told",
        };
        let values = std::mem::take(&mut self.values);
        let saw = match values.as_slice() {
            [] => "an empty list".to_owned(),
            values => values.join(", "),
        };
        let condition = printable(&condition.to_string());
        self.seen
            .push(format!("          {word}  {condition}   saw {saw}"));
    }

    fn rule(&mut self, rule: &Rule, denial: Option<&Denial>, shadow: bool) {
        self.under("rules");
        self.asked(&rule.id);
        let kind = match (&rule.check, denial) {
            (Check::DenyIf(conditions), Some(_)) if conditions.is_empty() => "  always",
            (Check::Required(_) | Check::Schema(_), None) => "  the arguments are as required",
            _ => "",
        };
        self.verdict(&rule.id, denial.is_some(), shadow, kind);
        for seen in std::mem::take(&mut self.seen) {
            self.line(&seen);
        }
        if let Some(denial) = denial {
            self.line(&format!("          {}", printable(&denial.message)));
        }
    }

    fn limit(
        &mut self,
        limit: &Limit,
        charge: &Charge,
        shadow: bool,
        around: &mut dyn Surroundings,
    ) {
        self.under("limits");
        self.asked(&limit.id);
        let now = around.now();
        let quota = format!(
            "{} per {} for {}",
            limit.quota.max,
            limit.quota.window,
            scopes(limit)
        );
        let (denies, standing) = match peek(around, charge, now) {
            Err(error) => (true, error.to_string()),
            Ok(peek) => match peek.refusal {
                None => {
                    let left = peek.remaining.saturating_sub(charge.cost);
                    let takes = charge.cost;
                    (
                        false,
                        format!("{} used, this call takes {takes}, {left} remain", peek.used),
                    )
                }
                Some(reason) => {
                    let retry = match reason {
                        Reason::Exhausted { retry, .. } | Reason::TableFull { retry } => {
                            retry.seconds()
                        }
                        Reason::Store(_) => None,
                    };
                    let retry = retry.map_or_else(
                        || "no later call may pass either".to_owned(),
                        |seconds| format!("it may pass in {seconds} s"),
                    );
                    let takes = charge.cost;
                    (
                        true,
                        format!(
                            "{} used, this call takes {takes}, {} remain; {retry}",
                            peek.used, peek.remaining
                        ),
                    )
                }
            },
        };
        self.verdict(&limit.id, denies, shadow, "");
        self.line(&format!("          {quota}: {standing}"));
    }

    fn limit_unknown(&mut self, limit: &Limit, denial: &Denial, shadow: bool) {
        self.under("limits");
        self.asked(&limit.id);
        self.verdict(&limit.id, true, shadow, "");
        self.line(&format!("          {}", printable(&denial.message)));
    }
}

fn scopes(limit: &Limit) -> String {
    let scopes: Vec<String> = limit
        .scopes
        .iter()
        .map(|scope| match scope {
            Scope::Grant => "this grant".to_owned(),
            Scope::Client => "this client address".to_owned(),
            Scope::Global => "everybody".to_owned(),
            Scope::Session => "this session".to_owned(),
            Scope::Argument(path) => format!("this {}", printable(&path.to_string())),
        })
        .collect();
    scopes.join(" and ")
}

/// A value as it was sent, cut to a length that is read at a glance.
fn shown(found: Found<'_>) -> String {
    match found {
        Found::Value(value) => {
            let text = printable(value.text());
            let mut cut: String = text.chars().take(SHOWN).collect();
            if cut.len() < text.len() {
                cut.push('…');
            }
            cut
        }
        Found::Absent => "nothing".to_owned(),
        Found::ThroughNull => "a null on the way".to_owned(),
        Found::Unreadable => "nothing that can be read".to_owned(),
    }
}

/// Why a condition cannot be told of a value.
fn why(test: &Test, found: Found<'_>) -> String {
    let value = match found {
        Found::Value(value) => value,
        Found::ThroughNull => return "only `exists` takes null for absent".to_owned(),
        Found::Absent | Found::Unreadable => {
            return "the path leads through something that is no such container, or a key there \
                    differs from this one only by case"
                .to_owned();
        }
    };
    let kind = value.kind().with_article();
    match (test, value.kind()) {
        (Test::Matches(_), Kind::String) => "too much text to search".to_owned(),
        (Test::Contains(_), Kind::Array) => {
            format!("an element is of another type than {test} asks for")
        }
        (Test::Compare(..), Kind::Number) | (Test::OneOf(_) | Test::NoneOf(_), Kind::Number) => {
            "a number that is too large, or not compared with numbers".to_owned()
        }
        _ => format!("{kind}, of which `{test}` cannot be asked"),
    }
}
