//! Metrics of the module that Envoy runs: bounded in number whatever the configuration, and nothing uncounted.
#![expect(clippy::unwrap_used, reason = "test")]

#[path = "common/toolgate.rs"]
mod toolgate;

use host_test::{Host, Reply, Request, Response, Settings};
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
