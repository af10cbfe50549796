//! Requests of web pages: only the pages that are listed may send any, whatever they send.
#![expect(clippy::panic, reason = "test")]

mod support;

use std::rc::Rc;

use support::{World, gate};
use toolgate_engine::exchange::{Exchange, RequestStep};

const POLICY: &str = r#""server":"s","policy":{"version":"1","default":"allow"}"#;

/// The status that a request with these headers is refused with; 0 when it goes on.
fn refused(config: &str, method: &str, origins: &[&str]) -> u16 {
    let gate = gate(config);
    let base = [(":method", method), ("content-type", "application/json")];
    let origins = origins.iter().map(|origin| ("Origin", *origin));
    let headers = base.into_iter().chain(origins);
    let headers = headers.map(|(n, v)| (n.as_bytes(), v.as_bytes())).collect();
    let mut exchange = Exchange::new(Rc::clone(&gate));
    match exchange.on_request_headers(&headers, method != "POST", &mut World::default()) {
        RequestStep::Reply(reply) => {
            assert!(
                reply.body.contains(r#""id":null,"error":"#),
                "{}",
                reply.body
            );
            reply.status
        }
        RequestStep::Forward { .. } | RequestStep::AwaitBody => 0,
        RequestStep::Ask(_) => panic!("nothing is asked of a service"),
    }
}

#[test]
fn only_listed_pages_may_send_requests() {
    let listed = format!(
        r#"{{{POLICY},"allowed_origins":["https://App.example","http://localhost:3000"]}}"#
    );
    let with_null = format!(r#"{{{POLICY},"allowed_origins":["null"]}}"#);
    let none = format!(r#"{{{POLICY},"allowed_origins":[]}}"#);
    let all = format!("{{{POLICY}}}");
    for method in ["POST", "GET", "DELETE", "OPTIONS", "PUT"] {
        for (config, origins, want) in [
            (&listed, &[][..], 0),
            (&listed, &["https://app.example"], 0),
            (&listed, &["HTTPS://APP.EXAMPLE"], 0),
            (&listed, &["http://localhost:3000"], 0),
            (&listed, &["http://app.example"], 403),
            (&listed, &["https://app.example:8443"], 403),
            (&listed, &["https://app.example.evil.example"], 403),
            (&listed, &["https://evil.example https://app.example"], 403),
            (&listed, &["null"], 403),
            (&listed, &[""], 403),
            (
                &listed,
                &["https://app.example", "https://app.example"],
                400,
            ),
            (
                &listed,
                &["https://app.example", "https://evil.example"],
                400,
            ),
            (&with_null, &["null"], 0),
            (&none, &[], 0),
            (&none, &["https://app.example"], 403),
            (&all, &["https://evil.example"], 0),
        ] {
            // PUT with an end of stream has no body to decide by.
            let want = if method == "PUT" && want == 0 {
                400
            } else {
                want
            };
            let got = refused(config, method, origins);
            assert_eq!(got, want, "{method} {origins:?} under {config}");
        }
    }
}

#[test]
fn a_list_of_origins_that_cannot_be_meant_is_refused() {
    for (list, at) in [
        (r#""https://a.example""#, "/allowed_origins"),
        (r#"["https://a.example/mcp"]"#, "/allowed_origins/0"),
        (
            r#"["https://a.example","https://A.EXAMPLE:443"]"#,
            "/allowed_origins/1",
        ),
        (r#"["*"]"#, "/allowed_origins/0"),
        (r#"[7]"#, "/allowed_origins/0"),
    ] {
        let text = format!(r#"{{{POLICY},"allowed_origins":{list}}}"#);
        match toolgate_engine::Gate::load(text.as_bytes()) {
            Ok(_) => panic!("{list} was taken"),
            Err(faults) => {
                let faults = format!("{:?}", faults.as_slice());
                assert!(faults.contains(&format!("\"{at}\"")), "{list}: {faults}");
            }
        }
    }
}
