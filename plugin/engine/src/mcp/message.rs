//! A request body, read in one pass: the JSON-RPC envelope, and of `params` what policy may ask for.

use std::borrow::Cow;

use super::listen;
use super::method;
use super::reply::Rejection;
use crate::json::{Kind, Problem, RawStr, Sink, SyntaxError, Value, folds_to, scan};
use crate::policy::path::{Found, member};

/// The most elements a batch may have; each costs a decision.
pub const MAX_BATCH: usize = 100;

/// Of so many arguments it is remembered where they stand; who reads one of more walks them again.
const MAX_INDEXED: usize = 64;

/// The room that the arguments of most calls fit into.
const USUAL_ARGUMENTS: usize = 8;

/// `_meta` key by which a 2026-07-28 request names its protocol version.
const META_VERSION: &str = "io.modelcontextprotocol/protocolVersion";

/// What a body turned out to be.
#[derive(Debug)]
pub enum Body<'a> {
    /// One JSON-RPC message.
    Single(Message<'a>),
    /// A JSON array of messages (MCP 2025-03-26 only), never empty.
    Batch(Vec<Message<'a>>),
}

/// What part a message plays in JSON-RPC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// A method with an id: an answer is owed.
    Request,
    /// A method without an id.
    Notification,
    /// A result or an error that answers the server.
    Response,
}

/// One JSON-RPC message; its values are slices of the body.
#[derive(Debug)]
pub struct Message<'a> {
    /// What part it plays.
    pub role: Role,
    /// The id exactly as spelled, a string or an integer.
    pub id: Option<&'a str>,
    /// The decoded method; empty for a response.
    pub method: Cow<'a, str>,
    /// What `params` holds.
    pub params: Params<'a>,
}

/// The members of `params` that the protocol gives a meaning.
#[derive(Debug, Default)]
pub struct Params<'a> {
    /// The whole object.
    pub object: Option<Value<'a>>,
    /// `name`, decoded: the tool of a tools/call, the prompt of a prompts/get.
    pub name: Option<Cow<'a, str>>,
    /// `uri`, decoded: the resource of a resources/read.
    pub uri: Option<Cow<'a, str>>,
    /// `arguments`: an object when the method is tools/call.
    pub arguments: Option<Value<'a>>,
    /// Its members, where the pass over the body met few enough to remember all of them.
    pub indexed: Option<Vec<(RawStr<'a>, Value<'a>)>>,
    /// `_meta["io.modelcontextprotocol/protocolVersion"]`, decoded.
    pub version: Option<Cow<'a, str>>,
    /// Whether `task` is there (MCP 2025-11-25): the answer comes later, by tasks/result.
    pub task: bool,
    /// `ref`: the prompt or resource that a completion/complete is about.
    pub reference: Option<Value<'a>>,
}

impl Message<'_> {
    /// Whether this asks a server to run a tool.
    pub fn is_tool_call(&self) -> bool {
        self.method == method::TOOLS_CALL
    }
}

/// Reads a whole request body.
///
/// # Errors
/// A [`Rejection`] (HTTP 400 with -32700 or -32600) for everything that two servers could read
/// differently or that is not JSON-RPC 2.0; see `mcp-wire.md`'s table, each row a test.
pub fn read_body(bytes: &[u8]) -> Result<Body<'_>, Rejection> {
    let mut envelope = Envelope::default();
    scan(bytes, &mut envelope).map_err(|e| syntax(&e, &envelope))?;
    match envelope.root {
        Some(Kind::Object) => Ok(Body::Single(envelope.finish()?)),
        Some(Kind::Array) => read_batch(envelope.elements),
        _ => Err(Rejection::request(
            None,
            "expected a JSON-RPC object as the body".into(),
        )),
    }
}

fn read_batch(elements: Vec<Value<'_>>) -> Result<Body<'_>, Rejection> {
    if elements.is_empty() || elements.len() > MAX_BATCH {
        return Err(Rejection::request(
            None,
            format!("expected 1 to {MAX_BATCH} messages in a batch"),
        ));
    }
    let mut messages = Vec::with_capacity(elements.len());
    for element in elements {
        if element.kind() != Kind::Object {
            return Err(Rejection::request(
                None,
                "expected every element of a batch to be a JSON-RPC object".into(),
            ));
        }
        let mut envelope = Envelope::default();
        scan(element.text().as_bytes(), &mut envelope).map_err(|e| syntax(&e, &envelope))?;
        messages.push(envelope.finish()?);
    }
    Ok(Body::Batch(messages))
}

fn syntax(error: &SyntaxError, envelope: &Envelope<'_>) -> Rejection {
    match error.problem {
        Problem::DuplicateKey(_) => Rejection::request(
            envelope
                .id
                .filter(|id| valid_id(*id))
                .map(|id| id.text().to_owned()),
            error.to_string(),
        ),
        _ => Rejection::parse(error.to_string()),
    }
}

/// Members of the envelope (JSON-RPC 2.0 sections 4 and 5).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Member {
    Version,
    Id,
    Method,
    Params,
    Result,
    Error,
    #[default]
    Other,
}

const MEMBERS: [(&str, Member); 6] = [
    ("jsonrpc", Member::Version),
    ("id", Member::Id),
    ("method", Member::Method),
    ("params", Member::Params),
    ("result", Member::Result),
    ("error", Member::Error),
];

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Param {
    Name,
    Arguments,
    Uri,
    Meta,
    Task,
    /// What a completion/complete is about.
    Ref,
    /// Read by servers; only guarded against a folded twin.
    Guarded,
    #[default]
    Other,
}

const PARAMS: [(&str, Param); 10] = [
    ("name", Param::Name),
    ("arguments", Param::Arguments),
    ("uri", Param::Uri),
    ("_meta", Param::Meta),
    ("task", Param::Task),
    ("taskId", Param::Guarded),
    ("ref", Param::Ref),
    ("argument", Param::Guarded),
    ("inputResponses", Param::Guarded),
    ("requestState", Param::Guarded),
];

/// Collects the envelope while the scan proves the body.
#[derive(Debug, Default)]
struct Envelope<'a> {
    root: Option<Kind>,
    member: Member,
    param: Param,
    meta_version_next: bool,
    jsonrpc: Option<Value<'a>>,
    id: Option<Value<'a>>,
    method: Option<Value<'a>>,
    result: bool,
    error: bool,
    params: Option<Value<'a>>,
    name: Option<Value<'a>>,
    uri: Option<Value<'a>>,
    arguments: Option<Value<'a>>,
    /// The argument whose value is due.
    argument: Option<RawStr<'a>>,
    members: Vec<(RawStr<'a>, Value<'a>)>,
    version: Option<Value<'a>>,
    task: bool,
    reference: Option<Value<'a>>,
    /// A key that only folds to a known one, and the known one.
    look_alike: Option<(RawStr<'a>, &'static str)>,
    elements: Vec<Value<'a>>,
}

impl<'a> Sink<'a> for Envelope<'a> {
    fn deepest(&self) -> usize {
        // The members of `arguments` and of `_meta`.
        3
    }

    fn key(&mut self, depth: usize, key: RawStr<'a>) {
        if self.root != Some(Kind::Object) {
            return;
        }
        match depth {
            1 => {
                self.param = Param::Other;
                self.member = self.known(key, &MEMBERS);
            }
            2 if self.member == Member::Params => self.param = self.known(key, &PARAMS),
            3 if self.member == Member::Params && self.param == Param::Arguments => {
                self.argument = Some(key);
            }
            3 if self.member == Member::Params && self.param == Param::Meta => {
                self.meta_version_next = key.equals(META_VERSION);
                if !self.meta_version_next && folds_to(key, META_VERSION) {
                    self.look_alike = Some((key, META_VERSION));
                }
            }
            _ => {}
        }
    }

    fn open(&mut self, depth: usize, kind: Kind) {
        if depth == 0 {
            self.root = Some(kind);
        }
    }

    fn value(&mut self, depth: usize, kind: Kind, text: &'a str) {
        let value = Value::proven(kind, text);
        match (self.root, depth) {
            (None, _) => self.root = Some(kind),
            // One more than may be, so that too many are told; not a million.
            (Some(Kind::Array), 1) if self.elements.len() <= MAX_BATCH => self.elements.push(value),
            (Some(Kind::Object), 1) => match self.member {
                Member::Version => self.jsonrpc = Some(value),
                Member::Id => self.id = Some(value),
                Member::Method => self.method = Some(value),
                Member::Params => self.params = Some(value),
                Member::Result => self.result = true,
                Member::Error => self.error = true,
                Member::Other => {}
            },
            (Some(Kind::Object), 2) if self.member == Member::Params => match self.param {
                Param::Name => self.name = Some(value),
                Param::Arguments => self.arguments = Some(value),
                Param::Uri => self.uri = Some(value),
                Param::Task => self.task = true,
                Param::Ref => self.reference = Some(value),
                Param::Meta | Param::Guarded | Param::Other => {}
            },
            (Some(Kind::Object), 3) => {
                if std::mem::take(&mut self.meta_version_next) {
                    self.version = Some(value);
                } else if let Some(key) = self.argument.take() {
                    // One more than may be, so that too many are told.
                    if self.members.len() <= MAX_INDEXED {
                        if self.members.is_empty() {
                            self.members.reserve(USUAL_ARGUMENTS);
                        }
                        self.members.push((key, value));
                    }
                }
            }
            _ => {}
        }
    }
}

impl<'a> Envelope<'a> {
    /// Which of `table` the key is; one that only folds to a name of it is remembered.
    fn known<T: Copy + Default>(&mut self, key: RawStr<'a>, table: &[(&'static str, T)]) -> T {
        // Where nothing is escaped and all is ASCII, another length is another name to everybody.
        let plain = key.is_plain();
        let near = |name: &str| !plain || name.len() == key.raw().len();
        let mut names = table.iter().filter(|(name, _)| near(name));
        if let Some((_, known)) = names.clone().find(|(name, _)| key.equals(name)) {
            return *known;
        }
        if let Some((name, _)) = names.find(|(name, _)| folds_to(key, name)) {
            self.look_alike = Some((key, name));
        }
        T::default()
    }

    fn finish(self) -> Result<Message<'a>, Rejection> {
        let id = match self.id {
            Some(id) if !valid_id(id) => {
                return Err(Rejection::request(
                    None,
                    "`id` must be a string or an integer".into(),
                ));
            }
            id => id.map(Value::text),
        };
        let refuse = |why: String| Err(Rejection::request(id.map(str::to_owned), why));
        if let Some((key, known)) = self.look_alike {
            let seen: String = key.chars().take(64).collect();
            return refuse(format!(
                "key `{seen}` could be read as `{known}`: send `{known}`"
            ));
        }
        if !self
            .jsonrpc
            .is_some_and(|v| v.raw_str().is_some_and(|s| s.equals("2.0")))
        {
            return refuse("`jsonrpc` must be \"2.0\"".into());
        }
        let Some(method) = self.method else {
            return match (self.result, self.error, id) {
                (true, true, _) => refuse("`result` and `error` exclude each other".into()),
                (false, false, _) => refuse("`method` is missing".into()),
                (_, _, None) => refuse("a response needs the `id` that it answers".into()),
                _ => Ok(Message {
                    role: Role::Response,
                    id,
                    method: Cow::Borrowed(""),
                    params: Params::default(),
                }),
            };
        };
        let Some(method) = method.as_str() else {
            return refuse("`method` must be a string".into());
        };
        if self.result || self.error {
            return refuse("`method` excludes `result` and `error`".into());
        }
        if self.params.is_some_and(|p| p.kind() != Kind::Object) {
            return refuse("`params` must be an object".into());
        }
        let string = |value: Option<Value<'a>>, what: &str| match value {
            None => Ok(None),
            Some(value) => value.as_str().map(Some).ok_or_else(|| {
                Rejection::request(id.map(str::to_owned), format!("`{what}` must be a string"))
            }),
        };
        let message = Message {
            role: if id.is_some() {
                Role::Request
            } else {
                Role::Notification
            },
            id,
            params: Params {
                object: self.params,
                name: string(self.name, "params.name")?,
                uri: string(self.uri, "params.uri")?,
                arguments: self.arguments,
                indexed: (self.members.len() <= MAX_INDEXED).then_some(self.members),
                version: string(self.version, META_VERSION)?,
                task: self.task,
                reference: self.reference,
            },
            method,
        };
        message.check_shape()?;
        Ok(message)
    }
}

impl Message<'_> {
    /// What a method must bring along for a policy to be able to decide it.
    fn check_shape(&self) -> Result<(), Rejection> {
        let refuse = |why: &str| {
            Err(Rejection::request(
                self.id.map(str::to_owned),
                why.to_owned(),
            ))
        };
        let params = &self.params;
        match self.method.as_ref() {
            method::TOOLS_CALL => {
                if self.role != Role::Request {
                    return refuse("tools/call needs an `id`");
                }
                if params.name.is_none() {
                    return refuse("tools/call needs `params.name`");
                }
                if params.arguments.is_some_and(|a| a.kind() != Kind::Object) {
                    return refuse("`params.arguments` must be an object");
                }
                Ok(())
            }
            method::PROMPTS_GET if params.name.is_none() => {
                refuse("prompts/get needs `params.name`")
            }
            method::RESOURCES_READ if params.uri.is_none() => {
                refuse("resources/read needs `params.uri`")
            }
            method::COMPLETION if params.reference.is_some_and(is_ambiguous_reference) => refuse(
                "a key of `params.ref` could be read as `type`, `name` or `uri`: send these alone",
            ),
            method::SUBSCRIPTIONS_LISTEN if !listen::watched(params, &mut |_| ()) => {
                refuse(listen::EXPECTED)
            }
            _ => Ok(()),
        }
    }
}

/// Whether some server may read another `type`, `name` or `uri` in a `ref` than stands there.
fn is_ambiguous_reference(reference: Value<'_>) -> bool {
    let mut keys = ["type", "name", "uri"].iter();
    keys.any(|key| matches!(member(reference, key), Found::Unreadable))
}

/// A string or an integer (MCP, "Requests"); a fraction or an exponent is neither.
fn valid_id(id: Value<'_>) -> bool {
    match id.kind() {
        Kind::String => true,
        Kind::Number => !id.text().contains(['.', 'e', 'E']),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]
    use super::*;

    fn single(text: &str) -> Message<'_> {
        match read_body(text.as_bytes()) {
            Ok(Body::Single(message)) => message,
            other => panic!("{text}: {other:?}"),
        }
    }

    #[test]
    fn a_call_is_read_whole() {
        let message = single(
            r#"{"jsonrpc":"2.0","id":"a\u0062","extra":{"method":"x"},"method":"tools\/call","params":{"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","x":{"name":"no"}},"n\u0061me":"cl\u0061im","arguments":{"name":"inner","arguments":1},"task":{}}}"#,
        );
        assert_eq!(message.role, Role::Request);
        assert_eq!(message.id, Some(r#""a\u0062""#));
        assert_eq!(message.method, "tools/call");
        assert_eq!(message.params.name.as_deref(), Some("claim"));
        assert_eq!(
            message.params.arguments.unwrap().text(),
            r#"{"name":"inner","arguments":1}"#
        );
        assert_eq!(message.params.version.as_deref(), Some("2026-07-28"));
        assert!(message.params.task);
    }

    #[test]
    fn roles_follow_from_the_members() {
        assert_eq!(
            single(r#"{"jsonrpc":"2.0","method":"notifications/x"}"#).role,
            Role::Notification
        );
        assert_eq!(
            single(r#"{"jsonrpc":"2.0","id":1,"result":{}}"#).role,
            Role::Response
        );
        assert_eq!(
            single(r#"{"jsonrpc":"2.0","id":1,"error":{}}"#).role,
            Role::Response
        );
        assert_eq!(
            single(r#"{"jsonrpc":"2.0","id":-7,"method":"ping"}"#).id,
            Some("-7")
        );
    }

    #[test]
    fn what_two_servers_could_read_differently_is_refused() {
        let cases: &[(&str, i32, &str)] = &[
            (
                r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","method":"ping"}"#,
                -32600,
                "duplicate key `method`",
            ),
            (
                r#"{"jsonrpc":"2.0","id":1,"method":"ping","params":{"name":"a","n\u0061me":"b"}}"#,
                -32600,
                "duplicate key `name`",
            ),
            (
                r#"{"jsonrpc":"2.0","id":1,"METHOD":"tools/call","method":"ping"}"#,
                -32600,
                "could be read as `method`",
            ),
            (
                r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a","Name":"b"}}"#,
                -32600,
                "could be read as `name`",
            ),
            (
                "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"param\u{17F}\":{\"name\":\"a\"}}",
                -32600,
                "could be read as `params`",
            ),
            (
                r#"{"jsonrpc":"2.0","id":1,"method":"ping","result":{}}"#,
                -32600,
                "excludes",
            ),
            (
                r#"{"jsonrpc":"2.0","id":1,"result":{},"error":{}}"#,
                -32600,
                "exclude each other",
            ),
            (r#"{"jsonrpc":"2.0","result":{}}"#, -32600, "needs the `id`"),
            (
                r#"{"jsonrpc":"2.0","id":1.0,"method":"ping"}"#,
                -32600,
                "`id` must be",
            ),
            (
                r#"{"jsonrpc":"2.0","id":1e0,"method":"ping"}"#,
                -32600,
                "`id` must be",
            ),
            (
                r#"{"jsonrpc":"2.0","id":null,"method":"ping"}"#,
                -32600,
                "`id` must be",
            ),
            (
                r#"{"jsonrpc":"2.0","id":true,"method":"ping"}"#,
                -32600,
                "`id` must be",
            ),
            (
                r#"{"jsonrpc":"1.0","id":1,"method":"ping"}"#,
                -32600,
                "`jsonrpc`",
            ),
            (r#"{"id":1,"method":"ping"}"#, -32600, "`jsonrpc`"),
            (r#"{"jsonrpc":"2.0","id":1}"#, -32600, "`method` is missing"),
            (
                r#"{"jsonrpc":"2.0","id":1,"method":7}"#,
                -32600,
                "`method` must be a string",
            ),
            (
                r#"{"jsonrpc":"2.0","id":1,"method":"ping","params":[]}"#,
                -32600,
                "`params` must be an object",
            ),
            (
                r#"{"jsonrpc":"2.0","id":1,"method":"ping","params":null}"#,
                -32600,
                "`params` must be an object",
            ),
            (
                r#"{"jsonrpc":"2.0","method":"tools/call","params":{"name":"a"}}"#,
                -32600,
                "needs an `id`",
            ),
            (
                r#"{"jsonrpc":"2.0","id":1,"method":"tools/call"}"#,
                -32600,
                "needs `params.name`",
            ),
            (
                r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":["a"]}}"#,
                -32600,
                "must be a string",
            ),
            (
                r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a","arguments":[]}}"#,
                -32600,
                "must be an object",
            ),
            (
                r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a","arguments":null}}"#,
                -32600,
                "must be an object",
            ),
            (
                r#"{"jsonrpc":"2.0","id":1,"method":"prompts/get","params":{}}"#,
                -32600,
                "needs `params.name`",
            ),
            (
                r#"{"jsonrpc":"2.0","id":1,"method":"resources/read"}"#,
                -32600,
                "needs `params.uri`",
            ),
            (r#"{"jsonrpc":"2.0",}"#, -32700, "expected a key"),
            ("", -32700, "empty"),
            ("7", -32600, "JSON-RPC object"),
            ("[]", -32600, "1 to 100"),
            ("[1]", -32600, "every element"),
        ];
        for (text, code, part) in cases {
            let rejection = read_body(text.as_bytes()).unwrap_err();
            assert_eq!((rejection.status, rejection.code), (400, *code), "{text}");
            assert!(
                rejection.message.contains(part),
                "{text}: {}",
                rejection.message
            );
        }
    }

    #[test]
    fn a_batch_is_read_element_by_element() {
        let text = r#"[{"jsonrpc":"2.0","id":1,"method":"ping"},{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"x"}}]"#;
        let Ok(Body::Batch(messages)) = read_body(text.as_bytes()) else {
            panic!("not a batch");
        };
        assert_eq!(messages.len(), 2);
        assert!(messages.last().unwrap().is_tool_call());
    }
}
