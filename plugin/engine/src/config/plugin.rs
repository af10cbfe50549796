//! The plugin's configuration: one JSON object with the policies and what is not policy.

use super::approvals::{RawApprovals, RawOperator, read_admin, read_approvals};
use super::audit::{RawAudit, read_audit};
use super::fault::Faults;
use super::global_limits::{RawGlobalLimits, read_global_limits};
use super::metrics::{RawMetrics, read_metrics};
use super::origin::read_origins;
use super::policy::{KEYS as POLICY_KEYS, RawPolicy, read_policy};
use super::reader::{Field, Object};
use super::response::{self, Bounds, read_bounds};
use super::sessions::{self, RawSessions};
use crate::json::Value;

/// The default of `max_body_bytes`, 1 MiB.
pub const DEFAULT_MAX_BODY: u64 = 1 << 20;
/// The most `max_body_bytes` may be, 64 MiB.
pub const MAX_MAX_BODY: u64 = 64 << 20;

/// Where a caller's name is found, tried in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RawIdentity {
    /// `Authorization: Bearer …`.
    Bearer,
    /// A header's value.
    Header(String),
    /// A claim of the verified JWT, a path.
    Claim(String),
    /// A subject alternative name of the client's certificate: `uri` or `dns`.
    San(String),
    /// The subject of the client's certificate.
    Subject,
}

/// How a grant recognises its caller.
#[derive(Clone, Debug)]
pub enum RawCredential {
    /// SHA-256 of a bearer token or header value, as bytes.
    Tokens(Vec<[u8; 32]>),
    /// Claims that must all be there with these values.
    Claims(Vec<(String, String)>),
    /// A subject alternative name.
    San(String),
    /// A certificate's subject, as Envoy writes it (RFC 2253).
    Subject(String),
}

/// One entry of `grants`.
#[derive(Clone, Debug)]
pub struct RawGrant {
    /// Where it stands.
    pub pointer: String,
    /// Its name.
    pub name: String,
    /// How its caller is recognised.
    pub credential: RawCredential,
    /// The policy's name, and where that stands.
    pub policy: (String, String),
}

/// The whole configuration as written.
#[derive(Clone, Debug, Default)]
pub struct RawPlugin<'a> {
    /// `server`.
    pub server: Option<String>,
    /// `policy`.
    pub policy: Option<RawPolicy<'a>>,
    /// `policies`.
    pub policies: Vec<(String, RawPolicy<'a>)>,
    /// `grants`.
    pub grants: Vec<RawGrant>,
    /// `identity`.
    pub identity: Vec<RawIdentity>,
    /// `max_body_bytes`.
    pub max_body_bytes: u64,
    /// `hold_headers`.
    pub hold_headers: bool,
    /// `sessions` and `max_subjects`.
    pub sessions: RawSessions,
    /// The entries of `identity` whose header the upstream must not see.
    pub strip: Vec<RawIdentity>,
    /// `allowed_origins`; `None` where it is absent.
    pub allowed_origins: Option<Vec<String>>,
    /// How much of an answer is read.
    pub bounds: Bounds,
    /// `export_headers`.
    pub export_headers: bool,
    /// `approvals`.
    pub approvals: Option<RawApprovals>,
    /// `admin`: the operators of approvals.
    pub admin: Option<Vec<RawOperator>>,
    /// `audit`.
    pub audit: RawAudit,
    /// `metrics`.
    pub metrics: RawMetrics,
    /// `global_limits`.
    pub global_limits: Option<RawGlobalLimits>,
}

const KEYS: [&str; 19] = [
    "server",
    "policy",
    "policies",
    "grants",
    "identity",
    "max_body_bytes",
    "hold_headers",
    "sessions",
    "max_subjects",
    "allowed_origins",
    response::MAX_LIST_BYTES,
    response::MAX_EVENT_BYTES,
    response::MAX_LIST_ENTRIES,
    "export_headers",
    "approvals",
    "admin",
    "audit",
    "metrics",
    "global_limits",
];

/// Whether a document is meant as a plugin configuration rather than as a policy: whether it has
/// more of the one's keys than of the other's.
pub fn is_plugin(value: Value<'_>) -> bool {
    let (mut plugin, mut policy) = (0usize, 0usize);
    for (key, _) in value.members() {
        plugin = plugin.saturating_add(usize::from(KEYS.iter().any(|k| key.equals(k))));
        policy = policy.saturating_add(usize::from(POLICY_KEYS.iter().any(|k| key.equals(k))));
    }
    plugin > policy
}

/// Reads a plugin configuration.
pub fn read_plugin<'a>(field: &Field<'a>, faults: &mut Faults) -> Option<RawPlugin<'a>> {
    if let Some(bare) = bare_policy(field) {
        faults.error(
            "",
            format!("`{bare}` belongs into a policy: wrap the document as {{\"policy\": …}}"),
        );
        return None;
    }
    let object = Object::read(field, &KEYS, faults)?;
    let mut plugin = RawPlugin {
        max_body_bytes: DEFAULT_MAX_BODY,
        hold_headers: true,
        ..RawPlugin::default()
    };
    plugin.server = object
        .get("server")
        .and_then(|f| f.name("a server's name", faults));
    plugin.policy = object.get("policy").and_then(|f| read_policy(f, faults));
    if let Some(policies) = object.get("policies") {
        for (name, entry) in policies.entries(faults) {
            if name.trim().is_empty() {
                faults.error(&entry.pointer, "a policy's name must not be blank");
                continue;
            }
            plugin
                .policies
                .extend(read_policy(&entry, faults).map(|p| (name, p)));
        }
    }
    if let Some(grants) = object.get("grants") {
        for (name, entry) in grants.entries(faults) {
            plugin.grants.extend(read_grant(name, &entry, faults));
        }
    }
    if let Some(identity) = object.get("identity") {
        let elements = identity.elements(faults);
        for element in &elements {
            let Some((identity, strip)) = read_identity(element, faults) else {
                continue;
            };
            if strip {
                plugin.strip.push(identity.clone());
            }
            plugin.identity.push(identity);
        }
    }
    plugin.sessions = sessions::read(object.get("sessions"), object.get("max_subjects"), faults);
    if let Some(max) = object.get("max_body_bytes") {
        plugin.max_body_bytes = max
            .integer(1..=MAX_MAX_BODY, faults)
            .unwrap_or(DEFAULT_MAX_BODY);
    }
    if let Some(hold) = object.get("hold_headers") {
        plugin.hold_headers = hold.boolean(faults).unwrap_or(true);
    }
    plugin.allowed_origins = object
        .get("allowed_origins")
        .map(|f| read_origins(f, faults));
    plugin.bounds = read_bounds(&object, faults);
    if let Some(export) = object.get("export_headers") {
        plugin.export_headers = export.boolean(faults).unwrap_or(false);
        if plugin.export_headers && !plugin.hold_headers {
            let why = "needs `hold_headers`: headers that went on cannot be changed any more";
            faults.error(&export.pointer, why);
        }
    }
    plugin.approvals = object
        .get("approvals")
        .and_then(|f| read_approvals(f, faults));
    plugin.admin = object.get("admin").and_then(|f| read_admin(f, faults));
    if let Some(audit) = object.get("audit") {
        plugin.audit = read_audit(audit, faults).unwrap_or_default();
    }
    if let Some(metrics) = object.get("metrics") {
        plugin.metrics = read_metrics(metrics, faults).unwrap_or_default();
    }
    if let Some(global) = object.get("global_limits") {
        plugin.global_limits = read_global_limits(global, faults);
    }
    Some(plugin)
}

/// A tired person's likeliest slip: the policy where the configuration belongs.
fn bare_policy(field: &Field<'_>) -> Option<&'static str> {
    let known = ["version", "default", "tools", "hide", "all_tools"];
    known
        .into_iter()
        .find(|key| field.value.get(key).is_some() && field.value.get("policy").is_none())
}

/// One place for a credential, and whether it is stripped.
fn read_identity(field: &Field<'_>, faults: &mut Faults) -> Option<(RawIdentity, bool)> {
    let faults_before = faults.as_slice().len();
    let keys = ["bearer", "header", "claim", "san", "subject", "strip"];
    let object = Object::read(field, &keys, faults)?;
    let mut found = Vec::new();
    for (key, identity) in [
        ("bearer", RawIdentity::Bearer),
        ("subject", RawIdentity::Subject),
    ] {
        let Some(field) = object.get(key) else {
            continue;
        };
        match field.boolean(faults) {
            Some(true) => found.push(identity),
            Some(false) => {
                let why = format!("expected true, or no `{key}` at all");
                faults.error(&field.pointer, why);
            }
            None => {}
        }
    }
    if let Some(name) = object
        .get("header")
        .and_then(|f| f.name("a header's name", faults))
    {
        found.push(RawIdentity::Header(name.to_ascii_lowercase()));
    }
    if let Some(path) = object.get("claim").and_then(|f| f.name("a claim", faults)) {
        found.push(RawIdentity::Claim(path));
    }
    if let Some(san) = object.get("san") {
        match san.string(faults).as_deref() {
            Some(kind @ ("uri" | "dns")) => found.push(RawIdentity::San(kind.to_owned())),
            Some(_) => faults.error(&san.pointer, "expected `uri` or `dns`"),
            None => {}
        }
    }
    if found.len() != 1 && faults.as_slice().len() == faults_before {
        faults.error(
            &field.pointer,
            "expected exactly one of `bearer`, `header`, `claim`, `san`, `subject`",
        );
    }
    let identity = found.pop()?;
    let Some(field) = object.get("strip") else {
        return Some((identity, false));
    };
    let strip = field.boolean(faults) == Some(true);
    if strip && !matches!(identity, RawIdentity::Bearer | RawIdentity::Header(_)) {
        faults.error(
            &field.pointer,
            "only `bearer` and `header` are sent in a header that could be stripped",
        );
    }
    Some((identity, strip))
}

fn read_grant(name: String, field: &Field<'_>, faults: &mut Faults) -> Option<RawGrant> {
    let keys = ["token_sha256", "claim", "san", "subject", "policy"];
    let object = Object::read(field, &keys, faults)?;
    let policy = object
        .required("policy", faults)
        .and_then(|f| Some((f.string(faults)?, f.pointer.clone())));
    let mut credentials = Vec::new();
    if let Some(tokens) = object.get("token_sha256") {
        credentials.push(RawCredential::Tokens(read_tokens(tokens, faults)));
    }
    if let Some(claims) = object.get("claim") {
        let entries = claims.entries(faults);
        if entries.is_empty() {
            faults.error(
                &claims.pointer,
                "expected at least one claim: none would match everybody",
            );
        }
        let claims = entries
            .into_iter()
            .filter_map(|(claim, value)| Some((claim, value.string(faults)?)));
        credentials.push(RawCredential::Claims(claims.collect()));
    }
    if let Some(san) = object.get("san").and_then(|f| f.name("a name", faults)) {
        credentials.push(RawCredential::San(san));
    }
    if let Some(subject) = object
        .get("subject")
        .and_then(|f| f.name("a subject", faults))
    {
        credentials.push(RawCredential::Subject(subject));
    }
    if credentials.len() != 1 {
        faults.error(
            &field.pointer,
            "expected exactly one of `token_sha256`, `claim`, `san`, `subject`",
        );
        return None;
    }
    Some(RawGrant {
        pointer: field.pointer.clone(),
        name,
        credential: credentials.pop()?,
        policy: policy?,
    })
}

pub(super) fn read_tokens(field: &Field<'_>, faults: &mut Faults) -> Vec<[u8; 32]> {
    let fields = if field.value.kind() == crate::json::Kind::Array {
        field.elements(faults)
    } else {
        vec![field.clone()]
    };
    if fields.is_empty() {
        faults.error(&field.pointer, "expected at least one SHA-256");
    }
    let mut tokens = Vec::new();
    for field in fields {
        match field.value.as_str().as_deref().and_then(hex32) {
            Some(hash) if tokens.contains(&hash) => {
                faults.error(&field.pointer, "this SHA-256 is listed twice");
            }
            Some(hash) => tokens.push(hash),
            // The value is not shown: it may be the token itself.
            None => faults.error(
                &field.pointer,
                "expected a SHA-256 as 64 hexadecimal digits (`printf %s TOKEN | sha256sum`), never the token",
            ),
        }
    }
    tokens
}

/// 32 bytes as 64 hexadecimal digits.
pub(super) fn hex32(text: &str) -> Option<[u8; 32]> {
    if text.len() != 64 {
        return None;
    }
    let mut bytes = [0u8; 32];
    let mut digits = text.chars().map(|c| c.to_digit(16));
    for byte in &mut bytes {
        let (high, low) = (digits.next()??, digits.next()??);
        *byte = u8::try_from((high << 4) | low).ok()?;
    }
    Some(bytes)
}
