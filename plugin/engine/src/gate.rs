//! The plugin's configuration, compiled: everything that a request is decided by.

use std::cell::RefCell;
use std::num::NonZeroU32;
use std::rc::Rc;

use rustc_hash::FxHashMap;

use crate::admin::Admin;
use crate::approval::{Keys, Webhook};
use crate::caller::{Caller, Callers};
use crate::config::approvals::RawApprovals;
use crate::config::metrics::RawMetrics;
use crate::config::plugin::{RawPlugin, read_plugin};
use crate::config::response::Bounds;
use crate::config::sessions::{SUBJECT_WAYS, sets};
use crate::config::{Faults, Field, Rounded, hint, json_of_struct};
use crate::decide::Approvals;
use crate::digest::digest;
use crate::global::{Chosen, GlobalLimits};
use crate::json;
use crate::limit::{CounterId, Identity, Section};
use crate::policy::{Limit, Policy, compile};
use crate::record::{Audit, Prepared};
use crate::session::{self, Sessions};

/// The most upstreams whose counter identities are kept; beyond it they are worked out anew.
const MAX_SERVERS: usize = 256;

/// A compiled configuration. Immutable, but for caches.
#[derive(Debug)]
pub struct Gate {
    policies: Vec<NamedPolicy>,
    /// For callers that present no credential.
    anonymous: Option<usize>,
    /// How callers are told apart.
    pub callers: Callers,
    /// The upstream's name in counters and records; the cluster's name when `None`.
    pub server: Option<Rc<str>>,
    /// The longest request body that is read, in bytes.
    pub max_body_bytes: usize,
    /// Whether request headers wait for the decision.
    pub hold_headers: bool,
    /// The web pages that may send requests, in lower case; `None` where all may.
    pub allowed_origins: Option<Vec<String>>,
    /// How much of an answer is read.
    pub bounds: Bounds,
    /// Whether the tool that is called goes on as a header, for the proxy's other filters.
    pub export_headers: bool,
    /// How a person can be asked for a yes; `None` where nobody can.
    pub approvals: Option<Approvals>,
    /// The operators of approvals, where this is their listener and decides no calls.
    pub admin: Option<Admin>,
    /// Whether the answers to some caller have to be looked at.
    pub partial: bool,
    /// What is recorded of decisions.
    pub audit: Audit,
    /// What is counted of them.
    pub metrics: RawMetrics,
    /// What is remembered of sessions.
    pub sessions: Sessions,
    /// Limits that a service counts for all proxies together.
    pub global_limits: Option<GlobalLimits>,
}

/// A policy, its name, and the identities of its counters for each upstream met.
#[derive(Debug)]
pub struct NamedPolicy {
    /// Its name under `policies`; empty for `policy`.
    pub name: String,
    /// The policy.
    pub policy: Policy,
    /// SHA-256 of the policy as it was written, in canonical form.
    pub hash: [u8; 32],
    /// The first 16 hexadecimal digits of `hash`, for people.
    pub short_hash: String,
    /// What its records say of it.
    pub record: Prepared,
    /// Its limits by their numbers.
    pub limits: Vec<LimitName>,
    /// By the upstream's name, in order.
    counters: RefCell<Vec<(String, Rc<[CounterId]>)>>,
    /// Number of sets of the table in which each limit counts subjects that callers make up.
    pub subject_sets: NonZeroU32,
    /// Which of its limits a service counts for all proxies.
    pub global: Chosen,
}

/// What a record calls a limit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LimitName {
    /// Its rule identifier.
    pub rule: String,
    /// Its counter.
    pub counter: String,
    /// What records say of it.
    pub record: Prepared,
}

impl Gate {
    /// Compiles a configuration: a JSON text, or a serialized `google.protobuf.Struct`.
    ///
    /// # Errors
    /// Every fault that was found. Warnings alone do not refuse it and come with the gate.
    pub fn load(bytes: &[u8]) -> Result<(Self, Faults), Faults> {
        let mut faults = Faults::default();
        let gate = match json::parse(bytes) {
            Ok(value) => Self::read(value, &mut faults),
            Err(error) => match json_of_struct(bytes) {
                Some(Ok(text)) => match json::parse(text.as_bytes()) {
                    Ok(value) => Self::read(value, &mut faults),
                    Err(error) => {
                        faults.error("", format!("not a configuration: {error}"));
                        None
                    }
                },
                Some(Err(Rounded { pointer })) => {
                    faults.error(&pointer, Rounded::MESSAGE);
                    None
                }
                None => {
                    faults.error("", format!("not a JSON document: {error}"));
                    None
                }
            },
        };
        match gate.filter(|_| !faults.fatal()) {
            Some(gate) => Ok((gate, faults)),
            None => Err(faults),
        }
    }

    fn read(value: json::Value<'_>, faults: &mut Faults) -> Option<Self> {
        read_plugin(&Field::root(value), faults).and_then(|raw| Self::compile(raw, faults))
    }

    fn compile(raw: RawPlugin<'_>, faults: &mut Faults) -> Option<Self> {
        let mut policies = Vec::new();
        let subject_sets = sets(raw.sessions.max_subjects, SUBJECT_WAYS);
        let sessions = Sessions {
            sets: sets(raw.sessions.max, session::WAYS),
            owned: raw.sessions.owned.unwrap_or(!raw.grants.is_empty()),
            refuse_unknown: raw.sessions.refuse_unknown,
        };
        if sessions.refuse_unknown && !sessions.owned && !faults.fatal() {
            faults.error(
                "/sessions/unknown",
                "unknown sessions can only be refused where sessions are owned: add `grants`, or `\"owned\": true`",
            );
        }
        let mut names = FxHashMap::default();
        let named = raw.policies.iter().map(|(name, p)| (name.as_str(), p));
        for (name, raw_policy) in raw.policy.iter().map(|p| ("", p)).chain(named) {
            if let Some(policy) = compile(raw_policy, faults) {
                names.insert(name.to_owned(), policies.len());
                let hash = raw_policy.value.map(digest).unwrap_or_default();
                policies.push(NamedPolicy::new(name, policy, hash, subject_sets));
            }
        }
        if raw.admin.is_some() {
            admin_alone(&raw, faults);
        } else if raw.policy.is_none() && raw.grants.is_empty() && !faults.fatal() {
            faults.error(
                "",
                "`policy` is missing, so every call would be denied: add `policy`, or `grants` with `policies`",
            );
        }
        // A broken policy has its own faults; its grants should not add to them.
        let broken: Vec<&str> = raw.policies.iter().map(|(name, _)| name.as_str()).collect();
        let find = |name: &str| {
            let known = names.get(name).copied().filter(|_| !name.is_empty());
            let known = known.or_else(|| broken.contains(&name).then_some(0));
            known.ok_or_else(|| hint(name, broken.iter().copied()))
        };
        let callers = Callers::compile(raw.identity, raw.grants, &find, faults);
        let callers = callers.stripping(raw.strip);
        let global_limits = raw
            .global_limits
            .map(|global| GlobalLimits::compile(global, &mut policies, raw.policies.len(), faults));
        Some(Self {
            partial: policies
                .iter()
                .any(|named| named.policy.is_partial() || named.policy.reads_answers),
            sessions,
            anonymous: names.get("").copied(),
            policies,
            callers,
            server: raw.server.map(Rc::from),
            max_body_bytes: usize::try_from(raw.max_body_bytes).unwrap_or(usize::MAX),
            hold_headers: raw.hold_headers,
            allowed_origins: raw.allowed_origins,
            bounds: raw.bounds,
            export_headers: raw.export_headers,
            approvals: raw.approvals.and_then(approvals),
            admin: raw.admin.map(|operators| Admin::compile(operators, faults)),
            audit: Audit::new(raw.audit),
            metrics: raw.metrics,
            global_limits,
        })
    }

    /// All policies: `policy` first, if there is one, then those under `policies`.
    pub fn policies(&self) -> &[NamedPolicy] {
        &self.policies
    }

    /// The policy that a caller was given; `None` denies.
    pub fn policy_of(&self, caller: &Caller) -> Option<&NamedPolicy> {
        let index = match caller {
            Caller::Anonymous | Caller::Identified(..) => self.anonymous?,
            Caller::Granted(grant) => self.callers.grant(*grant)?.policy,
            Caller::Unknown => return None,
        };
        self.policies.get(index)
    }
}

/// A listener for operators has nothing else, and a key.
fn admin_alone(raw: &RawPlugin<'_>, faults: &mut Faults) {
    if raw.policy.is_some() || !raw.policies.is_empty() || !raw.grants.is_empty() {
        faults.error(
            "/admin",
            "a listener for operators decides no calls: give it a configuration of its own, without `policy`, `policies` and `grants`",
        );
    }
    if raw.approvals.is_none() && !faults.fatal() {
        faults.error(
            "",
            "`approvals` is missing: `admin` seals approvals with its first key, the same as in the configuration that asks for them",
        );
    }
}

fn approvals(raw: RawApprovals) -> Option<Approvals> {
    let (current, former) = raw.keys;
    Some(Approvals {
        keys: Keys::new(&current?, former.as_ref()),
        most: raw.pending_per_caller,
        webhook: raw.webhook.map(Webhook::new),
    })
}

impl NamedPolicy {
    fn new(name: &str, policy: Policy, hash: [u8; 32], subject_sets: NonZeroU32) -> Self {
        let first = hash.first_chunk::<8>().copied().unwrap_or_default();
        let mut limits = vec![LimitName::default(); policy.limit_count];
        for limit in policy.limits() {
            if let Some(place) = limits.get_mut(limit.number) {
                place.rule.clone_from(&limit.id);
                place.counter.clone_from(&limit.counter);
                place.record = Prepared::limit(&limit.id, &limit.counter, limit.quota.max.get());
            }
        }
        let short_hash = format!("{:016x}", u64::from_be_bytes(first));
        Self {
            record: Prepared::policy(shown(name), &short_hash),
            name: name.to_owned(),
            short_hash,
            hash,
            limits,
            policy,
            counters: RefCell::default(),
            subject_sets,
            global: Chosen::default(),
        }
    }

    /// Its name in records.
    pub fn shown(&self) -> &str {
        shown(&self.name)
    }

    /// The identity of each limit's counter for the upstream `server`, by the limit's number.
    pub fn counters(&self, server: &str) -> Rc<[CounterId]> {
        let Ok(mut known) = self.counters.try_borrow_mut() else {
            return self.identities(server);
        };
        let place = known.binary_search_by(|(name, _)| name.as_str().cmp(server));
        if let Some((_, ids)) = place.ok().and_then(|place| known.get(place)) {
            return Rc::clone(ids);
        }
        let ids = self.identities(server);
        if let Err(place) = place
            && known.len() < MAX_SERVERS
        {
            known.insert(place, (server.to_owned(), Rc::clone(&ids)));
        }
        ids
    }

    fn identities(&self, server: &str) -> Rc<[CounterId]> {
        let policy = &self.policy;
        let mut ids = vec![None; policy.limit_count];
        for limit in policy.limits() {
            if let Some(id) = ids.get_mut(limit.number) {
                *id = Some(identity(policy, limit, server));
            }
        }
        // Numbers are given without gaps, so every place was filled.
        ids.into_iter().flatten().collect()
    }
}

/// The name of a policy in records.
fn shown(name: &str) -> &str {
    match name {
        "" => "(policy)",
        name => name,
    }
}

fn identity(policy: &Policy, limit: &Limit, server: &str) -> CounterId {
    CounterId::of(&Identity {
        server,
        section: limit
            .section
            .as_deref()
            .map_or(Section::AllTools, Section::Tool),
        counter: &limit.counter,
        window: limit.quota.window,
        algorithm: limit.quota.algorithm,
        shadow: limit.shadow || policy.shadow,
    })
}
