//! `approvals` and `admin` of the plugin's configuration: the keys that seal a person's yes, and
//! the people who may give one.

use super::fault::Faults;
use super::plugin::{RawCredential, hex32, read_tokens};
use super::reader::{Field, Object};
use super::webhook::{RawWebhook, read_webhook};

/// Requests that a row of the store holds, whatever their state.
pub const ROW_PLACES: u8 = 16;

/// The longest name of an operator, in bytes.
pub const NAME_BYTES: usize = 64;

/// The default of `pending_per_caller`.
pub const DEFAULT_PENDING: u8 = 8;

/// `approvals` as written.
#[derive(Clone)]
pub struct RawApprovals {
    /// The key in use, and the one before it.
    pub keys: (Option<[u8; 32]>, Option<[u8; 32]>),
    /// Requests that one caller may have open.
    pub pending_per_caller: u8,
    /// Who is told that a request waits.
    pub webhook: Option<RawWebhook>,
}

/// Never shows a key.
impl std::fmt::Debug for RawApprovals {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RawApprovals")
            .field("pending_per_caller", &self.pending_per_caller)
            .finish_non_exhaustive()
    }
}

/// One of `admin.operators`.
#[derive(Clone, Debug)]
pub struct RawOperator {
    /// Its name, as approvals are recorded under.
    pub name: String,
    /// Tokens, or a subject alternative name.
    pub credential: RawCredential,
}

/// Reads `approvals`.
pub(super) fn read_approvals(field: &Field<'_>, faults: &mut Faults) -> Option<RawApprovals> {
    let object = Object::read(field, &["keys", "pending_per_caller", "webhook"], faults)?;
    let keys = object.required("keys", faults)?;
    let mut read = Vec::new();
    for key in keys.elements(faults) {
        match key.value.as_str().as_deref().and_then(hex32) {
            Some(bytes) if read.contains(&bytes) => {
                faults.error(&key.pointer, "this key is listed twice");
            }
            Some(bytes) => read.push(bytes),
            // The value is not shown: it is a secret.
            None => faults.error(
                &key.pointer,
                "expected a key of 32 random bytes as 64 hexadecimal digits (`openssl rand -hex 32`)",
            ),
        }
    }
    if !(1..=2).contains(&read.len()) && !faults.fatal() {
        faults.error(
            &keys.pointer,
            "expected one key, or two while they are exchanged: the new one, then the old one",
        );
    }
    let most = object.get("pending_per_caller");
    let most = most.and_then(|f| f.integer(1..=u64::from(ROW_PLACES), faults));
    let webhook = object.get("webhook");
    let webhook = webhook.and_then(|f| read_webhook(f, &read, faults));
    let mut read = read.into_iter();
    Some(RawApprovals {
        keys: (read.next(), read.next()),
        pending_per_caller: most
            .and_then(|most| u8::try_from(most).ok())
            .unwrap_or(DEFAULT_PENDING),
        webhook,
    })
}

/// Reads `admin`: the operators.
pub(super) fn read_admin(field: &Field<'_>, faults: &mut Faults) -> Option<Vec<RawOperator>> {
    let object = Object::read(field, &["operators"], faults)?;
    let operators = object.required("operators", faults)?;
    let entries = operators.entries(faults);
    if entries.is_empty() {
        faults.error(
            &operators.pointer,
            "expected at least one operator: nobody could approve anything",
        );
    }
    let operators = entries.into_iter().filter_map(|(name, field)| {
        let object = Object::read(&field, &["token_sha256", "san"], faults)?;
        if name.trim().is_empty() || name.len() > NAME_BYTES {
            faults.error(
                &field.pointer,
                "an operator's name must not be blank, or longer than 64 bytes",
            );
        }
        let tokens = object.get("token_sha256");
        let tokens = tokens.map(|f| RawCredential::Tokens(read_tokens(f, faults)));
        let san = object.get("san").and_then(|f| f.name("a name", faults));
        match (tokens, san.map(RawCredential::San)) {
            (Some(credential), None) | (None, Some(credential)) => {
                Some(RawOperator { name, credential })
            }
            _ => {
                faults.error(
                    &field.pointer,
                    "expected exactly one of `token_sha256`, `san`",
                );
                None
            }
        }
    });
    Some(operators.collect())
}
