//! Streams that wait while others run in the same virtual machine.

#![expect(clippy::unwrap_used, reason = "test")]

mod common;

use common::{ok, settings, start};
use host_test::{Others, Reply, Request, Response, Upstream};

/// Runs one more stream while it waits.
struct Meanwhile(Request, Vec<Option<u16>>);

impl Upstream for Meanwhile {
    fn respond(&mut self, _: &Request) -> Reply {
        Response::new(200).into()
    }

    fn meanwhile(&mut self, others: &mut Others<'_>) {
        for _ in 0..2 {
            let exchange = others.exchange(&self.0, &mut ok);
            self.1
                .push(exchange.response.map(|response| response.status));
        }
    }
}

#[test]
fn a_trap_takes_the_streams_that_wait_with_it() {
    let mut host = start("trap", &settings());
    let fine = Request::new("GET", "/");
    let mut upstream = Meanwhile(fine.clone().with_header("x-trap", "h"), Vec::new());
    let outer = host.exchange(0, &fine, &mut upstream);
    assert_eq!(upstream.1, [Some(503), Some(503)]);
    assert!(outer.trapped.is_some());
    assert_eq!(outer.response.unwrap().status, 503);
}

#[test]
fn calls_are_counted_for_the_stream_that_made_them() {
    let mut host = start("counter", &settings());
    let alone = host.exchange(0, &Request::new("GET", "/"), &mut ok);
    let mut upstream = Meanwhile(Request::new("GET", "/"), Vec::new());
    let around = host.exchange(0, &Request::new("GET", "/"), &mut upstream);
    assert_eq!(upstream.1, [Some(200), Some(200)]);
    assert_eq!(around.host_calls, alone.host_calls);
    assert_eq!(around.callbacks, alone.callbacks);
}
