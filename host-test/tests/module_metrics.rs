//! Metrics of the module that Envoy runs: bounded in number whatever the configuration, and nothing uncounted.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "test")]

#[path = "common/toolgate.rs"]
mod toolgate;

use host_test::{Exchange, Host, Reply, Request, Response, Settings};
use serde_json::{Value, json};

/// What one virtual machine defines at most, and what it may define for the overflow of each family.
const MOST: usize = 10_000;
const FAMILIES: usize = 20;

const TOOLS: usize = MOST + 200;

#[test]
fn what_goes_beyond_the_bound_is_counted_together() {
    let tools: Value = (0..TOOLS).map(|n| (format!("t{n}"), json!({}))).collect();
    let plugin = json!({
        "server": "s", "metrics": {"tools": MOST},
        "policy": {"version": "1", "default": "deny", "tools": tools},
    });
    let settings = Settings {
        plugin_config: plugin.to_string().into_bytes(),
        ..Settings::default()
    };
    let mut host = Host::start(toolgate::module(), &settings).unwrap();
    for n in 0..TOOLS {
        let call = json!({"jsonrpc": "2.0", "id": n, "method": "tools/call", "params": {"name": format!("t{n}")}});
        let request = Request::post("/mcp", call.to_string());
        let seen = host.exchange(0, &request, &mut |_: &Request| -> Reply {
            Response::new(202).into()
        });
        assert!(seen.upstream_complete);
    }
    let metrics = host.process().metrics();
    let decisions = |part: &str| {
        let named = metrics.iter().filter(|(name, _)| {
            name.starts_with("toolgate_decisions_total") && name.contains(part)
        });
        named.map(|(_, metric)| metric.value).sum::<u64>()
    };
    assert!(
        metrics.len() <= MOST + FAMILIES,
        "{} metrics",
        metrics.len()
    );
    assert!(decisions("overflow") > 0, "nothing overflowed");
    assert_eq!(decisions(""), TOOLS as u64);
}

const MAX: usize = 8;

/// A server's tools `a` and `b`, with a limit each and one that both count in.
fn limited() -> Value {
    let limit = |name: &str, max: usize| json!([{"counter": name, "window": "day", "max": max, "scope": "global"}]);
    let tools = json!({"a": {"limits": limit("a", MAX)}, "b": {"limits": limit("b", MAX)}});
    let policy = json!({"version": "1", "default": "deny", "tools": tools,
        "all_tools": {"limits": limit("all", MAX)}});
    json!({"server": "s", "policy": policy})
}

fn start(plugin: &Value) -> Host {
    let settings = Settings {
        plugin_config: plugin.to_string().into_bytes(),
        ..Settings::default()
    };
    Host::start(toolgate::module(), &settings).unwrap()
}

fn call(tool: &str) -> Value {
    json!({"jsonrpc": "2.0", "id": tool, "method": "tools/call", "params": {"name": tool}})
}

fn send(host: &mut Host, body: &Value) -> Exchange {
    let request = Request::post("/mcp", body.to_string());
    let request = request.with_header("mcp-protocol-version", "2025-03-26");
    let seen = host.exchange(0, &request, &mut |_: &Request| Response::new(202).into());
    assert_eq!((&seen.trapped, seen.problems.as_slice()), (&None, &[][..]));
    seen
}

/// The gauges of a family, without the family, and what they say.
fn gauges(host: &Host, family: &str) -> Vec<(String, u64)> {
    let metrics = host.process().metrics();
    let named = metrics
        .iter()
        .filter_map(|(name, metric)| Some((name.strip_prefix(family)?.to_owned(), metric.value)));
    named.collect()
}

fn used(host: &Host) -> Vec<(String, u64)> {
    gauges(host, "toolgate_limit_used_percent;counter=")
}

#[test]
fn a_batch_fills_the_gauges_of_limits_as_its_calls_alone_do() {
    let (mut alone, mut together) = (start(&limited()), start(&limited()));
    let calls = ["a", "b", "a"].map(call);
    for body in &calls {
        assert!(send(&mut alone, body).upstream_complete);
    }
    assert!(send(&mut together, &json!(calls)).upstream_complete);
    let named =
        |name: &str, rule: &str, percent| (format!("{name};rule={rule};policy=(policy)"), percent);
    let filled = [
        named("a", "/tools/a/limits/a", 25),
        named("all", "/all_tools/limits/all", 37),
        named("b", "/tools/b/limits/b", 12),
    ];
    assert_eq!(used(&alone), filled);
    assert_eq!(used(&together), filled);
    // One message is denied: the others of its batch keep nothing, so that nothing is told of them.
    let denied = json!([call("a"), call("other")]);
    assert_eq!(send(&mut together, &denied).upstream, None);
    assert_eq!(used(&together), filled);
}

/// In nanoseconds.
const DAY: u64 = 86_400_000_000_000;

/// When policies were loaded, by the hash of each: those that are in force.
fn in_force(host: &Host) -> usize {
    let loaded = gauges(host, "toolgate_policy_loaded_timestamp_seconds");
    loaded.iter().filter(|(_, seconds)| *seconds > 0).count()
}

#[test]
fn gauges_of_what_a_configuration_has_no_more_say_zero() {
    let mut host = start(&limited());
    assert!(send(&mut host, &json!(["a", "b"].map(call))).upstream_complete);
    let named =
        |name: &str, rule: &str, percent| (format!("{name};rule={rule};policy=(policy)"), percent);
    let (a, all) = ("/tools/a/limits/a", "/all_tools/limits/all");
    let mut plugin = limited();
    let tools = plugin
        .pointer_mut("/policy/tools")
        .unwrap()
        .as_object_mut()
        .unwrap();
    let limits = tools.remove("b").unwrap();
    tools.insert("c".to_owned(), limits);
    host.reconfigure(plugin.to_string().as_bytes()).unwrap();
    let told = |b: u64| {
        vec![
            named("a", a, 12),
            named("all", all, 25),
            named("b", "/tools/b/limits/b", b),
        ]
    };
    assert_eq!(used(&host), told(0));
    assert_eq!(in_force(&host), 1);
    // A refused one changes nothing.
    assert!(host.reconfigure(b"{}").is_err());
    assert_eq!((used(&host), in_force(&host)), (told(0), 1));
    // The same limits are looked after though nobody calls.
    host.set_time(host.time() + DAY);
    let empty = vec![
        named("a", a, 0),
        named("all", all, 0),
        named("b", "/tools/b/limits/b", 0),
    ];
    assert_eq!(used(&host), empty);
    // The first again: what it had comes back when it is charged.
    host.reconfigure(limited().to_string().as_bytes()).unwrap();
    assert!(send(&mut host, &call("b")).upstream_complete);
    let again = vec![
        named("a", a, 0),
        named("all", all, 12),
        named("b", "/tools/b/limits/b", 12),
    ];
    assert_eq!((used(&host), in_force(&host)), (again, 1));
    // One that counts nothing leaves nothing that looks alive.
    let mut silent = limited();
    silent["metrics"] = json!({"enabled": false});
    host.reconfigure(silent.to_string().as_bytes()).unwrap();
    assert!(used(&host).iter().all(|(_, percent)| *percent == 0));
    assert_eq!(in_force(&host), 0);
}
