//! `host-test pin`: the hashes by which a policy pins the definitions of tools.

use std::io::{Read, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use toolgate_engine::config::Faults;
use toolgate_engine::config::Field;
use toolgate_engine::config::policy::read_policy;
use toolgate_engine::json::{self, Kind, Value, push_json_string};
use toolgate_engine::mcp::sse::{Edit, EventStream};
use toolgate_engine::pin::Pin;

use super::document::{self, Document, printable};
use super::{Trouble, style};

/// Prints the pins of the tools in an answer to tools/list, or compares them with a policy's.
///
/// The answer is read as it came: a JSON-RPC response, only its result, only the list of tools, or
/// an event stream. A pin is the SHA-256 of a tool's whole entry (RFC 8785, numbers exact), so
/// review the entry before you pin it: docs/policy.md, "Pinned definitions".
#[derive(Debug, Args)]
#[command(after_help = AFTER)]
pub(super) struct PinTools {
    /// The answer; `-` reads standard input
    #[arg(value_name = "FILE")]
    list: PathBuf,
    /// Print nothing to copy, but how the pins of this policy compare
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
}

const AFTER: &str = r#"Examples:
  curl -s http://127.0.0.1:3000/mcp -H 'content-type: application/json' \
    -H 'accept: application/json, text/event-stream' \
    -d '{"jsonrpc":"2.0","id":1,"method":"tools/list"}' | host-test pin -
  host-test pin tools.json --policy policy.json

Printed is a part of a policy, for `tools` to take over:
  {
    "tools": {
      "create_refund": {"pin": "sha256:..."}
    }
  }

Exit codes: 0 fine; 1 with --policy: a pinned tool is not listed as pinned; 2 a file is at fault."#;

impl PinTools {
    pub(super) fn run(self) -> Result<ExitCode, Trouble> {
        let listed = self.listed()?;
        match &self.policy {
            None => print(&listed),
            Some(policy) => {
                let document = Document::read(policy, Some(document::Kind::Policy));
                if document.is_refused() {
                    return Ok(document.refuse());
                }
                compare(&listed, &document.json)
            }
        }
    }

    /// The pin of each tool, in the order of the list.
    fn listed(&self) -> Result<Vec<(String, Pin)>, Trouble> {
        let shown = self.list.display();
        let mut bytes = Vec::new();
        let read = if self.list.as_os_str() == "-" {
            std::io::stdin().read_to_end(&mut bytes).map(|_| ())
        } else {
            std::fs::read(&self.list).map(|file| bytes = file)
        };
        read.map_err(|why| format!("cannot read `{shown}`: {why}"))?;
        let mut pins: Vec<(String, Pin)> = Vec::new();
        for text in texts(&bytes) {
            let value = json::parse(text.as_bytes())
                .map_err(|why| format!("`{shown}` is not an answer to tools/list: {why}"))?;
            for tool in tools(value).into_iter().flat_map(Value::elements) {
                let name = tool
                    .get("name")
                    .and_then(Value::as_str)
                    .ok_or_else(|| format!("`{shown}` lists a tool that has no name"))?;
                if pins.iter().any(|(known, _)| *known == name) {
                    let name = printable(&name);
                    return Err(format!("`{shown}` lists the tool `{name}` twice"));
                }
                pins.push((name.into_owned(), Pin::of(tool)));
            }
        }
        if pins.is_empty() {
            return Err(format!(
                "`{shown}` lists no tools: expected an answer to tools/list"
            ));
        }
        Ok(pins)
    }
}

/// The JSON texts of an answer: itself, or the data of its events.
fn texts(bytes: &[u8]) -> Vec<String> {
    let whole = String::from_utf8_lossy(bytes).into_owned();
    if json::parse(bytes).is_ok() || !whole.lines().any(|line| line.starts_with("data:")) {
        return vec![whole];
    }
    let mut texts = Vec::new();
    let mut collect = |data: &str, _: &str| {
        texts.extend((!data.trim().is_empty()).then(|| data.to_owned()));
        Edit::Drop
    };
    // No event is longer than the whole.
    let _ = EventStream::new(bytes.len()).push(bytes, true, &mut collect, &mut Vec::new());
    texts
}

/// The list of tools in a response, a result, or on its own.
fn tools(value: Value<'_>) -> Option<Value<'_>> {
    let result = value.get("result").unwrap_or(value);
    let tools = result.get("tools").unwrap_or(result);
    (tools.kind() == Kind::Array).then_some(tools)
}

fn print(pins: &[(String, Pin)]) -> Result<ExitCode, Trouble> {
    let mut text = String::from("{\n  \"tools\": {");
    for (n, (name, pin)) in pins.iter().enumerate() {
        text.push_str(if n > 0 { ",\n    " } else { "\n    " });
        push_json_string(&mut text, name);
        text.push_str(&format!(": {{\"pin\": \"{pin}\"}}"));
    }
    text.push_str("\n  }\n}\n");
    std::io::stdout()
        .write_all(text.as_bytes())
        .map_err(|why| format!("cannot print: {why}"))?;
    Ok(ExitCode::SUCCESS)
}

fn compare(listed: &[(String, Pin)], policy: &str) -> Result<ExitCode, Trouble> {
    let value = json::parse(policy.as_bytes()).map_err(|why| why.to_string())?;
    let raw = read_policy(&Field::root(value), &mut Faults::default());
    let tools = raw.map(|policy| policy.tools).unwrap_or_default();
    let pinned = tools
        .iter()
        .filter_map(|(name, tool)| Some((name, tool.pin.as_ref()?)));
    let mut wrong = false;
    let mut any = false;
    for (name, pin) in pinned {
        any = true;
        let found = listed.iter().find(|(listed, _)| listed == name);
        let state = match found {
            Some((_, seen)) if pin.pins.contains(seen) => style::good("as pinned").to_string(),
            Some((_, seen)) => format!("changed, now {seen}"),
            None => "not listed".to_owned(),
        };
        wrong |= found.is_none_or(|(_, seen)| !pin.pins.contains(seen));
        anstream::println!("{}: {state}", printable(name));
    }
    if !any {
        return Err("the policy pins no tool".to_owned());
    }
    Ok(ExitCode::from(u8::from(wrong)))
}
