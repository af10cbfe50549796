//! The one pipeline from a tool call to a verdict (`policy-language.md` D).

use std::borrow::Cow;

use crate::caller::{Caller, Grant, JWT};
use crate::config::policy::Posture;
use crate::gate::NamedPolicy;
use crate::glob::MAX_MATCHED_BYTES;
use crate::json::{Kind, Value, push_json_string};
use crate::learned;
use crate::limit::{
    Charge, CounterId, OpenTable, OwnSlot, Reason, Refusal, Reservation, Subject, reserve,
};
use crate::mcp::Headers;
use crate::mcp::method::is_plain_name;
use crate::policy::condition::{Condition, Effort, Quantifier, Truth};
use crate::policy::path::{Found, Path, Root, Segment, member, walk};
use crate::policy::{Check, Cost, Entry, Limit, Listing, Policy, Required, Rule, Scope};
use crate::record::shown_name;
use crate::surroundings::Surroundings;
use crate::trace::Trace;

/// Sets and ways of the table in which one limit counts subjects that callers make up: room for
/// 16,384 that are live at once, about 3 MB of shared data at the most.
const TABLE_SETS: std::num::NonZeroU32 = std::num::NonZeroU32::MIN.saturating_add(2_047);
const TABLE_WAYS: std::num::NonZeroU8 = std::num::NonZeroU8::MIN.saturating_add(7);

/// Rule identifiers that are not pointers into a policy.
pub mod pseudo {
    /// The caller has no policy.
    pub const NO_POLICY: &str = "(no policy)";
    /// The tool is hidden.
    pub const HIDDEN: &str = "(hidden)";
    /// Not listed, and the default denies.
    pub const DEFAULT_DENY: &str = "(default deny)";
    /// Equal to a listed or known name only after trimming or case folding.
    pub const LOOK_ALIKE: &str = "(look-alike)";
    /// Not a plain name, and not listed exactly.
    pub const UNSAFE_NAME: &str = "(unsafe name)";
}

/// A tools/call and everything that rules may ask about it.
#[derive(Debug)]
pub struct Call<'a> {
    /// The tool's name, decoded.
    pub tool: &'a str,
    /// Its arguments, an object; `None` reads as `{}`.
    pub arguments: Option<Value<'a>>,
    /// The request's headers.
    pub headers: &'a Headers<'a>,
    /// Who calls.
    pub caller: &'a Caller,
    /// The caller's grant, where it has one.
    pub grant: Option<&'a Grant>,
    /// The upstream's name.
    pub server: &'a str,
    /// How much searching the request may still cause.
    pub effort: &'a Effort,
}

/// Why a call is denied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Denial {
    /// The rule's identifier.
    pub rule: String,
    /// What the record says; the caller reads it too, but for hidden tools.
    pub message: String,
    /// What kind of denial it is.
    pub kind: DenialKind,
}

/// What kind of denial a [`Denial`] is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DenialKind {
    /// The tool is hidden: the caller reads that it does not exist.
    Hidden,
    /// A rule says so.
    Rule,
    /// A limit says so.
    Limit(LimitState),
    /// A person must be asked.
    Approval,
}

/// How a limit stands, for replies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LimitState {
    /// The counter's name.
    pub counter: String,
    /// Units per window.
    pub max: u64,
    /// Window length in seconds.
    pub window_seconds: u32,
    /// Units that remain.
    pub remaining: u64,
    /// Seconds until a retry may pass; `None` when it never will.
    pub retry_after: Option<u64>,
}

/// What the policy says.
#[derive(Debug)]
pub struct Verdict {
    /// `None` allows.
    pub denial: Option<Denial>,
    /// What was charged, to be kept until the outcome is known.
    pub reservation: Reservation,
    /// What shadowed rules would have denied.
    pub shadow: Vec<Denial>,
}

/// What a policy says of a tool's name alone, which is what tools/list shows.
#[derive(Debug)]
pub enum Standing<'p> {
    /// Callable as far as the name goes; the rules of this entry apply.
    Listed(Option<&'p Entry>),
    /// Not callable.
    Refused(Denial),
}

/// What the name alone decides (steps 2 and 3).
pub fn standing<'p>(policy: &'p Policy, tool: &str) -> Standing<'p> {
    let refused = |rule: &str, message: String, kind| {
        Standing::Refused(Denial {
            rule: rule.to_owned(),
            message,
            kind,
        })
    };
    let not_permitted = |rule| {
        let message = format!("Tool \"{}\" is not permitted by policy", shown_name(tool));
        refused(rule, message, DenialKind::Rule)
    };
    if tool.len() > MAX_MATCHED_BYTES && !policy.tools.lists(tool) {
        return not_permitted(pseudo::UNSAFE_NAME);
    }
    if policy.hidden.hides(tool) {
        let message = format!("Tool \"{}\" is hidden by policy", shown_name(tool));
        return refused(pseudo::HIDDEN, message, DenialKind::Hidden);
    }
    match policy.tools.find(tool) {
        Listing::Exact(entry) => Standing::Listed(Some(entry)),
        Listing::LookAlike => not_permitted(pseudo::LOOK_ALIKE),
        Listing::Glob(_) | Listing::Unlisted if !is_plain_name(tool) => {
            not_permitted(pseudo::UNSAFE_NAME)
        }
        Listing::Glob(entry) => Standing::Listed(Some(entry)),
        Listing::Unlisted if policy.default == Posture::Allow => Standing::Listed(None),
        Listing::Unlisted => not_permitted(pseudo::DEFAULT_DENY),
    }
}

/// Decides a call: the first denial wins, and a denied call keeps no units.
pub fn decide(named: &NamedPolicy, call: &Call<'_>, around: &mut dyn Surroundings) -> Verdict {
    decide_watched(named, call, around, &mut ())
}

/// As [`decide`], and tells `trace` of every step.
pub fn decide_watched(
    named: &NamedPolicy,
    call: &Call<'_>,
    around: &mut dyn Surroundings,
    trace: &mut impl Trace,
) -> Verdict {
    let policy = &named.policy;
    let mut verdict = Verdict::allowed();
    trace.call(named, call);
    let standing = standing(policy, call.tool);
    trace.standing(&standing);
    let entry = match standing {
        Standing::Listed(entry) => entry,
        Standing::Refused(denial) => {
            verdict.note(denial, policy.shadow);
            if verdict.denial.is_some() {
                return verdict;
            }
            None
        }
    };
    let entries = || entry.into_iter().chain(&policy.wildcard);
    for rule in entries().flat_map(|e| &e.rules) {
        let shadow = policy.shadow || rule.shadow;
        let denial = ask(rule, call, DenialKind::Rule, around, trace);
        trace.rule(rule, denial.as_ref(), shadow);
        if let Some(denial) = denial {
            verdict.note(denial, shadow);
            if verdict.denial.is_some() {
                return verdict;
            }
        }
    }
    for rule in entries().flat_map(|e| &e.approvals) {
        let shadow = policy.shadow || rule.shadow;
        let denial = ask(rule, call, DenialKind::Approval, around, trace);
        trace.rule(rule, denial.as_ref(), shadow);
        if let Some(denial) = denial {
            verdict.note(denial, shadow);
            if verdict.denial.is_some() {
                return verdict;
            }
        }
    }
    let limits: Vec<&Limit> = policy
        .all_tools
        .iter()
        .chain(entries().flat_map(|e| &e.limits))
        .collect();
    if !limits.is_empty() {
        charge(named, call, &limits, &mut verdict, around, trace);
    }
    verdict
}

impl Verdict {
    /// Allows, and charges nothing.
    pub fn allowed() -> Self {
        Self {
            denial: None,
            reservation: Reservation::default(),
            shadow: Vec::new(),
        }
    }

    /// Denies.
    pub fn denied(denial: Denial) -> Self {
        Self {
            denial: Some(denial),
            ..Self::allowed()
        }
    }

    /// Only records its denial where `shadow` says so.
    pub fn shadowed(mut self, shadow: bool) -> Self {
        if shadow {
            self.shadow.extend(self.denial.take());
        }
        self
    }

    fn note(&mut self, denial: Denial, shadow: bool) {
        if shadow {
            self.shadow.push(denial);
        } else {
            self.denial = Some(denial);
        }
    }
}

/// The denial of a rule, when it denies.
fn ask(
    rule: &Rule,
    call: &Call<'_>,
    kind: DenialKind,
    around: &mut dyn Surroundings,
    trace: &mut impl Trace,
) -> Option<Denial> {
    let wrong = match &rule.check {
        Check::Required(required) => missing(required, call, around)?,
        Check::Schema(schema) => {
            let arguments = call.arguments;
            let arguments = arguments.unwrap_or_else(|| Value::proven(Kind::Object, "{}"));
            let why = schema.check(arguments).err()?;
            format!("Tool \"{}\": {why}", shown_name(call.tool))
        }
        Check::Require(conditions) => {
            let holds = conditions
                .iter()
                .map(|c| evaluate(c, call, Quantifier::All, around, trace));
            if holds.fold(true, |all, truth| all & (truth == Truth::Holds)) {
                return None;
            }
            String::new()
        }
        Check::DenyIf(conditions) => {
            let mut all = true;
            let mut unknown = false;
            for condition in conditions {
                match evaluate(condition, call, Quantifier::Any, around, trace) {
                    Truth::Holds => {}
                    Truth::Fails => all = false,
                    Truth::Unknown => unknown = true,
                }
            }
            if !all && !unknown {
                return None;
            }
            String::new()
        }
    };
    let message = match rule.message.as_str() {
        "" => wrong,
        said => said.to_owned(),
    };
    Some(Denial {
        rule: rule.id.clone(),
        message,
        kind,
    })
}

/// What is wrong with the arguments that must be there.
fn missing(required: &Required, call: &Call<'_>, around: &mut dyn Surroundings) -> Option<String> {
    let learned;
    let names = match required {
        Required::Listed(names) => names,
        Required::BySchema => match learned::required(around, call.server, call.tool) {
            Some(names) => {
                learned = names;
                &learned
            }
            None => {
                return Some(format!(
                    "Tool \"{}\" must be listed with tools/list before it is called: its required arguments are not known yet",
                    shown_name(call.tool)
                ));
            }
        },
    };
    let absent = names.iter().find(|name| !has_argument(call, name))?;
    Some(format!(
        "Tool \"{}\" requires the argument \"{absent}\"",
        shown_name(call.tool)
    ))
}

/// Whether an argument is there, is not null, and has no twin that folds to it.
fn has_argument(call: &Call<'_>, name: &str) -> bool {
    let found = call.arguments.map(|arguments| member(arguments, name));
    matches!(found, Some(Found::Value(value)) if !value.is_null())
}

fn evaluate(
    condition: &Condition,
    call: &Call<'_>,
    quantifier: Quantifier,
    around: &mut dyn Surroundings,
    trace: &mut impl Trace,
) -> Truth {
    let truth = answer(condition, call, quantifier, around, trace);
    trace.condition(condition, truth);
    truth
}

fn answer(
    condition: &Condition,
    call: &Call<'_>,
    quantifier: Quantifier,
    around: &mut dyn Surroundings,
    trace: &mut impl Trace,
) -> Truth {
    let mut watch = |found: Found<'_>, truth| trace.value(condition, found, truth);
    let text = match &condition.path.root {
        Root::Args => return condition.ask(arguments(call), quantifier, call.effort, &mut watch),
        Root::ToolName => Text::Is(Cow::Borrowed(call.tool)),
        Root::GrantName => call
            .grant
            .map_or(Text::Absent, |grant| Text::Is(Cow::Borrowed(&grant.name))),
        Root::ClientIp => match client_ip(around) {
            Some(ip) => Text::Is(Cow::Owned(ip)),
            None => Text::Absent,
        },
        Root::Header(name) => header_text(call.headers, name),
        Root::Claims => claim_text(&condition.path, around),
    };
    match text {
        Text::Is(text) => {
            let mut json = String::with_capacity(text.len().saturating_add(2));
            push_json_string(&mut json, &text);
            let value = Value::proven(Kind::String, &json);
            condition.test_value(Found::Value(value), call.effort, &mut watch)
        }
        Text::Absent => condition.test_value(Found::Absent, call.effort, &mut watch),
        Text::Unreadable => condition.test_value(Found::Unreadable, call.effort, &mut watch),
    }
}

/// A fact that is a string, or is not.
enum Text<'a> {
    Is(Cow<'a, str>),
    Absent,
    Unreadable,
}

fn arguments<'a>(call: &Call<'a>) -> Found<'a> {
    Found::Value(
        call.arguments
            .unwrap_or_else(|| Value::proven(Kind::Object, "{}")),
    )
}

fn header_text<'a>(headers: &Headers<'a>, name: &str) -> Text<'a> {
    let mut values = headers.all(name);
    match (values.next(), values.next()) {
        (None, _) => Text::Absent,
        (Some(value), None) => match std::str::from_utf8(value) {
            Ok(text) => Text::Is(Cow::Borrowed(text)),
            Err(_) => Text::Unreadable,
        },
        (Some(_), Some(_)) => Text::Unreadable,
    }
}

fn claim_text<'a>(path: &Path, around: &mut dyn Surroundings) -> Text<'a> {
    let mut attribute = JWT.to_vec();
    for segment in &path.segments {
        match segment {
            Segment::Key(key) => attribute.push(key),
            // Attributes cannot be told to be lists: such a path is never readable.
            Segment::Index(_) | Segment::Every => return Text::Unreadable,
        }
    }
    match around.property(&attribute).map(String::from_utf8) {
        None => Text::Absent,
        // A host does not say of what type a claim is. Numbers, booleans, lists and maps come as
        // bytes of which some are controls.
        Some(Ok(text)) if !text.contains(char::is_control) => Text::Is(Cow::Owned(text)),
        Some(_) => Text::Unreadable,
    }
}

/// The client's address without its port.
fn client_ip(around: &mut dyn Surroundings) -> Option<String> {
    let address = String::from_utf8(around.property(&["source", "address"])?).ok()?;
    let host = address
        .rsplit_once(':')
        .map_or(address.as_str(), |(host, _)| host);
    Some(host.trim_matches(['[', ']']).to_owned())
}

/// Takes the units of all limits, or of none (step 5). Shadowed limits have counters of their own.
fn charge(
    named: &NamedPolicy,
    call: &Call<'_>,
    limits: &[&Limit],
    verdict: &mut Verdict,
    around: &mut dyn Surroundings,
    trace: &mut impl Trace,
) {
    let counters = named.counters(call.server);
    let now = around.now();
    let mut enforced = Vec::with_capacity(limits.len());
    let mut charges = Vec::with_capacity(limits.len());
    for limit in limits {
        let shadow = limit.shadow || named.policy.shadow;
        let prepared = prepare(limit, &counters, call, around);
        match prepared {
            Err(denial) => {
                trace.limit_unknown(limit, &denial, shadow);
                verdict.note(denial, shadow);
                if verdict.denial.is_some() {
                    return;
                }
            }
            Ok(charge) if shadow => {
                trace.limit(limit, &charge, shadow, around);
                if let Err(refusal) = reserve(&mut *around, &[charge], now) {
                    verdict.note(refused(limit, &refusal), true);
                }
            }
            Ok(charge) => {
                trace.limit(limit, &charge, shadow, around);
                enforced.push(*limit);
                charges.push(charge);
            }
        }
    }
    match reserve(around, &charges, now) {
        Ok(reservation) => verdict.reservation = reservation,
        Err(refusal) => {
            if let Some(limit) = enforced.get(refusal.index) {
                verdict.denial = Some(refused(limit, &refusal));
            }
        }
    }
}

/// What a limit is charged, and where; a denial when that cannot be told.
fn prepare(
    limit: &Limit,
    counters: &[CounterId],
    call: &Call<'_>,
    around: &mut dyn Surroundings,
) -> Result<Charge, Denial> {
    let unusable = |message: String| Denial {
        rule: limit.id.clone(),
        message,
        kind: DenialKind::Rule,
    };
    let cost = match &limit.cost {
        Cost::Fixed(units) => *units,
        Cost::From(path) => cost(path, call).ok_or_else(|| {
            unusable(format!(
                "The limit \"{}\" needs {path} to be a whole number that is not negative",
                limit.counter
            ))
        })?,
    };
    let counter = counters
        .get(limit.number)
        .ok_or_else(|| unusable(counter_failed(limit)))?;
    let subject = subject(limit, counter, call, around).ok_or_else(|| {
        unusable(format!(
            "The limit \"{}\" cannot tell whom to count this call for",
            limit.counter
        ))
    })?;
    Ok(Charge {
        quota: limit.quota,
        counter: *counter,
        subject,
        cost,
    })
}

/// The argument that a call costs: exact, whole, not negative, below 2^64.
fn cost(path: &Path, call: &Call<'_>) -> Option<u64> {
    let mut units = None;
    walk(arguments(call), &path.segments, &mut |found| {
        units = match found {
            Found::Value(value) => value.as_number().and_then(|n| n.to_u64()),
            _ => None,
        };
    });
    units
}

fn subject(
    limit: &Limit,
    counter: &CounterId,
    call: &Call<'_>,
    around: &mut dyn Surroundings,
) -> Option<Subject> {
    if let [scope] = limit.scopes.as_slice() {
        match (scope, call.grant, call.caller) {
            (Scope::Global, ..) => return Some(Subject::Own(OwnSlot::GLOBAL)),
            (Scope::Grant, Some(grant), _) => return Some(Subject::Own(grant.slot)),
            (Scope::Grant, None, Caller::Anonymous) => {
                return Some(Subject::Own(OwnSlot::NO_CREDENTIAL));
            }
            _ => {}
        }
    }
    let mut parts: Vec<Vec<u8>> = Vec::new();
    for scope in &limit.scopes {
        scope_parts(scope, call, around, &mut parts)?;
    }
    let table = OpenTable::new(around.hash_key()?, TABLE_SETS, TABLE_WAYS);
    let parts: Vec<&[u8]> = parts.iter().map(Vec::as_slice).collect();
    Some(table.subject(counter, &parts))
}

/// What tells one subject of a scope from another, labelled so that no two scopes are alike.
fn scope_parts(
    scope: &Scope,
    call: &Call<'_>,
    around: &mut dyn Surroundings,
    parts: &mut Vec<Vec<u8>>,
) -> Option<()> {
    let mut part = |label: &str, value: Vec<u8>| {
        parts.push(label.as_bytes().to_vec());
        parts.push(value);
    };
    match (scope, call.grant, call.caller) {
        (Scope::Grant, Some(grant), _) => part("grant", grant.name.clone().into_bytes()),
        (Scope::Grant, None, Caller::Identified(kind, value)) => part(kind, value.clone()),
        (Scope::Grant, None, _) => part("anonymous", Vec::new()),
        (Scope::Client, ..) => part("client", client_ip(around)?.into_bytes()),
        (Scope::Global, ..) => part("global", Vec::new()),
        (Scope::Argument(path), ..) => {
            let mut value = None;
            walk(arguments(call), &path.segments, &mut |found| {
                value = argument_part(found);
            });
            part(&path.to_string(), value?);
        }
    }
    Some(())
}

/// An argument as a subject: values that a server takes for the same count together.
fn argument_part(found: Found<'_>) -> Option<Vec<u8>> {
    let value = match found {
        Found::Value(value) => value,
        Found::Absent | Found::ThroughNull => return Some(b"absent".to_vec()),
        Found::Unreadable => return None,
    };
    match value.kind() {
        Kind::String => value.as_str().map(|s| format!("s{s}").into_bytes()),
        Kind::Number => {
            let mut text = b"n".to_vec();
            value.as_number()?.write_canonical(&mut text);
            Some(text)
        }
        Kind::Bool => Some(value.text().as_bytes().to_vec()),
        Kind::Null => Some(b"absent".to_vec()),
        Kind::Object | Kind::Array => None,
    }
}

fn refused(limit: &Limit, refusal: &Refusal) -> Denial {
    let (message, remaining, retry) = match refusal.reason {
        Reason::Exhausted {
            remaining, retry, ..
        } => (limit.message.clone(), remaining, Some(retry)),
        Reason::TableFull { retry } => (
            format!(
                "The limit \"{}\" counts too many callers at once. Try again later.",
                limit.counter
            ),
            0,
            Some(retry),
        ),
        Reason::Store(_) => (counter_failed(limit), 0, None),
    };
    let Some(retry) = retry else {
        return Denial {
            rule: limit.id.clone(),
            message,
            kind: DenialKind::Rule,
        };
    };
    Denial {
        rule: limit.id.clone(),
        message,
        kind: DenialKind::Limit(LimitState {
            counter: limit.counter.clone(),
            max: limit.quota.max.get(),
            window_seconds: limit.quota.window.seconds().get(),
            remaining,
            retry_after: retry.seconds().map(std::num::NonZeroU64::get),
        }),
    }
}

fn counter_failed(limit: &Limit) -> String {
    format!("The limit \"{}\" could not be counted", limit.counter)
}
