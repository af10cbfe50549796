//! Calls as an audit log holds them, decided by the engine as far as a record allows.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::value::RawValue;
use toolgate_engine::caller::Caller;
use toolgate_engine::decide::{self, Call, Standing, decide, pseudo, standing};
use toolgate_engine::gate::NamedPolicy;
use toolgate_engine::mcp::Headers;
use toolgate_engine::policy::condition::Effort;
use toolgate_engine::policy::{Check, Limit, Rule};
use toolgate_engine::{Gate, json};

use super::super::clock;
use super::super::world::World;
use super::need::Known;
use super::tally::{Compared, Decision, Tally};

const NANOS: u64 = 1_000_000_000;

/// A decision record as far as it is replayed; a batch holds several.
#[derive(Debug, Deserialize)]
struct Record {
    time: Option<String>,
    outcome: String,
    method: Option<String>,
    tool: Option<String>,
    rule: Option<String>,
    caller: Option<String>,
    server: Option<String>,
    sampled: Option<u64>,
    arguments: Option<Arguments>,
    #[serde(default)]
    batch: Vec<Record>,
}

#[derive(Debug, Deserialize)]
struct Arguments {
    names: Option<Vec<String>>,
    more_names: Option<u64>,
    #[serde(default)]
    values: BTreeMap<String, Box<RawValue>>,
}

/// Whether a line is a decision record.
pub(super) fn is_record(line: &[u8]) -> bool {
    serde_json::from_slice::<Record>(line).is_ok()
}

/// The new policy, and what has been counted with it so far.
pub(super) struct Logged {
    gate: Gate,
    world: World,
    /// Until when a limit's count is not known, because calls could not be told: by policy and
    /// limit, in nanoseconds since the Unix epoch.
    uncertain: BTreeMap<(String, usize), u64>,
}

impl Logged {
    pub(super) fn new(gate: Gate) -> Logged {
        Logged {
            gate,
            world: World::new(0),
            uncertain: BTreeMap::new(),
        }
    }

    /// Replays one line. `-` is a request without a record.
    ///
    /// # Errors
    /// The line is no record, in words.
    pub(super) fn line(&mut self, line: &[u8], tally: &mut Tally) -> Result<(), String> {
        if line.trim_ascii() == b"-" {
            tally.pass_over();
            return Ok(());
        }
        let record: Record =
            serde_json::from_slice(line).map_err(|why| format!("not a decision record: {why}"))?;
        if let Some(time) = &record.time {
            self.world.set_time(clock::time(time)?);
        }
        if record.batch.is_empty() {
            return self.one(&record, &record, tally);
        }
        for message in &record.batch {
            self.one(message, &record, tally)?;
        }
        Ok(())
    }

    fn one(&mut self, act: &Record, whole: &Record, tally: &mut Tally) -> Result<(), String> {
        let before = match (act.outcome.as_str(), &act.rule) {
            ("allow", _) => Decision::Allow,
            ("deny", rule) => Decision::Refuse(rule.clone().unwrap_or_default()),
            // What is malformed is refused whatever the policy says.
            _ => {
                tally.pass_over();
                return Ok(());
            }
        };
        let Some(tool) = act.tool.as_ref().filter(|_| {
            let method = act.method.as_deref();
            method.is_none_or(|method| method == "tools/call")
        }) else {
            tally.pass_over();
            return Ok(());
        };
        let now = self.decide(tool, act, whole)?;
        tally.add(Compared {
            tool: tool.clone(),
            caller: whole.caller.clone(),
            before,
            now,
        });
        Ok(())
    }

    fn decide(&mut self, tool: &str, act: &Record, whole: &Record) -> Result<Decision, String> {
        let caller = self.caller(whole.caller.as_deref());
        let Logged {
            gate,
            world,
            uncertain,
        } = self;
        let Some(named) = gate.policy_of(&caller) else {
            return Ok(Decision::Refuse(pseudo::NO_POLICY.to_owned()));
        };
        let known = known(act, whole.caller.is_some());
        let limits = limits_of(named, tool);
        let now = world.time();
        if let Some(unknown) = undecided(named, tool, &known, &limits) {
            let until = |limit: &&Limit| {
                let window = u64::from(limit.quota.window.seconds().get());
                now.saturating_add(window.saturating_mul(2).saturating_mul(NANOS))
            };
            for limit in &limits {
                uncertain.insert((named.name.clone(), limit.number), until(limit));
            }
            return Ok(unknown);
        }
        let arguments = serde_json::to_string(&known.values).unwrap_or_default();
        let arguments = json::parse(arguments.as_bytes())
            .map_err(|why| format!("`arguments` are not JSON: {why}"))?;
        let grant = match &caller {
            Caller::Granted(index) => gate.callers.grant(*index),
            _ => None,
        };
        let headers: Headers<'_> = std::iter::empty::<(&[u8], &[u8])>().collect();
        let server = whole.server.as_deref().unwrap_or("server");
        let call = Call {
            tool,
            arguments: decide::Arguments::new(Some(arguments)),
            headers: &headers,
            caller: &caller,
            grant,
            session: None,
            server: gate.server.as_deref().unwrap_or(server),
            effort: &Effort::default(),
            approvals: None,
            trip: None,
        };
        let verdict = decide(named, &call, world);
        if let Some(denial) = verdict.denial {
            return Ok(Decision::Refuse(denial.rule));
        }
        let enforced = limits
            .iter()
            .filter(|limit| !limit.shadow && !named.policy.shadow);
        for limit in enforced {
            if whole.sampled.is_some_and(|one_of| one_of > 1) {
                return Ok(Decision::Unknown {
                    rule: limit.id.clone(),
                    needs: "every call, and the log is a sample".to_owned(),
                });
            }
            let until = uncertain.get(&(named.name.clone(), limit.number));
            if until.is_some_and(|until| now < *until) {
                return Ok(Decision::Unknown {
                    rule: limit.id.clone(),
                    needs: "the calls before it that cannot be told".to_owned(),
                });
            }
        }
        Ok(Decision::Allow)
    }

    /// The caller that a record names, as the new configuration knows it.
    fn caller(&self, name: Option<&str>) -> Caller {
        let Some(name) = name else {
            return Caller::Anonymous;
        };
        let grants = (0..).map_while(|index| Some((index, self.gate.callers.grant(index)?)));
        let mut known = false;
        for (index, grant) in grants {
            known = true;
            if grant.name == name {
                return Caller::Granted(index);
            }
        }
        if known {
            return Caller::Unknown;
        }
        Caller::Identified("recorded", name.as_bytes().to_vec())
    }
}

fn known(act: &Record, caller: bool) -> Known {
    let Some(arguments) = &act.arguments else {
        return Known {
            caller,
            ..Known::default()
        };
    };
    let all = arguments.more_names.is_none();
    Known {
        names: arguments.names.clone().filter(|_| all),
        values: arguments.values.clone(),
        caller,
    }
}

/// The rules that are asked about a tool that is callable by its name.
fn rules_of<'p>(named: &'p NamedPolicy, tool: &str) -> Vec<&'p Rule> {
    let Standing::Listed(entry) = standing(&named.policy, tool) else {
        return Vec::new();
    };
    let entries = entry.into_iter().chain(&named.policy.wildcard);
    let rules = entries.flat_map(|e| {
        let approvals = e.approvals.iter().map(|approval| &approval.rule);
        e.rules.iter().chain(approvals)
    });
    rules.collect()
}

fn limits_of<'p>(named: &'p NamedPolicy, tool: &str) -> Vec<&'p Limit> {
    let Standing::Listed(entry) = standing(&named.policy, tool) else {
        return Vec::new();
    };
    let entries = entry.into_iter().chain(&named.policy.wildcard);
    let own = entries.flat_map(|e| &e.limits);
    named.policy.all_tools.iter().chain(own).collect()
}

/// Why a call cannot be told, if it cannot: the first rule or limit that needs more than is known,
/// unless another rule denies whatever the arguments are.
fn undecided(
    named: &NamedPolicy,
    tool: &str,
    known: &Known,
    limits: &[&Limit],
) -> Option<Decision> {
    if named.policy.shadow {
        return None;
    }
    let rules = rules_of(named, tool);
    let enforced = || rules.iter().filter(|rule| !rule.shadow);
    let always = |rule: &&&Rule| matches!(&rule.check, Check::DenyIf(c) if c.is_empty());
    if enforced().any(|rule| always(&rule)) {
        return None;
    }
    let by_rule = enforced().find_map(|rule| Some((&rule.id, known.missing_for(rule)?)));
    let limits = limits.iter().filter(|limit| !limit.shadow);
    let by_limit = || {
        let mut missing = limits.map(|limit| (&limit.id, known.missing_for_limit(limit)));
        missing.find_map(|(id, needs)| Some((id, needs?)))
    };
    let (rule, needs) = by_rule.or_else(by_limit)?;
    Some(Decision::Unknown {
        rule: rule.clone(),
        needs,
    })
}
