//! Methods other than tools/call: by section, then by class.

use std::borrow::Cow;

use super::verdict::{Denial, DenialKind, Verdict, pseudo};
use crate::config::policy::Posture;
use crate::mcp::Message;
use crate::mcp::listen;
use crate::mcp::method::{self, Class, is_plain_name};
use crate::mcp::uri::is_plain_uri;
use crate::policy::Policy;
use crate::record::shown_name;

/// tools/call where `methods` denies it by name or glob: it is for the other methods, but a list
/// that names this one must not be without effect.
pub(crate) fn methods_deny_calls(policy: &Policy) -> Option<Verdict> {
    if policy.shadow || !policy.methods.deny.contains(method::TOOLS_CALL) {
        return None;
    }
    Some(Verdict::denied(Denial {
        rule: format!("{}/deny", policy.methods.pointer),
        message: format!(
            "Method \"{}\" is not permitted by policy",
            method::TOOLS_CALL
        ),
        kind: DenialKind::Rule,
    }))
}

/// Methods other than tools/call: by section, then by class.
pub(crate) fn judge_method(policy: &Policy, message: &Message<'_>) -> Verdict {
    let name = message.method.as_ref();
    let not_permitted = |rule: &str, what: &str, name: &str| {
        let verdict = Verdict::denied(Denial {
            rule: rule.to_owned(),
            message: format!("{what} \"{}\" is not permitted by policy", shown_name(name)),
            kind: DenialKind::Rule,
        });
        verdict.shadowed(policy.shadow)
    };
    if method::look_alike(name).is_some() || policy.methods.resembles(name) {
        return not_permitted(pseudo::LOOK_ALIKE, "Method", name);
    }
    if !is_plain_name(name) && !policy.methods.allow.lists(name) {
        return not_permitted(pseudo::UNSAFE_NAME, "Method", name);
    }
    let listed = match policy.methods.find(name) {
        Some((Posture::Deny, rule)) => return not_permitted(&rule, "Method", name),
        found => found.is_some(),
    };
    let open = listed || policy.default == Posture::Allow;
    if let Some((rule, uri)) = unwatchable(policy, message, open) {
        return not_permitted(&rule, "Resource", &uri);
    }
    let (section, what, target) = subject_of(message);
    let target = target.as_deref();
    if let (Some(section), Some(target)) = (section, target) {
        match section(policy, target) {
            Some((Posture::Deny, rule)) => return not_permitted(&rule, what, target),
            Some((Posture::Allow, _)) => return Verdict::allowed(),
            None => {}
        }
    }
    if open || method::class(name) == Class::Protocol {
        Verdict::allowed()
    } else {
        not_permitted(pseudo::DEFAULT_DENY, what, target.unwrap_or(name))
    }
}

/// The first resource that a subscriptions/listen may not watch, each judged as by
/// resources/subscribe, and the rule that says so; `open` is whether what no section lists passes.
fn unwatchable<'a>(
    policy: &Policy,
    message: &Message<'a>,
    open: bool,
) -> Option<(String, Cow<'a, str>)> {
    if message.method != method::SUBSCRIPTIONS_LISTEN {
        return None;
    }
    let mut denied = None;
    // Reading the body refused what is no list of strings.
    listen::watched(&message.params, &mut |uri| {
        let uri = uri.as_str().filter(|_| denied.is_none());
        let Some(uri) = uri else {
            return;
        };
        denied = match of_resource(policy, &uri) {
            Some((Posture::Deny, rule)) => Some((rule, uri)),
            None if !open => Some((pseudo::DEFAULT_DENY.to_owned(), uri)),
            _ => None,
        };
    });
    denied
}

/// What a section says of a name: the posture and the rule that says so.
type Judge = fn(&Policy, &str) -> Option<(Posture, String)>;

/// What `resources` says of a URI.
pub(crate) fn of_resource(policy: &Policy, uri: &str) -> Option<(Posture, String)> {
    policy.resources.judge_uri(uri, is_plain_uri)
}

/// What `prompts` says of a prompt's name.
pub(crate) fn of_prompt(policy: &Policy, name: &str) -> Option<(Posture, String)> {
    policy.prompts.judge(name, is_plain_name)
}

/// The section that decides a method, what it is about, and its name there.
fn subject_of<'a>(message: &'a Message<'_>) -> (Option<Judge>, &'static str, Option<Cow<'a, str>>) {
    let params = &message.params;
    let resource = |uri| (Some(of_resource as Judge), "Resource", uri);
    let prompt = |name| (Some(of_prompt as Judge), "Prompt", name);
    match message.method.as_ref() {
        method::RESOURCES_READ | method::RESOURCES_SUBSCRIBE => {
            resource(params.uri.as_deref().map(Cow::Borrowed))
        }
        method::PROMPTS_GET => prompt(params.name.as_deref().map(Cow::Borrowed)),
        method::COMPLETION => {
            let member = |key| params.reference.and_then(|r| r.get(key)?.as_str());
            match member("type").as_deref() {
                Some("ref/prompt") => prompt(member("name")),
                Some("ref/resource") => resource(member("uri")),
                _ => (None, "Method", None),
            }
        }
        _ => (None, "Method", None),
    }
}
