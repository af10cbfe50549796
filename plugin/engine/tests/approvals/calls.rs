//! Whole exchanges: an agent calls, an operator decides on a listener of their own, the agent
//! calls again.

use std::rc::Rc;

use toolgate_engine::exchange::{Exchange, RequestStep};
use toolgate_engine::mcp::{Headers, Reply};
use toolgate_engine::{Gate, Surroundings};

use super::support::SECOND;
use super::world::{World, gate, post};

const KEY: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

fn sha256(text: &str) -> String {
    use sha2::{Digest, Sha256};
    let digest = Sha256::digest(text.as_bytes());
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

pub(super) fn calls(policy: &str) -> Rc<Gate> {
    calls_with(policy, &format!("\"{KEY}\""))
}

/// As [`calls`], with these keys.
pub(super) fn calls_with(policy: &str, keys: &str) -> Rc<Gate> {
    let (alice, bob) = (sha256("alice"), sha256("bob"));
    gate(&format!(
        r#"{{"server":"shop","approvals":{{"keys":[{keys}]}},"policies":{{"p":{policy}}},
        "identity":[{{"bearer":true}}],
        "grants":{{"alice":{{"token_sha256":"{alice}","policy":"p"}},"bob":{{"token_sha256":"{bob}","policy":"p"}}}}}}"#
    ))
}

pub(super) fn operators() -> Rc<Gate> {
    let olga = sha256("olga");
    gate(&format!(
        r#"{{"approvals":{{"keys":["{KEY}"]}},"admin":{{"operators":{{"olga":{{"token_sha256":"{olga}"}}}}}}}}"#
    ))
}

const POLICY: &str = r#"{"version":"1","default":"deny","tools":{"refund":{
    "approve_if":[{"conditions":[{"path":"args.amount","op":"gt","value":100}],"timeout":"10m","message":"Refunds above 100 need a person.","show_arguments":true}],
    "limits":[{"counter":"refunds","window":"hour","max":2,"scope":"grant"}]}}}"#;

fn world() -> World {
    World {
        now: super::support::START,
        ..World::default()
    }
}

fn call(gate: &Rc<Gate>, world: &mut World, token: &str, arguments: &str) -> RequestStep {
    let body = format!(
        r#"{{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{{"name":"refund","arguments":{arguments}}}}}"#
    );
    post(
        gate,
        world,
        &[("authorization", &format!("Bearer {token}"))],
        &body,
    )
    .0
}

pub(super) fn forwarded(step: &RequestStep) -> bool {
    matches!(step, RequestStep::Forward { .. })
}

/// The reply of a call that waits or is refused.
pub(super) fn denied(step: RequestStep) -> Reply {
    match step {
        RequestStep::Reply(reply) => reply,
        other => panic!("expected a reply, got {other:?}"),
    }
}

/// The id in a reply that says that the call waits.
fn id_of(reply: &Reply) -> String {
    let at = reply.body.find("apr_").unwrap();
    reply.body.get(at..at + 28).unwrap().to_owned()
}

pub(super) fn admin(world: &mut World, method: &str, path: &str, extra: &[(&str, &str)]) -> Reply {
    let mut exchange = Exchange::new(operators());
    let pairs = [(":method", method), (":path", path)];
    let headers: Headers<'_> = pairs
        .iter()
        .chain(extra)
        .map(|(name, value)| (name.as_bytes(), value.as_bytes()))
        .collect();
    denied(exchange.on_request_headers(&headers, true, world))
}

pub(super) const AS_OLGA: (&str, &str) = ("authorization", "Bearer olga");

pub(super) fn decide(world: &mut World, id: &str, verb: &str) -> Reply {
    admin(
        world,
        "POST",
        &format!("/approvals/{id}/{verb}"),
        &[AS_OLGA],
    )
}

#[test]
fn a_call_below_the_condition_passes_without_anybody() {
    let (gate, mut world) = (calls(POLICY), world());
    assert!(forwarded(&call(
        &gate,
        &mut world,
        "alice",
        r#"{"amount":100}"#
    )));
}

#[test]
fn an_agent_waits_an_operator_approves_and_the_same_call_passes_once() {
    let (gate, mut world) = (calls(POLICY), world());
    let reply = denied(call(
        &gate,
        &mut world,
        "alice",
        r#"{"amount":150,"to":"x"}"#,
    ));
    assert_eq!(reply.status, 200);
    let id = id_of(&reply);
    assert!(
        reply.body.contains("Refunds above 100 need a person."),
        "{}",
        reply.body
    );
    assert!(
        reply.body.contains(r#""status":"pending","ends_in":600"#),
        "{}",
        reply.body
    );

    let again = denied(call(
        &gate,
        &mut world,
        "alice",
        r#"{"amount":150,"to":"x"}"#,
    ));
    assert_eq!(id_of(&again), id);

    let listed = admin(&mut world, "GET", "/approvals", &[AS_OLGA]);
    for part in [
        id.as_str(),
        r#""state":"pending""#,
        r#""caller":"alice""#,
        r#""server":"shop""#,
        r#""tool":"refund""#,
        r#""arguments":{"amount":150,"to":"x"}"#,
    ] {
        assert!(listed.body.contains(part), "{part} in {}", listed.body);
    }
    assert_eq!(decide(&mut world, &id, "approve").status, 200);
    // Other spellings of the same arguments are the same call.
    let same = r#"{ "to" : "\u0078", "amount" : 1.5e2 }"#;
    assert!(forwarded(&call(&gate, &mut world, "alice", same)));
    let next = denied(call(&gate, &mut world, "alice", same));
    assert_ne!(id_of(&next), id);
    assert_eq!(decide(&mut world, &id, "approve").status, 404);
}

#[test]
fn waiting_charges_nothing_and_an_exhausted_limit_asks_nobody() {
    let (gate, mut world) = (calls(POLICY), world());
    for _ in 0..10 {
        denied(call(&gate, &mut world, "alice", r#"{"amount":150}"#));
    }
    assert!(forwarded(&call(
        &gate,
        &mut world,
        "alice",
        r#"{"amount":1}"#
    )));
    assert!(forwarded(&call(
        &gate,
        &mut world,
        "alice",
        r#"{"amount":1}"#
    )));
    let id = {
        let listed = admin(&mut world, "GET", "/approvals", &[AS_OLGA]);
        id_of(&listed)
    };
    decide(&mut world, &id, "approve");
    // The limit refuses first, and the yes is not used up by that.
    let reply = denied(call(&gate, &mut world, "alice", r#"{"amount":150}"#));
    assert!(
        reply.body.contains("Rate limit of 2 per hour"),
        "{}",
        reply.body
    );
    world.now += 599 * SECOND;
    let at_hour = 3_600 * SECOND;
    world.now = world.now.div_ceil(at_hour) * at_hour;
    // By then the yes is over too: it is asked for anew.
    let reply = denied(call(&gate, &mut world, "alice", r#"{"amount":150}"#));
    assert_ne!(id_of(&reply), id);
}

/// Other calls than that of alice with `{"amount":150,"to":"x"}`: what differs, token, arguments.
pub(super) const FORGERIES: &[(&str, &str, &str)] = &[
    ("another caller", "bob", r#"{"amount":150,"to":"x"}"#),
    ("another amount", "alice", r#"{"amount":151,"to":"x"}"#),
    (
        "another amount by a hair",
        "alice",
        r#"{"amount":150.0000000000000000001,"to":"x"}"#,
    ),
    (
        "a number beyond binary64",
        "alice",
        r#"{"amount":1.5e400,"to":"x"}"#,
    ),
    (
        "a string for a number",
        "alice",
        r#"{"amount":"150","to":"x"}"#,
    ),
    ("another value", "alice", r#"{"amount":150,"to":"y"}"#),
    ("another case", "alice", r#"{"amount":150,"to":"X"}"#),
    ("a trailing space", "alice", r#"{"amount":150,"to":"x "}"#),
    (
        "a zero-width character",
        "alice",
        r#"{"amount":150,"to":"x\u200b"}"#,
    ),
    ("a look-alike letter", "alice", r#"{"amount":150,"to":"х"}"#),
    (
        "a full-width letter",
        "alice",
        r#"{"amount":150,"to":"ｘ"}"#,
    ),
    (
        "a combining character",
        "alice",
        r#"{"amount":150,"to":"x\u0301"}"#,
    ),
    ("a NUL", "alice", r#"{"amount":150,"to":"x\u0000"}"#),
    (
        "one key more",
        "alice",
        r#"{"amount":150,"to":"x","force":true}"#,
    ),
    ("one key less", "alice", r#"{"amount":150}"#),
    (
        "a null key more",
        "alice",
        r#"{"amount":150,"to":"x","y":null}"#,
    ),
    ("a value in a list", "alice", r#"{"amount":150,"to":["x"]}"#),
    (
        "a value in an object",
        "alice",
        r#"{"amount":150,"to":{"x":"x"}}"#,
    ),
    (
        "a key of another case",
        "alice",
        r#"{"amount":150,"To":"x"}"#,
    ),
    (
        "a folded key more",
        "alice",
        r#"{"amount":150,"Amount":1,"to":"x"}"#,
    ),
    (
        "a duplicate key",
        "alice",
        r#"{"amount":150,"amount":1,"to":"x"}"#,
    ),
    (
        "an escaped duplicate key",
        "alice",
        r#"{"amount":150,"\u0061mount":1,"to":"x"}"#,
    ),
    (
        "a duplicate with the same value",
        "alice",
        r#"{"amount":150,"to":"x","to":"x"}"#,
    ),
    (
        "an unpaired surrogate",
        "alice",
        r#"{"amount":150,"to":"\ud800"}"#,
    ),
    ("a trailing comma", "alice", r#"{"amount":150,"to":"x",}"#),
    ("a comment", "alice", r#"{"amount":150,"to":"x"/**/}"#),
    ("arguments that are a list", "alice", r#"[150,"x"]"#),
    (
        "arguments that are a string",
        "alice",
        r#""{\"amount\":150,\"to\":\"x\"}""#,
    ),
    (
        "no credential that is known",
        "mallory",
        r#"{"amount":150,"to":"x"}"#,
    ),
    (
        "a credential of another case",
        "Alice",
        r#"{"amount":150,"to":"x"}"#,
    ),
];

/// Every way of getting more out of a yes than the call that it was given to.
#[test]
fn no_other_call_passes_on_a_yes() {
    let stricter = POLICY.replace("\"max\":2", "\"max\":3");
    let (gate, stricter) = (calls(POLICY), calls(&stricter));
    for (what, token, arguments) in FORGERIES {
        let mut world = world();
        let right = r#"{"amount":150,"to":"x"}"#;
        let id = id_of(&denied(call(&gate, &mut world, "alice", right)));
        decide(&mut world, &id, "approve");
        assert!(
            !forwarded(&call(&gate, &mut world, token, arguments)),
            "{what}"
        );
        assert!(
            !forwarded(&call(&stricter, &mut world, "alice", right)),
            "{what}: another policy"
        );
        assert!(
            forwarded(&call(&gate, &mut world, "alice", right)),
            "{what}: the right one after it"
        );
    }
}

/// Calls refund for 150 with these headers beside alice's.
fn call_with(gate: &Rc<Gate>, world: &mut World, headers: &[(&str, &str)]) -> RequestStep {
    let body = r#"{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"refund","arguments":{"amount":150}}}"#;
    let headers: Vec<_> = [("authorization", "Bearer alice")]
        .iter()
        .chain(headers)
        .copied()
        .collect();
    post(gate, world, &headers, body).0
}

/// Two rules, each of which asks where a header says so.
const DESKS: &str = r#"{"version":"1","default":"deny","tools":{"refund":{"approve_if":[
    {"conditions":[{"path":"headers.x-desk","op":"in","value":["front","both"]}],"timeout":"1h","message":"Look at the amount."},
    {"conditions":[{"path":"headers.x-desk","op":"in","value":["back","both"]}],"timeout":"10m","message":"Call the customer first."}]}}}"#;

#[test]
fn a_yes_to_what_one_rule_asked_is_none_to_what_another_asks() {
    let gate = calls(DESKS);
    for (asked, others) in [
        ("front", ["back", "both"]),
        ("back", ["front", "both"]),
        ("both", ["front", "back"]),
    ] {
        let mut world = world();
        let id = id_of(&denied(call_with(&gate, &mut world, &[("x-desk", asked)])));
        assert_eq!(decide(&mut world, &id, "approve").status, 200);
        for other in others {
            let reply = denied(call_with(&gate, &mut world, &[("x-desk", other)]));
            assert_ne!(id_of(&reply), id, "{asked}, then {other}");
        }
        let same = call_with(&gate, &mut world, &[("x-desk", asked)]);
        assert!(forwarded(&same), "{asked}");
    }
}

#[test]
fn where_several_rules_ask_a_person_reads_them_all_and_the_shortest_timeout_holds() {
    let (gate, mut world) = (calls(DESKS), world());
    let reply = denied(call_with(&gate, &mut world, &[("x-desk", "both")]));
    assert!(reply.body.contains(r#""ends_in":600"#), "{}", reply.body);
    let listed = admin(&mut world, "GET", "/approvals", &[AS_OLGA]);
    let message = r#""message":"Look at the amount.\nCall the customer first.""#;
    assert!(listed.body.contains(message), "{}", listed.body);
}

#[test]
fn a_yes_is_for_what_the_rule_looked_at_beside_the_call() {
    let policy = |path: &str| {
        format!(
            r#"{{"version":"1","default":"deny","tools":{{"refund":{{"approve_if":[{{"conditions":[{{"path":"{path}","op":"neq","value":"home"}}]}}]}}}}}}"#
        )
    };
    let gate = calls(&policy("headers.x-tenant"));
    let acme: &[_] = &[("x-tenant", "acme")];
    let tenants: &[&[(&str, &str)]] = &[
        acme,
        &[("x-tenant", "evil")],
        &[],
        &[("x-tenant", "")],
        &[("x-tenant", "acme"), ("x-tenant", "acme")],
        &[("x-tenant", "acme"), ("x-tenant", "evil")],
    ];
    for asked in tenants {
        let mut world = world();
        let reply = match call_with(&gate, &mut world, asked) {
            RequestStep::Reply(reply) => reply,
            // `neq` does not hold of what is not there.
            RequestStep::Forward { .. } => continue,
            other => panic!("{other:?}"),
        };
        let id = id_of(&reply);
        assert_eq!(decide(&mut world, &id, "approve").status, 200);
        for other in tenants
            .iter()
            .filter(|other| *other != asked && !other.is_empty())
        {
            let step = call_with(&gate, &mut world, other);
            assert!(!forwarded(&step), "{asked:?}, then {other:?}");
        }
        // What the rule does not look at may differ.
        let mut same = asked.to_vec();
        same.push(("x-other", "1"));
        assert!(forwarded(&call_with(&gate, &mut world, &same)), "{asked:?}");
    }
    for (path, property) in [
        ("client.ip", "source.address"),
        (
            "claims.team",
            "metadata.filter_metadata.envoy.filters.http.jwt_authn.payload.team",
        ),
    ] {
        let (gate, mut world) = (calls(&policy(path)), world());
        let be = |world: &mut World, value: &str| {
            let value = value.as_bytes().to_vec();
            world.properties.insert(property.to_owned(), value);
        };
        be(&mut world, "10.0.0.1:4000");
        let id = id_of(&denied(call_with(&gate, &mut world, &[])));
        assert_eq!(decide(&mut world, &id, "approve").status, 200);
        be(&mut world, "10.0.0.2:4000");
        assert!(!forwarded(&call_with(&gate, &mut world, &[])), "{path}");
        be(&mut world, "10.0.0.1:4000");
        assert!(forwarded(&call_with(&gate, &mut world, &[])), "{path}");
    }
}

#[test]
fn a_batch_a_notification_and_another_tool_use_up_nothing() {
    let (gate, mut world) = (calls(POLICY), world());
    let right = r#"{"amount":150}"#;
    let id = id_of(&denied(call(&gate, &mut world, "alice", right)));
    decide(&mut world, &id, "approve");
    let bearer = ("authorization", "Bearer alice");
    let one = format!(
        r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{{"name":"refund","arguments":{right}}}}}"#
    );
    let bodies = [
        (
            format!("[{one}]"),
            vec![bearer, ("mcp-protocol-version", "2025-03-26")],
        ),
        (one.replace("\"id\":1,", ""), vec![bearer]),
        (one.replace("refund", "Refund"), vec![bearer]),
        (one.replace("refund", "refunds"), vec![bearer]),
        (one.clone(), vec![bearer, bearer]),
    ];
    for (body, headers) in &bodies {
        let (step, _) = post(&gate, &mut world, headers, body);
        assert!(!forwarded(&step), "{body} {headers:?}");
    }
    assert!(forwarded(&call(&gate, &mut world, "alice", right)));
}

#[test]
fn operators_must_say_who_they_are_and_web_pages_decide_nothing() {
    let (gate, mut world) = (calls(POLICY), world());
    let id = id_of(&denied(call(
        &gate,
        &mut world,
        "alice",
        r#"{"amount":150}"#,
    )));
    let approve = format!("/approvals/{id}/approve");
    let (olga, alice) = (AS_OLGA, ("authorization", "Bearer alice"));
    let cases: &[(&str, &str, &[(&str, &str)], u16)] = &[
        ("POST", &approve, &[], 401),
        ("POST", &approve, &[alice], 401),
        ("POST", &approve, &[olga, olga], 401),
        (
            "POST",
            &approve,
            &[olga, ("origin", "https://evil.example")],
            403,
        ),
        ("GET", &approve, &[olga], 405),
        ("PUT", "/approvals", &[olga], 405),
        ("GET", "/", &[olga], 404),
        (
            "GET",
            "/approvals/apr_aaaaaaaaaaaaaaaaaaaaaaaa",
            &[olga],
            404,
        ),
        ("POST", "/approvals/apr_x/approve", &[olga], 404),
        ("POST", "/approvals//approve", &[olga], 404),
        ("GET", "/approvals", &[], 401),
        ("GET", "/approvals?x=1", &[olga], 200),
        ("GET", "/approvals?after=", &[olga], 400),
        ("GET", "/approvals?after=1", &[olga], 400),
        ("GET", "/approvals?x=1&after=1-apr_x#y", &[olga], 400),
    ];
    for (method, path, headers, status) in cases {
        let reply = admin(&mut world, method, path, headers);
        assert_eq!(reply.status, *status, "{method} {path}: {}", reply.body);
    }
    assert!(!forwarded(&call(
        &gate,
        &mut world,
        "alice",
        r#"{"amount":150}"#
    )));
    assert_eq!(decide(&mut world, &id, "deny").status, 200);
    assert_eq!(decide(&mut world, &id, "approve").status, 409);
    let reply = denied(call(&gate, &mut world, "alice", r#"{"amount":150}"#));
    assert!(reply.body.contains("was denied by olga"), "{}", reply.body);
    world.now += 600 * SECOND;
    let fresh = denied(call(&gate, &mut world, "alice", r#"{"amount":150}"#));
    assert_ne!(id_of(&fresh), id);
}

#[test]
fn what_a_person_is_not_shown_of_a_call_is_not_approved_with_it() {
    let (gate, mut world) = (calls(POLICY), world());
    let id = id_of(&denied(call(
        &gate,
        &mut world,
        "alice",
        r#"{"amount":150}"#,
    )));
    decide(&mut world, &id, "approve");
    for member in [
        r#""input_responses":{"confirm":{"action":"accept"}}"#,
        r#""request_state":"U1""#,
        r#""input\u005fresponses":{}"#,
        r#""Request-State":"U1""#,
        r#""inputResponse":{}"#,
        r#""confirm":true"#,
        r#""meta":{}"#,
        // These only fold to a name, and are refused of every call.
        r#""requeststate":"U1""#,
        r#""InputResponses":{}"#,
    ] {
        let body = format!(
            r#"{{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{{"name":"refund","arguments":{{"amount":150}},{member}}}}}"#
        );
        let alice = [("authorization", "Bearer alice")];
        let reply = denied(post(&gate, &mut world, &alice, &body).0);
        let why = ["a person is shown no more", "could be read as"];
        assert!(
            why.iter().any(|why| reply.body.contains(why)),
            "{member}: {}",
            reply.body
        );
        // A call that needs nobody may say what it likes.
        let small = body.replace("150", "1");
        let passes = forwarded(&post(&gate, &mut world, &alice, &small).0);
        assert_eq!(passes, !reply.body.contains("could be read as"), "{member}");
        world.store = {
            // The limit is not what this is about.
            let mut kept = toolgate_engine::limit::MemoryStore::new();
            for (key, value) in world.store.values() {
                if key.starts_with("tg1/approvals") {
                    kept.put(key, value.to_vec());
                }
            }
            kept
        };
    }
    assert!(forwarded(&call(
        &gate,
        &mut world,
        "alice",
        r#"{"amount":150}"#
    )));
}

#[test]
fn a_list_that_is_too_long_for_one_answer_says_where_it_goes_on() {
    use std::collections::BTreeSet;
    let gate = gate(&format!(
        r#"{{"server":"shop","approvals":{{"keys":["{KEY}"],"pending_per_caller":16}},"policy":{{"version":"1","default":"deny","tools":{{"refund":{{"approve_if":[{{"conditions":[]}}]}}}}}},
        "identity":[{{"bearer":true}}]}}"#
    ));
    let mut world = world();
    let mut made = BTreeSet::new();
    for n in 0..60 {
        let caller = format!("caller-{}", n / 6);
        let arguments = format!(r#"{{"n":{n}}}"#);
        made.insert(id_of(&denied(call(&gate, &mut world, &caller, &arguments))));
    }
    let mut listed = Vec::new();
    let mut path = "/approvals".to_owned();
    while listed.len() < 60 {
        let reply = admin(&mut world, "GET", &path, &[AS_OLGA]);
        let page: serde_json::Value = serde_json::from_str(&reply.body).unwrap();
        let on_page = page["approvals"].as_array().unwrap();
        listed.extend(
            on_page
                .iter()
                .map(|one| one["id"].as_str().unwrap().to_owned()),
        );
        match page["next"].as_str() {
            Some(next) => path = format!("/approvals?after={next}"),
            None => break,
        }
    }
    assert_eq!(listed.len(), 60);
    assert_eq!(listed.into_iter().collect::<BTreeSet<_>>(), made);
}

#[test]
fn without_a_key_nobody_can_say_yes_and_the_reply_says_so() {
    let gate = gate(&format!(r#"{{"policy":{POLICY}}}"#));
    let body = r#"{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"refund","arguments":{"amount":150}}}"#;
    let reply = denied(post(&gate, &mut world(), &[], body).0);
    assert!(
        reply.body.contains("Nobody can approve calls here."),
        "{}",
        reply.body
    );
}

#[test]
fn a_world_without_a_secret_denies() {
    struct Bare(World);
    impl toolgate_engine::limit::Store for Bare {
        fn update(
            &mut self,
            key: &str,
            change: &mut toolgate_engine::limit::Updater<'_>,
        ) -> Result<(), toolgate_engine::limit::StoreError> {
            self.0.update(key, change)
        }
    }
    impl Surroundings for Bare {
        fn now(&mut self) -> u64 {
            self.0.now
        }
        fn hash_key(&mut self) -> Option<toolgate_engine::limit::HashKey> {
            None
        }
        fn property(&mut self, path: &[&str]) -> Option<Vec<u8>> {
            self.0.property(path)
        }
    }
    let gate = calls(POLICY);
    let mut exchange = Exchange::new(gate);
    let pairs = [
        (":method", "POST"),
        (":path", "/mcp"),
        ("content-type", "application/json"),
        ("authorization", "Bearer alice"),
    ];
    let headers: Headers<'_> = pairs
        .iter()
        .map(|(name, value)| (name.as_bytes(), value.as_bytes()))
        .collect();
    let body = br#"{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"refund","arguments":{"amount":150}}}"#;
    let mut world = Bare(world());
    exchange.on_request_headers(&headers, false, &mut world);
    assert!(!forwarded(
        &exchange.on_request_body(&headers, body, &mut world)
    ));
}
