//! Work that an attacker chooses: each stays within one pass over the request, or is refused.

use std::time::{Duration, Instant};

use super::*;

fn took(work: impl FnOnce()) -> Duration {
    let start = Instant::now();
    work();
    start.elapsed()
}

const OPEN: &str = r#"{"version":"1","default":"allow"}"#;

#[test]
fn mirrored_headers_cost_one_pass_over_the_arguments() {
    let open = policy(OPEN);
    let names: Vec<String> = (0..90).map(|n| format!("mcp-param-a{n}")).collect();
    let sent: Pairs<'_> = names
        .iter()
        .map(|name| (name.as_str(), b"zz".as_slice()))
        .collect();
    let filler = "0,".repeat(100_000);
    let deep = format!("{}{filler}\"zz\"{}", "[".repeat(120), "]".repeat(120));
    let body = call("pay", &format!(r#"{{"a":{deep}}}"#));
    let time = took(|| assert!(passes(&open, &mut World::default(), &sent, &body)));
    assert!(time < Duration::from_secs(10), "nested: {time:?}");

    let long = "1".repeat(50_000);
    let body = call(
        "pay",
        &format!(r#"{{"a":[{}{long}]}}"#, "2,".repeat(100_000)),
    );
    let sent = [("mcp-param-a", long.as_bytes())];
    let time = took(|| assert!(passes(&open, &mut World::default(), &sent, &body)));
    assert!(time < Duration::from_secs(10), "long: {time:?}");
}

#[test]
fn a_megabyte_name_is_not_matched_against_globs() {
    let hidden: Vec<String> = (0..100).map(|n| format!("\"*_admin_*_{n}_*\"")).collect();
    let gate = policy(&format!(
        r#"{{"version":"1","default":"allow","hide":[{}]}}"#,
        hidden.join(",")
    ));
    let body = call(&"_admin__admi".repeat(80_000), "{}");
    let time = took(|| assert!(!passes(&gate, &mut World::default(), &[], &body)));
    assert!(time < Duration::from_secs(2), "{time:?}");
}

#[test]
fn a_megabyte_uri_is_not_matched_against_globs() {
    let denied: Vec<String> = (0..100).map(|n| format!("\"*_admin_*_{n}_*\"")).collect();
    let gate = policy(&format!(
        r#"{{"version":"1","default":"allow","resources":{{"deny":[{}]}}}}"#,
        denied.join(",")
    ));
    let body = format!(
        r#"{{"jsonrpc":"2.0","id":1,"method":"resources/read","params":{{"uri":"{}"}}}}"#,
        "_admin__admi".repeat(80_000)
    );
    let time = took(|| {
        let _ = passes(&gate, &mut World::default(), &[], &body);
    });
    assert!(time < Duration::from_secs(2), "{time:?}");
}

#[test]
fn a_regex_over_many_elements_has_one_budget() {
    let gate = policy(
        r#"{"version":"1","default":"allow","tools":{"write":{"deny_if":[{"conditions":[
            {"path":"args.parts[*]","op":"regex","value":"(a|b)*a(a|b){400}c"}]}]}}}"#,
    );
    // The worst that each part could cost is within the bound; of three parts it is not, although
    // these are searched in no time.
    let part = format!("\"{}\"", "z".repeat(50_000));
    let world = &mut World::default();
    for (parts, want) in [(1, true), (3, false)] {
        let parts = vec![part.as_str(); parts].join(",");
        let body = call("write", &format!(r#"{{"parts":[{parts}]}}"#));
        assert_eq!(passes(&gate, world, &[], &body), want);
    }
    let parts = format!(r#"{{"parts":[{part}]}}"#);
    let batch = vec![call("write", &parts); 3].join(",");
    let version: [(&str, &[u8]); 1] = [("mcp-protocol-version", b"2025-03-26")];
    assert!(!passes(&gate, world, &version, &format!("[{batch}]")));
}

#[test]
fn a_number_of_a_megabyte_is_compared_with_a_long_list() {
    let list: Vec<String> = (0..1_000).map(|n| n.to_string()).collect();
    let gate = policy(&format!(
        r#"{{"version":"1","default":"allow","tools":{{"t":{{"deny_if":[{{"conditions":[
            {{"path":"args.n","op":"in","value":[{}]}}]}}]}}}}}}"#,
        list.join(",")
    ));
    let body = call("t", &format!(r#"{{"n":0.{}}}"#, "1".repeat(900_000)));
    let time = took(|| {
        let _ = passes(&gate, &mut World::default(), &[], &body);
    });
    assert!(time < Duration::from_secs(3), "{time:?}");
}
