//! Sessions: whose they are, what they count, and what happens to those that nobody opened.
#![expect(clippy::unwrap_used, clippy::panic, reason = "test")]

mod support;

use std::rc::Rc;

use support::{World, gate, post};
use toolgate_engine::Gate;
use toolgate_engine::exchange::{Exchange, Interest, RequestStep};
use toolgate_engine::limit::Fault;
use toolgate_engine::mcp::Headers;

const INITIALIZE: &str = r#"{"jsonrpc":"2.0","id":1,"method":"initialize","params":{}}"#;
const CALL: &str = r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"t"}}"#;
const LIST: &str = r#"{"jsonrpc":"2.0","id":1,"method":"tools/list"}"#;

/// SHA-256 of `foo` and of `bar`.
const FOO: &str = "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae";
const BAR: &str = "fcde2b2edba56bf408601fb721fe9b5c338d10ee429ea04fae5511b68fbf8fb9";

/// Two grants, two calls a session, and further settings.
fn granted(more: &str) -> Rc<Gate> {
    gate(&format!(
        r#"{{"server":"s","identity":[{{"bearer":true}}],
        "policies":{{"p":{{"version":"1","default":"allow","all_tools":{{"limits":[
            {{"counter":"c","window":"day","max":2,"scope":"session","refund_on":[]}}]}}}}}},
        "grants":{{"ann":{{"token_sha256":"{FOO}","policy":"p"}},"bob":{{"token_sha256":"{BAR}","policy":"p"}}}}{more}}}"#
    ))
}

const ANN: &str = "Bearer foo";
const BOB: &str = "Bearer bar";

fn send(
    gate: &Rc<Gate>,
    world: &mut World,
    who: &str,
    session: Option<&str>,
    body: &str,
) -> (RequestStep, Exchange) {
    let mut headers = vec![("authorization", who)];
    headers.extend(session.map(|id| ("mcp-session-id", id)));
    post(gate, world, &headers, body)
}

/// Initializes, and lets the upstream name the session.
fn open(gate: &Rc<Gate>, world: &mut World, who: &str, id: &str) {
    let (step, mut exchange) = send(gate, world, who, None, INITIALIZE);
    assert!(matches!(step, RequestStep::Forward { .. }), "{step:?}");
    assert_eq!(exchange.interest(), Interest::Headers);
    exchange.on_response_status(200, world);
    assert!(exchange.opens_session());
    exchange.on_session(200, Some(id.as_bytes()), world);
}

/// `forward`, or the rule that refused.
fn outcome((step, mut exchange): (RequestStep, Exchange)) -> String {
    let record = exchange.take_record().unwrap();
    match step {
        RequestStep::Forward { .. } => "forward".to_owned(),
        RequestStep::Reply(reply) => {
            let rule = record.split(r#""rule":""#).nth(1).unwrap_or_default();
            let rule = rule.split('"').next().unwrap_or_default();
            format!("{} {rule}", reply.status)
        }
        RequestStep::AwaitBody | RequestStep::Ask(_) => {
            panic!("the body was there, and no service")
        }
    }
}

fn call(gate: &Rc<Gate>, world: &mut World, who: &str, session: &str) -> String {
    outcome(send(gate, world, who, Some(session), CALL))
}

const LIMITED: &str = "200 /all_tools/limits/c";
const FOREIGN: &str = "200 (session)";

/// A request without a body.
fn bodiless(
    gate: &Rc<Gate>,
    world: &mut World,
    method: &str,
    who: &str,
    session: &str,
) -> (RequestStep, Exchange) {
    let pairs = [
        (":method", method),
        ("authorization", who),
        ("mcp-session-id", session),
    ];
    let headers: Headers<'_> = pairs
        .iter()
        .map(|(n, v)| (n.as_bytes(), v.as_bytes()))
        .collect();
    let mut exchange = Exchange::new(Rc::clone(gate));
    let step = exchange.on_request_headers(&headers, true, world);
    (step, exchange)
}

#[test]
fn a_session_is_its_callers_alone() {
    let (gate, mut world) = (granted(""), World::default());
    open(&gate, &mut world, ANN, "s1");
    assert_eq!(call(&gate, &mut world, ANN, "s1"), "forward");
    assert_eq!(call(&gate, &mut world, BOB, "s1"), FOREIGN);
    assert_eq!(
        outcome(send(&gate, &mut world, BOB, Some("s1"), LIST)),
        FOREIGN
    );
    assert_eq!(
        outcome(send(&gate, &mut world, BOB, Some("s1"), INITIALIZE)),
        FOREIGN
    );
    for method in ["GET", "DELETE"] {
        assert_eq!(
            outcome(bodiless(&gate, &mut world, method, BOB, "s1")),
            "403 (session)"
        );
        assert_eq!(
            outcome(bodiless(&gate, &mut world, method, ANN, "s1")),
            "forward"
        );
    }
    // What a client owes no answer for is swallowed; so is an answer to the server.
    for silent in [
        r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}"#,
        r#"{"jsonrpc":"2.0","id":1,"result":{"action":"accept"}}"#,
    ] {
        assert_eq!(
            outcome(send(&gate, &mut world, BOB, Some("s1"), silent)),
            "202 (session)"
        );
        assert_eq!(
            outcome(send(&gate, &mut world, ANN, Some("s1"), silent)),
            "forward"
        );
    }
    let batch = format!("[{CALL}]");
    let headers = [
        ("authorization", BOB),
        ("mcp-session-id", "s1"),
        ("mcp-protocol-version", "2025-03-26"),
    ];
    assert_eq!(outcome(post(&gate, &mut world, &headers, &batch)), FOREIGN);
    // Bob's denied calls took nothing of Ann's session.
    assert_eq!(call(&gate, &mut world, ANN, "s1"), "forward");
    assert_eq!(call(&gate, &mut world, ANN, "s1"), LIMITED);
}

#[test]
fn a_session_counts_for_itself_and_all_made_up_ones_count_together() {
    let (gate, mut world) = (granted(""), World::default());
    for id in ["s1", "s2"] {
        open(&gate, &mut world, ANN, id);
        for want in ["forward", "forward", LIMITED] {
            assert_eq!(call(&gate, &mut world, ANN, id), want, "{id}");
        }
    }
    assert_eq!(call(&gate, &mut world, ANN, "made up"), "forward");
    assert_eq!(outcome(send(&gate, &mut world, ANN, None, CALL)), "forward");
    assert_eq!(call(&gate, &mut world, ANN, "also made up"), LIMITED);
    assert_eq!(
        call(&gate, &mut world, BOB, "bob's own"),
        "forward",
        "a slot per grant"
    );
}

#[test]
fn only_a_successful_answer_to_an_initialize_without_a_session_opens_one() {
    let gate = granted(r#","sessions":{"owned":false}"#);
    let mut world = World::default();
    let mut tries = |session: Option<&str>, body: &str, status: u16, id: Option<&[u8]>| {
        let (_, mut exchange) = send(&gate, &mut world, ANN, session, body);
        exchange.on_session(status, id, &mut world);
    };
    tries(Some("x"), INITIALIZE, 200, Some(b"x")); // a server that repeats what it is sent
    tries(None, LIST, 200, Some(b"x"));
    tries(None, INITIALIZE, 400, Some(b"x"));
    tries(None, INITIALIZE, 200, None); // named twice, or not at all
    tries(None, INITIALIZE, 200, Some(b""));
    tries(None, INITIALIZE, 200, Some(b"x\x01"));
    for want in ["forward", "forward", LIMITED] {
        assert_eq!(call(&gate, &mut world, ANN, "x"), want);
    }
    assert_eq!(
        call(&gate, &mut world, ANN, "y"),
        LIMITED,
        "they share one slot"
    );
}

#[test]
fn a_session_that_nobody_opened_here_is_its_first_users() {
    let (gate, mut world) = (granted(""), World::default());
    assert_eq!(
        call(&gate, &mut world, ANN, "from before a restart"),
        "forward"
    );
    assert_eq!(
        call(&gate, &mut world, BOB, "from before a restart"),
        FOREIGN
    );
    let strict = granted(r#","sessions":{"unknown":"refuse"}"#);
    let mut world = World::default();
    assert_eq!(call(&strict, &mut world, ANN, "x"), FOREIGN);
    open(&strict, &mut world, ANN, "s1");
    assert_eq!(call(&strict, &mut world, ANN, "s1"), "forward");
    let words = |who, id, world: &mut World| {
        let (step, _) = send(&strict, world, who, Some(id), CALL);
        let RequestStep::Reply(reply) = step else {
            panic!("{step:?}");
        };
        reply
    };
    // Nobody learns from the reply which sessions there are.
    assert_eq!(words(BOB, "s1", &mut world), words(BOB, "none", &mut world));
}

#[test]
fn a_stranger_adopts_nothing() {
    let (gate, mut world) = (granted(""), World::default());
    assert_eq!(
        call(&gate, &mut world, "Bearer nobody", "x"),
        "200 (no policy)"
    );
    assert_eq!(call(&gate, &mut world, ANN, "x"), "forward");
}

#[test]
fn an_end_that_the_upstream_confirms_is_one() {
    for (status, want) in [
        (200, "forward"),
        (204, "forward"),
        (405, FOREIGN),
        (503, FOREIGN),
    ] {
        let (gate, mut world) = (granted(""), World::default());
        open(&gate, &mut world, ANN, "s1");
        let (_, mut exchange) = bodiless(&gate, &mut world, "DELETE", ANN, "s1");
        assert_eq!(exchange.interest(), Interest::Headers);
        exchange.on_response_status(status, &mut world);
        assert_eq!(call(&gate, &mut world, BOB, "s1"), want, "{status}");
    }
}

#[test]
fn an_id_that_is_given_out_again_is_the_latest_callers() {
    let (gate, mut world) = (granted(""), World::default());
    open(&gate, &mut world, ANN, "1");
    open(&gate, &mut world, BOB, "1");
    assert_eq!(call(&gate, &mut world, BOB, "1"), "forward");
    assert_eq!(call(&gate, &mut world, ANN, "1"), FOREIGN);
}

#[test]
fn a_store_that_fails_refuses_what_names_a_session() {
    let (gate, mut world) = (granted(""), World::default());
    open(&gate, &mut world, ANN, "s1");
    world.store.inject(|_| Fault::Unavailable);
    assert_eq!(call(&gate, &mut world, ANN, "new"), FOREIGN);
    world.store.heal();
    let keys: Vec<String> = world
        .store
        .values()
        .map(|(key, _)| key.to_owned())
        .collect();
    for key in keys {
        world.store.put(&key, b"garbage".to_vec());
    }
    assert_eq!(call(&gate, &mut world, ANN, "s1"), FOREIGN);
}

#[test]
fn a_caller_that_opens_sessions_without_end_forgets_only_its_own() {
    let gate = granted(r#","sessions":{"max":64,"unknown":"refuse"}"#);
    let mut world = World::default();
    for n in 0..8 {
        open(&gate, &mut world, ANN, &format!("ann-{n}"));
    }
    for n in 0..5_000 {
        world.now += 1_000_000;
        open(&gate, &mut world, BOB, &format!("bob-{n}"));
    }
    for n in 0..8 {
        assert_ne!(
            call(&gate, &mut world, ANN, &format!("ann-{n}")),
            FOREIGN,
            "{n}"
        );
    }
    assert_eq!(call(&gate, &mut world, BOB, "bob-0"), FOREIGN);
    assert_ne!(call(&gate, &mut world, BOB, "bob-4999"), FOREIGN);
    let bytes: usize = world
        .store
        .values()
        .filter(|(key, _)| key.contains("sessions"))
        .map(|(key, value)| key.len() + value.len())
        .sum();
    let bound = gate.sessions.state_bound();
    assert_eq!(bound.keys, 4);
    assert!(
        u64::try_from(bytes).unwrap() <= bound.bytes,
        "{bytes} of {bound:?}"
    );
}

#[test]
fn nothing_is_looked_up_where_nothing_asks_for_sessions() {
    let plain = gate(r#"{"server":"s","policy":{"version":"1","default":"allow"}}"#);
    let mut world = World::default();
    let (_, exchange) = post(&plain, &mut world, &[("mcp-session-id", "x")], CALL);
    assert_eq!(exchange.interest(), Interest::Nothing);
    let (_, exchange) = post(&plain, &mut world, &[], INITIALIZE);
    assert_eq!(exchange.interest(), Interest::Nothing);
    assert_eq!(world.store.values().count(), 0);
}

#[test]
fn callers_without_grants_have_sessions_too() {
    let counted = r#""policy":{"version":"1","default":"allow","all_tools":{"limits":[{"counter":"c","window":"day","max":2,"scope":["session","args.x"]}]}}"#;
    for (more, owned) in [("", false), (r#","sessions":{"owned":true}"#, true)] {
        let gate = gate(&format!(
            r#"{{"server":"s","identity":[{{"bearer":true}}],{counted}{more}}}"#
        ));
        let mut world = World::default();
        open(&gate, &mut world, ANN, "s1");
        let seen: Vec<String> = (0..3).map(|_| call(&gate, &mut world, ANN, "s1")).collect();
        assert_eq!(seen, ["forward", "forward", LIMITED]);
        let want = if owned { FOREIGN } else { "forward" };
        assert_eq!(call(&gate, &mut world, BOB, "s1"), want);
    }
}

#[test]
fn a_credential_is_named_for_stripping_wherever_it_stands() {
    let gate = gate(&format!(
        r#"{{"server":"s","identity":[{{"bearer":true,"strip":true}},{{"header":"X-Key","strip":true}},{{"header":"x-kept"}}],
        "policies":{{"p":{{"version":"1","default":"allow"}}}},"grants":{{"ann":{{"token_sha256":"{FOO}","policy":"p"}}}}}}"#
    ));
    for (headers, want) in [
        (vec![("authorization", "Bearer foo")], vec!["authorization"]),
        (
            vec![("authorization", "Basic foo"), ("x-key", "foo")],
            vec!["x-key"],
        ),
        (
            vec![("authorization", "bearer foo"), ("x-key", "other")],
            vec!["authorization", "x-key"],
        ),
        (vec![("x-kept", "foo")], vec![]),
    ] {
        let mut world = World::default();
        let (step, exchange) = post(&gate, &mut world, &headers, CALL);
        assert!(
            matches!(step, RequestStep::Forward { .. }),
            "{headers:?} {step:?}"
        );
        assert_eq!(exchange.strips(), want, "{headers:?}");
    }
}

#[test]
fn a_certificates_subject_names_a_caller() {
    let gate = gate(
        r#"{"server":"s","identity":[{"subject":true}],"policies":{"p":{"version":"1","default":"allow"}},
        "grants":{"batch":{"subject":"CN=batch,O=Example","policy":"p"}}}"#,
    );
    for (subject, want) in [
        ("CN=batch,O=Example", "forward"),
        ("CN=batch", "200 (no policy)"),
        ("", "200 (no policy)"),
    ] {
        let mut world = World::default();
        world
            .properties
            .insert("connection.subject_peer_certificate".into(), subject.into());
        assert_eq!(
            outcome(post(&gate, &mut world, &[], CALL)),
            want,
            "{subject}"
        );
    }
}

#[test]
fn settings_that_contradict_are_refused_with_their_place() {
    for (more, want) in [
        (r#""sessions":{"unknown":"refuse"}"#, "/sessions/unknown"),
        (
            r#""sessions":{"owned":false,"unknown":"refuse"}"#,
            "/sessions/unknown",
        ),
        (r#""sessions":{"max":0}"#, "/sessions/max"),
        (r#""sessions":{"owner":true}"#, "`owned`"),
        (r#""max_subjects":5000000"#, "/max_subjects"),
        (
            r#""identity":[{"claim":"sub","strip":true}]"#,
            "/identity/0/strip",
        ),
    ] {
        let text =
            format!(r#"{{"server":"s","policy":{{"version":"1","default":"allow"}},{more}}}"#);
        let faults = Gate::load(text.as_bytes()).unwrap_err();
        let told: Vec<String> = faults.as_slice().iter().map(ToString::to_string).collect();
        assert!(
            told.iter().any(|fault| fault.contains(want)),
            "{more}: {told:?}"
        );
    }
}

/// `host-test` does the same through the module, with calls and limits.
#[test]
fn a_million_sessions_leave_a_bounded_state() {
    let sessions = granted(r#","sessions":{"max":16384}"#).sessions;
    let mut world = World::default();
    let caller = toolgate_engine::caller::Caller::Anonymous;
    for n in 0..1_000_000u32 {
        world.now += 1_000;
        sessions
            .open("s", &n.to_le_bytes(), (&caller, None), &mut world)
            .unwrap();
    }
    let state = world
        .store
        .values()
        .map(|(key, value)| key.len() + value.len())
        .sum::<usize>();
    let bound = sessions.state_bound();
    println!(
        "{} keys, {state} bytes of at most {bound:?}",
        world.store.values().count()
    );
    assert!(u64::try_from(state).unwrap() <= bound.bytes);
    assert!(u64::try_from(world.store.values().count()).unwrap() <= bound.keys);
}
