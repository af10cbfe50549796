//! What operators are shown of a request: who asks for what, and why a person is needed.

use super::book::Standing;
use super::id::ApprovalId;
use super::keys::Keys;
use super::place::notice_key;
use crate::json::{cut, push_json_string};
use crate::limit::{Change, Store, StoreError};

/// The longest name in a notice, in bytes; what is cut ends in `…`.
const NAME_BYTES: usize = 512;

/// The longest message, in bytes: that of each rule which asks.
const MESSAGE_BYTES: usize = 2_048;

/// The longest arguments in a notice, in bytes; longer ones are left out, and the notice says so.
const ARGUMENT_BYTES: usize = 4_096;

/// A request in words.
#[derive(Clone, Copy, Debug)]
pub struct Notice<'a> {
    /// Who asks, as records name the caller.
    pub caller: &'a str,
    /// The upstream's name.
    pub server: &'a str,
    /// The tool.
    pub tool: &'a str,
    /// The rule that asks for a person, the first where several do.
    pub rule: &'a str,
    /// Its message, and on lines of their own those of the others.
    pub message: &'a str,
    /// The arguments, a JSON object, where the policy lets operators see them.
    pub arguments: Option<&'a str>,
    /// What the call answers to a question of the upstream's, a JSON text, where they see arguments.
    pub responses: Option<&'a str>,
    /// Whether the client's user is asked, and operators only see it.
    pub of_user: bool,
}

/// The purpose of a notice's seal: who only writes the shared data does not choose what operators
/// say yes to.
const NOTICE: &str = "notice";

/// Writes the notice of the request at `place`: a seal, and the text.
pub(super) fn put(
    store: &mut dyn Store,
    keys: &Keys,
    row: &[u8; 10],
    place: u8,
    standing: &Standing,
    notice: &Notice<'_>,
) -> Result<(), StoreError> {
    store.update(&notice_key(row, place), &mut |_, out| {
        let text = notice.to_json(standing);
        out.extend(keys.seal(NOTICE, &[&standing.id.0, text.as_bytes()]));
        out.extend_from_slice(text.as_bytes());
        Change::Write
    })
}

/// Reads the notice of the request `id` at `place`; `None` while it is that of another one, or
/// nobody's with a key.
pub(super) fn get(
    store: &mut dyn Store,
    keys: &Keys,
    row: &[u8; 10],
    place: u8,
    id: ApprovalId,
) -> Option<String> {
    let mut found = None;
    store
        .update(&notice_key(row, place), &mut |old, _| {
            found = old
                .and_then(|bytes| bytes.split_first_chunk())
                .filter(|(seal, text)| keys.holds(seal, NOTICE, &[&id.0, text]))
                .and_then(|(_, text)| String::from_utf8(text.to_vec()).ok());
            Change::Keep
        })
        .ok()?;
    found
}

impl Notice<'_> {
    /// As a JSON object; every text in it is bounded.
    pub(super) fn to_json(self, standing: &Standing) -> String {
        let mut out = String::with_capacity(256);
        out.push_str("{\"id\":\"");
        out.push_str(&standing.id.to_string());
        out.push('"');
        for (name, text, most) in [
            ("caller", self.caller, NAME_BYTES),
            ("server", self.server, NAME_BYTES),
            ("tool", self.tool, NAME_BYTES),
            ("rule", self.rule, NAME_BYTES),
            ("message", self.message, MESSAGE_BYTES),
        ] {
            out.push_str(",\"");
            out.push_str(name);
            out.push_str("\":");
            let shown = cut(text, most);
            push_json_string(&mut out, shown);
            if shown.len() < text.len() {
                out.pop();
                out.push_str("…\"");
            }
        }
        if self.of_user {
            out.push_str(",\"asks\":\"user\"");
        }
        for (name, text) in [
            ("arguments", self.arguments),
            ("input_responses", self.responses),
        ] {
            match text {
                Some(text) if text.len() <= ARGUMENT_BYTES => {
                    out.push_str(&format!(",\"{name}\":{text}"));
                }
                Some(_) => out.push_str(&format!(",\"{name}_too_long\":true")),
                None => {}
            }
        }
        out.push('}');
        out
    }
}
