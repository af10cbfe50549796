//! `validate.schema` in the pipeline: its rule identifier, its order, shadow mode, an author's words.
#![allow(clippy::unwrap_used, clippy::panic, reason = "test")]

use toolgate_engine::caller::Caller;
use toolgate_engine::decide::{Arguments, Call, decide};
use toolgate_engine::json::parse;
use toolgate_engine::limit::{HashKey, Store, StoreError, Updater};
use toolgate_engine::mcp::Headers;
use toolgate_engine::{Gate, Surroundings};

/// A world that nothing here may ask.
struct Nowhere;

impl Store for Nowhere {
    fn update(&mut self, _: &str, _: &mut Updater<'_>) -> Result<(), StoreError> {
        Err(StoreError::Unavailable)
    }
}

impl Surroundings for Nowhere {
    fn now(&mut self) -> u64 {
        0
    }
    fn hash_key(&mut self) -> Option<HashKey> {
        None
    }
    fn property(&mut self, _: &[&str]) -> Option<Vec<u8>> {
        None
    }
}

/// What a policy with these entries under `tools` says of a call: rule and message, or `allow`;
/// after it what shadowed rules would have said.
fn decided(tools: &str, tool: &str, arguments: Option<&str>) -> Vec<String> {
    let text = format!(r#"{{"policy":{{"version":"1","default":"deny","tools":{tools}}}}}"#);
    let (gate, _) = Gate::load(text.as_bytes()).unwrap_or_else(|faults| panic!("{faults:?}"));
    let headers: Headers<'_> = std::iter::empty().collect();
    let call = Call {
        tool,
        arguments: Arguments::new(arguments.map(|text| parse(text.as_bytes()).unwrap())),
        headers: &headers,
        caller: &Caller::Anonymous,
        grant: None,
        session: None,
        server: "s",
        effort: &toolgate_engine::policy::condition::Effort::default(),
        approvals: None,
        trip: None,
    };
    let policy = gate.policy_of(&Caller::Anonymous).unwrap();
    let verdict = decide(policy, &call, &mut Nowhere);
    let said = |d: &toolgate_engine::decide::Denial| format!("{}: {}", d.rule, d.message);
    let denial = verdict.denial.as_ref().map_or("allow".to_owned(), said);
    std::iter::once(denial)
        .chain(verdict.shadow.iter().map(said))
        .collect()
}

#[test]
fn the_rule_is_the_schemas_pointer_and_the_message_names_tool_and_argument() {
    let tools = r#"{"pay":{"validate":{"required_args":["to"],"schema":{"properties":{"amount":{"type":"number","maximum":100}}}},
                     "deny_if":[{"conditions":[]}]}}"#;
    for (arguments, want) in [
        (
            Some(r#"{"to":"a","amount":101}"#),
            r#"/tools/pay/validate/schema: Tool "pay": argument "amount" must be at most 100"#,
        ),
        (
            Some(r#"{"amount":101}"#),
            r#"/tools/pay/validate/required_args: Tool "pay" requires the argument "to""#,
        ),
        (
            Some(r#"{"to":"a","amount":100}"#),
            r#"/tools/pay/deny_if/0: Denied by rule "/tools/pay/deny_if/0""#,
        ),
        (
            None,
            r#"/tools/pay/validate/required_args: Tool "pay" requires the argument "to""#,
        ),
    ] {
        assert_eq!(decided(tools, "pay", arguments), [want], "{arguments:?}");
    }
}

#[test]
fn a_call_without_arguments_has_none() {
    let tools =
        r#"{"a":{"validate":{"schema":{"required":["x"]}}},"b":{"validate":{"schema":{}}}}"#;
    assert_eq!(
        decided(tools, "a", None),
        [r#"/tools/a/validate/schema: Tool "a": argument "x" is missing"#]
    );
    assert_eq!(decided(tools, "b", None), ["allow"]);
}

#[test]
fn a_rule_may_validate_with_its_own_words_and_may_only_record() {
    let rule = |more: &str| {
        format!(
            r#"{{"t":{{"rules":[{{"action":"allow","validate":{{"schema":{{"required":["x"]}}}}{more}}}]}}}}"#
        )
    };
    let own = r#"Tool "t": argument "x" is missing"#;
    let pointer = "/tools/t/rules/0/validate/schema";
    assert_eq!(
        decided(&rule(""), "t", Some("{}")),
        [format!("{pointer}: {own}")]
    );
    assert_eq!(
        decided(&rule(r#","name":"n""#), "t", Some("{}")),
        [format!("{pointer}: {own}")]
    );
    assert_eq!(
        decided(&rule(r#","reason":"No x, no deal""#), "t", Some("{}")),
        [format!("{pointer}: No x, no deal")]
    );
    assert_eq!(
        decided(&rule(r#","mode":"shadow""#), "t", Some("{}")),
        ["allow".to_owned(), format!("{pointer}: {own}")]
    );
    assert_eq!(decided(&rule(""), "t", Some(r#"{"x":1}"#)), ["allow"]);
    let tool = r#"{"t":{"mode":"shadow","validate":{"schema":{"required":["x"]}}}}"#;
    assert_eq!(decided(tool, "t", Some("{}")).len(), 2);
}

#[test]
fn a_broken_schema_refuses_the_policy_with_its_place() {
    let text = r#"{"policies":{"p":{"version":"1","default":"deny","tools":{"a/b":{"validate":{"schema":{"properties":{"m":{"format":"email"}}}}}}}},"policy":{"version":"1","default":"deny"}}"#;
    let faults = Gate::load(text.as_bytes()).unwrap_err();
    let places: Vec<_> = faults
        .as_slice()
        .iter()
        .map(|f| f.pointer.as_str())
        .collect();
    assert_eq!(
        places,
        ["/policies/p/tools/a~1b/validate/schema/properties/m/format"]
    );
}
