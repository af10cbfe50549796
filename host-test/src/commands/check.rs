//! `host-test check`: everything wrong with policies and configurations, each with its place.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, ValueEnum};
use serde::Serialize;
use toolgate_engine::config::Severity;

use super::document::{Document, Finding, Kind};
use super::{Trouble, style};

/// Checks policies and plugin configurations: every error at once, each with its place.
///
/// The files are JSON, or YAML where their names end in .yaml or .yml; policies in any dialect,
/// or whole plugin configurations, which are told apart by their keys. Errors are those that the
/// module refuses a configuration for, found by the same code. Warnings are about what works but
/// is probably not meant; they are looked for in files without errors.
#[derive(Debug, Args)]
#[command(after_help = AFTER)]
pub(super) struct Check {
    /// The files
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
    /// Fail on warnings too (exit code 1)
    #[arg(long)]
    strict: bool,
    /// How to print
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

const AFTER: &str = r#"Examples:
  host-test check policy.yaml
  host-test check --strict --format json policies/*.json

With --format json, one object is printed:
  {"errors": 1, "warnings": 0, "files": [
    {"file": "policy.json", "kind": "policy", "findings": [
      {"severity": "error", "line": 3, "column": 3, "pointer": "/defualt",
       "message": "unknown key `defualt`, did you mean `default`? ..."}]}]}
`kind` is "policy" or "config"; `severity` is "error" or "warning". `line` and `column` count from
1, columns in characters; they are null for a file that cannot be read. `pointer` is a JSON pointer
(RFC 6901) into the document, "" for the whole, null where the text is not JSON or YAML.

Exit codes: 0 fine, or only warnings; 1 warnings, with --strict; 2 errors."#;

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Format {
    Text,
    Json,
}

impl Check {
    pub(super) fn run(self) -> Result<ExitCode, Trouble> {
        let documents: Vec<Document> = self
            .files
            .iter()
            .map(|file| Document::read(file, None))
            .collect();
        let count = |severity| documents.iter().map(|d| d.count(severity)).sum();
        let (errors, warnings): (usize, usize) = (count(Severity::Error), count(Severity::Warning));
        match self.format {
            Format::Text => print(&documents, errors, warnings),
            Format::Json => print_json(&documents, errors, warnings)?,
        }
        Ok(match (errors, warnings) {
            (0, 0) => ExitCode::SUCCESS,
            (0, _) if !self.strict => ExitCode::SUCCESS,
            (0, _) => ExitCode::from(1),
            _ => ExitCode::from(2),
        })
    }
}

fn print(documents: &[Document], errors: usize, warnings: usize) {
    let findings = documents
        .iter()
        .flat_map(|document| document.findings.iter().map(move |f| (document, f)));
    for (document, finding) in findings {
        anstream::println!("{}\n", document.show(finding));
    }
    let files = counted(documents.len(), "file");
    anstream::println!(
        "{}",
        match (errors, warnings) {
            (0, 0) => format!("{} {files}", style::good("fine:")),
            (0, _) => format!("{files}: {}", counted(warnings, "warning")),
            (_, 0) => format!("{files}: {}", counted(errors, "error")),
            _ => format!(
                "{files}: {}, {}",
                counted(errors, "error"),
                counted(warnings, "warning")
            ),
        }
    );
}

fn counted(count: usize, what: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {what}{plural}")
}

#[derive(Serialize)]
struct Report<'a> {
    errors: usize,
    warnings: usize,
    files: Vec<File<'a>>,
}

#[derive(Serialize)]
struct File<'a> {
    file: String,
    kind: &'static str,
    findings: Vec<Shown<'a>>,
}

#[derive(Serialize)]
struct Shown<'a> {
    severity: &'static str,
    line: Option<usize>,
    column: Option<usize>,
    pointer: Option<&'a str>,
    message: &'a str,
}

fn print_json(documents: &[Document], errors: usize, warnings: usize) -> Result<(), Trouble> {
    let report = Report {
        errors,
        warnings,
        files: documents.iter().map(File::of).collect(),
    };
    let text = serde_json::to_string(&report).map_err(|why| format!("cannot print: {why}"))?;
    anstream::println!("{text}");
    Ok(())
}

impl File<'_> {
    fn of(document: &Document) -> File<'_> {
        File {
            file: document.path.display().to_string(),
            kind: match document.kind {
                Kind::Policy => "policy",
                Kind::Config => "config",
            },
            findings: document.findings.iter().map(shown).collect(),
        }
    }
}

fn shown(finding: &Finding) -> Shown<'_> {
    Shown {
        severity: match finding.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        },
        line: finding.at.map(|at| at.line),
        column: finding.at.map(|at| at.column),
        pointer: finding.pointer.as_deref(),
        message: &finding.message,
    }
}
