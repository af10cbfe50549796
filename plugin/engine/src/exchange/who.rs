//! Who called, as records tell it.

use crate::caller::Caller;
use crate::gate::Gate;
use crate::record::{Digester, Who};
use crate::surroundings::Surroundings;

/// Who called: names that the configuration or an authority gave as they are, what may be a secret
/// only as a digest.
pub(super) fn who<'g>(gate: &'g Gate, caller: &Caller, around: &mut dyn Surroundings) -> Who<'g> {
    match caller {
        Caller::Anonymous => Who {
            how: "anonymous",
            ..Who::default()
        },
        Caller::Unknown => Who {
            how: "unknown",
            ..Who::default()
        },
        Caller::Granted(index) => match gate.callers.grant(*index) {
            Some(grant) => Who {
                how: grant.kind(),
                name: grant.name.as_str().into(),
            },
            None => Who::default(),
        },
        Caller::Identified(kind, value) => {
            let name = match (*kind, gate.audit.digester(around)) {
                ("claim" | "san", _) => String::from_utf8_lossy(value).into_owned(),
                (_, Some(digester)) => secret(digester, kind, value),
                (_, None) => String::new(),
            };
            Who {
                how: kind,
                name: name.into(),
            }
        }
    }
}

/// A secret's digest, which no arguments share: theirs begin with a brace.
fn secret(digester: &Digester, kind: &str, value: &[u8]) -> String {
    let mut out = String::from("digest:");
    digester.push(&[b"caller/", kind.as_bytes(), b"/", value], &mut out);
    out
}
