//! Who calls, and what is told of them.

use super::*;

#[test]
fn a_bearer_token_is_presented_whatever_stands_after_the_scheme() {
    let gate = gate(GRANTS);
    for sent in [
        "Bearer foo",
        "bearer  foo",
        "Bearer\tfoo",
        "Bearer",
        "Bearer\u{a0}foo",
        "Bearer,foo",
    ] {
        let sent = [("authorization", sent.as_bytes())];
        let body = call("x", "{}");
        assert!(
            !passes(&gate, &mut World::default(), &sent, &body),
            "{sent:?}"
        );
    }
    let basic: [(&str, &[u8]); 1] = [("authorization", b"Basic eA==")];
    assert!(passes(
        &gate,
        &mut World::default(),
        &basic,
        &call("x", "{}")
    ));
}

#[test]
fn a_claim_that_is_no_string_is_not_compared_as_one() {
    let gate = policy(
        r#"{"version":"1","default":"allow","tools":{"x":{"require":[{"conditions":[
            {"path":"claims.role","op":"not_in","value":["banned"]}]}]}}}"#,
    );
    let path = "metadata.filter_metadata.envoy.filters.http.jwt_authn.payload.role";
    let mut world = World::default();
    for (claim, want) in [
        (&b"user"[..], true),
        (b"banned", false),
        // As Envoy hands over a boolean, the number 2, a list and a map.
        (b"\x01", false),
        (b"\0\0\0\0\0\0\0@", false),
        (b"\n\x08\x1a\x06banned", false),
        (b"\x01\0\0\0\x06\0\0\0\0\0\0\0banned\0\0", false),
    ] {
        world.properties.insert(path.to_owned(), claim.to_vec());
        assert_eq!(
            passes(&gate, &mut world, &[], &call("x", "{}")),
            want,
            "{claim:?}"
        );
    }
}
