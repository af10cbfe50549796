//! `approvals.webhook` of the plugin's configuration: who is told that a request waits.

use super::fault::Faults;
use super::plugin::hex32;
use super::reader::{Field, Object};

/// The default of `timeout_ms`.
const DEFAULT_TIMEOUT_MS: u64 = 2_000;

/// `webhook` as written.
#[derive(Clone)]
pub struct RawWebhook {
    /// The cluster that it is sent to.
    pub cluster: String,
    /// `:authority`; the cluster's name where it is absent.
    pub authority: Option<String>,
    /// `:path`.
    pub path: String,
    /// What signs it.
    pub key: [u8; 32],
    /// How long to wait for an answer, in milliseconds.
    pub timeout_ms: u32,
}

/// Never shows a key.
impl std::fmt::Debug for RawWebhook {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RawWebhook")
            .field("cluster", &self.cluster)
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

/// Reads `webhook`; `others` are the keys that seal approvals.
pub(super) fn read_webhook(
    field: &Field<'_>,
    others: &[[u8; 32]],
    faults: &mut Faults,
) -> Option<RawWebhook> {
    let known = ["cluster", "authority", "path", "key", "timeout_ms"];
    let object = Object::read(field, &known, faults)?;
    let cluster = object
        .required("cluster", faults)
        .and_then(|f| f.name("a cluster's name", faults));
    let plain = |field: &Field<'_>, faults: &mut Faults| {
        let text = field.string(faults)?;
        let visible = !text.is_empty() && text.bytes().all(|b| b.is_ascii_graphic());
        if !visible {
            faults.error(&field.pointer, "expected visible ASCII characters");
        }
        Some(text)
    };
    let authority = object.get("authority").and_then(|f| plain(f, faults));
    let path = object.get("path").and_then(|f| {
        let path = plain(f, faults)?;
        if !path.starts_with('/') {
            faults.error(&f.pointer, "expected a path that begins with `/`");
        }
        Some(path)
    });
    let key = object.required("key", faults).and_then(|f| {
        let key = f.value.as_str().as_deref().and_then(hex32);
        match key {
            Some(key) if others.contains(&key) => faults.error(
                &f.pointer,
                "this key seals approvals, and whoever receives the webhook could say yes with it: make another one",
            ),
            Some(_) => {}
            // The value is not shown: it is a secret.
            None => faults.error(
                &f.pointer,
                "expected a key of 32 random bytes as 64 hexadecimal digits (`openssl rand -hex 32`)",
            ),
        }
        key
    });
    let timeout = object.get("timeout_ms");
    let timeout = timeout.and_then(|f| f.integer(1..=10_000, faults));
    Some(RawWebhook {
        cluster: cluster?,
        authority,
        path: path.unwrap_or_else(|| "/".to_owned()),
        key: key?,
        timeout_ms: u32::try_from(timeout.unwrap_or(DEFAULT_TIMEOUT_MS)).unwrap_or(u32::MAX),
    })
}
