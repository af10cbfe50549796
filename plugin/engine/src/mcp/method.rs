//! The methods of MCP that an intermediary must tell apart.

/// Opens a session.
pub const INITIALIZE: &str = "initialize";
/// Runs a tool.
pub const TOOLS_CALL: &str = "tools/call";
/// Lists the tools.
pub const TOOLS_LIST: &str = "tools/list";
/// Reads a prompt.
pub const PROMPTS_GET: &str = "prompts/get";
/// Lists the prompts.
pub const PROMPTS_LIST: &str = "prompts/list";
/// Reads a resource.
pub const RESOURCES_READ: &str = "resources/read";
/// Completes an argument of a prompt or of a resource template.
pub const COMPLETION: &str = "completion/complete";
/// Watches a resource.
pub const RESOURCES_SUBSCRIBE: &str = "resources/subscribe";
/// Watches lists and resources.
pub const SUBSCRIPTIONS_LISTEN: &str = "subscriptions/listen";
/// Lists the resources.
pub const RESOURCES_LIST: &str = "resources/list";
/// Lists the resource templates.
pub const RESOURCE_TEMPLATES_LIST: &str = "resources/templates/list";
/// Fetches the answer to an earlier request, of whatever method.
pub const TASKS_RESULT: &str = "tasks/result";

/// What a method is to a policy that does not speak of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// tools/call: the tool rules decide.
    ToolCall,
    /// The handshake, discovery, lists and what belongs to calls already decided: passes.
    Protocol,
    /// Hands out data or is not known: follows the policy's `default`.
    Guarded,
}

/// Every method of the protocol's versions from 2024-11-05 to 2026-07-28 that a client may send.
const KNOWN: [(&str, Class); 27] = [
    (TOOLS_CALL, Class::ToolCall),
    (INITIALIZE, Class::Protocol),
    ("ping", Class::Protocol),
    ("server/discover", Class::Protocol),
    (TOOLS_LIST, Class::Protocol),
    (PROMPTS_LIST, Class::Protocol),
    (RESOURCES_LIST, Class::Protocol),
    (RESOURCE_TEMPLATES_LIST, Class::Protocol),
    ("logging/setLevel", Class::Protocol),
    (SUBSCRIPTIONS_LISTEN, Class::Protocol),
    ("tasks/get", Class::Protocol),
    (TASKS_RESULT, Class::Protocol),
    ("tasks/list", Class::Protocol),
    ("tasks/cancel", Class::Protocol),
    ("tasks/update", Class::Protocol),
    ("notifications/initialized", Class::Protocol),
    ("notifications/cancelled", Class::Protocol),
    ("notifications/progress", Class::Protocol),
    ("notifications/roots/list_changed", Class::Protocol),
    ("notifications/tasks/status", Class::Protocol),
    ("notifications/elicitation/complete", Class::Protocol),
    ("resources/unsubscribe", Class::Protocol),
    (RESOURCES_SUBSCRIBE, Class::Guarded),
    (RESOURCES_READ, Class::Guarded),
    (PROMPTS_GET, Class::Guarded),
    (COMPLETION, Class::Guarded),
    ("sampling/createMessage", Class::Guarded),
];

/// The class of a method, by its exact name.
pub fn class(method: &str) -> Class {
    KNOWN
        .iter()
        .find(|(name, _)| *name == method)
        .map_or(Class::Guarded, |(_, class)| *class)
}

/// Whether the protocol defines the method.
pub fn is_known(method: &str) -> bool {
    KNOWN.iter().any(|(name, _)| *name == method)
}

/// The known method that `method` equals only after trimming or ASCII case folding.
pub fn look_alike(method: &str) -> Option<&'static str> {
    let trimmed = method.trim();
    KNOWN
        .iter()
        .map(|(name, _)| *name)
        .find(|name| *name != method && name.eq_ignore_ascii_case(trimmed))
}

/// Whether a name keeps to `[A-Za-z0-9_./-]` and 1 to 128 characters, so that no server can
/// normalise it into another.
pub fn is_plain_name(name: &str) -> bool {
    (1..=128).contains(&name.len())
        && name
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'/' | b'-'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_exact_name_is_the_method() {
        assert_eq!(class("tools/call"), Class::ToolCall);
        assert_eq!(class("initialize"), Class::Protocol);
        assert_eq!(class("x/y"), Class::Guarded);
        assert_eq!(look_alike("tools/call"), None);
        assert_eq!(look_alike("Tools/Call"), Some("tools/call"));
        assert_eq!(look_alike(" tools/call\n"), Some("tools/call"));
        assert_eq!(look_alike("tools/calls"), None);
    }

    #[test]
    fn plain_names_are_ascii_and_short() {
        assert!(is_plain_name("a.b/c_d-9"));
        for name in ["", "a b", "naïve", "x\u{200b}", "ａ", &"a".repeat(129)] {
            assert!(!is_plain_name(name), "{name}");
        }
    }
}
