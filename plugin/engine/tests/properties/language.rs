//! Rules only ever take away, and the way that things are written means nothing.

use proptest::prelude::*;
use serde_json::Value;

use super::harness::format::{start, wrapped};
use super::harness::run::{Request, World};
use super::native::Native;
use super::random::{
    Json, Rules, arguments, guard, object, policy, rules, string, style, text, tool,
};

/// What a decision is, without how it was worded for the wire.
#[derive(Debug, PartialEq)]
struct Decision {
    outcome: String,
    rule: Option<String>,
    message: Option<String>,
}

impl Decision {
    fn allows(&self) -> bool {
        self.outcome == "allow"
    }
}

/// A call in a world of its own.
fn decide(policy: &str, body: &str) -> Decision {
    let mut world = Native::default();
    let loaded = world.load(&wrapped(policy));
    assert!(loaded.accepted, "{policy}\n{loaded:?}");
    let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let answer = world.send(&Request {
        now: start(),
        headers: vec![
            header(":method", "POST"),
            header("content-type", "application/json"),
        ],
        body: Some(body.as_bytes().to_vec()),
        properties: Vec::new(),
        upstream: None,
    });
    let record: Value = serde_json::from_str(&answer.record).unwrap();
    let word = |key: &str| record.get(key).and_then(Value::as_str).map(str::to_owned);
    assert_eq!(answer.reply.is_none(), word("outcome").unwrap() == "allow");
    Decision {
        outcome: word("outcome").unwrap(),
        rule: word("rule"),
        message: word("message"),
    }
}

fn call(tool: &str, arguments: &Json) -> Json {
    object([
        ("jsonrpc", string("2.0")),
        ("id", text("1")),
        ("method", string("tools/call")),
        (
            "params",
            object([("name", string(tool)), ("arguments", arguments.clone())]),
        ),
    ])
}

/// Reads a member of a random value.
fn get<'j>(value: &'j Json, key: &str) -> &'j Json {
    match value {
        Json::Object(members) => &members.iter().find(|(k, _)| k == key).unwrap().1,
        _ => unreachable_member(key),
    }
}

#[expect(
    clippy::panic,
    reason = "the generator gave something else than it promises"
)]
fn unreachable_member(key: &str) -> ! {
    panic!("no member {key}")
}

/// Whether a guard asks that something is absent: then adding what it asks for is what denies.
fn asks_for_absence(guard: &Json) -> bool {
    let Json::Array(conditions) = get(guard, "conditions") else {
        return false;
    };
    conditions
        .iter()
        .any(|c| *get(c, "op") == string("exists") && *get(c, "value") == text("false"))
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(1_500) })]

    #[test]
    fn adding_a_deny_if_or_a_require_never_allows_more(
        own in rules(), glob in rules(), wildcard in rules(),
        added in guard(0), extra in guard(1), place in any::<prop::sample::Index>(),
        which in 0usize..6, default in prop::sample::select(vec!["allow", "deny"]),
        tool in tool(), arguments in arguments(),
    ) {
        let body = call(tool, &arguments).write();
        let write = |own: &Rules, glob: &Rules, wildcard: &Rules| {
            policy(vec![("t", own), ("get_*", glob), ("*", wildcard)], default).write()
        };
        let before = decide(&write(&own, &glob, &wildcard), &body);
        let (mut own, mut glob, mut wildcard) = (own, glob, wildcard);
        let target = [&mut own, &mut glob, &mut wildcard].into_iter().nth(which / 2).unwrap();
        if which % 2 == 0 {
            let at = place.index(target.deny_if.len() + 1);
            target.deny_if.insert(at, added);
        } else {
            let at = place.index(target.require.len() + 1);
            target.require.insert(at, extra);
        }
        let after = decide(&write(&own, &glob, &wildcard), &body);
        prop_assert!(before.allows() || !after.allows(), "{before:?} became {after:?}");
    }

    /// Two things are excepted, because the language says the opposite of them: a rule that asks
    /// for absence (`exists: false`), and a key that denies by being the folded twin of one that a
    /// rule reads.
    #[test]
    fn removing_an_argument_never_passes_a_require(
        own in rules(), arguments in arguments(), place in any::<prop::sample::Index>(),
    ) {
        let mut own = own;
        own.require.retain(|guard| !asks_for_absence(guard));
        own.deny_if.clear();
        own.costs = false;
        let Json::Object(members) = &arguments else { return Ok(()) };
        let plain: Vec<_> = members.iter().filter(|(k, _)| !["A", "\u{212A}"].contains(&k.as_str())).collect();
        prop_assume!(!plain.is_empty());
        let removed = &place.get(&plain).0;
        let fewer = Json::Object(members.iter().filter(|(k, _)| k != removed).cloned().collect());
        let text = policy(vec![("t", &own)], "deny").write();
        let before = decide(&text, &call("t", &arguments).write());
        let after = decide(&text, &call("t", &fewer).write());
        prop_assert!(before.allows() || !after.allows(), "without {removed}: {before:?} became {after:?}");
    }

    #[test]
    fn how_a_call_is_written_never_changes_a_decision(
        own in rules(), wildcard in rules(), tool in tool(), arguments in arguments(), style in style(),
        default in prop::sample::select(vec!["allow", "deny"]),
    ) {
        let policy = policy(vec![("t", &own), ("*", &wildcard), ("get_*", &wildcard)], default).write();
        let call = call(tool, &arguments);
        let mut style = style;
        let written = call.write_in(&mut style);
        prop_assert_eq!(decide(&policy, &call.write()), decide(&policy, &written), "{}", written);
    }

    #[test]
    fn how_a_policy_is_written_never_changes_a_decision(
        own in rules(), glob in rules(), wildcard in rules(), tool in tool(), arguments in arguments(),
        style in style(), default in prop::sample::select(vec!["allow", "deny"]),
    ) {
        let entries = vec![("t", &own), ("get_*", &glob), ("get_x*", &own), ("*", &wildcard), ("z", &glob)];
        let policy = policy(entries, default);
        let body = call(tool, &arguments).write();
        let mut style = style;
        let written = policy.write_in(&mut style);
        prop_assert_eq!(decide(&policy.write(), &body), decide(&written, &body), "{}", written);
    }
}

/// The properties would hold of an engine that denies or allows everything: this shows that the
/// random policies and calls do both, and each by several ways.
#[test]
fn random_calls_meet_allow_and_every_kind_of_denial() {
    use proptest::strategy::ValueTree;
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let mut seen = std::collections::BTreeMap::<String, u32>::new();
    for _ in 0..1_500 {
        let drawn = (rules(), rules(), tool(), arguments()).new_tree(&mut runner);
        let (own, wildcard, tool, arguments) = drawn.unwrap().current();
        let policy = policy(vec![("t", &own), ("get_*", &wildcard)], "allow").write();
        let decision = decide(&policy, &call(tool, &arguments).write());
        let kind = decision
            .rule
            .as_deref()
            .unwrap_or("allow")
            .split('/')
            .nth(3);
        let kind = kind.map_or(
            decision.rule.clone().unwrap_or("allow".into()),
            str::to_owned,
        );
        *seen.entry(kind).or_default() += 1;
    }
    for kind in [
        "allow",
        "require",
        "deny_if",
        "limits",
        "(hidden)",
        "(look-alike)",
    ] {
        assert!(seen.get(kind).is_some_and(|n| *n >= 15), "{kind}: {seen:?}");
    }
}
