//! What the module keeps: the memory of a virtual machine does not grow with the requests that it has seen.
#![expect(clippy::unwrap_used, clippy::arithmetic_side_effects, reason = "test")]

#[path = "common/toolgate.rs"]
mod toolgate;
#[path = "common/workload.rs"]
mod workload;

use host_test::{Host, Reply, Request, Response, Settings};

/// Sizes from 300 bytes to 64 kB, small ones more often, the same ones in each run.
struct Sizes(u64);

impl Sizes {
    fn next(&mut self) -> usize {
        // Knuth's MMIX generator; its high bits are good enough to choose sizes.
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005);
        self.0 = self.0.wrapping_add(1_442_695_040_888_963_407);
        let scale = usize::try_from((self.0 >> 33) % 8).unwrap();
        let within = usize::try_from((self.0 >> 40) % 256).unwrap();
        300usize.wrapping_add(within << scale)
    }
}

/// Calls that pass, calls that are denied and lists that are filtered, one after the other.
fn send(host: &mut Host, requests: u64, sizes: &mut Sizes) {
    let bodies: Vec<Vec<u8>> = (0..512)
        .map(|n| {
            let body = workload::call(sizes.next());
            match n % 8 {
                0 => body.replace("create_refund", "delete_orders").into_bytes(),
                1 => br#"{"jsonrpc":"2.0","id":17,"method":"tools/list","params":{}}"#.to_vec(),
                _ => body.into_bytes(),
            }
        })
        .collect();
    let list =
        r#"{"jsonrpc":"2.0","id":17,"result":{"tools":[{"name":"admin_1"},{"name":"get_order"}]}}"#;
    let mut upstream = |_: &Request| -> Reply {
        let answer = Response::new(200).with_header("content-type", "application/json");
        answer.with_body(list).into()
    };
    for (_, body) in (0..requests).zip(bodies.iter().cycle()) {
        let exchange = host.exchange(0, &Request::post("/mcp", body.clone()), &mut upstream);
        assert_eq!(exchange.trapped, None);
        host.take_logs();
    }
}

/// Memory in bytes after `first` requests, and after `all`.
fn memory(first: u64, all: u64) -> (usize, usize) {
    let settings = Settings {
        plugin_config: workload::plugin("full"),
        ..Settings::default()
    };
    let mut host = Host::start(toolgate::module(), &settings).unwrap();
    let bytes = |host: &mut Host| host.workers_mut().iter().map(|w| w.memory_bytes()).sum();
    let mut sizes = Sizes(1);
    // Every batch has sizes of its own.
    let batch = 10_000.min(first);
    for _ in 0..first / batch {
        send(&mut host, batch, &mut sizes);
    }
    let before = bytes(&mut host);
    for _ in first / batch..all / batch {
        send(&mut host, batch, &mut sizes);
    }
    (before, bytes(&mut host))
}

#[test]
fn memory_does_not_grow_after_the_first_requests() {
    let (before, after) = memory(1_000, 4_000);
    println!("{before} bytes after 1,000 requests, {after} after 4,000");
    assert_eq!(before, after);
}

#[test]
#[ignore = "takes minutes: envoy/test --full"]
fn memory_after_a_million_requests_is_what_it_was_after_ten_thousand() {
    let (before, after) = memory(10_000, 1_000_000);
    println!("{before} bytes after 10,000 requests, {after} after 1,000,000");
    assert_eq!(before, after);
}
