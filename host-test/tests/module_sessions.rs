//! Sessions without end through the module that Envoy runs: bounded shared data, exact limits.
#![expect(clippy::unwrap_used, clippy::arithmetic_side_effects, reason = "test")]

#[path = "common/toolgate.rs"]
mod toolgate;

use host_test::{Host, Reply, Request, Response, Settings};
use serde_json::json;

/// What the configuration allows: sessions remembered, and subjects of one limit.
const SESSIONS: usize = 4_096;
const SUBJECTS: usize = 2_048;

/// The bound that `docs/policy.md` states, in bytes of keys and values.
const BOUND: usize = SESSIONS / 16 * (21 + 1 + 16 * 25) + SUBJECTS / 8 * (48 + 16 + 8 * 20);

fn host() -> Host {
    // SHA-256 of `foo` and of `bar`.
    let ann = "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae";
    let bob = "fcde2b2edba56bf408601fb721fe9b5c338d10ee429ea04fae5511b68fbf8fb9";
    let limits = json!([
        {"counter": "each", "window": "day", "max": 1, "scope": "session"},
        {"counter": "all", "window": "day", "max": 700, "scope": "grant"},
    ]);
    let policy = json!({"version": "1", "default": "allow", "all_tools": {"limits": limits}});
    let plugin = json!({
        "server": "s", "identity": [{"bearer": true}], "policies": {"p": policy},
        "grants": {"ann": {"token_sha256": ann, "policy": "p"}, "bob": {"token_sha256": bob, "policy": "p"}},
        "sessions": {"max": SESSIONS}, "max_subjects": SUBJECTS,
    });
    let settings = Settings {
        plugin_config: plugin.to_string().into_bytes(),
        ..Settings::default()
    };
    Host::start(toolgate::module(), &settings).unwrap()
}

fn post(host: &mut Host, token: &str, session: Option<&str>, body: &str, reply: &Response) -> bool {
    let mut request = Request::post("/mcp", body).with_header("authorization", token);
    if let Some(session) = session {
        request = request.with_header("mcp-session-id", session);
    }
    let mut reached = false;
    host.exchange(0, &request, &mut |_: &Request| {
        reached = true;
        Reply::Response(reply.clone())
    });
    reached
}

const INITIALIZE: &str = r#"{"jsonrpc":"2.0","id":1,"method":"initialize"}"#;
const CALL: &str = r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"t"}}"#;

fn open(host: &mut Host, token: &str, session: &str) {
    let opened = Response::new(200).with_header("mcp-session-id", session);
    assert!(post(host, token, None, INITIALIZE, &opened));
}

/// Opens so many sessions and calls once in each; the limits of both grants stay exact.
fn sessions(number: usize) {
    let mut host = host();
    let fine = Response::new(200).with_body("{}");
    open(&mut host, "Bearer bar", "bob's");
    let mut admitted = 0;
    for n in 0..number {
        let session = format!("session-{n}");
        open(&mut host, "Bearer foo", &session);
        admitted += usize::from(post(&mut host, "Bearer foo", Some(&session), CALL, &fine));
    }
    assert_eq!(admitted, number.min(700), "the grant's limit is exact");
    let bob = |host: &mut Host| post(host, "Bearer bar", Some("bob's"), CALL, &fine);
    assert!(
        bob(&mut host) && !bob(&mut host),
        "his session is known, and counts alone"
    );
    let data = host.shared_data();
    let bytes: usize = data
        .iter()
        .map(|(key, value)| key.len() + value.value.len())
        .sum();
    // Besides the tables: one key for each grant and limit, and the secret.
    let most = BOUND + 4 * (48 + 16 + 20) + 32;
    println!(
        "{number} sessions: {} keys, {bytes} bytes of at most {most}",
        data.len()
    );
    assert!(bytes <= most, "{bytes} of {most}");
}

#[test]
fn twenty_thousand_sessions_leave_bounded_data_and_exact_limits() {
    sessions(20_000);
}

/// Run by `envoy/test --full`.
#[test]
#[ignore = "takes minutes"]
fn a_million_sessions_leave_bounded_data_and_exact_limits() {
    sessions(1_000_000);
}
