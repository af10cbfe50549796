//! What a decision costs in the module, in executed Wasm instructions, which no machine changes.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "test")]

#[path = "common/toolgate.rs"]
mod toolgate;

use host_test::{Host, Reply, Request, Response, Settings};
use serde_json::{Map, Value, json};

/// A policy with `tools` exact entries and `globs` globs, the called tool among them.
fn policy(tools: usize, globs: usize) -> Value {
    let entry = json!({
        "require": [{"conditions": [{"path": "args.amount", "op": "lte", "value": 100}]}],
        "limits": [{"counter": "calls", "window": "day", "max": 1_000_000}],
    });
    let mut entries = Map::new();
    for n in 0..tools {
        entries.insert(format!("tool_number_{n}"), entry.clone());
    }
    for n in 0..globs {
        entries.insert(format!("group_{n}_*"), entry.clone());
    }
    json!({"server": "s", "policy": {"version": "1", "default": "deny", "tools": entries}})
}

fn host(plugin: &Value) -> Host {
    let mut settings = Settings {
        plugin_config: plugin.to_string().into_bytes(),
        ..Settings::default()
    };
    // Loading 11,000 entries is not what is bounded here.
    settings.limits.fuel = 20_000_000_000;
    Host::start(toolgate::module(), &settings).unwrap()
}

/// Fuel of the second of two equal calls, the first of which fills caches.
fn fuel(host: &mut Host, tool: &str) -> u64 {
    let body = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call",
        "params": {"name": tool, "arguments": {"amount": 5}}});
    let mut last = 0;
    for _ in 0..2 {
        let request = Request::post("/mcp", body.to_string());
        let mut upstream = |_: &Request| -> Reply { Response::new(200).with_body("{}").into() };
        let exchange = host.exchange(0, &request, &mut upstream);
        let record: Value = serde_json::from_slice(&exchange.filter_state["toolgate"]).unwrap();
        assert_eq!(record["outcome"], "allow", "{record}");
        last = exchange.fuel;
    }
    last
}

#[test]
fn ten_thousand_tools_and_a_thousand_globs_cost_what_ten_tools_cost() {
    let mut small = host(&policy(10, 1));
    let mut large = host(&policy(10_000, 1_000));
    // A table finds a name in about as many steps among many. Globs are sorted, and ten halvings of a thousand, asked also
    // for look-alikes, take so many instructions as are allowed here, whatever the rest of a request costs.
    for (of_small, of_large, more) in [
        ("tool_number_7", "tool_number_7777", 2_000),
        ("group_0_x", "group_777_x", 6_000),
    ] {
        let (few, many) = (fuel(&mut small, of_small), fuel(&mut large, of_large));
        println!("{of_large}: {many} instructions, {few} under the small policy");
        assert!(many <= few + more, "{of_large}: {many} against {few}");
    }
}
