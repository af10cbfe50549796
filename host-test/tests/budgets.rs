//! What a request costs in the module: executed Wasm instructions, calls of the host and bytes copied, which no
//! machine changes, against the figures in `budgets.json`.
//!
//! After a change that moves them on purpose: `cargo test -p host-test --test budgets -- --nocapture` prints the new
//! ones. Give a reason there for a figure that grows.
#![expect(clippy::unwrap_used, reason = "test")]

#[path = "common/toolgate.rs"]
mod toolgate;
#[path = "common/workload.rs"]
mod workload;

use std::collections::BTreeMap;

use host_test::{Exchange, Host, Reply, Request, Response, Settings};
use serde::Deserialize;
use serde_json::json;

/// What one request may cost.
#[derive(Deserialize)]
struct Budget {
    fuel: u64,
    bytes: u64,
    calls: BTreeMap<String, u64>,
    #[expect(dead_code, reason = "for who reads the file")]
    why: String,
}

/// `budgets.json`.
#[derive(Deserialize)]
struct Budgets {
    tolerance_percent: u64,
    #[expect(dead_code, reason = "for who reads the file")]
    about: String,
    variants: BTreeMap<String, Budget>,
}

/// A kind of request under one policy.
struct Variant {
    name: String,
    policy: &'static str,
    /// What the configuration says besides the policy.
    settings: serde_json::Value,
    request: Request,
    answer: Response,
    /// In the record; `None` where there is none.
    outcome: Option<&'static str>,
}

fn headers(request: Request) -> Request {
    // What a browserless MCP client and a proxy in front send.
    request
        .with_header("accept", "application/json, text/event-stream")
        .with_header("accept-encoding", "gzip, deflate")
        .with_header("user-agent", "node")
        .with_header("mcp-protocol-version", "2025-06-18")
        .with_header("mcp-session-id", "7f2c1de0a4b94d7d8e0f6f1f9a3b5c77")
        .with_header("x-forwarded-proto", "http")
        .with_header("x-request-id", "a3f1c9d2-8a51-4ad8-9a6d-2f6f0c1f7be4")
}

fn post(body: impl Into<Vec<u8>>) -> Request {
    headers(Request::post("/mcp", body))
}

fn result(text: &str) -> Response {
    Response::new(200)
        .with_header("content-type", "application/json")
        .with_body(format!(r#"{{"jsonrpc":"2.0","id":17,"result":{text}}}"#))
}

fn variants() -> Vec<Variant> {
    let mut variants = Vec::new();
    let done = || result(r#"{"content":[{"type":"text","text":"refunded"}],"isError":false}"#);
    for policy in ["allow-all", "name-only", "full"] {
        for size in [300, 1000, 16_384, 262_144] {
            variants.push(Variant {
                name: format!("{policy}, {size} B"),
                policy,
                settings: json!({}),
                request: post(workload::call(size)),
                answer: done(),
                outcome: Some("allow"),
            });
        }
    }
    // What the record and the counters cost: the difference to those of the same policy above.
    for (without, outcome, settings) in [
        (
            "counters",
            Some("allow"),
            json!({"metrics": {"enabled": false}}),
        ),
        ("record", None, json!({"audit": {"allowed_every": 0}})),
        (
            "record and counters",
            None,
            json!({"audit": {"allowed_every": 0}, "metrics": {"enabled": false}}),
        ),
    ] {
        variants.push(Variant {
            name: format!("full, 1000 B, without {without}"),
            policy: "full",
            settings,
            request: post(workload::call(1000)),
            answer: done(),
            outcome,
        });
    }
    let denied = workload::call(1000).replace("create_refund", "delete_orders");
    for (digested, settings) in [
        ("", json!({})),
        (", without digest", json!({"audit": {"digest": "none"}})),
    ] {
        variants.push(Variant {
            name: format!("denied by name, 1000 B{digested}"),
            policy: "name-only",
            settings,
            request: post(denied.clone()),
            answer: done(),
            outcome: Some("deny"),
        });
    }
    let mut typeless = post(workload::call(1000));
    typeless.headers.retain(|(name, _)| name != "content-type");
    variants.push(Variant {
        name: "refused at headers, 1000 B".to_owned(),
        policy: "full",
        settings: json!({}),
        request: typeless,
        answer: done(),
        outcome: Some("reject"),
    });
    let tools: Vec<_> = (0..40)
        .map(|n| {
            let name = match n % 4 {
                0 => format!("send_{n}"),
                1 => format!("admin_{n}"),
                _ => format!("other_{n}"),
            };
            json!({"name": name, "description": "Does what its name says, and says what it did.",
                "inputSchema": {"type": "object", "properties": {"order": {"type": "string"}}}})
        })
        .collect();
    variants.push(Variant {
        name: "tools/list filtered, 40 tools".to_owned(),
        policy: "full",
        settings: json!({}),
        request: post(r#"{"jsonrpc":"2.0","id":17,"method":"tools/list","params":{}}"#),
        answer: result(&json!({"tools": tools}).to_string()),
        outcome: Some("allow"),
    });
    variants
}

/// The third of three equal requests: the first ones fill what is kept between requests.
fn measure(variant: &Variant) -> Exchange {
    let plugin = workload::plugin(variant.policy);
    let mut plugin: serde_json::Value = serde_json::from_slice(&plugin).unwrap();
    let more = variant.settings.as_object().unwrap().clone();
    plugin.as_object_mut().unwrap().extend(more);
    let settings = Settings {
        plugin_config: plugin.to_string().into_bytes(),
        ..Settings::default()
    };
    let mut host = Host::start(toolgate::module(), &settings).unwrap();
    let mut upstream = |_: &Request| -> Reply { variant.answer.clone().into() };
    host.exchange(0, &variant.request, &mut upstream);
    host.exchange(0, &variant.request, &mut upstream);
    let exchange = host.exchange(0, &variant.request, &mut upstream);
    let record = exchange.filter_state.get("toolgate");
    let record: Option<serde_json::Value> = record.map(|r| serde_json::from_slice(r).unwrap());
    let outcome = record.as_ref().and_then(|r| r.get("outcome")?.as_str());
    assert_eq!(outcome, variant.outcome, "{record:?}");
    assert_eq!(exchange.problems, [], "{}", variant.name);
    exchange
}

#[test]
fn no_request_costs_more_than_its_budget() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/budgets.json");
    let text = std::fs::read_to_string(path).unwrap();
    let budgets: Budgets = serde_json::from_str(&text).unwrap();
    let tolerance = budgets.tolerance_percent;
    let mut wrong = Vec::new();
    let variants = variants();
    for variant in &variants {
        let name = &variant.name;
        let cost = measure(variant);
        let calls = json!(cost.host_calls);
        println!(
            "\"{name}\": {{\"fuel\": {}, \"bytes\": {}, \"calls\": {calls}}}",
            cost.fuel, cost.bytes_copied
        );
        let Some(budget) = budgets.variants.get(name) else {
            wrong.push(format!("{name}: has no budget"));
            continue;
        };
        for (what, found, most) in [
            ("instructions", cost.fuel, budget.fuel),
            ("bytes copied", cost.bytes_copied, budget.bytes),
        ] {
            if found * 100 > most * (100 + tolerance) {
                wrong.push(format!("{name}: {found} {what}, the budget is {most}"));
            }
            // A budget far above the cost would let the next change waste the difference.
            if found * 100 < most * (100 - 2 * tolerance) {
                wrong.push(format!(
                    "{name}: only {found} {what}; lower the budget of {most}"
                ));
            }
        }
        if calls != json!(budget.calls) {
            let allowed = json!(budget.calls);
            wrong.push(format!(
                "{name}: calls the host {calls}, the budget is {allowed}"
            ));
        }
    }
    for name in budgets.variants.keys() {
        if !variants.iter().any(|variant| variant.name == *name) {
            wrong.push(format!("{name}: has a budget and is not measured"));
        }
    }
    assert!(
        wrong.is_empty(),
        "against {path}, tolerance {tolerance} %:\n{}",
        wrong.join("\n")
    );
}
