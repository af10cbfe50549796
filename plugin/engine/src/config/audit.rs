//! `audit`: what the decision record holds and where it goes besides the host's access log.

use super::fault::Faults;
use super::reader::{Field, Object};

/// The fewest bytes of `digest_key`: shorter ones can be guessed.
pub const MIN_KEY_BYTES: usize = 16;
/// The most tools under `arguments`, and the most arguments of one.
const MAX_LISTED: usize = 1_000;

/// Which records something is done for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    /// None.
    None,
    /// Those of requests that were not allowed, or would not have been but for shadow mode.
    Denied,
    /// All.
    All,
}

/// `audit` as written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawAudit {
    /// `allowed_every`: of so many allowed requests one is recorded; 0 records none.
    pub allowed_every: u64,
    /// `log`.
    pub log: Which,
    /// `digest`: whose arguments are told by their names and a digest.
    pub digest: Which,
    /// `digest_key`.
    pub digest_key: Option<String>,
    /// `arguments`: by tool, the arguments whose values may be recorded.
    pub arguments: Vec<(String, Vec<String>)>,
}

impl Default for RawAudit {
    fn default() -> Self {
        Self {
            allowed_every: 1,
            log: Which::None,
            digest: Which::Denied,
            digest_key: None,
            arguments: Vec::new(),
        }
    }
}

const KEYS: [&str; 5] = ["allowed_every", "log", "digest", "digest_key", "arguments"];

/// Reads `audit`.
pub fn read_audit(field: &Field<'_>, faults: &mut Faults) -> Option<RawAudit> {
    let object = Object::read(field, &KEYS, faults)?;
    let mut audit = RawAudit::default();
    if let Some(every) = object.get("allowed_every") {
        audit.allowed_every = every.integer(0..=1_000_000, faults).unwrap_or(1);
    }
    if let Some(log) = object.get("log") {
        audit.log = read_which(log, faults).unwrap_or(audit.log);
    }
    if let Some(digest) = object.get("digest") {
        audit.digest = read_which(digest, faults).unwrap_or(audit.digest);
    }
    if let Some(key) = object.get("digest_key") {
        match key.string(faults) {
            // The key is not shown: it is a secret.
            Some(text) if text.len() < MIN_KEY_BYTES => faults.error(
                &key.pointer,
                format!("expected at least {MIN_KEY_BYTES} bytes, such as the output of `openssl rand -hex 32`"),
            ),
            text => audit.digest_key = text,
        }
    }
    if let Some(arguments) = object.get("arguments") {
        let tools = arguments.entries(faults);
        if tools.len() > MAX_LISTED {
            faults.error(
                &arguments.pointer,
                format!("more than {MAX_LISTED} tools are listed"),
            );
            return Some(audit);
        }
        for (tool, names) in tools {
            audit.arguments.push((tool, read_names(&names, faults)));
        }
    }
    Some(audit)
}

fn read_which(field: &Field<'_>, faults: &mut Faults) -> Option<Which> {
    match field.string(faults)?.as_str() {
        "none" => Some(Which::None),
        "denied" => Some(Which::Denied),
        "all" => Some(Which::All),
        _ => {
            faults.error(&field.pointer, "expected `none`, `denied` or `all`");
            None
        }
    }
}

fn read_names(field: &Field<'_>, faults: &mut Faults) -> Vec<String> {
    let mut names = Vec::new();
    for element in field.elements(faults).iter().take(MAX_LISTED) {
        match element.string(faults) {
            Some(name) if names.contains(&name) => {
                faults.error(&element.pointer, "this argument is listed twice");
            }
            name => names.extend(name),
        }
    }
    names
}
