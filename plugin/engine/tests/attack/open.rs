//! Not fixed: larger than a line, or a question of the language. Ignored, and each fails.

use super::*;

#[test]
#[ignore = "overflow of a limit's table denies everybody; the language gives each grant a shared slot"]
fn one_grant_cannot_crowd_out_the_others() {
    let limited = r#"{"version":"1","default":"allow","tools":{"x":{"limits":[
        {"counter":"c","window":"day","max":10,"scope":["grant","args.k"]}]}}}"#;
    let gate = gate(&format!(
        r#"{{"server":"s","policies":{{"p":{limited}}},"identity":[{{"bearer":true}}],"grants":{{
        "a":{{"token_sha256":"2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae","policy":"p"}},
        "b":{{"token_sha256":"fcde2b2edba56bf408601fb721fe9b5c338d10ee429ea04fae5511b68fbf8fb9","policy":"p"}}}}}}"#
    ));
    let mut world = World::default();
    let flooder: [(&str, &[u8]); 1] = [("authorization", b"Bearer foo")];
    for n in 0..40_000 {
        let body = call("x", &format!(r#"{{"k":{n}}}"#));
        let _ = passes(&gate, &mut world, &flooder, &body);
    }
    let victim: [(&str, &[u8]); 1] = [("authorization", b"Bearer bar")];
    assert!(passes(&gate, &mut world, &victim, &call("x", r#"{"k":1}"#)));
}

#[test]
#[ignore = "a lenient server reads 7 and \"7\" and \"07\" alike; only the tool's schema could tell"]
fn an_argument_counts_once_however_it_is_spelled() {
    let gate = policy(
        r#"{"version":"1","default":"allow","tools":{"x":{"limits":[
            {"counter":"c","window":"day","max":1,"scope":"args.k"}]}}}"#,
    );
    let mut world = World::default();
    assert!(passes(&gate, &mut world, &[], &call("x", r#"{"k":7}"#)));
    for spelled in ["7.0", "70e-1", "\"7\"", "\"07\"", "\" 7\""] {
        let body = call("x", &format!(r#"{{"k":{spelled}}}"#));
        assert!(!passes(&gate, &mut world, &[], &body), "{spelled}");
    }
}

#[test]
#[ignore = "a URI has many spellings; a deny list under `default: allow` sees one of them"]
fn a_denied_resource_is_denied_in_every_spelling() {
    let gate =
        policy(r#"{"version":"1","default":"allow","resources":{"deny":["file:///secret/*"]}}"#);
    for uri in [
        "file:///%73ecret/x",
        "file:///a/../secret/x",
        "file:////secret/x",
        "file://localhost/secret/x",
    ] {
        let body = format!(
            r#"{{"jsonrpc":"2.0","id":1,"method":"resources/read","params":{{"uri":"{uri}"}}}}"#
        );
        assert!(!passes(&gate, &mut World::default(), &[], &body), "{uri}");
    }
}
