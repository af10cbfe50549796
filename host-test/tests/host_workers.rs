//! Workers: shared data, traps and what follows them, configuration, time.

#![expect(clippy::unwrap_used, clippy::panic, reason = "test")]

mod common;

use std::thread;
use std::time::Duration;

use common::{module, ok, settings, start};
use host_test::{
    ConfigRefused, FailurePolicy, Host, Module, Process, Profile, Request, Settings, StartError,
    TrapKind,
};

fn get() -> Request {
    Request::new("GET", "/")
}

fn counted(host: &Host) -> u32 {
    let value = host.shared_data().get(&b"n"[..]).unwrap().value.clone();
    u32::from_le_bytes(value.try_into().unwrap())
}

#[test]
fn workers_share_data_and_swaps_that_lose_are_told() {
    let mut host = start(
        "counter",
        &Settings {
            workers: 2,
            ..settings()
        },
    );
    for n in 0..5 {
        assert_eq!(host.exchange(n, &get(), &mut ok).trapped, None);
    }
    assert_eq!(counted(&host), 5);
}

#[test]
fn no_update_is_lost_between_threads() {
    let mut host = start(
        "counter",
        &Settings {
            workers: 4,
            ..settings()
        },
    );
    thread::scope(|scope| {
        for worker in host.workers_mut() {
            scope.spawn(move || {
                for _ in 0..500 {
                    assert_eq!(worker.exchange(&get(), &mut ok).trapped, None);
                }
            });
        }
    });
    assert_eq!(counted(&host), 2_000);
}

#[test]
fn hosts_of_one_process_and_id_share_data() {
    let process = Process::new(5);
    let mut old = Host::start_in(&process, &module("counter"), &settings()).unwrap();
    let mut new = Host::start_in(&process, &module("counter"), &settings()).unwrap();
    let other = Settings {
        vm_id: "other".to_owned(),
        ..settings()
    };
    let mut apart = Host::start_in(&process, &module("counter"), &other).unwrap();
    old.exchange(0, &get(), &mut ok);
    new.exchange(0, &get(), &mut ok);
    apart.exchange(0, &get(), &mut ok);
    assert_eq!((counted(&old), counted(&new), counted(&apart)), (2, 2, 1));
    assert_eq!(new.time(), 5);
}

#[test]
fn nginx_refuses_to_create_with_a_number() {
    // The guest tries for ever: what is created with a number is a mismatch there.
    let settings = Settings {
        profile: Profile::Nginx,
        ..settings()
    };
    let out = start("counter", &settings).exchange(0, &get(), &mut ok);
    assert_eq!(out.trapped.unwrap().kind, TrapKind::OutOfFuel);
}

/// What the client gets when the guest traps at this place, and afterwards.
fn trap_at(host: &mut Host, place: &str) -> (Option<u16>, bool) {
    let request = Request::post("/", "body").with_header("x-trap", place);
    let out = host.exchange(0, &request, &mut ok);
    assert_eq!(out.trapped.unwrap().kind, TrapKind::Trap);
    (
        out.response.map(|response| response.status),
        out.response_complete,
    )
}

#[test]
fn a_trap_is_answered_503_or_cuts_what_was_begun() {
    for (place, seen) in [
        ("headers", (Some(503), true)),
        ("body", (Some(503), true)),
        ("response", (Some(503), true)),
        ("over the response body", (Some(200), false)),
        ("log", (Some(200), true)),
    ] {
        assert_eq!(
            trap_at(&mut start("trap", &settings()), place),
            seen,
            "{place}"
        );
    }
}

#[test]
fn closed_answers_503_until_the_next_configuration() {
    let mut host = start(
        "trap",
        &Settings {
            workers: 2,
            ..settings()
        },
    );
    trap_at(&mut host, "h");
    let refused = host.exchange(0, &get(), &mut ok);
    assert_eq!(refused.response.unwrap().status, 503);
    assert_eq!(refused.upstream, None);
    assert_eq!(
        host.exchange(1, &get(), &mut ok).response.unwrap().status,
        200
    );
    host.set_time(u64::MAX);
    assert_eq!(
        host.exchange(0, &get(), &mut ok).response.unwrap().status,
        503
    );
    host.reconfigure(b"again").unwrap();
    assert_eq!(
        host.exchange(0, &get(), &mut ok).response.unwrap().status,
        200
    );
}

#[test]
fn open_passes_everything_unfiltered() {
    let settings = Settings {
        failure_policy: FailurePolicy::Open,
        ..settings()
    };
    let mut host = start("trap", &settings);
    trap_at(&mut host, "h");
    let out = host.exchange(0, &Request::post("/", "body"), &mut ok);
    assert!(out.unfiltered);
    assert_eq!(out.upstream.unwrap().body, b"body");
    assert_eq!(out.response.unwrap().status, 200);
}

#[test]
fn reload_brings_a_fresh_machine_after_the_backoff_and_keeps_shared_data() {
    let settings = Settings {
        failure_policy: FailurePolicy::Reload,
        reload_backoff: Duration::from_secs(1),
        ..settings()
    };
    let mut host = start("trap", &settings);
    let process = host.process().clone();
    let mut other = Host::start_in(&process, &module("counter"), &settings).unwrap();
    other.exchange(0, &get(), &mut ok);
    let trapped = host.time();
    trap_at(&mut host, "h");
    host.set_time(trapped + 999_999_999);
    assert_eq!(
        host.exchange(0, &get(), &mut ok).response.unwrap().status,
        503
    );
    host.set_time(trapped + 1_000_000_000);
    assert_eq!(
        host.exchange(0, &get(), &mut ok).response.unwrap().status,
        200
    );
    assert_eq!(counted(&host), 1);
}

/// A guest that logs each configuration and refuses those that begin with "b".
fn configured() -> (Module, Settings) {
    (
        module("configured"),
        Settings {
            plugin_config: b"one".to_vec(),
            workers: 2,
            ..settings()
        },
    )
}

fn logged(host: &mut Host) -> Vec<String> {
    host.take_logs().iter().map(ToString::to_string).collect()
}

#[test]
fn a_configuration_goes_to_the_canary_the_main_thread_and_each_worker() {
    let (module, settings) = configured();
    let mut host = Host::start(&module, &settings).unwrap();
    let each = |text: &str| {
        ["main", "main", "worker 0", "worker 1"].map(|who| format!("[info] {who}: {text}"))
    };
    assert_eq!(logged(&mut host), each("one"));
    host.reconfigure(b"two").unwrap();
    assert_eq!(logged(&mut host), each("two"));
}

#[test]
fn a_refused_configuration_leaves_the_old_one() {
    let (module, settings) = configured();
    let mut host = Host::start(&module, &settings).unwrap();
    host.take_logs();
    let ConfigRefused { trap, logs } = host.reconfigure(b"bad").unwrap_err();
    assert_eq!(trap, None);
    assert_eq!(logs.len(), 1, "only the canary saw it: {logs:?}");
    assert_eq!(
        host.exchange(1, &get(), &mut ok).response.unwrap().status,
        200
    );
    let bad = Settings {
        plugin_config: b"bad".to_vec(),
        ..settings
    };
    match Host::start(&module, &bad) {
        Err(error @ StartError::ConfigRefused(_)) => assert_eq!(
            error.to_string(),
            "the module refused its configuration\n  [info] main: bad"
        ),
        Err(error) => panic!("{error}"),
        Ok(_) => panic!("it started"),
    }
}

#[test]
fn there_must_be_a_worker() {
    let settings = Settings {
        workers: 0,
        ..settings()
    };
    assert!(matches!(
        Host::start(&module("trap"), &settings),
        Err(StartError::Settings(_))
    ));
}

#[test]
fn time_and_timers_follow_the_test() {
    let mut host = start("ticks", &settings());
    let begin = host.time();
    host.take_logs();
    host.set_time(begin + 9_999_999);
    assert_eq!(host.take_logs(), []);
    host.set_time(begin + 35_000_000);
    let of_worker = |host: &mut Host| {
        let logs = host.take_logs();
        logs.iter()
            .filter(|line| line.worker == Some(0))
            .map(|line| line.text.clone())
            .collect()
    };
    let ticks: Vec<String> = of_worker(&mut host);
    assert_eq!(ticks, ["tick", "tick", "tick"]);
    host.set_time(begin);
    let none: Vec<String> = of_worker(&mut host);
    assert_eq!(none, [""; 0]);

    // A month later: some of the ticks are made up for, the rest is skipped, and then the timer goes on as before.
    let month = begin + 30 * 86_400 * 1_000_000_000;
    host.set_time(month);
    let made_up = of_worker(&mut host).len();
    assert!((100..=101).contains(&made_up), "{made_up} ticks");
    host.set_time(month + 10_000_000);
    assert_eq!(of_worker(&mut host), ["tick"]);
}
