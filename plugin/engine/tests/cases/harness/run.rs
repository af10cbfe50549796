//! Runs a case against any implementation of the policy, and says where it differs.

use super::expect::check;
use super::format::{Arrives, Case, Said, Step, Store, Values, start, wrapped};

/// Something that enforces policies.
pub trait World {
    /// Takes a configuration; the old one stays when it is refused.
    fn load(&mut self, configuration: &str) -> Loaded;
    /// One HTTP exchange.
    fn send(&mut self, request: &Request) -> Answer;
    /// Makes the place that holds counters fail, or heals it.
    fn set_store(&mut self, store: Store);
}

/// What became of a configuration.
#[derive(Debug)]
pub struct Loaded {
    pub accepted: bool,
    pub errors: Vec<Fault>,
    pub warnings: Vec<Fault>,
}

/// Something wrong with a configuration.
#[derive(Debug)]
pub struct Fault {
    pub pointer: String,
    pub message: String,
}

/// A request as the client sends it.
#[derive(Debug)]
pub struct Request {
    /// Nanoseconds since the Unix epoch.
    pub now: u64,
    /// Pseudo-headers included.
    pub headers: Vec<(String, String)>,
    /// `None` ends the stream with the headers.
    pub body: Option<Vec<u8>>,
    /// Envoy's attributes of the stream, in Envoy's encoding.
    pub properties: Vec<(Vec<String>, Vec<u8>)>,
    /// What the upstream answers when the request reaches it.
    pub upstream: Option<Upstream>,
}

/// An upstream's answer.
#[derive(Debug)]
pub struct Upstream {
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

/// What came of a request.
#[derive(Debug)]
pub struct Answer {
    /// The decision record.
    pub record: String,
    /// The answer made in the upstream's stead; `None` when the request was forwarded.
    pub reply: Option<Reply>,
    /// What the client read of the upstream's answer, when there was one.
    pub response: Option<Reply>,
}

/// An HTTP answer.
#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: String,
}

/// Runs a case.
///
/// # Errors
/// The first difference, with the step in which it was met.
pub fn run(case: &Case, world: &mut dyn World) -> Result<(), String> {
    let loaded = world.load(&case.configuration());
    if let Some(refused) = &case.refused {
        if loaded.accepted {
            return Err("this configuration must be refused, and was accepted".into());
        }
        same_faults("refused", refused, &loaded.errors)?;
        return match &case.warned {
            Some(warned) => same_faults("warned", warned, &loaded.warnings),
            None => Ok(()),
        };
    }
    if !loaded.accepted {
        return Err(format!(
            "the configuration was refused: {:#?}",
            loaded.errors
        ));
    }
    same_faults(
        "warned",
        case.warned.as_deref().unwrap_or(&[]),
        &loaded.warnings,
    )?;
    let mut now = start();
    for (n, step) in case.steps.iter().enumerate() {
        now = step.time(now)?;
        for round in 1..=step.times.unwrap_or(1) {
            one(step, n, now, world).map_err(|why| {
                let about = step.note.as_deref().unwrap_or_default();
                format!("step {n}, round {round} {about}: {why}")
            })?;
        }
    }
    Ok(())
}

fn one(step: &Step, n: usize, now: u64, world: &mut dyn World) -> Result<(), String> {
    if let Some(store) = step.store {
        world.set_store(store);
        return Ok(());
    }
    let configuration = match (&step.load_policy, &step.load_config) {
        (Some(policy), _) => Some(wrapped(policy.get())),
        (_, Some(config)) => Some(config.get().to_owned()),
        _ => None,
    };
    if let Some(configuration) = configuration {
        let loaded = world.load(&configuration);
        return match &step.refused {
            Some(_) if loaded.accepted => Err("it must be refused, and was accepted".into()),
            Some(refused) => same_faults("refused", refused, &loaded.errors),
            None if loaded.accepted => Ok(()),
            None => Err(format!("it was refused: {:#?}", loaded.errors)),
        };
    }
    let request = request(step, n, now)?;
    let answer = world.send(&request);
    check(step, &request, &answer).map_err(|why| format!("{why}\n    got {answer:?}"))
}

/// Each expected fault is there, and no other.
fn same_faults(what: &str, expected: &[Said], found: &[Fault]) -> Result<(), String> {
    let mut left: Vec<&Fault> = found.iter().collect();
    for want in expected {
        let at = left
            .iter()
            .position(|f| f.pointer == want.pointer && f.message.contains(&want.message));
        match at {
            Some(at) => {
                left.remove(at);
            }
            None => return Err(format!("`{what}`: {want:?} is missing among {found:#?}")),
        }
    }
    if left.is_empty() {
        Ok(())
    } else {
        Err(format!("`{what}`: nobody expected {left:#?}"))
    }
}

fn request(step: &Step, n: usize, now: u64) -> Result<Request, String> {
    let method = step.http.as_deref().unwrap_or("POST");
    let mut headers = vec![(":method".to_owned(), method.to_owned())];
    headers.push((":path".to_owned(), "/mcp".to_owned()));
    let own = |name: &str| step.headers.keys().any(|k| k.eq_ignore_ascii_case(name));
    if step.http.is_none() && !own("content-type") {
        headers.push(("content-type".to_owned(), "application/json".to_owned()));
    }
    for (name, values) in &step.headers {
        let values = match values {
            Values::One(value) => std::slice::from_ref(value),
            Values::Many(values) => values,
        };
        headers.extend(values.iter().map(|value| (name.clone(), value.clone())));
    }
    Ok(Request {
        now,
        headers,
        body: body(step, n)?,
        properties: properties(step),
        upstream: step.learn.as_ref().map(|list| upstream(step, list.get())),
    })
}

fn body(step: &Step, n: usize) -> Result<Option<Vec<u8>>, String> {
    let id = step
        .id
        .as_ref()
        .map_or_else(|| n.to_string(), |id| id.get().to_owned());
    let quoted = |text: &str| serde_json::Value::from(text).to_string();
    let text = if let Some(tool) = &step.call {
        let arguments = step
            .args
            .as_ref()
            .map(|args| format!(",\"arguments\":{}", args.get()));
        let arguments = arguments.unwrap_or_default();
        let tool = quoted(tool);
        format!(
            "{{\"jsonrpc\":\"2.0\",\"id\":{id},\"method\":\"tools/call\",\"params\":{{\"name\":{tool}{arguments}}}}}"
        )
    } else if let Some(method) = &step.method {
        let params = step
            .params
            .as_ref()
            .map(|params| format!(",\"params\":{}", params.get()));
        let params = params.unwrap_or_default();
        let method = quoted(method);
        format!("{{\"jsonrpc\":\"2.0\",\"id\":{id},\"method\":{method}{params}}}")
    } else if step.learn.is_some() {
        let list = step.list.as_deref().unwrap_or("tools/list");
        format!("{{\"jsonrpc\":\"2.0\",\"id\":{id},\"method\":\"{list}\"}}")
    } else if let Some(hex) = &step.body_hex {
        return bytes(hex)
            .map(Some)
            .ok_or_else(|| "`body_hex` is not hexadecimal".to_owned());
    } else {
        return Ok(step.body.clone().map(String::into_bytes));
    };
    Ok(Some(text.into_bytes()))
}

fn bytes(hex: &str) -> Option<Vec<u8>> {
    let digits: Vec<u32> = hex.chars().map(|c| c.to_digit(16)).collect::<Option<_>>()?;
    let pairs = digits.chunks_exact(2);
    if !pairs.remainder().is_empty() {
        return None;
    }
    pairs
        .map(|p| u8::try_from(p.first()? * 16 + p.last()?).ok())
        .collect()
}

fn upstream(step: &Step, result: &str) -> Upstream {
    let mut message = format!("{{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{result}}}");
    if step.fill > 0 {
        let description = format!("\"description\":\"{}\",\"name\"", "x".repeat(step.fill));
        message = message.replace("\"name\"", &description);
    }
    let (kind, body) = match step.arrives {
        Arrives::Sse => {
            let line: String = message.chars().filter(|c| *c != '\n').collect();
            (
                "text/event-stream",
                format!("event: message\ndata: {line}\n\n"),
            )
        }
        Arrives::Json | Arrives::Compressed => ("application/json", message),
    };
    let mut headers = vec![("content-type".to_owned(), kind.to_owned())];
    if step.arrives == Arrives::Compressed {
        headers.push(("content-encoding".to_owned(), "gzip".to_owned()));
    }
    Upstream {
        headers,
        body: body.into_bytes(),
    }
}

/// Where Envoy's `jwt_authn` filter leaves the claims that it verified.
const JWT: [&str; 4] = [
    "metadata",
    "filter_metadata",
    "envoy.filters.http.jwt_authn",
    "payload",
];

fn properties(step: &Step) -> Vec<(Vec<String>, Vec<u8>)> {
    let path = |parts: &[&str]| parts.iter().map(|p| (*p).to_owned()).collect::<Vec<_>>();
    let mut found = Vec::new();
    let mut text = |parts: &[&str], value: &Option<String>| {
        if let Some(value) = value {
            found.push((path(parts), value.clone().into_bytes()));
        }
    };
    text(&["source", "address"], &step.client);
    text(&["cluster_name"], &step.cluster);
    text(&["connection", "uri_san_peer_certificate"], &step.san);
    if let Some(claims) = &step.claims {
        leaves(path(&JWT), claims, &mut found);
    }
    found
}

/// Strings are handed over as they are, numbers as binary64 in little-endian order, booleans as
/// one byte, lists as marshalled pairs without values; of objects only the leaves.
fn leaves(path: Vec<String>, value: &serde_json::Value, found: &mut Vec<(Vec<String>, Vec<u8>)>) {
    use serde_json::Value;
    match value {
        Value::Object(members) => {
            for (key, member) in members {
                let mut below = path.clone();
                below.push(key.clone());
                leaves(below, member, found);
            }
        }
        Value::String(text) => found.push((path, text.clone().into_bytes())),
        Value::Number(number) => {
            let number = number.as_f64().unwrap_or(f64::NAN);
            found.push((path, number.to_le_bytes().to_vec()));
        }
        Value::Bool(truth) => found.push((path, vec![u8::from(*truth)])),
        Value::Null => {}
        Value::Array(elements) => {
            // A marshalled list of pairs: their number, their lengths, then each key and an
            // empty value, both with a zero byte behind them.
            let texts: Vec<&str> = elements.iter().filter_map(Value::as_str).collect();
            let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX).to_le_bytes();
            let mut bytes = number(texts.len()).to_vec();
            for text in &texts {
                bytes.extend(number(text.len()));
                bytes.extend(number(0));
            }
            for text in texts {
                bytes.extend(text.as_bytes());
                bytes.extend([0, 0]);
            }
            found.push((path, bytes));
        }
    }
}
