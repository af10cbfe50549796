//! Who is calling: `identity` finds the credential, `grants` say what it is worth.

use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::config::Faults;
use crate::config::plugin::{RawCredential, RawGrant, RawIdentity};
use crate::json::sorted;
use crate::limit::OwnSlot;
use crate::mcp::Headers;
use crate::surroundings::Surroundings;

/// Where Envoy's `jwt_authn` filter leaves the claims that it verified.
pub(crate) const JWT: [&str; 4] = [
    "metadata",
    "filter_metadata",
    "envoy.filters.http.jwt_authn",
    "payload",
];

/// How callers are told apart.
#[derive(Debug, Default)]
pub struct Callers {
    identity: Vec<RawIdentity>,
    grants: Vec<Grant>,
    /// The hashes of tokens in order, each with its grant. Looked up by their first eight bytes, and compared whole.
    by_token: Vec<([u8; 32], usize)>,
    /// Credentials that the upstream must not see.
    strip: Vec<RawIdentity>,
}

/// A configured caller.
#[derive(Debug)]
pub struct Grant {
    /// Its name.
    pub name: String,
    /// Where it counts.
    pub slot: OwnSlot,
    /// Where all of its calls count that belong to no session of its own.
    pub sessionless: OwnSlot,
    /// Its policy, an index that the configuration gave.
    pub policy: usize,
    credential: RawCredential,
}

/// Who a request's caller turned out to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Caller {
    /// Presented no credential that `identity` names.
    Anonymous,
    /// Presented one, and no grants are configured: its kind and value.
    Identified(&'static str, Vec<u8>),
    /// Holds this grant.
    Granted(usize),
    /// Presented a credential that no grant knows, or presented it twice.
    Unknown,
}

impl Grant {
    /// How its caller is recognised.
    pub fn kind(&self) -> &'static str {
        match self.credential {
            RawCredential::Tokens(_) => "token",
            RawCredential::Claims(_) => "claim",
            RawCredential::San(_) => "san",
            RawCredential::Subject(_) => "subject",
        }
    }
}

impl Callers {
    /// Checks and indexes what was written; `policy` finds a policy by name, or
    /// says which name may be meant.
    pub fn compile(
        identity: Vec<RawIdentity>,
        grants: Vec<RawGrant>,
        policy: &dyn Fn(&str) -> Result<usize, String>,
        faults: &mut Faults,
    ) -> Self {
        let mut callers = Self {
            identity,
            ..Self::default()
        };
        if callers.identity.is_empty() && !grants.is_empty() {
            faults.error(
                "/grants",
                "nothing says where a caller's credential is: add `identity`, such as [{\"bearer\": true}]",
            );
        }
        let mut pointers = Vec::with_capacity(grants.len());
        for grant in grants {
            let index = callers.grants.len();
            let policy = match policy(&grant.policy.0) {
                Ok(policy) => policy,
                Err(hint) => {
                    faults.error(
                        &grant.policy.1,
                        format!("`{}` is not a name under `policies`{hint}", grant.policy.0),
                    );
                    continue;
                }
            };
            if !callers.can_find(&grant.credential) {
                faults.error(
                    &grant.pointer,
                    "no entry of `identity` looks for this grant's kind of credential",
                );
            }
            if let RawCredential::Tokens(hashes) = &grant.credential {
                let own = hashes.iter().map(|hash| (*hash, index));
                callers.by_token.extend(own);
            }
            let same =
                callers
                    .grants
                    .iter()
                    .any(|other| match (&other.credential, &grant.credential) {
                        (RawCredential::San(a), RawCredential::San(b)) => a == b,
                        (RawCredential::Claims(a), RawCredential::Claims(b)) => {
                            a.iter().all(|claim| b.contains(claim))
                                || b.iter().all(|claim| a.contains(claim))
                        }
                        _ => false,
                    });
            if same {
                faults.error(
                    &grant.pointer,
                    "another grant recognises the same caller already: it could not be told which one holds",
                );
            }
            pointers.push(grant.pointer);
            callers.grants.push(Grant {
                slot: OwnSlot::grant(&grant.name),
                sessionless: OwnSlot::other("sessionless", &grant.name),
                name: grant.name,
                policy,
                credential: grant.credential,
            });
        }
        callers.by_token = sorted(callers.by_token);
        let pairs = callers.by_token.iter().zip(callers.by_token.iter().skip(1));
        for (_, (_, later)) in pairs.filter(|((one, _), (other, _))| one == other) {
            if let Some(pointer) = pointers.get(*later) {
                faults.error(pointer, "another grant has this token already");
            }
        }
        callers
    }

    fn can_find(&self, credential: &RawCredential) -> bool {
        self.identity.iter().any(|identity| {
            matches!(
                (identity, credential),
                (
                    RawIdentity::Bearer | RawIdentity::Header(_),
                    RawCredential::Tokens(_)
                ) | (RawIdentity::Claim(_), RawCredential::Claims(_))
                    | (RawIdentity::San(_), RawCredential::San(_))
                    | (RawIdentity::Subject, RawCredential::Subject(_))
            )
        })
    }

    /// Whether any grants are configured, so that what a caller sees depends on who it is.
    pub fn has_grants(&self) -> bool {
        !self.grants.is_empty()
    }

    /// The grant of a [`Caller::Granted`].
    pub fn grant(&self, index: usize) -> Option<&Grant> {
        self.grants.get(index)
    }

    /// Finds the caller: the first credential of `identity` that is present names it.
    pub fn identify(&self, headers: &Headers<'_>, around: &mut dyn Surroundings) -> Caller {
        for identity in &self.identity {
            let found = match identity {
                RawIdentity::Bearer => bearer(headers).map(|found| ("bearer", found)),
                RawIdentity::Header(name) => header(headers, name).map(|found| ("header", found)),
                RawIdentity::Claim(claim) => {
                    property(around, &claim_path(claim)).map(|found| ("claim", found))
                }
                RawIdentity::San(kind) => {
                    property(around, &san_path(kind)).map(|found| ("san", found))
                }
                RawIdentity::Subject => property(around, &SUBJECT).map(|found| ("subject", found)),
            };
            let Some((kind, credential)) = found else {
                continue;
            };
            // Sent twice: servers differ in which one they read.
            let Presented::Once(value) = credential else {
                return Caller::Unknown;
            };
            if self.grants.is_empty() {
                return Caller::Identified(kind, value);
            }
            let grant = match identity {
                RawIdentity::Bearer | RawIdentity::Header(_) => self.by_token(&value),
                RawIdentity::Claim(_) => self.by_claims(around),
                RawIdentity::San(_) => self.by_san(&value),
                RawIdentity::Subject => self.by_subject(&value),
            };
            return grant.map_or(Caller::Unknown, Caller::Granted);
        }
        Caller::Anonymous
    }

    fn by_token(&self, token: &[u8]) -> Option<usize> {
        let hash: [u8; 32] = Sha256::digest(token).into();
        let wanted = prefix(&hash);
        let from = self
            .by_token
            .partition_point(|(known, _)| prefix(known) < wanted);
        let found = self
            .by_token
            .iter()
            .skip(from)
            .take_while(|(known, _)| prefix(known) == wanted)
            .find(|(known, _)| bool::from(known.ct_eq(&hash)));
        found.map(|(_, grant)| *grant)
    }

    fn by_claims(&self, around: &mut dyn Surroundings) -> Option<usize> {
        self.grants
            .iter()
            .position(|grant| match &grant.credential {
                RawCredential::Claims(claims) => claims.iter().all(|(claim, want)| {
                    property(around, &claim_path(claim))
                        == Some(Presented::Once(want.clone().into_bytes()))
                }),
                _ => false,
            })
    }

    /// The headers, by name, that carry a credential which the upstream must not see: not only the
    /// one that named the caller, for the others may be somebody's too.
    pub fn strips(&self, headers: &Headers<'_>) -> Vec<String> {
        let name = |identity: &RawIdentity| match identity {
            RawIdentity::Bearer => bearer(headers).map(|_| "authorization".to_owned()),
            RawIdentity::Header(name) => header(headers, name).map(|_| name.clone()),
            RawIdentity::Claim(_) | RawIdentity::San(_) | RawIdentity::Subject => None,
        };
        self.strip.iter().filter_map(name).collect()
    }

    /// Says which credentials the upstream must not see.
    #[must_use]
    pub fn stripping(mut self, strip: Vec<RawIdentity>) -> Self {
        self.strip = strip;
        self
    }

    fn by_subject(&self, subject: &[u8]) -> Option<usize> {
        self.grants.iter().position(|grant| {
            matches!(&grant.credential, RawCredential::Subject(want) if want.as_bytes() == subject)
        })
    }

    fn by_san(&self, san: &[u8]) -> Option<usize> {
        self.grants.iter().position(
            |grant| matches!(&grant.credential, RawCredential::San(want) if want.as_bytes() == san),
        )
    }
}

/// The subject of the client's certificate.
const SUBJECT: [&str; 2] = ["connection", "subject_peer_certificate"];

/// Only a bucket's label: the whole hash is compared in constant time.
fn prefix(hash: &[u8; 32]) -> u64 {
    let mut first = [0u8; 8];
    for (to, from) in first.iter_mut().zip(hash) {
        *to = *from;
    }
    u64::from_be_bytes(first)
}

/// A credential that is there.
#[derive(Debug, PartialEq, Eq)]
enum Presented {
    Once(Vec<u8>),
    Twice,
}

fn header(headers: &Headers<'_>, name: &str) -> Option<Presented> {
    once(headers.all(name))
}

/// RFC 6750 section 2.1; other schemes are no bearer credential. Whatever ends the word `Bearer`
/// (a tab, a comma), some server reads a token after it: it is presented, be it as one that no
/// grant knows.
fn bearer(headers: &Headers<'_>) -> Option<Presented> {
    // Beside another, of whatever scheme, servers differ in which one they read; a proxy may have joined them.
    let joined = |value: &[u8]| {
        value
            .split(|b| *b == b',')
            .skip(1)
            .any(|v| token(v.trim_ascii()).is_some())
    };
    if headers.all("authorization").nth(1).is_some() || headers.all("authorization").any(joined) {
        return Some(Presented::Twice);
    }
    let mut tokens = headers.all("authorization").filter_map(token);
    tokens.next().map(|token| Presented::Once(token.to_vec()))
}

/// The token of one credential, if that is the scheme.
fn token(value: &[u8]) -> Option<&[u8]> {
    let (scheme, token) = value.split_at_checked(6)?;
    let word = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    (scheme.eq_ignore_ascii_case(b"bearer") && !token.first().is_some_and(word))
        .then(|| token.trim_ascii())
}

fn once<'a>(mut values: impl Iterator<Item = &'a [u8]>) -> Option<Presented> {
    let first = values.next()?;
    Some(match values.next() {
        None => Presented::Once(first.to_vec()),
        Some(_) => Presented::Twice,
    })
}

fn property(around: &mut dyn Surroundings, path: &[&str]) -> Option<Presented> {
    let value = around.property(path)?;
    (!value.is_empty()).then_some(Presented::Once(value))
}

/// The attribute path of a claim, whose own path steps are separated by dots.
fn claim_path(claim: &str) -> Vec<&str> {
    JWT.into_iter().chain(claim.split('.')).collect()
}

fn san_path(kind: &str) -> [&'static str; 2] {
    let attribute = if kind == "dns" {
        "dns_san_peer_certificate"
    } else {
        "uri_san_peer_certificate"
    };
    ["connection", attribute]
}
