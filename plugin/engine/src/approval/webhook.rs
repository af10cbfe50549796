//! Telling somebody that a request waits: a signed HTTP request that nobody waits for.
//!
//! Signed as the Standard Webhooks specification says, so that ready libraries verify it:
//! `webhook-signature` is `v1,` and the base64 of HMAC-SHA-256 over `ID.TIMESTAMP.BODY`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac};
use sha2::Sha256;

use super::book::{NANOS, Standing};
use super::keys::keyed;
use super::notice::Notice;
use crate::config::webhook::RawWebhook;

/// `approvals.webhook`, compiled.
#[derive(Clone)]
pub struct Webhook {
    cluster: String,
    authority: String,
    path: String,
    key: Hmac<Sha256>,
    timeout_ms: u32,
}

/// A call that the proxy makes over HTTP, and whose answer nobody waits for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Announcement {
    /// Where to.
    pub cluster: String,
    /// Header names, lower case, and values, pseudo-headers first.
    pub headers: Vec<(&'static str, String)>,
    /// JSON.
    pub body: String,
    /// How long the proxy keeps the call, in milliseconds.
    pub timeout_ms: u32,
}

impl Webhook {
    /// Compiles the settings.
    pub fn new(raw: RawWebhook) -> Self {
        Self {
            authority: raw.authority.unwrap_or_else(|| raw.cluster.clone()),
            cluster: raw.cluster,
            path: raw.path,
            key: keyed(&raw.key),
            timeout_ms: raw.timeout_ms,
        }
    }

    /// Tells that a request waits: who asks for what and why, never the arguments. `now` in
    /// nanoseconds since 1970.
    pub fn announce(&self, notice: &Notice<'_>, standing: &Standing, now: u64) -> Announcement {
        let seconds = |nanos: u64| nanos.checked_div(NANOS).unwrap_or(0);
        let bare = Notice {
            arguments: None,
            responses: None,
            ..*notice
        };
        let data = bare.to_json(standing);
        let (id, at) = (standing.id.to_string(), seconds(now).to_string());
        let body = format!(
            "{{\"type\":\"approval.requested\",\"asked\":{at},\"ends\":{},\"data\":{data}}}",
            seconds(standing.ends)
        );
        let mut mac = self.key.clone();
        for part in [&id, ".", &at, ".", &body] {
            mac.update(part.as_bytes());
        }
        let signature = STANDARD.encode(mac.finalize().into_bytes());
        let headers = vec![
            (":method", "POST".to_owned()),
            (":path", self.path.clone()),
            (":authority", self.authority.clone()),
            ("content-type", "application/json".to_owned()),
            ("webhook-id", id),
            ("webhook-timestamp", at),
            ("webhook-signature", format!("v1,{signature}")),
        ];
        Announcement {
            cluster: self.cluster.clone(),
            headers,
            body,
            timeout_ms: self.timeout_ms,
        }
    }
}

/// Never shows the key.
impl std::fmt::Debug for Webhook {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Webhook")
            .field("cluster", &self.cluster)
            .finish_non_exhaustive()
    }
}
