//! Random values, policies and calls, drawn from few names so that they meet.

use proptest::collection::vec;
use proptest::prelude::*;

/// A JSON value whose numbers are kept as text and whose members are kept in order.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Json {
    /// A scalar as written.
    Text(String),
    String(String),
    Array(Vec<Json>),
    Object(Vec<(String, Json)>),
}

/// How a text is written where JSON leaves a choice; drawn from anew at every choice.
#[derive(Clone, Debug)]
pub(crate) struct Style(pub(crate) Vec<u8>, usize);

impl Style {
    pub(crate) fn of(choices: Vec<u8>) -> Self {
        Self(choices, 0)
    }

    fn choose(&mut self, among: usize) -> usize {
        if self.0.is_empty() {
            return 0;
        }
        self.1 = (self.1 + 1) % self.0.len();
        usize::from(self.0[self.1]) % among
    }
}

pub(crate) fn object<const N: usize>(members: [(&str, Json); N]) -> Json {
    Json::Object(members.map(|(key, value)| (key.to_owned(), value)).into())
}

pub(crate) fn text(text: &str) -> Json {
    Json::Text(text.to_owned())
}

pub(crate) fn string(text: &str) -> Json {
    Json::String(text.to_owned())
}

impl Json {
    /// The plain way to write it.
    pub(crate) fn write(&self) -> String {
        let mut out = String::new();
        self.push(&mut Style::of(Vec::new()), &mut out);
        out
    }

    /// The same value with other white space, escapes and order of members.
    pub(crate) fn write_in(&self, style: &mut Style) -> String {
        let mut out = String::new();
        self.push(style, &mut out);
        out
    }

    fn push(&self, style: &mut Style, out: &mut String) {
        space(style, out);
        match self {
            Self::Text(text) => out.push_str(text),
            Self::String(string) => push_string(string, style, out),
            Self::Array(elements) => {
                out.push('[');
                for (n, element) in elements.iter().enumerate() {
                    if n > 0 {
                        out.push(',');
                    }
                    element.push(style, out);
                }
                if elements.is_empty() {
                    space(style, out);
                }
                out.push(']');
            }
            Self::Object(members) => {
                let mut left: Vec<_> = members.iter().collect();
                out.push('{');
                while !left.is_empty() {
                    let (key, value) = left.remove(style.choose(left.len()));
                    space(style, out);
                    push_string(key, style, out);
                    space(style, out);
                    out.push(':');
                    value.push(style, out);
                    if !left.is_empty() {
                        out.push(',');
                    }
                }
                out.push('}');
            }
        }
        space(style, out);
    }
}

fn space(style: &mut Style, out: &mut String) {
    out.push_str(["", "", " ", "\n", "\t\r\n "][style.choose(5)]);
}

fn push_string(string: &str, style: &mut Style, out: &mut String) {
    out.push('"');
    for c in string.chars() {
        let must = matches!(c, '"' | '\\') || c < ' ';
        if must || style.choose(6) == 5 {
            let mut units = [0; 2];
            for unit in c.encode_utf16(&mut units) {
                out.push_str(&format!("\\u{unit:04x}"));
            }
        } else {
            out.push(c);
        }
    }
    out.push('"');
}

/// Argument names. `A` folds to `a`, `K` (the Kelvin sign) to `k`.
const KEYS: [&str; 6] = ["a", "b", "k", "A", "\u{212A}", "o"];

pub(crate) fn number() -> impl Strategy<Value = Json> {
    prop_oneof![
        (-6i32..12).prop_map(|n| Json::Text(n.to_string())),
        prop::sample::select(vec![
            "5.0",
            "5e0",
            "0.5",
            "1e-400",
            "1e400",
            "-1e999",
            "9007199254740993",
            "9007199254740992",
            "-0",
            "18446744073709551616",
        ])
        .prop_map(text),
    ]
}

pub(crate) fn word() -> impl Strategy<Value = String> {
    prop::sample::select(vec![
        "",
        "x",
        "xy",
        "X",
        "admin",
        "user",
        "5",
        "é\n\"",
        "\u{1F600}",
    ])
    .prop_map(str::to_owned)
}

fn scalar() -> impl Strategy<Value = Json> {
    prop_oneof![
        3 => number(),
        3 => word().prop_map(Json::String),
        1 => prop::sample::select(vec!["true", "false", "null"]).prop_map(text),
    ]
}

fn members(value: impl Strategy<Value = Json>, most: usize) -> impl Strategy<Value = Json> {
    vec((prop::sample::select(KEYS.to_vec()), value), 0..=most).prop_map(|drawn| {
        let mut members: Vec<(String, Json)> = Vec::new();
        for (key, value) in drawn {
            if !members.iter().any(|(known, _)| known == key) {
                members.push((key.to_owned(), value));
            }
        }
        Json::Object(members)
    })
}

/// Arguments: mostly scalars, some nested.
pub(crate) fn arguments() -> impl Strategy<Value = Json> {
    let inner = prop_oneof![
        4 => scalar(),
        1 => vec(scalar(), 0..3).prop_map(Json::Array),
        1 => members(scalar(), 2),
        1 => vec(members(scalar(), 2), 0..3).prop_map(Json::Array),
    ];
    members(inner, 4)
}

fn path() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "args.a",
        "args.b",
        "args.k",
        "args.o",
        "args.o.a",
        "args.a[0]",
        "args.o[*]",
        "args.o[*].a",
        "args[\"b\"]",
    ])
}

fn condition() -> impl Strategy<Value = Json> {
    let operand = prop_oneof![
        (
            prop::sample::select(vec!["lt", "lte", "gt", "gte"]),
            (-6i32..12).prop_map(|n| Json::Text(n.to_string()))
        ),
        (
            prop::sample::select(vec!["eq", "neq", "contains"]),
            prop_oneof![
                word().prop_map(Json::String),
                (-2i32..9).prop_map(|n| Json::Text(n.to_string())),
                Just(text("true")),
                Just(text("9007199254740993")),
            ]
        ),
        (
            prop::sample::select(vec!["in", "not_in"]),
            vec(
                prop_oneof![
                    word().prop_map(Json::String),
                    (-2i32..9).prop_map(|n| Json::Text(n.to_string())),
                ],
                1..4
            )
            .prop_map(Json::Array)
        ),
        (
            Just("regex"),
            prop::sample::select(vec!["^x", "d", "^(a|u)", "^$"]).prop_map(string)
        ),
        (
            Just("exists"),
            prop::sample::select(vec!["true", "false"]).prop_map(text)
        ),
    ];
    (path(), operand).prop_map(|(path, (op, value))| {
        object([("path", string(path)), ("op", string(op)), ("value", value)])
    })
}

/// An entry of `require` (at least one condition) or `deny_if`.
pub(crate) fn guard(least: usize) -> impl Strategy<Value = Json> {
    vec(condition(), least..3)
        .prop_map(|conditions| object([("conditions", Json::Array(conditions))]))
}

/// What one tool is under.
#[derive(Clone, Debug)]
pub(crate) struct Rules {
    pub(crate) require: Vec<Json>,
    pub(crate) deny_if: Vec<Json>,
    /// A limit charged by an argument.
    pub(crate) costs: bool,
}

pub(crate) fn rules() -> impl Strategy<Value = Rules> {
    (vec(guard(1), 0..3), vec(guard(1), 0..3), any::<bool>()).prop_map(
        |(require, deny_if, costs)| Rules {
            require,
            deny_if,
            costs,
        },
    )
}

impl Rules {
    pub(crate) fn entry(&self) -> Json {
        let limit = object([
            ("counter", string("n")),
            ("window", string("minute")),
            ("max", text("7")),
            ("cost", string("args.b")),
        ]);
        let limits = if self.costs { vec![limit] } else { Vec::new() };
        object([
            ("require", Json::Array(self.require.clone())),
            ("deny_if", Json::Array(self.deny_if.clone())),
            ("limits", Json::Array(limits)),
        ])
    }
}

/// A policy: exact names, globs and the wildcard, each with rules.
pub(crate) fn policy(entries: Vec<(&str, &Rules)>, default: &str) -> Json {
    let tools = entries
        .into_iter()
        .map(|(name, rules)| (name.to_owned(), rules.entry()))
        .collect();
    object([
        ("version", string("1")),
        ("default", string(default)),
        ("hide", Json::Array(vec![string("hidden*")])),
        ("tools", Json::Object(tools)),
    ])
}

/// Tools that are listed, covered by a glob, hidden, look-alikes or unknown.
pub(crate) fn tool() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "t", "t", "t", "get_x", "get_y", "hidden_1", "T", "t ", "other",
    ])
}

pub(crate) fn style() -> impl Strategy<Value = Style> {
    vec(any::<u8>(), 1..60).prop_map(Style::of)
}
