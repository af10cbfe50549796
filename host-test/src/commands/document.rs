//! A policy or a plugin configuration in a file: its JSON text, and everything that the engine
//! says of it, each thing with its place in the file.

mod places;
mod show;
mod syntax;

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use toolgate_engine::config::plugin::{is_plugin, read_plugin};
use toolgate_engine::config::policy::read_policy;
use toolgate_engine::config::{Fault, Faults, Field, Severity};
use toolgate_engine::json::{self, Value};
use toolgate_engine::policy::lint::{lint, lint_plugin};
use toolgate_engine::{Gate, policy};

use crate::scenario::config;
use crate::yaml::{self, Position};
use places::{Index, Places};
pub(super) use show::printable;

/// What a document is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A policy, in any dialect.
    Policy,
    /// A whole plugin configuration.
    Config,
}

/// One thing to say about a file.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Finding {
    pub(super) severity: Severity,
    /// Where in the file; `None` where the file could not be read.
    pub(super) at: Option<Position>,
    /// The JSON pointer; `None` where the text has no structure.
    pub(super) pointer: Option<String>,
    /// What is wrong and what would be right.
    pub(super) message: String,
}

/// A file that was read, and what is to be said of it.
#[derive(Debug)]
pub(super) struct Document {
    pub(super) path: PathBuf,
    /// The file's own text.
    text: String,
    index: Index,
    /// Lines that are not shown.
    secret_lines: HashSet<usize>,
    /// The document as JSON: the file's own text, or what its YAML says.
    pub(super) json: String,
    pub(super) kind: Kind,
    /// In the order of the file.
    pub(super) findings: Vec<Finding>,
    places: Option<Places>,
}

/// The options that name what decides: a policy, or a whole configuration. The command that takes
/// them requires one.
#[derive(Debug, Args)]
#[group(multiple = false)]
pub(super) struct Source {
    /// The policy, for every caller: JSON or YAML, in any dialect
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    /// A whole plugin configuration, with grants and identity, JSON or YAML
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

impl Source {
    /// The document.
    pub(super) fn read(&self) -> Document {
        match (&self.policy, &self.config) {
            (Some(file), _) => Document::read(file, Some(Kind::Policy)),
            (None, Some(file)) => Document::read(file, Some(Kind::Config)),
            // The command sees to it that one is given.
            (None, None) => Document::read(Path::new(""), None),
        }
    }
}

impl Document {
    /// Reads a file and asks the engine about it. Without a `kind`, its keys say what it is.
    pub(super) fn read(path: &Path, kind: Option<Kind>) -> Document {
        let mut document = Document {
            path: path.to_owned(),
            text: String::new(),
            index: Index::of(""),
            secret_lines: HashSet::new(),
            json: String::new(),
            kind: kind.unwrap_or(Kind::Policy),
            findings: Vec::new(),
            places: None,
        };
        if let Err(finding) = document.load(kind) {
            document.findings.push(finding);
        }
        document
            .findings
            .sort_by_key(|finding| finding.at.map(|at| (at.line, at.column)));
        document
    }

    /// Whether it cannot be used.
    pub(super) fn is_refused(&self) -> bool {
        self.count(Severity::Error) > 0
    }

    /// How many of its findings are of this severity.
    pub(super) fn count(&self, severity: Severity) -> usize {
        let of_it = self.findings.iter().filter(|f| f.severity == severity);
        of_it.count()
    }

    /// The plugin configuration that it is, or that is around it.
    pub(super) fn plugin_config(&self, server: Option<&str>) -> String {
        match self.kind {
            Kind::Config => self.json.clone(),
            Kind::Policy => config::around(&self.json, &self.path, server, None),
        }
    }

    /// Prints the errors as `check` does; the exit code of a command that cannot go on.
    pub(super) fn refuse(&self) -> ExitCode {
        for error in self.errors() {
            anstream::eprintln!("{error}");
        }
        ExitCode::from(2)
    }

    /// The errors as `check` prints them.
    pub(super) fn errors(&self) -> Vec<String> {
        let errors = self.findings.iter();
        let errors = errors.filter(|finding| finding.severity == Severity::Error);
        errors.map(|finding| self.show(finding)).collect()
    }

    fn load(&mut self, kind: Option<Kind>) -> Result<(), Finding> {
        let bytes = std::fs::read(&self.path)
            .map_err(|why| plain(None, None, format!("cannot read it: {why}")))?;
        self.text = String::from_utf8_lossy(&bytes).into_owned();
        self.index = Index::of(&self.text);
        if let Err(why) = std::str::from_utf8(&bytes) {
            let before = bytes.get(..why.valid_up_to()).unwrap_or_default();
            let at = places::position(&String::from_utf8_lossy(before), usize::MAX);
            let message = "this byte is not UTF-8: save the file as UTF-8";
            return Err(plain(Some(at), None, message.to_owned()));
        }
        let extension = self.path.extension().and_then(|e| e.to_str());
        let places = if matches!(extension, Some("yaml" | "yml")) {
            let converted = yaml::to_json(&self.text).map_err(|e| {
                let why = yaml::told(&e.why, "policy", "version: \"1\"");
                plain(Some(e.at), None, why)
            })?;
            self.json = converted.json;
            Places::Yaml(converted.places)
        } else {
            self.json = self.text.clone();
            Places::of_json(&self.json).map_err(|error| syntax::finding(&self.text, &error))?
        };
        let json = self.json.clone();
        let value = json::parse(json.as_bytes())
            .map_err(|error| plain(None, None, format!("not a JSON document: {error}")))?;
        self.places = Some(places);
        self.judge(value, kind);
        Ok(())
    }

    fn judge(&mut self, value: Value<'_>, kind: Option<Kind>) {
        let found = if is_plugin(value) {
            Kind::Config
        } else {
            Kind::Policy
        };
        self.kind = kind.unwrap_or(found);
        if let Some(places) = &self.places
            && (self.kind == Kind::Config || found == Kind::Config)
        {
            self.secret_lines = places.secret_lines(&self.text, &self.index);
        }
        if self.kind == Kind::Policy && found == Kind::Config {
            let message = "this is a plugin configuration, where a policy is expected: name it with \
                           --config instead of --policy, or in a scenario with `config` instead of `policy`";
            self.fault(Severity::Error, "", message.to_owned());
            return;
        }
        let faults = match self.kind {
            Kind::Policy => policy_faults(value),
            Kind::Config => config_faults(value, &self.json),
        };
        for fault in faults.as_slice() {
            self.note(fault);
        }
    }

    /// Adds what another reader of the document says of it.
    pub(super) fn fault(&mut self, severity: Severity, pointer: &str, message: String) {
        let finding = self.remark(severity, pointer, message);
        self.findings.push(finding);
    }

    /// What another reader of the document says of it, with its place; it is not kept.
    pub(super) fn remark(&self, severity: Severity, pointer: &str, message: String) -> Finding {
        self.placed(&Fault {
            severity,
            pointer: pointer.to_owned(),
            message,
            about_key: false,
        })
    }

    fn note(&mut self, fault: &Fault) {
        let finding = self.placed(fault);
        self.findings.push(finding);
    }

    fn placed(&self, fault: &Fault) -> Finding {
        let places = self.places.as_ref();
        Finding {
            severity: fault.severity,
            at: places.and_then(|places| places.find(&self.text, &self.index, fault)),
            pointer: Some(fault.pointer.clone()),
            message: fault.message.clone(),
        }
    }
}

fn policy_faults(value: Value<'_>) -> Faults {
    let mut faults = Faults::default();
    if let Some(raw) = read_policy(&Field::root(value), &mut faults)
        && let Some(policy) = policy::compile(&raw, &mut faults)
    {
        lint(&raw, &policy, &mut faults);
    }
    faults
}

fn config_faults(value: Value<'_>, json: &str) -> Faults {
    let mut faults = match Gate::load(json.as_bytes()) {
        Ok((_, faults)) => faults,
        Err(faults) => return faults,
    };
    // Read once more for what the gate does not keep; it has told of everything there is to tell.
    let mut told = Faults::default();
    if let Some(raw) = read_plugin(&Field::root(value), &mut told) {
        lint_plugin(&raw, &mut faults);
        for raw in raw.policy.iter().chain(raw.policies.iter().map(|(_, p)| p)) {
            if let Some(policy) = policy::compile(raw, &mut told) {
                lint(raw, &policy, &mut faults);
            }
        }
    }
    faults
}

fn plain(at: Option<Position>, pointer: Option<String>, message: String) -> Finding {
    Finding {
        severity: Severity::Error,
        at,
        pointer,
        message,
    }
}
