//! The names of time series: what is counted, and labels that only the configuration chooses.
//!
//! A name is `family;label=value;label=value`, from which a proxy makes labels
//! (`docs/audit.md`). No byte of a caller's is in one, so their number is bounded by the policy.

/// Decisions, one for each request.
pub const DECISIONS: &str = "toolgate_decisions_total";
/// Rules in shadow mode that would have denied.
pub const SHADOWED: &str = "toolgate_shadowed_total";
/// Calls that a person has to approve, by how that stands, and what operators decided.
pub const APPROVALS: &str = "toolgate_approvals_total";
/// Announcements of requests that wait, by what became of each.
pub const WEBHOOKS: &str = "toolgate_approval_webhooks_total";
/// Answers that defined a pinned tool otherwise.
pub const CHANGED: &str = "toolgate_pins_changed_total";
/// Used part of a limit, of the subject that used most of it, in percent.
pub const LIMIT_USED: &str = "toolgate_limit_used_percent";
/// When a policy was loaded, in seconds since the Unix epoch.
pub const POLICY_LOADED: &str = "toolgate_policy_loaded_timestamp_seconds";

/// The longest value of a label, in bytes.
const MAX_VALUE_BYTES: usize = 96;

/// What stands for values that have no label of their own.
pub const OTHER: &str = "(other)";
/// A tool that no entry of the policy names.
pub const UNLISTED: &str = "(unlisted)";

/// A name as it is built.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Series(String);

impl Series {
    /// Begins a name.
    pub fn of(family: &str) -> Self {
        let mut name = String::with_capacity(128);
        name.push_str(family);
        Self(name)
    }

    /// Adds a label; an empty value is none.
    #[must_use]
    pub fn with(mut self, label: &str, value: &str) -> Self {
        if value.is_empty() {
            return self;
        }
        self.0.push(';');
        self.0.push_str(label);
        self.0.push('=');
        if value.len() <= MAX_VALUE_BYTES && value.bytes().all(is_plain) {
            self.0.push_str(value);
            return self;
        }
        for byte in value.bytes().take(MAX_VALUE_BYTES) {
            let shown = if is_plain(byte) { byte } else { b'_' };
            self.0.push(char::from(shown));
        }
        self
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What no proxy takes for a part of a name's form.
fn is_plain(byte: u8) -> bool {
    PLAIN.get(usize::from(byte)).copied().unwrap_or(false)
}

/// By byte.
#[expect(
    clippy::indexing_slicing,
    reason = "when it is compiled, not when it runs"
)]
static PLAIN: [bool; 128] = {
    let mut plain = [false; 128];
    let mut rest: &[u8] =
        b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./*() ~";
    while let [byte, more @ ..] = rest {
        plain[*byte as usize] = true;
        rest = more;
    }
    plain
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_can_neither_add_a_label_nor_grow() {
        let series = Series::of("x").with("a", "b;c=d\n\"e").with("f", "");
        assert_eq!(series.as_str(), "x;a=b_c_d__e");
        let plain = Series::of("x").with("a", "a_Z-9./*() ~");
        assert_eq!(plain.as_str(), "x;a=a_Z-9./*() ~");
        assert_eq!(
            Series::of("x").with("a", &"é".repeat(500)).as_str().len(),
            4 + 96
        );
    }
}
