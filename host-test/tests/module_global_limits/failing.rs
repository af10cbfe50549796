//! No answer, or one that says nothing: `on_error` decides.

use host_test::{GrpcReply, Level, Problem};
use serde_json::json;

use super::service::{Asked, Service, answer, ok, status};
use super::{body, call, config, limits, passed, record, reply, send, start};

/// A way to fail.
type Fails = fn(&Asked) -> GrpcReply;

/// Every way in which a service can fail to answer.
fn failures() -> Vec<(&'static str, Service)> {
    let fails: Vec<(&str, Fails)> = vec![
        ("down", |_| {
            GrpcReply::Closed(14, "connection refused".to_owned())
        }),
        ("late", |_| {
            GrpcReply::Closed(4, "deadline exceeded".to_owned())
        }),
        ("closed with OK and no message", |_| {
            GrpcReply::Closed(0, String::new())
        }),
        ("no such cluster", |_| GrpcReply::NoSuchUpstream),
        ("empty", |_| GrpcReply::Message(Vec::new())),
        ("garbage", |_| GrpcReply::Message(b"\xff\xff\xff".to_vec())),
        ("cut short", |_| {
            GrpcReply::Message(b"\x08\x01\x12\x09\x08".to_vec())
        }),
        ("unknown code", |_| {
            answer(0, &[status(1, Some((3, 2)), 5, None)])
        }),
        ("another code", |_| {
            answer(9, &[status(1, Some((3, 2)), 5, None)])
        }),
        ("no statuses", |_| answer(1, &[])),
        ("no limit applied", |_| {
            answer(1, &[status(1, None, 0, None)])
        }),
        ("another number", |_| {
            answer(1, &[status(1, Some((300, 2)), 5, None)])
        }),
        ("another window", |_| {
            answer(1, &[status(1, Some((3, 4)), 5, None)])
        }),
        ("one status too many", |_| {
            let one = status(1, Some((3, 2)), 5, None);
            answer(1, &[one.clone(), one])
        }),
        ("too long", |_| {
            let mut long = b"\x08\x01".to_vec();
            // raw_body of 65,536 bytes.
            long.extend(b"\x2a\x80\x80\x04");
            long.extend([b'x'; 65_536]);
            GrpcReply::Message(long)
        }),
    ];
    let made = |(name, fail): (&'static str, Fails)| (name, Service::scripted(fail));
    fails.into_iter().map(made).collect()
}

#[test]
fn by_default_no_answer_denies_and_takes_nothing() {
    for (name, service) in failures() {
        let mut host = start(&config(&limits(3), &json!({})), &service);
        for _ in 0..4 {
            let out = call(&mut host);
            assert!(!passed(&out), "{name}");
            let text = reply(&out)["result"]["content"][0]["text"].clone();
            assert_eq!(
                text, "[POLICY DENIED] The limit \"calls\" could not be counted",
                "{name}"
            );
            assert_eq!(record(&out)["rule"], "/tools/pay/limits/calls");
        }
        service.heal();
        let went: Vec<bool> = (0..4).map(|_| passed(&call(&mut host))).collect();
        assert_eq!(went, [true, true, true, false], "{name}");
    }
}

#[test]
fn with_local_this_proxys_own_limit_holds() {
    for (name, service) in failures() {
        let mut host = start(&config(&limits(3), &json!({"on_error": "local"})), &service);
        let outs: Vec<_> = (0..5).map(|_| call(&mut host)).collect();
        let went: Vec<bool> = outs.iter().map(passed).collect();
        assert_eq!(went, [true, true, true, false, false], "{name}");
        assert_eq!(record(&outs[0])["outcome"], "allow");
        let text = reply(&outs[3])["result"]["content"][0]["text"].clone();
        assert_eq!(
            text,
            "[POLICY DENIED] Rate limit of 3 per minute reached. Try again later."
        );
    }
}

#[test]
fn with_allow_there_is_no_limit_without_the_service() {
    for (name, service) in failures() {
        let policy = json!({"default": "deny", "tools": {"pay": {"limits": [
            {"counter": "calls", "window": "minute", "max": 3, "scope": "global"},
            {"counter": "here", "window": "minute", "max": 6, "scope": "global"}]}}});
        let settings = json!({"on_error": "allow", "limits": ["calls"]});
        let mut host = start(&config(&policy, &settings), &service);
        let went: Vec<bool> = (0..7).map(|_| passed(&call(&mut host))).collect();
        // The other limit still holds.
        assert_eq!(went, [[true; 6].as_slice(), &[false]].concat(), "{name}");
    }
}

#[test]
fn what_local_counted_during_an_outage_counts_afterwards() {
    let service = Service::scripted(|_| GrpcReply::Closed(14, String::new()));
    let mut host = start(&config(&limits(3), &json!({"on_error": "local"})), &service);
    assert!(passed(&call(&mut host)));
    assert!(passed(&call(&mut host)));
    service.heal();
    assert!(passed(&call(&mut host)));
    assert!(!passed(&call(&mut host)));
}

#[test]
fn one_status_over_the_limit_denies_whatever_the_whole_says() {
    // What a service in shadow mode answers.
    let service = Service::scripted(|_| answer(1, &[status(2, Some((3, 2)), 0, None)]));
    for on_error in ["deny", "local", "allow"] {
        let settings = json!({"on_error": on_error});
        let mut host = start(&config(&limits(3), &settings), &service);
        assert!(!passed(&call(&mut host)), "{on_error}");
    }
}

#[test]
fn after_a_failure_nothing_more_is_asked() {
    let policy = json!({"default": "deny", "tools": {"pay": {"limits": [
        {"counter": "calls", "window": "minute", "max": 9, "scope": "global"},
        {"counter": "spend", "window": "minute", "max": 9, "scope": "global", "cost": 3}]}}});
    for (on_error, passes) in [("deny", false), ("local", true)] {
        let service = Service::scripted(|_| GrpcReply::Closed(14, String::new()));
        let mut host = start(&config(&policy, &json!({"on_error": on_error})), &service);
        assert_eq!(passed(&call(&mut host)), passes);
        assert_eq!(service.asked().len(), 1);
    }
}

#[test]
fn a_caller_that_leaves_while_waiting_takes_nothing() {
    for hold in [true, false] {
        let service = Service::scripted(|_| GrpcReply::NoAnswer);
        let mut config = config(&limits(2), &json!({"on_error": "local"}));
        config["hold_headers"] = json!(hold);
        let mut host = start(&config, &service);
        for _ in 0..5 {
            let out = call(&mut host);
            assert_eq!(out.problems, [Problem::Hang("proxy_on_request_body")]);
            assert!(!out.upstream_complete);
            assert!(out.upstream.is_none_or(|request| request.body.is_empty()));
        }
        service.script(ok);
        let went: Vec<bool> = (0..3).map(|_| passed(&call(&mut host))).collect();
        assert_eq!(went, [true, true, false]);
    }
}

#[test]
fn the_log_says_why_and_not_for_every_request() {
    let service = Service::scripted(|_| answer(1, &[status(1, None, 0, None)]));
    let mut host = start(&config(&limits(9), &json!({})), &service);
    for _ in 0..20 {
        send(&mut host, &body("pay", &json!({})));
    }
    let said = |host: &host_test::Host| -> Vec<String> {
        let logs = host.logs().into_iter();
        let warnings = logs.filter(|line| line.level == Level::Warn);
        warnings.map(|line| line.text).collect()
    };
    assert_eq!(
        said(&host),
        [
            "toolgate: global_limits: it did not say that it applied the limits: does it know the domain, and limits that come with a request?"
        ]
    );
    host.set_time(host.time() + 10_000_000_000);
    send(&mut host, &body("pay", &json!({})));
    assert_eq!(said(&host).len(), 2);
}
