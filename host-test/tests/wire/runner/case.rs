//! One request of the corpus, and what is expected of it.

use host_test::Response;
use serde::Deserialize;
use serde_json::Value;

use super::source::yaml;

/// A request as a file gives it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Case {
    /// `theme/name`.
    #[serde(skip)]
    pub(crate) id: String,
    name: String,
    #[serde(rename = "why")]
    _why: String,
    #[serde(default = "gate")]
    pub(crate) policy: String,
    pub(crate) start: Option<String>,
    pub(crate) headers: Option<Vec<String>>,
    #[serde(default)]
    pub(crate) with: Vec<String>,
    pub(crate) body: Option<String>,
    pub(crate) framing: Option<String>,
    #[serde(default)]
    pub(crate) trailers: Vec<String>,
    #[serde(default)]
    pub(crate) then: Vec<String>,
    #[serde(rename = "after")]
    _after: Option<String>,
    #[serde(default, rename = "stream")]
    _stream: bool,
    alone: Option<Expect>,
    expect: Expect,
    #[serde(default, rename = "runs")]
    _runs: Vec<String>,
    #[serde(default, rename = "bites")]
    _bites: Vec<String>,
}

fn gate() -> String {
    "gate".to_owned()
}

impl Case {
    /// What the filter does where no proxy has read the bytes before it; `None` where these are
    /// nothing but the proxy's affair.
    pub(crate) fn alone(&self) -> Option<&Expect> {
        let expect = self.alone.as_ref().unwrap_or(&self.expect);
        (*expect != Expect::Proxy).then_some(expect)
    }
}

/// What comes of a request.
#[derive(Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(crate) enum Expect {
    Forwarded,
    /// 200 with a result that is an error; or, with a code, with a JSON-RPC error.
    Denied(Option<i64>),
    /// 200 with -32602: no such tool.
    Hidden,
    /// 202: a notification that goes nowhere.
    Accepted,
    /// 200 with a list of denials.
    BatchDenied,
    /// A status with a JSON-RPC error of this code.
    Refused(u16, i64),
    /// The proxy itself refuses it.
    Proxy,
}

impl TryFrom<String> for Expect {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let words: Vec<&str> = text.split(' ').collect();
        let found = match words.as_slice() {
            ["forwarded"] => Some(Expect::Forwarded),
            ["denied"] => Some(Expect::Denied(None)),
            ["denied", code] => code.parse().ok().map(|code| Expect::Denied(Some(code))),
            ["hidden"] => Some(Expect::Hidden),
            ["accepted"] => Some(Expect::Accepted),
            ["batch", "denied"] => Some(Expect::BatchDenied),
            ["refused", status, code] => {
                let (status, code) = (status.parse().ok(), code.parse().ok());
                status
                    .zip(code)
                    .map(|(status, code)| Expect::Refused(status, code))
            }
            ["proxy", _] => Some(Expect::Proxy),
            _ => None,
        };
        found.ok_or_else(|| format!("`expect: {text}` is not an outcome; the README lists them"))
    }
}

impl Expect {
    /// Whether a reply of the filter is the expected one; after HEAD it has no body to tell.
    pub(crate) fn met_by(&self, response: &Response, head: bool) -> bool {
        let body = response.text();
        let message: Value = serde_json::from_str(&body).unwrap_or_default();
        let code = message.pointer("/error/code").and_then(Value::as_i64);
        let is_error = |m: &Value| m.pointer("/result/isError") == Some(&Value::Bool(true));
        let denial = |pointer| {
            let text = message.pointer(pointer).and_then(Value::as_str);
            text.is_some_and(|text| text.starts_with("[POLICY DENIED] "))
        };
        match self {
            Expect::Forwarded | Expect::Proxy => false,
            Expect::Accepted => response.status == 202 && body.is_empty(),
            Expect::Refused(status, _) if head => response.status == *status,
            Expect::Refused(status, expected) => {
                response.status == *status && code == Some(*expected)
            }
            Expect::Hidden => response.status == 200 && code == Some(-32602),
            Expect::Denied(Some(expected)) => {
                response.status == 200 && code == Some(*expected) && denial("/error/message")
            }
            Expect::Denied(None) => {
                response.status == 200 && is_error(&message) && denial("/result/content/0/text")
            }
            Expect::BatchDenied => {
                let elements = message.as_array().filter(|elements| !elements.is_empty());
                response.status == 200
                    && elements.is_some_and(|elements| {
                        let mut elements = elements.iter();
                        elements.all(|m| m.get("error").is_some() || is_error(m))
                    })
            }
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(rename = "theme")]
    _theme: String,
    requests: Vec<Case>,
}

/// Every request of every file.
pub(crate) fn read_all() -> Vec<Case> {
    let mut cases = Vec::new();
    for entry in std::fs::read_dir(super::folder()).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|e| e != "yaml") {
            continue;
        }
        let theme = path.file_stem().unwrap().to_string_lossy().into_owned();
        let text = std::fs::read_to_string(&path).unwrap();
        let json = yaml::to_json(&text).unwrap_or_else(|e| panic!("{}:{e}", path.display()));
        let file: File =
            serde_json::from_str(&json.json).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        for mut case in file.requests {
            case.id = format!("{theme}/{}", case.name);
            cases.push(case);
        }
    }
    cases
}
