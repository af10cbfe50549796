//! What is asked, and what a clear answer does.

use host_test::{GrpcReply, Request, Response};
use serde_json::json;

use super::service::{self, Service, answer, status};
use super::{body, call, config, limits, passed, record, reply, send, start};

#[test]
fn two_proxies_together_admit_exactly_the_limit() {
    let service = Service::default();
    let config = config(&limits(5), &json!({}));
    let mut proxies = [start(&config, &service), start(&config, &service)];
    let went: Vec<bool> = (0..12)
        .map(|n| passed(&call(&mut proxies[n % 2])))
        .collect();
    assert_eq!(went.iter().filter(|went| **went).count(), 5);
    assert_eq!(went[..5], [true; 5]);
}

#[test]
fn the_request_names_the_count_the_limit_and_nothing_of_the_caller() {
    let service = Service::default();
    let policy = json!({"default": "deny", "tools": {"pay": {"limits": [
        {"counter": "per client", "window": "hour", "max": 9, "scope": ["client", "args.to"], "cost": 2}]}}});
    let settings = json!({"domain": "fleet", "timeout_ms": 250});
    let mut host = start(&config(&policy, &settings), &service);
    let request = body("pay", &json!({"to": "mallory@example.com"}));
    let mut upstream = |_: &Request| Response::new(200).into();
    let mut request = Request::post("/mcp", request.to_string());
    let address = ["source", "address"].map(str::to_owned).to_vec();
    request
        .properties
        .push((address, b"192.0.2.7:4711".to_vec()));
    host.exchange(0, &request, &mut upstream);

    let call = service.calls().remove(0);
    // GrpcService { envoy_grpc { cluster_name: "limits" } }
    assert_eq!(call.upstream, b"\x0a\x08\x0a\x06limits");
    assert_eq!(call.service, "envoy.service.ratelimit.v3.RateLimitService");
    assert_eq!(call.method, "ShouldRateLimit");
    assert_eq!(call.timeout_ms, 250);
    assert_eq!(call.metadata, []);
    let text = String::from_utf8_lossy(&call.message).into_owned();
    assert!(
        !text.contains("mallory") && !text.contains("192.0.2.7"),
        "{text}"
    );

    let asked = service.asked().remove(0);
    assert_eq!((asked.domain.as_str(), asked.hits), ("fleet", 2));
    let [descriptor] = asked.descriptors.as_slice() else {
        panic!("{asked:?}");
    };
    assert_eq!(descriptor.limit, Some((9, 3)));
    assert_eq!(descriptor.value("limit"), "per_client");
    assert_eq!(descriptor.value("counter").len(), 26);
    assert_eq!(descriptor.value("subject").len(), 26);
}

#[test]
fn a_subject_has_one_name_in_every_proxy_and_no_two_share_one() {
    let policy = json!({"default": "deny", "tools": {"pay": {"limits": [
        {"counter": "calls", "window": "minute", "max": 9, "scope": "args.to"}]}}});
    let config = config(&policy, &json!({}));
    let service = Service::default();
    for to in ["a", "b", "a"] {
        // A new host is a new process, with a new secret for its own table.
        assert!(passed(&send(
            &mut start(&config, &service),
            &body("pay", &json!({"to": to}))
        )));
    }
    let asked = service.asked();
    let subject = |n: usize| asked[n].descriptors[0].value("subject").to_owned();
    assert_eq!(subject(0), subject(2));
    assert_ne!(subject(0), subject(1));
    assert_eq!(asked[0], asked[2]);
}

#[test]
fn over_the_limit_denies_as_the_limit_itself_does() {
    let over = |_: &service::Asked| answer(2, &[status(2, Some((3, 2)), 1, Some(41))]);
    for hold in [true, false] {
        let service = Service::scripted(over);
        let mut config = config(&limits(3), &json!({}));
        config["hold_headers"] = json!(hold);
        let out = call(&mut start(&config, &service));
        assert!(!passed(&out));
        let reply = reply(&out);
        assert_eq!(reply["id"], 7);
        let text = reply["result"]["content"][0]["text"].as_str().unwrap();
        assert_eq!(
            text,
            "[POLICY DENIED] Rate limit of 3 per minute reached. Try again later."
        );
        let data = &reply["result"]["_meta"]["toolgate/denial"];
        assert_eq!(data["rule"], "/tools/pay/limits/calls");
        assert_eq!(
            (&data["remaining"], &data["retry_after"]),
            (&json!(1), &json!(41))
        );
        let response = out.response.as_ref().unwrap();
        let retry = response
            .headers
            .iter()
            .find(|(name, _)| name == "retry-after");
        assert_eq!(retry.unwrap().1, b"41");
        assert_eq!(record(&out)["outcome"], "deny");
        assert_eq!(record(&out)["rule"], "/tools/pay/limits/calls");
        assert_eq!(out.upstream.is_none(), hold);
    }
}

#[test]
fn a_denial_of_the_service_gives_this_proxys_units_back() {
    let over = |_: &service::Asked| answer(2, &[status(2, Some((2, 2)), 0, None)]);
    let service = Service::scripted(over);
    let mut host = start(&config(&limits(2), &json!({})), &service);
    for _ in 0..5 {
        assert!(!passed(&call(&mut host)));
    }
    service.heal();
    let went: Vec<bool> = (0..3).map(|_| passed(&call(&mut host))).collect();
    assert_eq!(went, [true, true, false]);
    // The third is refused here, and costs the service nothing.
    assert_eq!(service.asked().len(), 7);
}

#[test]
fn what_the_policy_denies_and_what_costs_nothing_is_not_asked() {
    let policy = json!({"default": "deny", "tools": {
        "pay": {"deny_if": [{"conditions": [{"path": "args.amount", "op": "gt", "value": 100}], "on_deny": "no"}],
            "limits": [{"counter": "spend", "window": "day", "max": 500, "scope": "global", "cost": "args.amount"},
                {"counter": "tried", "window": "day", "max": 1, "scope": "global", "mode": "shadow"}]},
        "look": {}}});
    let service = Service::default();
    let mut host = start(&config(&policy, &json!({})), &service);
    for (tool, amount, passes) in [
        ("pay", 101, false),
        ("pay", 0, true),
        ("look", 5, true),
        ("other", 5, false),
        ("pay", 50, true),
    ] {
        let out = send(&mut host, &body(tool, &json!({"amount": amount})));
        assert_eq!(passed(&out), passes, "{tool} {amount}");
    }
    let asked = service.asked();
    assert_eq!(asked.len(), 1);
    assert_eq!((asked[0].hits, asked[0].descriptors.len()), (50, 1));
}

#[test]
fn only_the_limits_that_are_named_are_asked_for() {
    let policy = json!({"default": "deny",
        "all_tools": {"limits": [{"counter": "all", "window": "day", "max": 50, "scope": "global"}]},
        "tools": {"pay": {"limits": [
            {"counter": "spend", "window": "day", "max": 50, "scope": "global"},
            {"counter": "burst", "window": 90, "max": 50, "scope": "global", "algorithm": "sliding"}]}}});
    for (names, expected) in [
        (json!(["spend"]), vec!["spend"]),
        (
            json!(["/all_tools/limits/all", "/tools/pay/limits/spend"]),
            vec!["all", "spend"],
        ),
    ] {
        let service = Service::default();
        let mut host = start(&config(&policy, &json!({"limits": names})), &service);
        assert!(passed(&call(&mut host)));
        let asked = service.asked().remove(0);
        let limits: Vec<&str> = asked.descriptors.iter().map(|d| d.value("limit")).collect();
        assert_eq!(limits, expected);
    }
}

#[test]
fn limits_of_one_cost_are_asked_at_once_and_others_one_after_the_other() {
    let policy = json!({"default": "deny", "tools": {"pay": {"limits": [
        {"counter": "minutely", "window": "minute", "max": 10, "scope": "global"},
        {"counter": "spend", "window": "day", "max": 100, "scope": "global", "cost": "args.amount"},
        {"counter": "daily", "window": "day", "max": 20, "scope": "global"}]}}});
    let service = Service::default();
    let config = config(&policy, &json!({}));
    let mut hosts = [start(&config, &service), start(&config, &service)];
    assert!(passed(&send(
        &mut hosts[0],
        &body("pay", &json!({"amount": 80}))
    )));
    let names = |n: usize| -> Vec<String> {
        let asked = service.asked().remove(n);
        asked
            .descriptors
            .iter()
            .map(|d| d.value("limit").to_owned())
            .collect()
    };
    assert_eq!(names(0), ["minutely", "daily"]);
    assert_eq!(names(1), ["spend"]);
    let out = send(&mut hosts[1], &body("pay", &json!({"amount": 21})));
    assert!(!passed(&out));
    assert_eq!(record(&out)["rule"], "/tools/pay/limits/spend");
    // This service adds before it compares, so the refused 21 are used: 101 of 100.
    let out = send(&mut hosts[1], &body("pay", &json!({"amount": 1})));
    assert!(!passed(&out));
}

#[test]
fn a_batch_asks_once_for_what_its_calls_share() {
    let config = config(&limits(3), &json!({}));
    let service = Service::default();
    let mut hosts = [start(&config, &service), start(&config, &service)];
    let batch = json!([
        {"jsonrpc": "2.0", "id": 1, "method": "ping"},
        body("pay", &json!({})),
        body("pay", &json!({}))]);
    assert!(passed(&send(&mut hosts[0], &batch)));
    assert_eq!(service.asked().len(), 1);
    assert_eq!(service.asked()[0].hits, 2);
    let out = send(&mut hosts[1], &batch);
    assert!(!passed(&out));
    let reply = reply(&out);
    assert_eq!(reply.as_array().unwrap().len(), 3);
    assert!(
        reply[0]["error"]["message"]
            .as_str()
            .unwrap()
            .contains("Not run")
    );
    assert!(reply[1]["result"]["isError"].as_bool().unwrap());
    assert_eq!(record(&out)["rule"], "/tools/pay/limits/calls");
}

#[test]
fn a_batch_that_asks_for_too_much_is_denied_and_takes_nothing() {
    let policy = json!({"default": "deny", "tools": {"pay": {"limits": [
        {"counter": "calls", "window": "minute", "max": 1, "scope": "args.to"}]}}});
    let service = Service::default();
    let mut host = start(&config(&policy, &json!({})), &service);
    let calls = |n: usize| -> serde_json::Value {
        (0..n).map(|n| body("pay", &json!({"to": n}))).collect()
    };
    assert!(!passed(&send(&mut host, &calls(65))));
    assert_eq!(service.asked(), []);
    assert!(passed(&send(&mut host, &calls(64))));
    assert_eq!(service.asked()[0].descriptors.len(), 64);
}

#[test]
fn trailers_and_pieces_change_nothing() {
    for hold in [true, false] {
        let service = Service::default();
        let mut config = config(&limits(1), &json!({}));
        config["hold_headers"] = json!(hold);
        let mut host = start(&config, &service);
        let mut upstream = |_: &Request| Response::new(200).into();
        let mut ask = || {
            let request = Request::post("/mcp", body("pay", &json!({})).to_string());
            let out = host.exchange(0, &request.with_trailer("x", "y"), &mut upstream);
            passed(&out)
        };
        assert_eq!([ask(), ask()], [true, false]);
    }
}

#[test]
fn the_services_own_numbers_may_count() {
    let policy = json!({"default": "deny", "tools": {"pay": {"limits": [
        {"counter": "calls", "window": 90, "max": 3, "scope": "global", "algorithm": "sliding"}]}}});
    // As Limitador answers: no statuses.
    let service = Service::scripted(|_| answer(1, &[]));
    let settings = json!({"numbers": "service"});
    let mut host = start(&config(&policy, &settings), &service);
    assert!(passed(&call(&mut host)));
    assert_eq!(service.asked()[0].descriptors[0].limit, None);
    service.script(|_| answer(2, &[]));
    let out = call(&mut host);
    assert!(!passed(&out));
    let data = &reply(&out)["result"]["_meta"]["toolgate/denial"];
    let retry = data["retry_after"].as_u64().unwrap();
    assert!((1..=90).contains(&retry), "{data}");
    service.script(|_| GrpcReply::Closed(14, "down".to_owned()));
    assert!(!passed(&call(&mut host)));
}
