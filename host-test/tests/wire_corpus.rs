//! The corpus of raw requests (`tests/wire`), through the module in host-test: the same outcomes as
//! in a real Envoy, with held headers and without, whatever the pieces that bodies come in.
#![expect(clippy::unwrap_used, clippy::panic, reason = "test")]

#[path = "common/toolgate.rs"]
mod toolgate;
#[path = "wire/runner/mod.rs"]
mod wire;

use std::collections::BTreeMap;

use host_test::{BodySequence, Exchange, Host, Reply, Response, Settings};
use wire::case::{Case, Expect, read_all};
use wire::request::requests;
use wire::seen::Collected;

/// One way of deploying and of cutting bodies.
struct Way {
    hold: bool,
    sequence: BodySequence,
    piece: usize,
}

const WAYS: [Way; 4] = [
    Way {
        hold: true,
        sequence: BodySequence::Http1,
        piece: 16_384,
    },
    Way {
        hold: true,
        sequence: BodySequence::Http2,
        piece: 4_000,
    },
    Way {
        hold: false,
        sequence: BodySequence::Http1,
        piece: 4_000,
    },
    Way {
        hold: false,
        sequence: BodySequence::Http2,
        piece: 16_384,
    },
];

fn start(way: &Way) -> BTreeMap<String, Host> {
    let policies: BTreeMap<String, serde_json::Map<String, serde_json::Value>> =
        serde_json::from_str(
            &std::fs::read_to_string(wire::folder().join("policies.json")).unwrap(),
        )
        .unwrap();
    let host = |mut plugin: serde_json::Map<String, serde_json::Value>| {
        plugin.insert("hold_headers".to_owned(), way.hold.into());
        let settings = Settings {
            plugin_config: serde_json::to_vec(&plugin).unwrap(),
            hold_allowed: way.hold,
            body_sequence: way.sequence,
            request_chunk: way.piece,
            buffer_limit: 4 << 20,
            ..Settings::default()
        };
        Host::start(toolgate::module(), &settings).unwrap()
    };
    policies
        .into_iter()
        .map(|(name, plugin)| (name, host(plugin)))
        .collect()
}

#[test]
fn every_request_has_the_outcome_that_it_has_in_envoy() {
    let cases = read_all();
    assert!(cases.len() >= 250, "only {} requests", cases.len());
    let mut faults = Vec::new();
    let mut judged = 0usize;
    let mut collected = Collected::default();
    for way in &WAYS {
        let mut hosts = start(way);
        for case in &cases {
            let Some(expect) = case.alone() else {
                continue;
            };
            judged = judged.saturating_add(1);
            let host = hosts.get_mut(&case.policy).unwrap();
            if let Err(why) = judge(case, expect, host, way.hold, &mut collected) {
                faults.push(format!("{} (hold: {}): {why}", case.id, way.hold));
            }
        }
    }
    assert!(
        faults.is_empty(),
        "{} of {judged}:\n{}",
        faults.len(),
        faults.join("\n")
    );
    assert!(judged >= 1_000, "only {judged} were judged");
    collected.write();
}

/// Sends the case's request, and whatever is pipelined behind it.
fn judge(
    case: &Case,
    expect: &Expect,
    host: &mut Host,
    hold: bool,
    collected: &mut Collected,
) -> Result<(), String> {
    for (index, request) in requests(case).iter().enumerate() {
        let mut respond = |_: &host_test::Request| -> Reply {
            Response::new(200)
                .with_header("content-type", "application/json")
                .with_body(r#"{"jsonrpc":"2.0","id":1,"result":{}}"#)
                .into()
        };
        let seen = host.exchange(0, request, &mut respond);
        if let Some(trap) = &seen.trapped {
            return Err(format!("the filter trapped: {trap:?}"));
        }
        if !seen.problems.is_empty() {
            return Err(format!("{:?}", seen.problems));
        }
        if index > 0 {
            // Only what must not pass is pipelined behind what the corpus asks about.
            let secret = request.body.windows(11).any(|w| w == b"secret_tool");
            if secret && seen.upstream_complete {
                return Err("what was pipelined behind it passed".to_owned());
            }
            continue;
        }
        collected.note(hold, &case.id, &seen)?;
        if *expect == Expect::Forwarded {
            let whole = seen.upstream.as_ref().filter(|_| seen.upstream_complete);
            let sent = whole.ok_or_else(|| format!("not forwarded: {}", shown(&seen)))?;
            if sent.body != request.body {
                return Err("the server received another body".to_owned());
            }
            continue;
        }
        if seen.upstream_complete || seen.upstream.as_ref().is_some_and(|u| !u.body.is_empty()) {
            return Err("the server received it".to_owned());
        }
        if hold && seen.upstream.is_some() {
            return Err("the server received its headers".to_owned());
        }
        let by_filter = seen
            .local_reply
            .as_ref()
            .is_some_and(|reply| reply.by_filter);
        let response = seen.response.as_ref().filter(|_| by_filter);
        let response = response.ok_or_else(|| format!("no reply: {}", shown(&seen)))?;
        if !expect.met_by(response, request.method == "HEAD") {
            return Err(format!("expected {expect:?}, got {}", shown(&seen)));
        }
    }
    Ok(())
}

fn shown(seen: &Exchange) -> String {
    match &seen.response {
        Some(response) => format!("{} {:.300}", response.status, response.text()),
        None => "no answer".to_owned(),
    }
}
