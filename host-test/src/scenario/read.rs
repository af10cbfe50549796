//! A scenario file to a checked plan: what each step does and expects, with its line.

mod fault;
mod headers;
mod kept;
mod plan;
#[cfg(test)]
mod tests;
mod whole;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::config;
use super::model::{Scenario, Upstream};
use crate::yaml;

pub(crate) use fault::{Broken, Fault};
pub(crate) use kept::fill;
pub(crate) use plan::{Action, Era, Expectation, ListKind, Outcome, Sent, What};
pub(crate) use whole::item_name;

/// A scenario that can be run.
#[derive(Debug)]
pub(crate) struct Plan {
    /// The scenario file.
    pub(crate) path: PathBuf,
    /// What it proves.
    pub(crate) description: Option<String>,
    /// The file that decides: a policy, or a whole configuration of the plugin.
    pub(crate) decided_by: PathBuf,
    /// Whether that is a whole configuration.
    pub(crate) by_config: bool,
    /// The plugin's configuration, as JSON text.
    pub(crate) plugin_config: String,
    /// That of the operators' listener, where there is one.
    pub(crate) operators_config: Option<String>,
    /// The scripted server.
    pub(crate) upstream: Upstream,
    /// The steps in order.
    pub(crate) steps: Vec<PlannedStep>,
}

/// A step and where it stands.
#[derive(Debug)]
pub(crate) struct PlannedStep {
    /// The line of the scenario file, from 1.
    pub(crate) line: usize,
    /// Said in the transcript before the step.
    pub(crate) note: Option<String>,
    /// What it does.
    pub(crate) action: Action,
}

/// Reads a scenario and the policy that it names.
///
/// # Errors
/// Everything that is wrong with the file, each with its line.
pub(crate) fn read(path: &Path) -> Result<Plan, Broken> {
    let text = std::fs::read_to_string(path)
        .map_err(|why| Broken::whole(path, format!("cannot read it: {why}")))?;
    let scenario = parse(&text).map_err(|faults| Broken::new(path, faults))?;
    let plugin_config = config::of_scenario(path, &scenario.0)?;
    let operators_config = config::of_operators(path, &scenario.0)?;
    Ok(Plan {
        path: path.to_owned(),
        decided_by: config::file_of(path, &scenario.0),
        by_config: scenario.0.config.is_some(),
        description: scenario.0.description,
        plugin_config,
        operators_config,
        upstream: scenario.0.upstream,
        steps: scenario.1,
    })
}

/// The file that decides in a scenario, as far as the scenario can be read.
pub(crate) fn decided_by(path: &Path) -> Option<PathBuf> {
    let text = std::fs::read_to_string(path).ok()?;
    let (scenario, _) = parse(&text).ok()?;
    Some(config::file_of(path, &scenario))
}

/// Reads the text of a scenario.
fn parse(text: &str) -> Result<(Scenario, Vec<PlannedStep>), Vec<Fault>> {
    let converted = yaml::to_json(text).map_err(|e| {
        vec![Fault::at(
            e.at,
            yaml::told(&e.why, "scenario", "policy: policy.json"),
        )]
    })?;
    let lists = whole::lists_for_maps(&converted.json);
    if !lists.is_empty() {
        let fault = |(at, why): (String, String)| Fault::under(&converted.places, &at, why);
        return Err(lists.into_iter().map(fault).collect());
    }
    let mut reader = serde_json::Deserializer::from_str(&converted.json);
    let mut scenario: Scenario = serde_path_to_error::deserialize(&mut reader)
        .map_err(|error| vec![fault::of_serde(&error, &converted.places)])?;
    let mut faults = Vec::new();
    for (pointer, why) in whole::faults(&scenario) {
        faults.push(Fault::under(&converted.places, &pointer, why));
    }
    let mut steps = Vec::new();
    let mut kept = BTreeSet::new();
    for (index, step) in std::mem::take(&mut scenario.steps).into_iter().enumerate() {
        let pointer = format!("/steps/{index}");
        let line = converted.places.find(&pointer).map_or(1, |p| p.value.line);
        let note = step.note.clone();
        let planned = kept::check(&step, &mut kept, scenario.operators.is_some());
        match planned.and_then(|()| plan::plan(step)) {
            Ok(action) => steps.push(PlannedStep { line, note, action }),
            Err((key, why)) => {
                let pointer = match key {
                    "" => pointer,
                    key => format!("{pointer}/{key}"),
                };
                faults.push(Fault::under(&converted.places, &pointer, why));
            }
        }
    }
    if faults.is_empty() {
        Ok((scenario, steps))
    } else {
        Err(faults)
    }
}
