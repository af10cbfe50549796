//! What steps keep of a reply for later ones, and where those use it: `{name}`.

use std::collections::{BTreeMap, BTreeSet};

use super::plan::StepFault;
use crate::scenario::model::Step;

/// Checks what a step uses against what those before it keep, and adds what it keeps.
pub(super) fn check(
    step: &Step,
    kept: &mut BTreeSet<String>,
    operators: bool,
) -> Result<(), StepFault> {
    if let Some(line) = &step.operator {
        if !operators {
            let why = "name the listener's configuration: `operators: operators.json`";
            return Err(("operator", why.to_owned()));
        }
        if let Some(name) = pieces(line).find_map(|piece| piece.ok().filter(|n| !kept.contains(*n)))
        {
            let why = format!("no step before keeps `{name}`");
            return Err(("operator", why));
        }
    }
    for (name, pointer) in &step.keep {
        if name.is_empty() || name.contains(['{', '}']) {
            return Err(("keep", format!("`{name}` is no name for it")));
        }
        if !pointer.starts_with('/') {
            let why =
                format!("`{pointer}` is no JSON pointer into the reply, such as `/content/0`");
            return Err(("keep", why));
        }
        kept.insert(name.clone());
    }
    Ok(())
}

/// A text with what was kept in the places of the names.
pub(crate) fn fill(text: &str, kept: &BTreeMap<String, String>) -> String {
    let pieces = pieces(text).map(|piece| match piece {
        Ok(name) => kept.get(name).map_or("", String::as_str),
        Err(text) => text,
    });
    pieces.collect()
}

/// The text in pieces: `Ok` is a name in braces, `Err` what stands between.
fn pieces(text: &str) -> impl Iterator<Item = Result<&str, &str>> {
    text.split('{').enumerate().flat_map(|(index, part)| {
        let (name, rest) = match part.split_once('}') {
            Some((name, rest)) if index > 0 => (Some(name), rest),
            _ => (None, part),
        };
        [name.map(Ok), Some(Err(rest))].into_iter().flatten()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_in_braces_are_filled_in() {
        let kept = BTreeMap::from([("id".to_owned(), "apr_1".to_owned())]);
        for (text, filled) in [
            ("GET /a", "GET /a"),
            ("POST /a/{id}/b", "POST /a/apr_1/b"),
            ("{id}{id}", "apr_1apr_1"),
            ("/a}b", "/a}b"),
        ] {
            assert_eq!(fill(text, &kept), filled);
        }
    }
}
