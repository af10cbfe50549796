//! `host-test convert`: a policy of any dialect as canonical `policy.json`.

mod write;

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use toolgate_engine::config::policy::read_policy;
use toolgate_engine::config::{Faults, Field};
use toolgate_engine::{json, policy};

use super::Trouble;
use super::document::{Document, Kind};

/// Prints a policy, of any dialect, as canonical policy.json.
///
/// `version` and `default` are stated, rules become `require`, `deny_if` and `limits`. The decisions
/// are the same, and counts go on, since counters keep their identity. Rule identifiers change with
/// the places of the rules; where several rules deny one call, which of them says so may too. What
/// has no canonical form is an error, never a policy that means something else.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  host-test convert policy.yaml -o policy.json")]
pub(super) struct Convert {
    /// The policy, JSON or YAML
    file: PathBuf,
    /// Where to write it [default: standard output]
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

impl Convert {
    pub(super) fn run(self) -> Result<ExitCode, Trouble> {
        let document = Document::read(&self.file, Some(Kind::Policy));
        if document.is_refused() {
            return Ok(document.refuse());
        }
        let text =
            canonical(&document.json).map_err(|why| format!("`{}`: {why}", self.file.display()))?;
        match self.output {
            Some(file) => std::fs::write(&file, text)
                .map_err(|why| format!("cannot write `{}`: {why}", file.display()))?,
            None => {
                write!(std::io::stdout(), "{text}").map_err(|why| format!("cannot print: {why}"))?
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// The canonical text of a policy that the engine accepts.
fn canonical(text: &str) -> Result<String, Trouble> {
    let value = json::parse(text.as_bytes()).map_err(|error| error.to_string())?;
    let mut faults = Faults::default();
    let raw = read_policy(&Field::root(value), &mut faults);
    let compiled = raw
        .as_ref()
        .and_then(|raw| policy::compile(raw, &mut faults));
    match (raw, compiled) {
        (Some(raw), Some(compiled)) => write::policy(value, &raw, &compiled),
        _ => Err(faults
            .as_slice()
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join("; ")),
    }
}

#[cfg(test)]
mod tests {
    use super::canonical;

    #[test]
    fn rules_become_what_they_mean() {
        let text = r#"{"tools":{"pay":{"rules":[
            {"name":"cap","conditions":[{"path":"args.amount","op":"lte","value":1e2}],"on_deny":"too much"},
            {"action":"allow","rate_limit":{"max":10,"window":60},"validate":{"required_args":true}},
            {"conditions":[{"path":"state.pay.spent","op":"lt","value":500}],"state":{"counter":"spent","window":"day","increment_from":"args.amount"}},
            {"name":"never","action":"deny"}]},"*":{"rules":[{"rate_limit":"100/hour"}]}}}"#;
        let want = r#"{
  "version": "1",
  "default": "allow",
  "tools": {
    "pay": {
      "validate": { "required_args": true },
      "require": [
        { "conditions": [{ "path": "args.amount", "op": "lte", "value": 1e2 }], "on_deny": "too much" }
      ],
      "deny_if": [
        { "conditions": [], "on_deny": "Denied by rule \"never\"" }
      ],
      "limits": [
        { "counter": "rate_limit", "window": "minute", "max": 10, "scope": "grant", "refund_on": ["error", "unreachable"] },
        { "counter": "spent", "window": "day", "max": 499, "scope": "grant", "cost": "args.amount", "refund_on": ["error", "unreachable"], "on_deny": "Denied by rule \"/tools/pay/rules/2\"" }
      ]
    },
    "*": {
      "limits": [
        { "counter": "rate_limit", "window": "hour", "max": 100, "scope": "grant", "refund_on": ["error", "unreachable"] }
      ]
    }
  }
}
"#;
        assert_eq!(canonical(text).as_deref(), Ok(want));
        assert_eq!(
            canonical(want).as_deref(),
            Ok(want),
            "canonical stays as it is"
        );
    }

    #[test]
    fn what_has_no_canonical_form_is_an_error() {
        let two = r#"{"tools":{"t":{"rules":[
            {"action":"allow","validate":{"required_args":true}},
            {"action":"allow","validate":{"required_args":["a"]}}]}}}"#;
        let said = r#"{"tools":{"t":{"rules":[
            {"action":"allow","on_deny":"no","validate":{"required_args":["a"]}}]}}}"#;
        for text in [two, said] {
            assert!(canonical(text).is_err(), "{text}");
        }
    }
}
