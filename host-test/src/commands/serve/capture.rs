//! `serve --capture`: the requests as `host-test replay` reads them, without the callers' secrets.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use host_test::Request;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::live;
use crate::commands::stand_in;

/// Headers that the module reads whatever the policy says, besides those of MCP.
const KEPT: [&str; 4] = ["accept", "content-encoding", "content-type", "origin"];

/// Headers that hold secrets whatever the policy says.
const SECRET: [&str; 4] = [
    "authorization",
    "cookie",
    "mcp-session-id",
    "proxy-authorization",
];

/// The file that requests are written to, a line each.
pub(super) struct Capture {
    path: PathBuf,
    state: Mutex<State>,
}

struct State {
    file: File,
    known: Known,
    /// Sessions and strangers' tokens, numbered as they were met.
    numbers: BTreeMap<Vec<u8>, usize>,
}

/// What the configuration in force says of headers.
#[derive(Default)]
struct Known {
    /// Where tokens are, in lower case; `authorization` only as a bearer's.
    credentials: BTreeSet<String>,
    /// The grants, by the hashes of their tokens.
    grants: BTreeMap<String, String>,
    /// What conditions read.
    read: BTreeSet<String>,
}

/// One line.
#[derive(Serialize)]
struct Line<'a> {
    time: String,
    headers: BTreeMap<&'a str, Vec<String>>,
    body: Body<'a>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Body<'a> {
    Json(&'a RawValue),
    Text(&'a str),
}

impl Capture {
    /// Opens the file to add to it; where it is new, only its owner may read it.
    ///
    /// # Errors
    /// It cannot be written, in words.
    pub(super) fn open(path: &Path, config: &[u8]) -> Result<Capture, String> {
        let mut options = OpenOptions::new();
        options.append(true).create(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(path);
        let file =
            file.map_err(|why| format!("cannot write `{}` (--capture): {why}", path.display()))?;
        Ok(Capture {
            path: path.to_owned(),
            state: Mutex::new(State {
                file,
                known: Known::of(config),
                numbers: BTreeMap::new(),
            }),
        })
    }

    /// Goes on by another configuration.
    pub(super) fn reload(&self, config: &[u8]) {
        self.state
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .known = Known::of(config);
    }

    /// Writes a request down, where a policy for tools can decide it.
    pub(super) fn request(&self, request: &Request) {
        if request.method != "POST" || request.body.is_empty() {
            return;
        }
        let Some(body) = Body::of(&request.body) else {
            live::say_bad("a request is not captured: its body is not UTF-8");
            return;
        };
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let headers = state.headers(request);
        // Read under the lock, so that the lines are in the order of their times.
        let time = Timestamp::now().to_string();
        let line = Line {
            time,
            headers,
            body,
        };
        // Text and a map with text keys cannot fail to become JSON.
        let line = serde_json::to_string(&line).unwrap_or_default() + "\n";
        if let Err(why) = state.file.write_all(line.as_bytes()) {
            live::say_bad(&format!("cannot write `{}`: {why}", self.path.display()));
        }
    }
}

impl State {
    fn headers<'a>(&mut self, request: &'a Request) -> BTreeMap<&'a str, Vec<String>> {
        let mut headers: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        // What `replay` would send by itself has to be taken away where it was not there.
        for name in ["accept", "content-type"] {
            headers.insert(name, Vec::new());
        }
        for (name, value) in &request.headers {
            if let Some(value) = self.shown(name, value) {
                headers.entry(name).or_default().push(value);
            }
        }
        headers
    }

    /// What is written of a header: its value, a stand-in for it, or nothing.
    fn shown(&mut self, name: &str, value: &[u8]) -> Option<String> {
        let text = || String::from_utf8_lossy(value).into_owned();
        if name == "mcp-session-id" {
            return Some(format!("session-{}", self.number(value)));
        }
        if self.known.credentials.contains(name) {
            if name != "authorization" {
                return Some(self.stand_in(value));
            }
            let (scheme, token) = value.split_at_checked(6)?;
            let bearer = scheme.eq_ignore_ascii_case(b"bearer");
            return bearer.then(|| format!("Bearer {}", self.stand_in(token.trim_ascii())));
        }
        if SECRET.contains(&name) {
            return None;
        }
        let plain = name.replace('_', "-");
        let kept = KEPT.contains(&plain.as_str()) || plain.starts_with("mcp-");
        (kept || self.known.read.contains(name)).then(text)
    }

    fn stand_in(&mut self, token: &[u8]) -> String {
        match self.known.grants.get(&stand_in::hash(token)) {
            Some(name) => stand_in::of_grant(name),
            None => stand_in::of_stranger(self.number(token)),
        }
    }

    fn number(&mut self, of: &[u8]) -> usize {
        let next = self.numbers.len().saturating_add(1);
        *self.numbers.entry(of.to_vec()).or_insert(next)
    }
}

impl Known {
    fn of(config: &[u8]) -> Known {
        let config: Value = serde_json::from_slice(config).unwrap_or_default();
        let mut known = Known::default();
        let places = config.get("identity").and_then(Value::as_array);
        for place in places.into_iter().flatten() {
            if place.get("bearer").is_some() {
                known.credentials.insert("authorization".to_owned());
            }
            let name = place.get("header").and_then(Value::as_str);
            known.credentials.extend(name.map(str::to_ascii_lowercase));
        }
        for (name, hashes) in stand_in::tokens(&config) {
            let hashes = hashes.into_iter().map(|hash| (hash, name.clone()));
            known.grants.extend(hashes);
        }
        known.reads(&config);
        known
    }

    /// Finds the paths of conditions, wherever they stand.
    fn reads(&mut self, value: &Value) {
        match value {
            Value::String(text) => {
                let name = text.strip_prefix("headers.");
                self.read.extend(name.map(str::to_ascii_lowercase));
            }
            Value::Array(values) => values.iter().for_each(|value| self.reads(value)),
            Value::Object(members) => members.values().for_each(|value| self.reads(value)),
            _ => {}
        }
    }
}

impl<'a> Body<'a> {
    /// A body byte for byte: as JSON where it is that on one line, otherwise as text.
    fn of(body: &'a [u8]) -> Option<Body<'a>> {
        let text = std::str::from_utf8(body).ok()?;
        let one_line = text.starts_with(['{', '[']) && !text.contains(['\n', '\r']);
        let json = serde_json::from_str::<&RawValue>(text);
        Some(
            match json.ok().filter(|json| one_line && json.get() == text) {
                Some(json) => Body::Json(json),
                None => Body::Text(text),
            },
        )
    }
}
