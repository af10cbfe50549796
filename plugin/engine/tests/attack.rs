//! What an attacker tried against the engine, each try as a test that fails if it works.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests"
)]

use std::collections::HashMap;
use std::rc::Rc;
use std::time::{Duration, Instant};

use toolgate_engine::exchange::{RequestStep, ResponseHead, ResponseStep};
use toolgate_engine::limit::{HashKey, MemoryStore, Store, StoreError, Updater};
use toolgate_engine::mcp::Headers;
use toolgate_engine::{Exchange, Gate, Surroundings};

/// Counters in memory, a clock that stands, and attributes by their path.
#[derive(Default)]
struct World {
    store: MemoryStore,
    properties: HashMap<String, Vec<u8>>,
}

impl Store for World {
    fn update(&mut self, key: &str, change: &mut Updater<'_>) -> Result<(), StoreError> {
        self.store.update(key, change)
    }
}

impl Surroundings for World {
    fn now(&mut self) -> u64 {
        1_767_600_000_000_000_000
    }

    fn hash_key(&mut self) -> Option<HashKey> {
        Some(HashKey([7; 16]))
    }

    fn property(&mut self, path: &[&str]) -> Option<Vec<u8>> {
        self.properties.get(&path.join(".")).cloned()
    }
}

fn gate(configuration: &str) -> Rc<Gate> {
    match Gate::load(configuration.as_bytes()) {
        Ok((gate, _)) => Rc::new(gate),
        Err(faults) => panic!("{:?}", faults.as_slice()),
    }
}

fn policy(policy: &str) -> Rc<Gate> {
    gate(&format!(r#"{{"server":"s","policy":{policy}}}"#))
}

fn call(tool: &str, arguments: &str) -> String {
    format!(
        r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{{"name":"{tool}","arguments":{arguments}}}}}"#
    )
}

fn asks(method: &str) -> String {
    format!(r#"{{"jsonrpc":"2.0","id":1,"method":"{method}"}}"#)
}

type Pairs<'h> = Vec<(&'h str, &'h [u8])>;

fn post<'h>(extra: &[(&'h str, &'h [u8])]) -> Pairs<'h> {
    let base: [(&str, &[u8]); 2] = [(":method", b"POST"), ("content-type", b"application/json")];
    base.into_iter().chain(extra.iter().copied()).collect()
}

fn headers<'h>(pairs: &Pairs<'h>) -> Headers<'h> {
    pairs.iter().map(|(n, v)| (n.as_bytes(), *v)).collect()
}

/// A request whose body follows its headers; the exchange for what comes back.
fn send(
    gate: &Rc<Gate>,
    world: &mut World,
    extra: &[(&str, &[u8])],
    body: &str,
) -> (Exchange, RequestStep) {
    let pairs = post(extra);
    let mut exchange = Exchange::new(Rc::clone(gate));
    let step = match exchange.on_request_headers(&headers(&pairs), false, world) {
        RequestStep::AwaitBody => {
            exchange.on_request_body(&headers(&pairs), body.as_bytes(), world)
        }
        step => step,
    };
    (exchange, step)
}

fn passes(gate: &Rc<Gate>, world: &mut World, extra: &[(&str, &[u8])], body: &str) -> bool {
    matches!(
        send(gate, world, extra, body).1,
        RequestStep::Forward { .. }
    )
}

fn took(work: impl FnOnce()) -> Duration {
    let start = Instant::now();
    work();
    start.elapsed()
}

const OPEN: &str = r#"{"version":"1","default":"allow"}"#;

// ---- work that an attacker chooses -------------------------------------------------------------

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
    assert!(time < Duration::from_secs(3), "nested: {time:?}");

    let long = "1".repeat(50_000);
    let body = call(
        "pay",
        &format!(r#"{{"a":[{}{long}]}}"#, "2,".repeat(100_000)),
    );
    let sent = [("mcp-param-a", long.as_bytes())];
    let time = took(|| assert!(passes(&open, &mut World::default(), &sent, &body)));
    assert!(time < Duration::from_secs(3), "long: {time:?}");
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
    let mut random = 1u64;
    let part: String = (0..50_000)
        .map(|_| {
            random = random
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            if random >> 40 & 1 == 0 { 'a' } else { 'b' }
        })
        .collect();
    let parts = vec![format!("\"{part}\""); 20].join(",");
    let body = call("write", &format!(r#"{{"parts":[{parts}]}}"#));
    let time = took(|| {
        let _ = passes(&gate, &mut World::default(), &[], &body);
    });
    eprintln!("{time:?}");
    assert!(time < Duration::from_secs(20), "{time:?}");
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
    eprintln!("{time:?}");
    assert!(time < Duration::from_secs(3), "{time:?}");
}

// ---- names ---------------------------------------------------------------------------------------

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

// ---- sections --------------------------------------------------------------------------------------

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

// ---- who calls ---------------------------------------------------------------------------------------

const GRANTS: &str = r#"{"server":"s","policy":{"version":"1","default":"allow"},
    "policies":{"none":{"version":"1","default":"deny","tools":{}},"all":{"version":"1","default":"allow"}},
    "identity":[{"bearer":true}],
    "grants":{"a":{"token_sha256":"2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae","policy":"none"},
              "b":{"token_sha256":"fcde2b2edba56bf408601fb721fe9b5c338d10ee429ea04fae5511b68fbf8fb9","policy":"all"}}}"#;

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

// ---- responses ---------------------------------------------------------------------------------------

const LIST: &str = r#"{"jsonrpc":"2.0","id":1,"result":{"resultType":"complete","tools":[{"name":"x"}],"cacheScope":"public"}}"#;

fn json_head(status: u16) -> ResponseHead<'static> {
    ResponseHead {
        status,
        content_type: Some(b"application/json"),
        content_encoding: None,
    }
}

#[test]
fn a_caller_who_may_see_all_does_not_fill_a_shared_cache() {
    let gate = gate(GRANTS);
    let mut world = World::default();
    let sent: [(&str, &[u8]); 1] = [("authorization", b"Bearer bar")];
    let (mut exchange, step) = send(&gate, &mut world, &sent, &asks("tools/list"));
    assert!(matches!(step, RequestStep::Forward { .. }));
    assert_eq!(
        exchange.on_response_headers(&json_head(200)),
        ResponseStep::Buffer
    );
    let body = exchange
        .on_response_body(LIST.as_bytes(), &mut world)
        .unwrap();
    assert!(
        String::from_utf8(body)
            .unwrap()
            .contains(r#""cacheScope":"private""#)
    );
}

#[test]
fn a_part_of_a_list_is_not_a_list() {
    let gate = policy(r#"{"version":"1","default":"allow","hide":["secret"]}"#);
    let mut world = World::default();
    let range: [(&str, &[u8]); 1] = [("range", b"bytes=60-")];
    let (mut exchange, _) = send(&gate, &mut world, &range, &asks("tools/list"));
    assert!(matches!(
        exchange.on_response_headers(&json_head(206)),
        ResponseStep::Refuse(_)
    ));
}

fn no_hold() -> Rc<Gate> {
    gate(&GRANTS.replacen('{', r#"{"hold_headers":false,"#, 1))
}

#[test]
fn without_hold_an_unknown_caller_opens_no_stream_by_announcing_a_body() {
    let gate = no_hold();
    for method in ["GET", "DELETE"] {
        let pairs: Pairs<'_> = vec![
            (":method", method.as_bytes()),
            ("authorization", b"Bearer wrong"),
        ];
        let mut exchange = Exchange::new(Rc::clone(&gate));
        let step = exchange.on_request_headers(&headers(&pairs), false, &mut World::default());
        assert!(matches!(step, RequestStep::Reply(_)), "{method}: {step:?}");
        assert!(exchange.take_record().unwrap().contains("(no policy)"));
    }
}

#[test]
fn without_hold_an_answer_that_comes_before_the_body_is_filtered() {
    let gate = no_hold();
    let listed = format!("event: message\ndata: {LIST}\n\n");
    for (method, token) in [("GET", "Bearer foo"), ("POST", "Bearer foo")] {
        let pairs: Pairs<'_> = vec![
            (":method", method.as_bytes()),
            ("content-type", b"application/json"),
            ("authorization", token.as_bytes()),
        ];
        let mut world = World::default();
        let mut exchange = Exchange::new(Rc::clone(&gate));
        let step = exchange.on_request_headers(&headers(&pairs), false, &mut world);
        assert_eq!(step, RequestStep::AwaitBody);
        assert!(exchange.watches_response(), "{method}");
        let head = ResponseHead {
            status: 200,
            content_type: Some(b"text/event-stream"),
            content_encoding: None,
        };
        assert_eq!(exchange.on_response_headers(&head), ResponseStep::Stream);
        let out = exchange.on_response_chunk(listed.as_bytes(), true, &mut world);
        let out = String::from_utf8(out).unwrap();
        assert!(!out.contains(r#""name":"x""#), "{method}: {out}");
    }
}
