//! What a scenario file may say, and how its faults are told.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "test"
)]

use super::*;

const HEAD: &str = "config: p.json\nupstream: {tools: [claim_job, {name: b}]}\nsteps:\n";

fn steps(text: &str) -> Vec<PlannedStep> {
    parse(&format!("{HEAD}{text}")).unwrap().1
}

fn faults(text: &str) -> Vec<String> {
    match parse(text) {
        Ok(_) => panic!("taken: {text}"),
        Err(faults) => faults.iter().map(|f| f.to_string()).collect(),
    }
}

fn sent(text: &str) -> Sent {
    match steps(text).remove(0).action {
        Action::Send(sent) => *sent,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_step_is_read_with_its_line() {
    let steps = steps(
        "- at: 2026-01-01T00:00:00Z\n\n- advance: 5m\n- call: claim_job\n  args: {n: 1.50}\n",
    );
    let lines: Vec<usize> = steps.iter().map(|s| s.line).collect();
    assert_eq!(lines, [4, 6, 7]);
    assert!(matches!(steps[0].action, Action::SetClock(1_767_225_600)));
    assert!(matches!(steps[1].action, Action::Advance(300)));
    let Action::Send(sent) = &steps[2].action else {
        panic!()
    };
    assert!(
        matches!(&sent.what, What::Call { tool, args } if tool == "claim_job" && args == r#"{"n":1.50}"#)
    );
}

#[test]
fn every_key_has_its_meaning() {
    let call = sent(
        "- call: claim_job\n  times: 3\n  era: 2026-07-28\n  as: {bearer: t}\n  headers: {X-A: b, accept: ~}\n  \
         outcome: deny\n  rule: (hidden)\n  message: m\n  retry_after: 60\n  status: 200\n  error: -32602\n  reads: r\n",
    );
    assert_eq!((call.times, call.era), (3, Era::Stateless));
    let header = |name: &str, value: Option<&str>| (name.to_owned(), value.map(str::to_owned));
    assert_eq!(
        call.headers,
        [
            header("authorization", Some("Bearer t")),
            header("x-a", Some("b")),
            header("accept", None)
        ]
        .into_iter()
        .collect::<Vec<_>>()
    );
    assert_eq!(call.expect.outcome, Some(Outcome::Deny));
    assert_eq!(call.expect.error, Some(-32_602));
    let raw = sent("- raw: ''\n  http: GET\n");
    assert!(matches!(&raw.what, What::Raw { http, body } if http == "GET" && body.is_empty()));
    let request = sent("- request: ping\n  params: {a: 1}\n");
    assert!(matches!(&request.what, What::Request { method, params: Some(_) } if method == "ping"));
    assert_eq!(
        sent("- list: prompts\n  sees: []\n").expect.sees,
        Some(vec![])
    );
}

#[test]
fn an_unknown_key_is_named_with_the_nearest_known_one() {
    for (text, expected) in [
        (
            "polcy: p\nsteps: []\n",
            "1:1: unknown key `polcy`; did you mean `policy`?",
        ),
        (
            "policy: p\nsteps:\n- call: a\n  outcom: deny\n",
            "4:3: unknown key `outcom`; did you mean `outcome`?",
        ),
        (
            "policy: p\nsteps:\n- call: a\n  retryAfter: 6\n",
            "4:3: unknown key `retryAfter`; did you mean `retry_after`?",
        ),
        (
            "policy: p\nsteps:\n- call: a\n  retry-after: 6\n",
            "4:3: unknown key `retry-after`; did you mean `retry_after`?",
        ),
        (
            "policy: p\nupstream:\n  tool: [a]\nsteps: []\n",
            "3:3: unknown key `tool`; did you mean `tools`?",
        ),
        (
            "policy: p\nsteps:\n- call: a\n  as: {berer: x}\n",
            "4:8: unknown key `berer`; did you mean `bearer`?",
        ),
        (
            "policy: p\nqqq: 1\nsteps: []\n",
            "2:1: unknown key `qqq`; known here: description, policy,",
        ),
    ] {
        let faults = faults(text);
        assert!(faults[0].starts_with(expected), "{text:?}: {faults:?}");
    }
}

#[test]
fn wrong_values_are_told_where_they_stand() {
    for (text, expected) in [
        (
            "- call: claim_job\n  times: many\n",
            "5:3: wrong type: string \"many\", expected u32",
        ),
        (
            "- call: claim_job\n  times: 0\n",
            "5:3: write a number from 1",
        ),
        ("- call: claim_job\n  times: 1.5\n", "5:3: wrong type"),
        (
            "- call: claim_job\n  outcome: denied\n",
            "5:3: `denied` is no outcome; write `allow`",
        ),
        ("- call: claim_job\n  era: 2026\n", "5:3: wrong type"),
        (
            "- call: claim_job\n  era: 2025-01-01\n",
            "5:3: `2025-01-01` is no version of MCP",
        ),
        (
            "- advance: 5 minutes\n",
            "4:3: `5 minutes` is not a duration",
        ),
        ("- at: noon\n", "4:3: `noon` is not a time"),
        ("- list: tool\n", "4:3: write `tools`"),
        (
            "- raw: x\n  http: get\n",
            "5:3: `get` is not an HTTP method",
        ),
        ("- note: x\n", "4:3: say what the step does: `at`, "),
        (
            "- call: claim_job\n  list: tools\n",
            "4:3: a step does one thing",
        ),
        (
            "- list: tools\n  args: {}\n",
            "5:3: `args` belongs to a step with `call`",
        ),
        (
            "- call: claim_job\n  params: {}\n",
            "5:3: `params` belongs to a step with `request`",
        ),
        (
            "- call: claim_job\n  sees: []\n",
            "5:3: `sees` belongs to a step with `list`",
        ),
        (
            "- advance: 5s\n  outcome: deny\n",
            "5:3: `outcome` belongs to a step with `list`, `call`",
        ),
        ("- raw: x\n  era: 2026-07-28\n", "5:3: `era` belongs to"),
        (
            "- call: claim_job\n  as: {}\n",
            "5:3: write `bearer: TOKEN`",
        ),
        (
            "- call: claim_job\n  headers: {'a b': x}\n",
            "5:3: `a b` is not a header's name",
        ),
        (
            "- call: claim_job\n  headers: {Host: x}\n",
            "5:3: `Host` is set by the sender",
        ),
        (
            "- call: claim_job\n  headers: {a: \"x\\ny\"}\n",
            "5:3: the value of `a`",
        ),
        (
            "- call: [a]\n",
            "4:3: wrong type: sequence, expected a string",
        ),
        (
            "- call: 12\n",
            "4:3: wrong type: integer `12`, expected a string",
        ),
        (
            "- call: a\n- call: a\n  call: b\n",
            "6:3: the key `call` stands twice",
        ),
    ] {
        let faults = faults(&format!("{HEAD}{text}"));
        assert!(faults[0].starts_with(expected), "{text:?}: {faults:?}");
    }
}

#[test]
fn the_whole_is_checked_and_all_faults_told() {
    let call = "steps: [{call: a}]\n";
    for (text, expected) in [
        (call.to_owned(), "1:1: name the policy"),
        (
            format!("policy: p\nconfig: c\n{call}"),
            "2:1: give `policy` or `config`",
        ),
        (
            format!("config: c\nserver: s\n{call}"),
            "2:1: with `config`",
        ),
        (
            "policy: p\nsteps: []\n".to_owned(),
            "2:1: there are no steps",
        ),
        ("policy: p\n".to_owned(), "1:1: the key `steps` is missing"),
        (
            format!("policy: p\nupstream: {{tools: [a, 1]}}\n{call}"),
            "2:23: write a name",
        ),
        (
            format!("policy: p\nupstream: {{resources: [{{name: a}}]}}\n{call}"),
            "2:24: write a name, or an object with the string `uri`",
        ),
        (
            format!("policy: p\nupstream: {{tools: [claim], answers: {{claimm: {{}}}}}}\n{call}"),
            "2:38: the upstream has no tool `claimm`; did you mean `claim`?",
        ),
        ("- policy: p\n".to_owned(), "1:1: this is a map, not a list"),
        (
            "policy: p\nsteps:\n- call: a\n  as: [t]\n".to_owned(),
            "4:3: this is a map",
        ),
    ] {
        let faults = faults(&text);
        assert!(faults[0].starts_with(expected), "{text:?}: {faults:?}");
    }
    assert_eq!(
        faults(&format!("{HEAD}- list: tool\n- at: noon\n- advance: x\n")).len(),
        3
    );
}

#[test]
fn a_missing_file_or_policy_is_named() {
    let error = read(Path::new("no/such/scenario.yaml"))
        .unwrap_err()
        .to_string();
    assert!(
        error.starts_with("no/such/scenario.yaml: cannot read it: "),
        "{error}"
    );
}
