//! Every example of docs/policy.md does what the text beside it says.

use toolgate_engine::mcp::Reply;

use super::document::{Block, blocks, matches, messages};
use super::engine::{Engine, Seen, Sent};
use super::line::Line;
use super::yaml;

/// The plugin's configuration that a block stands for.
pub(crate) fn config(block: &Block) -> Option<String> {
    let text = match block.language.as_str() {
        "yaml" => yaml::to_json(&block.text).to_string(),
        _ => block.text.clone(),
    };
    match block.role.as_str() {
        "policy" | "refused" => Some(format!(r#"{{"server":"docs","policy":{text}}}"#)),
        "config" => Some(text),
        _ => None,
    }
}

#[test]
fn every_example_does_what_is_stated() {
    let mut failures = Vec::new();
    let mut engine: Option<Engine> = None;
    let mut seen: Option<Seen> = None;
    let mut errors: Option<Vec<String>> = None;
    let (mut policies, mut requests) = (0, 0);
    for block in blocks() {
        let mut fail = |why: String| {
            let name = block.name.as_deref().unwrap_or_default();
            failures.push(format!("docs/policy.md:{} {name}: {why}", block.line));
        };
        match (block.language.as_str(), block.role.as_str()) {
            ("json" | "yaml", "policy" | "config") => {
                policies += 1;
                match Engine::load(&config(&block).unwrap()) {
                    Ok(loaded) => engine = Some(loaded),
                    Err(faults) => fail(faults.join("\n  ")),
                }
            }
            ("json" | "yaml", "refused") => match Engine::load(&config(&block).unwrap()) {
                Ok(_) => fail("this policy is accepted".to_owned()),
                Err(faults) => errors = Some(faults),
            },
            ("text", role @ ("errors" | "warnings")) => {
                let stated: Vec<&str> = block.text.lines().collect();
                let found = match (role, &engine) {
                    ("warnings", Some(engine)) => engine.warnings.clone(),
                    _ => errors.take().unwrap_or_default(),
                };
                let found: Vec<&str> = found
                    .iter()
                    .map(|fault| fault.strip_prefix("/policy").unwrap_or(fault))
                    .collect();
                if stated != found {
                    fail(format!("{role} are\n  {}", found.join("\n  ")));
                }
            }
            ("jsonl", "calls") => {
                let Some(engine) = engine.as_mut() else {
                    fail("no policy before it".to_owned());
                    continue;
                };
                for (offset, text) in block.text.lines().enumerate() {
                    requests += 1;
                    let ran = serde_json::from_str::<Line>(text)
                        .map_err(|why| why.to_string())
                        .and_then(|line| line.run(engine));
                    match ran {
                        Ok(last) => seen = Some(last),
                        Err(why) => failures.push(format!(
                            "docs/policy.md:{}: {text}\n  {why}",
                            block.line + offset + 1
                        )),
                    }
                }
            }
            ("http", "reply") => match seen.as_ref().and_then(|seen| seen.reply.as_ref()) {
                Some(reply) => {
                    if let Err(why) = compare(&block.text, reply) {
                        fail(why);
                    }
                }
                None => fail("nothing was answered".to_owned()),
            },
            ("json", "record") => {
                let stated: serde_json::Value = serde_json::from_str(&block.text).unwrap();
                // Examples leave out what differs from call to call, such as the time.
                let found = seen.as_ref().map(|seen| &seen.record);
                let mut stated = stated.as_object().unwrap().iter();
                if !stated.all(|(key, value)| found.and_then(|f| f.get(key)) == Some(value)) {
                    fail(format!("the record is {found:?}"));
                }
            }
            (language, role) => fail(format!("a block that nothing tests: `{language} {role}`")),
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    assert!(
        policies >= 20 && requests >= 100,
        "{policies} policies, {requests} requests"
    );
}

/// Status, headers without order, and the body as JSON.
fn compare(stated: &str, reply: &Reply) -> Result<(), String> {
    let (head, body) = stated.split_once("\n\n").unwrap_or((stated, ""));
    let mut lines = head.lines();
    let status = lines.next().and_then(|line| line.split(' ').nth(1));
    if status != Some(reply.status.to_string().as_str()) {
        return Err(format!("status {}", reply.status));
    }
    let mut wanted: Vec<&str> = lines.collect();
    let mut headers: Vec<String> = reply
        .headers
        .iter()
        .map(|(name, value)| format!("{name}: {value}"))
        .collect();
    wanted.sort_unstable();
    headers.sort_unstable();
    if wanted != headers {
        return Err(format!("headers {headers:#?}"));
    }
    let parse = |text: &str| serde_json::from_str::<serde_json::Value>(text).ok();
    if parse(body) != parse(&reply.body) {
        return Err(format!("body {}", reply.body));
    }
    Ok(())
}

/// What callers read and records hold is listed, and what is listed can be met.
#[test]
fn every_message_of_a_decision_is_in_the_table() {
    let listed = messages("### Messages of decisions");
    let mut shown: Vec<String> = blocks()
        .iter()
        .filter(|block| block.role == "calls")
        .flat_map(|block| block.text.lines())
        .filter_map(|line| serde_json::from_str::<Line>(line).unwrap().message)
        .collect();
    shown.extend(messages_that_no_line_can_show());
    let unmet: Vec<&String> = listed
        .iter()
        .filter(|pattern| !shown.iter().any(|message| matches(pattern, message)))
        .collect();
    assert!(unmet.is_empty(), "no example shows {unmet:#?}");
}

/// A full table, and a store that fails.
fn messages_that_no_line_can_show() -> Vec<String> {
    let policy = r#"{"version": "1", "default": "allow", "all_tools": {"limits": [
        {"counter": "c", "window": "day", "max": 1, "scope": "args.x"}
    ]}}"#;
    let load = || Engine::load(&format!(r#"{{"server": "docs", "policy": {policy}}}"#)).unwrap();
    let call = |engine: &mut Engine, value: u32| {
        let line = format!(
            r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{{"name":"t","arguments":{{"x":{value}}}}}}}"#
        );
        let seen = engine.send(&Sent {
            body: line,
            ..Sent::default()
        });
        seen.record["message"].as_str().map(str::to_owned)
    };
    let mut full = load();
    let crowded = (0..16_384).find_map(|value| call(&mut full, value));
    let mut failing = load();
    failing.fail();
    vec![
        crowded.expect("a table that is full"),
        call(&mut failing, 0).expect("a limit that cannot be counted"),
    ]
}
