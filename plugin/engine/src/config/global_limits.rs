//! `global_limits`: limits that a rate limit service counts for all proxies together.

use super::fault::Faults;
use super::keyword::Keyword;
use super::reader::{Field, Object};
use crate::json::Kind;

/// The default of `domain`.
const DEFAULT_DOMAIN: &str = "toolgate";
/// The longest `domain`, in bytes.
const MAX_DOMAIN: usize = 128;
/// The default of `timeout_ms`.
const DEFAULT_TIMEOUT: u64 = 100;
/// The most `timeout_ms` may be.
const MAX_TIMEOUT: u64 = 10_000;

/// What becomes of a call when the service does not say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnError {
    /// It is denied.
    #[default]
    Deny,
    /// This proxy's own count decides.
    Local,
    /// It passes.
    Allow,
}

impl Keyword for OnError {
    const WHAT: &'static str = "what to do on an error";
    const WORDS: &'static [(&'static str, Self)] = &[
        ("deny", Self::Deny),
        ("local", Self::Local),
        ("allow", Self::Allow),
    ];
}

/// Whose numbers the service counts by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Numbers {
    /// The policy's, sent with each request; the service must say that it applied them.
    #[default]
    Policy,
    /// Those of the service's own configuration, unknown here.
    Service,
}

impl Keyword for Numbers {
    const WHAT: &'static str = "whose numbers count";
    const WORDS: &'static [(&'static str, Self)] =
        &[("policy", Self::Policy), ("service", Self::Service)];
}

/// Which limits the service counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RawChoice {
    /// Every one.
    All,
    /// Those with this identifier or counter; each with the place where that is written.
    Named(Vec<(String, String)>),
}

/// The settings as written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawGlobalLimits {
    /// The proxy's cluster of the service.
    pub cluster: String,
    /// `domain`.
    pub domain: String,
    /// `timeout_ms`, 1 to 10,000.
    pub timeout_ms: u32,
    /// `on_error`.
    pub on_error: OnError,
    /// `numbers`.
    pub numbers: Numbers,
    /// `limits`.
    pub limits: RawChoice,
    /// Where `limits` stands.
    pub pointer: String,
}

const KEYS: [&str; 6] = [
    "service",
    "domain",
    "timeout_ms",
    "on_error",
    "numbers",
    "limits",
];

/// Reads `global_limits`.
pub fn read_global_limits(field: &Field<'_>, faults: &mut Faults) -> Option<RawGlobalLimits> {
    let object = Object::read(field, &KEYS, faults)?;
    let cluster = object.required("service", faults).and_then(|service| {
        let service = Object::read(service, &["cluster"], faults)?;
        let cluster = service.required("cluster", faults)?;
        cluster.name("a cluster's name", faults)
    });
    let domain = match object.get("domain") {
        None => Some(DEFAULT_DOMAIN.to_owned()),
        Some(field) => read_domain(field, faults),
    };
    let timeout = match object.get("timeout_ms") {
        None => Some(DEFAULT_TIMEOUT),
        Some(field) => field.integer(1..=MAX_TIMEOUT, faults),
    };
    let on_error = object.get("on_error").map(|f| OnError::read(f, faults));
    let numbers = object.get("numbers").map(|f| Numbers::read(f, faults));
    let limits = object.required("limits", faults);
    let choice = limits.and_then(|f| read_choice(f, faults));
    Some(RawGlobalLimits {
        cluster: cluster?,
        domain: domain?,
        timeout_ms: u32::try_from(timeout?).ok()?,
        on_error: on_error.unwrap_or(Some(OnError::default()))?,
        numbers: numbers.unwrap_or(Some(Numbers::default()))?,
        limits: choice?,
        pointer: limits?.pointer.clone(),
    })
}

fn read_domain(field: &Field<'_>, faults: &mut Faults) -> Option<String> {
    let domain = field.name("a domain", faults)?;
    if domain.len() > MAX_DOMAIN || domain.chars().any(char::is_control) {
        let expected = format!("expected at most {MAX_DOMAIN} bytes without control characters");
        faults.error(&field.pointer, expected);
        return None;
    }
    Some(domain)
}

fn read_choice(field: &Field<'_>, faults: &mut Faults) -> Option<RawChoice> {
    match field.value.kind() {
        Kind::String if field.value.as_str().as_deref() == Some("all") => Some(RawChoice::All),
        Kind::Array => {
            let elements = field.elements(faults);
            if elements.is_empty() {
                let why = "expected at least one limit: without any, remove `global_limits`";
                faults.error(&field.pointer, why);
                return None;
            }
            let named = elements.iter().map(|element| {
                let name = element.name("a limit's identifier or counter", faults)?;
                Some((element.pointer.clone(), name))
            });
            // All of them are read, so that every fault is noted.
            let named: Vec<Option<(String, String)>> = named.collect();
            let named: Option<Vec<(String, String)>> = named.into_iter().collect();
            named.map(RawChoice::Named)
        }
        _ => {
            field.wrong(
                "\"all\", or an array of limits: their identifiers, such as \"/tools/create_charge/limits/spend\", or counters",
                faults,
            );
            None
        }
    }
}
