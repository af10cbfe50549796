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
