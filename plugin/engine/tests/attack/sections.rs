//! Sections of a policy that must not be without effect.

use super::*;

#[test]
fn methods_that_deny_tools_call_are_not_inert() {
    for denied in ["tools/call", "tools/*"] {
        let gate = policy(&format!(
            r#"{{"version":"1","default":"allow","methods":{{"deny":["{denied}"]}}}}"#
        ));
        let body = call("x", "{}");
        assert!(
            !passes(&gate, &mut World::default(), &[], &body),
            "{denied}"
        );
    }
}

#[test]
fn a_denied_prompt_is_not_completed() {
    let gate = policy(r#"{"version":"1","default":"allow","prompts":{"deny":["secret"]}}"#);
    let body = r#"{"jsonrpc":"2.0","id":1,"method":"completion/complete","params":{"ref":{"type":"ref/prompt","name":"secret"},"argument":{"name":"a","value":""}}}"#;
    assert!(!passes(&gate, &mut World::default(), &[], body));
}

fn reads(policy_sections: &str, uri: &str) -> bool {
    let gate = policy(&format!(
        r#"{{"version":"1","default":"allow","resources":{policy_sections}}}"#
    ));
    let body = format!(
        r#"{{"jsonrpc":"2.0","id":1,"method":"resources/read","params":{{"uri":"{uri}"}}}}"#
    );
    passes(&gate, &mut World::default(), &[], &body)
}

#[test]
fn a_denied_resource_is_denied_in_whatever_spelling_a_template_decodes() {
    for (denied, uri) in [
        ("users://alice@corp.com", "users://alice%40corp.com"),
        ("users://alice%40corp.com", "users://alice@corp.com"),
        ("notes://R&D*", "notes://R%26D/plan"),
        ("notes://R%26D*", "notes://R&D/plan"),
        ("notes://R%26D (1)", "notes://R&D%20%281%29"),
        ("notes://a (1)*", "notes://a%20%281%29"),
        ("files://docs/a:b/*", "files://docs/a%3Ab/x"),
        ("files://docs/a:b/*", "files://docs/a%3ab/x"),
        ("Users://Alice@Corp.com", "users://alice%40corp.com"),
        ("notes://secret", "notes://secret?v=2"),
        ("file:///My Docs/*", "file:///My%20Docs/x"),
        ("file:///Büro/*", "file:///B%C3%BCro/x"),
        ("file:///B%c3%bcro/*", "file:///B%C3%BCro/x"),
        ("notes://secret", "notes://secret%3Fv"),
        ("notes://secret", "notes://secret/"),
        ("file:///etc/passwd", "file:///etc/passwd/"),
        ("https://h.example/", "https://h.example/?x=1"),
    ] {
        let section = format!(r#"{{"deny":["{denied}"]}}"#);
        assert!(!reads(&section, uri), "{denied} {uri}");
    }
}

#[test]
fn what_is_like_a_denied_resource_and_is_another_passes() {
    for (section, uri) in [
        (
            r#"{"deny":["users://alice@corp.com"]}"#,
            "users://bob%40corp.com",
        ),
        (r#"{"deny":["notes://secret"]}"#, "notes://secrets?v=2"),
        (r#"{"deny":["notes://a/b"]}"#, "notes://a?b"),
        (
            r#"{"deny":["notes://secret"],"allow":["notes://secret/"]}"#,
            "notes://secret/",
        ),
        (
            r#"{"default":"deny","allow":["file:///docs/*"]}"#,
            "file:///docs/a%20%281%29%2B.md",
        ),
    ] {
        assert!(reads(section, uri), "{section} {uri}");
    }
}
