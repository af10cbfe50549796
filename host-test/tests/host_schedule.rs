//! Interleavings of workers at the shared data: each can be played, again and again.
#![expect(clippy::unwrap_used, reason = "test")]

mod common;
#[path = "common/toolgate.rs"]
mod toolgate;

use std::collections::BTreeMap;

use common::{module, settings};
use host_test::{Exchange, Host, Module, Request, Response, Settings, next_order};

/// Plays every interleaving of two workers that get a request each, and counts how often each
/// result comes out.
fn all<T: Ord>(
    module: &Module,
    settings: &Settings,
    request: &Request,
    result: impl Fn(&Host, &[Exchange]) -> T,
) -> BTreeMap<T, usize> {
    let settings = Settings {
        workers: 2,
        ..settings.clone()
    };
    let mut results: BTreeMap<T, usize> = BTreeMap::new();
    let mut order = Some(Vec::new());
    while let Some(this) = order {
        let mut host = Host::start(module, &settings).unwrap();
        let requests = [request.clone(), request.clone()];
        let upstream = |_: &Request| Response::new(200).with_body("{}").into();
        let (seen, made) = host.interleave(&requests, upstream, &this);
        let count: &mut usize = results.entry(result(&host, &seen)).or_default();
        *count = count.saturating_add(1);
        order = next_order(&made);
    }
    results
}

fn counted(host: &Host, _: &[Exchange]) -> u32 {
    let value = host.shared_data().get(&b"n"[..]).unwrap().value.clone();
    u32::from_le_bytes(value.try_into().unwrap())
}

#[test]
fn a_guest_that_swaps_without_comparing_is_found_out() {
    let request = Request::new("GET", "/");
    let lossy = all(&module("lossy"), &settings(), &request, counted);
    // Two reads and two writes: six interleavings, of which only two keep both.
    assert!(
        lossy.contains_key(&1) && lossy.contains_key(&2),
        "{lossy:?}"
    );
    let sound = all(&module("counter"), &settings(), &request, counted);
    assert_eq!(sound.keys().collect::<Vec<_>>(), [&2], "{sound:?}");
    assert!(sound.values().sum::<usize>() > 6, "{sound:?}");
}

#[test]
fn the_same_order_plays_the_same() {
    let play = |order: &[usize]| {
        let settings = Settings {
            workers: 2,
            ..settings()
        };
        let mut host = Host::start(&module("lossy"), &settings).unwrap();
        let requests = [Request::new("GET", "/"), Request::new("GET", "/")];
        let upstream = |_: &Request| Response::new(200).into();
        let (seen, made) = host.interleave(&requests, upstream, order);
        (counted(&host, &seen), made)
    };
    for order in [&[0, 1, 0, 1][..], &[1, 1, 0], &[0, 0, 0], &[7, 7]] {
        assert_eq!(play(order), play(order));
    }
}

#[test]
fn of_two_calls_at_once_a_limit_of_one_lets_one_pass_in_every_interleaving() {
    for scope in ["global", "grant"] {
        let config = format!(
            r#"{{"server": "s", "policy": {{"version": "1", "default": "deny", "tools": {{"a": {{
                "limits": [{{"counter": "c", "window": "day", "max": 1, "scope": "{scope}"}}]}}}}}}}}"#
        );
        let settings = Settings {
            plugin_config: config.into_bytes(),
            vm_id: "toolgate".to_owned(),
            root_id: "toolgate".to_owned(),
            properties: vec![(
                vec!["source".to_owned(), "address".to_owned()],
                b"127.0.0.1:50000".to_vec(),
            )],
            ..settings()
        };
        let body = r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a"}}"#;
        let request = Request::post("/mcp", body)
            .with_header("accept", "application/json, text/event-stream");
        let passed = all(toolgate::module(), &settings, &request, |_, seen| {
            seen.iter().filter(|seen| seen.upstream.is_some()).count()
        });
        assert_eq!(
            passed.keys().collect::<Vec<_>>(),
            [&1],
            "{scope}: {passed:?}"
        );
        assert!(passed.values().sum::<usize>() > 2, "{scope}: {passed:?}");
    }
}
