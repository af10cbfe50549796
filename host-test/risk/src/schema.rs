//! What a tool's input schema says: the arguments, and what each is for.

use serde_json::Value;

use crate::name::of_choice;
use crate::{Category, SignalKind, lexicon, poison, words};

/// How deep and how many arguments are looked at.
const DEEPEST: usize = 8;
const MOST: usize = 2_000;

/// Arguments that say which of several things a tool does.
const CHOOSING: &[&str] = &[
    "action",
    "command",
    "mode",
    "op",
    "operation",
    "subcommand",
    "task",
    "verb",
];

/// What the arguments of a tool say.
#[derive(Debug, Default)]
pub(crate) struct Arguments {
    /// Each signal with the argument's path.
    pub(crate) signals: Vec<(SignalKind, String)>,
    /// The worst that an argument lets a caller choose: the argument, the choice, its category.
    pub(crate) choice: Option<(String, String, Category)>,
    /// An argument that is the HTTP method of a request.
    pub(crate) http_method: Option<String>,
    /// An amount of money, and who gets it.
    pub(crate) amount: Option<String>,
    pub(crate) payee: Option<String>,
    /// To whom and what, where something is sent.
    to: Option<String>,
    says: bool,
    seen: usize,
    /// Whether there is more than was looked at.
    pub(crate) unread: bool,
}

impl Arguments {
    pub(crate) fn read(schema: Option<&Value>) -> Self {
        let mut found = Self::default();
        if let Some(schema) = schema {
            found.walk(schema, "", 0);
        }
        if let (Some(to), true) = (&found.to, found.says) {
            found.signals.push((SignalKind::SendsMessages, to.clone()));
        }
        found
    }

    /// Whether an argument raises a signal.
    pub(crate) fn has(&self, kind: SignalKind) -> Option<&str> {
        let mut signals = self.signals.iter();
        signals
            .find(|(k, _)| *k == kind)
            .map(|(_, path)| path.as_str())
    }

    fn walk(&mut self, schema: &Value, path: &str, depth: usize) {
        self.seen = self.seen.saturating_add(1);
        if depth > DEEPEST || self.seen > MOST {
            self.unread = true;
            return;
        }
        let deeper = depth.saturating_add(1);
        if let Some(properties) = schema.get("properties").and_then(Value::as_object) {
            for (name, property) in properties {
                if self.unread {
                    return;
                }
                let path = if path.is_empty() {
                    name.clone()
                } else {
                    format!("{path}.{name}")
                };
                self.argument(name, &path, property);
                self.walk(property, &path, deeper);
            }
        }
        for inside in ["items", "additionalProperties", "not", "if", "then", "else"] {
            if let Some(inside) = schema.get(inside).filter(|inside| inside.is_object()) {
                self.walk(inside, path, deeper);
            }
        }
        for choice in ["anyOf", "oneOf", "allOf", "prefixItems"] {
            for inside in schema
                .get(choice)
                .and_then(Value::as_array)
                .into_iter()
                .flatten()
            {
                self.walk(inside, path, deeper);
            }
        }
        for named in ["$defs", "definitions"] {
            let named = schema.get(named).and_then(Value::as_object);
            for inside in named.into_iter().flat_map(|named| named.values()) {
                self.walk(inside, path, deeper);
            }
        }
    }

    fn argument(&mut self, name: &str, path: &str, schema: &Value) {
        let words = words::of_name(name);
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let description = schema
            .get("description")
            .and_then(Value::as_str)
            .unwrap_or_default();
        let about = description.to_lowercase();
        for kind in signals_of(&words, &about, schema) {
            self.signals.push((kind, path.to_owned()));
        }
        if poison::found(description).is_some() || poison::found(name).is_some() {
            self.signals
                .push((SignalKind::Instructions, path.to_owned()));
        }
        let last = words.last().copied().unwrap_or_default();
        if matches!(last, "amount" | "cents" | "price" | "total") {
            self.amount.get_or_insert_with(|| path.to_owned());
        }
        if matches!(
            last,
            "currency"
                | "recipient"
                | "payee"
                | "iban"
                | "card"
                | "wallet"
                | "destination"
                | "customer"
        ) {
            self.payee.get_or_insert_with(|| path.to_owned());
        }
        if matches!(
            last,
            "to" | "recipient" | "recipients" | "channel" | "cc" | "bcc"
        ) {
            self.to.get_or_insert_with(|| path.to_owned());
        }
        self.says |= matches!(last, "body" | "message" | "subject" | "text");
        self.choices(last, path, schema);
    }

    fn choices(&mut self, last: &str, path: &str, schema: &Value) {
        let choices = schema.get("enum").and_then(Value::as_array);
        let choices = choices.into_iter().flatten().chain(schema.get("const"));
        let choices = choices.filter_map(Value::as_str).take(MOST);
        for choice in choices {
            if matches!(last, "method" | "verb")
                && matches!(choice, "POST" | "PUT" | "PATCH" | "DELETE")
            {
                self.http_method.get_or_insert_with(|| path.to_owned());
            } else if CHOOSING.contains(&last) || last == "method" {
                let Some((_, category)) = of_choice(choice) else {
                    continue;
                };
                if self
                    .choice
                    .as_ref()
                    .is_none_or(|(_, _, worst)| category > *worst)
                {
                    self.choice = Some((path.to_owned(), choice.to_owned(), category));
                }
            }
        }
    }
}

/// What an argument is for, by its name, the words about it, and its format.
fn signals_of(words: &[&str], about: &str, schema: &Value) -> Vec<SignalKind> {
    let mut kinds = Vec::new();
    let last = words.last().copied().unwrap_or_default();
    let joined = words.concat();
    let format = schema
        .get("format")
        .and_then(Value::as_str)
        .unwrap_or_default();
    let kind = schema.get("type").and_then(Value::as_str);
    // A flag or a number carries nothing (`with_token: true`, `max_tokens: 100`).
    let carries = !matches!(kind, Some("boolean" | "integer" | "number" | "null"));
    let flag = kind == Some("boolean");
    if carries && is_credential(words) {
        kinds.push(SignalKind::Credentials);
    }
    if carries
        && (format == "uri"
            || matches!(
                last,
                "url"
                    | "urls"
                    | "uri"
                    | "uris"
                    | "endpoint"
                    | "href"
                    | "webhook"
                    | "callback"
                    | "hostname"
                    | "host"
            ))
    {
        kinds.push(SignalKind::Url);
    }
    let pathy = matches!(
        last,
        "path"
            | "paths"
            | "file"
            | "files"
            | "filename"
            | "filenames"
            | "filepath"
            | "directory"
            | "dir"
            | "folder"
    ) || matches!(
        joined.as_str(),
        "cwd" | "workdir" | "repopath" | "workingdirectory"
    );
    if carries && pathy {
        kinds.push(SignalKind::Path);
    }
    if carries
        && (matches!(last, "html" | "template" | "markup" | "svg" | "css")
            || about.contains("raw html"))
    {
        kinds.push(SignalKind::Markup);
    }
    if carries
        && matches!(
            last,
            "code"
                | "script"
                | "javascript"
                | "js"
                | "expression"
                | "function"
                | "python"
                | "lambda"
                | "snippet"
        )
        && !is_a_number_of_something(words)
    {
        kinds.push(SignalKind::Code);
    }
    let asks = matches!(last, "query" | "queries" | "statement" | "statements");
    let language = ["sql", "cypher", "sparql", "graphql", "gremlin"];
    if carries
        && (language.contains(&last)
            || asks
                && language
                    .iter()
                    .any(|l| about.contains(l) || words.contains(l)))
    {
        kinds.push(SignalKind::Sql);
    }
    let chosen = schema.get("enum").is_some();
    if carries
        && !chosen
        && (matches!(
            last,
            "command" | "commands" | "cmd" | "shell" | "argv" | "cmdline"
        ) || joined == "commandline")
    {
        kinds.push(SignalKind::Command);
    }
    if flag
        && words
            .iter()
            .any(|w| matches!(*w, "overwrite" | "force" | "replace" | "clobber"))
    {
        kinds.push(SignalKind::Overwrites);
    }
    if carries
        && words.iter().any(|w| lexicon::is_personal(w))
        && !matches!(last, "id" | "ids" | "agent")
        || format == "email"
    {
        kinds.push(SignalKind::PersonalData);
    }
    kinds
}

/// `api_key`, `token`, `client_secret`; not `page_token`, nor the `key` of a map.
fn is_credential(words: &[&str]) -> bool {
    const PAGING: &[&str] = &[
        "page",
        "next",
        "continuation",
        "pagination",
        "sync",
        "cursor",
        "max",
        "start",
        "resume",
        "idempotency",
        "prompt",
        "limit",
    ];
    if words.iter().any(|word| PAGING.contains(word)) {
        return false;
    }
    let key = words.windows(2).any(|pair| {
        matches!(
            pair,
            [
                "api" | "access" | "private" | "secret" | "auth" | "ssh" | "encryption" | "signing",
                "key" | "keys"
            ]
        )
    });
    let connection = words
        .windows(2)
        .any(|pair| matches!(pair, ["connection", "string" | "url" | "uri"]));
    key || connection || words.iter().any(|word| lexicon::is_credential(word))
}

/// `status_code`, `country_code`: a code that nothing runs.
fn is_a_number_of_something(words: &[&str]) -> bool {
    words.len() > 1
        && words.last() == Some(&"code")
        && !words
            .iter()
            .any(|w| matches!(*w, "source" | "python" | "js" | "javascript" | "program"))
}
