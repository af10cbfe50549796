//! Names that some server reads as another.

use super::*;

#[test]
fn a_name_that_folds_to_one_under_a_glob_is_refused() {
    let gate = policy(
        r#"{"version":"1","default":"allow","hide":["*_admin"],
            "tools":{"delete_*":{"deny_if":[{"conditions":[],"on_deny":"no"}]}}}"#,
    );
    let world = &mut World::default();
    for denied in [
        "x_admin", "X_ADMIN", "x_Admin", "delete_x", "Delete_x", "DELETE_X",
    ] {
        assert!(!passes(&gate, world, &[], &call(denied, "{}")), "{denied}");
    }
    assert!(passes(&gate, world, &[], &call("read_x", "{}")));
}

#[test]
fn a_uri_that_folds_to_a_denied_glob_is_refused() {
    let gate =
        policy(r#"{"version":"1","default":"allow","resources":{"deny":["file:///secret/*"]}}"#);
    for uri in ["file:///secret/x", "FILE:///secret/x", "file:///Secret/x"] {
        let body = format!(
            r#"{{"jsonrpc":"2.0","id":1,"method":"resources/read","params":{{"uri":"{uri}"}}}}"#
        );
        assert!(!passes(&gate, &mut World::default(), &[], &body), "{uri}");
    }
}

#[test]
fn a_key_that_a_c_reader_cuts_at_nul_is_refused() {
    let gate = policy(
        r#"{"version":"1","default":"allow","tools":{"pay":{"deny_if":[{"conditions":[
            {"path":"args.amount","op":"gt","value":100}]}]}}}"#,
    );
    let world = &mut World::default();
    let body = call("pay", r#"{"amount\u0000x":1000,"amount":1}"#);
    assert!(!passes(&gate, world, &[], &body));
    let body = r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name\u0000":"pay","name":"x","arguments":{}}}"#;
    assert!(!passes(&gate, world, &[], body));
}
