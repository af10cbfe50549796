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
