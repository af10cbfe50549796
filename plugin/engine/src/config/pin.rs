//! `pin` of a tool: the hashes of its definition that a policy takes.

use super::fault::Faults;
use super::plugin::hex32;
use super::reader::Field;
use crate::json::Kind;
use crate::pin::Pin;

/// `pin`, and where it stands, which is its rule identifier.
#[derive(Clone, Debug)]
pub struct RawPin {
    /// Where it stands.
    pub pointer: String,
    /// Any of these; never empty.
    pub pins: Vec<Pin>,
}

/// Reads one pin or a list of them; `None` when it has a fault.
pub(super) fn read_pin(field: &Field<'_>, faults: &mut Faults) -> Option<RawPin> {
    let listed = match field.value.kind() {
        Kind::Array => field.elements(faults),
        _ => vec![field.clone()],
    };
    if listed.is_empty() {
        faults.error(
            &field.pointer,
            "expected at least one pin: none would deny every call",
        );
    }
    let mut pins: Vec<Pin> = Vec::with_capacity(listed.len());
    for one in &listed {
        let text = one.value.as_str();
        let hash = text
            .as_deref()
            .and_then(|text| hex32(text.strip_prefix("sha256:")?));
        match hash.map(Pin) {
            Some(pin) if pins.contains(&pin) => {
                faults.error(&one.pointer, "this pin is listed twice");
            }
            Some(pin) => pins.push(pin),
            None => faults.error(
                &one.pointer,
                "expected `sha256:` and 64 hexadecimal digits, as `host-test pin` prints them",
            ),
        }
    }
    (!pins.is_empty()).then(|| RawPin {
        pointer: field.pointer.clone(),
        pins,
    })
}
