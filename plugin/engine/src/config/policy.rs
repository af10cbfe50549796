//! The policy document: `policy.json`, Intercept's YAML and the catalogue's YAML, as one shape.

use rustc_hash::FxHashSet;

use super::fault::Faults;
use super::keyword::Keyword;
use super::limit::{RawLimit, read_limits};
use super::reader::{Field, Object};
use super::tool::{RawTool, read_tool};
use crate::json::Value;

/// What happens to what the policy does not list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Posture {
    /// It passes.
    Allow,
    /// It is refused.
    Deny,
}

impl Keyword for Posture {
    const WHAT: &'static str = "a posture";
    const WORDS: &'static [(&'static str, Self)] =
        &[("allow", Posture::Allow), ("deny", Posture::Deny)];
    const OTHERS: &'static [(&'static str, &'static str)] = &[
        ("allow", "accept allowed permit pass"),
        ("deny", "block denied forbid reject"),
    ];
}

/// Whether a part of a policy blocks or only records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// It blocks.
    Enforce,
    /// It decides and records, and blocks nothing.
    Shadow,
}

impl Keyword for Mode {
    const WHAT: &'static str = "a mode";
    const WORDS: &'static [(&'static str, Self)] =
        &[("enforce", Mode::Enforce), ("shadow", Mode::Shadow)];
    const OTHERS: &'static [(&'static str, &'static str)] = &[
        ("enforce", "block enforcing"),
        ("shadow", "monitor audit log dry_run dry-run"),
    ];
}

/// The form of a denied tools/call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DenyWith {
    /// A result with `isError`, which the model reads.
    #[default]
    Result,
    /// A JSON-RPC error.
    Error,
}

impl Keyword for DenyWith {
    const WHAT: &'static str = "a form of denial";
    const WORDS: &'static [(&'static str, Self)] =
        &[("result", DenyWith::Result), ("error", DenyWith::Error)];
}

/// A list that may be everything.
#[derive(Clone, Debug, Default)]
pub struct RawHide {
    /// `"*"`.
    pub all: bool,
    /// Names and globs, each with where it stands.
    pub names: Vec<(String, String)>,
}

/// `methods`, `resources` or `prompts`.
#[derive(Clone, Debug, Default)]
pub struct RawSection {
    /// Where it stands.
    pub pointer: String,
    /// What is not listed; the document's default when absent.
    pub default: Option<Posture>,
    /// Names or globs that pass, with where each stands.
    pub allow: Vec<(String, String)>,
    /// Names or globs that do not, with where each stands.
    pub deny: Vec<(String, String)>,
}

/// A policy as written.
#[derive(Clone, Debug, Default)]
pub struct RawPolicy<'a> {
    /// Where it stands in the document that was read.
    pub pointer: String,
    /// What was written.
    pub value: Option<Value<'a>>,
    /// `default`; absent only in dialects B and C.
    pub default: Option<Posture>,
    /// `hide`.
    pub hide: RawHide,
    /// `all_tools.limits`.
    pub all_limits: Vec<RawLimit>,
    /// `tools`, in document order.
    pub tools: Vec<(String, RawTool<'a>)>,
    /// `methods`.
    pub methods: Option<RawSection>,
    /// `resources`.
    pub resources: Option<RawSection>,
    /// `prompts`.
    pub prompts: Option<RawSection>,
    /// `mode` of the whole document.
    pub mode: Option<Mode>,
    /// `deny_with`.
    pub deny_with: DenyWith,
}

pub(super) const KEYS: [&str; 11] = [
    "version",
    "description",
    "default",
    "hide",
    "all_tools",
    "tools",
    "methods",
    "resources",
    "prompts",
    "mode",
    "deny_with",
];

/// Reads a policy document.
pub fn read_policy<'a>(field: &Field<'a>, faults: &mut Faults) -> Option<RawPolicy<'a>> {
    let object = Object::read(field, &KEYS, faults)?;
    let mut policy = RawPolicy {
        value: Some(field.value),
        pointer: field.pointer.clone(),
        mode: read_mode(&object, faults),
        ..RawPolicy::default()
    };
    if let Some(description) = object.get("description") {
        description.string(faults);
    }
    if let Some(hide) = object.get("hide") {
        policy.hide = read_hide(hide, faults);
    }
    if let Some(all) = object.get("all_tools")
        && let Some(all) = Object::read(all, &["limits"], faults)
    {
        policy.all_limits = all
            .get("limits")
            .map_or_else(Vec::new, |f| read_limits(f, faults));
    }
    if let Some(tools) = object.get("tools") {
        for (name, entry) in tools.entries(faults) {
            policy
                .tools
                .extend(read_tool(&entry, faults).map(|tool| (name, tool)));
        }
    }
    policy.methods = object.get("methods").and_then(|f| read_section(f, faults));
    policy.resources = object
        .get("resources")
        .and_then(|f| read_section(f, faults));
    policy.prompts = object.get("prompts").and_then(|f| read_section(f, faults));
    if let Some(form) = object.get("deny_with") {
        policy.deny_with = DenyWith::read(form, faults).unwrap_or_default();
    }
    let has_rules = policy.tools.iter().any(|(_, tool)| tool.has_rules);
    read_version(&object, has_rules, faults);
    policy.default = match object.get("default") {
        Some(default) => Posture::read(default, faults),
        None if has_rules => {
            faults.warn(
                &field.pointer,
                "`default` is missing, so tools that are not listed are allowed: state `\"default\": \"deny\"` or `\"allow\"`",
            );
            Some(Posture::Allow)
        }
        None => {
            faults.error(
                &field.pointer,
                "`default` is missing: state `\"default\": \"deny\"` (or `\"allow\"`) for the tools that are not listed",
            );
            None
        }
    };
    Some(policy)
}

fn read_version(object: &Object<'_>, has_rules: bool, faults: &mut Faults) {
    match object.get("version") {
        Some(version) => {
            if version.value.as_str().as_deref() != Some("1") {
                let found = version.shown();
                faults.error(&version.pointer, format!("expected `\"1\"`, found {found}"));
            }
        }
        None if has_rules => {}
        None => faults.error(
            &object.pointer,
            "`version` is missing: state `\"version\": \"1\"`",
        ),
    }
}

pub(super) fn read_mode(object: &Object<'_>, faults: &mut Faults) -> Option<Mode> {
    object.get("mode").and_then(|f| Mode::read(f, faults))
}

fn read_hide(field: &Field<'_>, faults: &mut Faults) -> RawHide {
    if field.value.as_str().as_deref() == Some("*") {
        return RawHide {
            all: true,
            names: Vec::new(),
        };
    }
    let mut names = read_names(field, "a tool's name", faults);
    let all = names.iter().any(|(name, _)| name == "*");
    names.retain(|(name, _)| name != "*");
    RawHide { all, names }
}

/// A list of distinct names, each with where it stands.
fn read_names(field: &Field<'_>, what: &str, faults: &mut Faults) -> Vec<(String, String)> {
    let mut names: Vec<(String, String)> = Vec::new();
    let mut seen = FxHashSet::default();
    for element in field.elements(faults) {
        if let Some(name) = element.name(what, faults) {
            if !seen.insert(name.clone()) {
                faults.error(&element.pointer, format!("`{name}` is listed twice"));
            }
            names.push((name, element.pointer));
        }
    }
    names
}

fn read_section(field: &Field<'_>, faults: &mut Faults) -> Option<RawSection> {
    let object = Object::read(field, &["default", "allow", "deny"], faults)?;
    let names = |key: &str, faults: &mut Faults| {
        object
            .get(key)
            .map_or_else(Vec::new, |f| read_names(f, "a name or a glob", faults))
    };
    Some(RawSection {
        pointer: field.pointer.clone(),
        default: object.get("default").and_then(|f| Posture::read(f, faults)),
        allow: names("allow", faults),
        deny: names("deny", faults),
    })
}
