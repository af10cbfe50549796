//! Names that other names make useless, or that are too much alike.

use rustc_hash::FxHashMap;

use super::Lint;
use crate::config::policy::{Posture, RawSection};
use crate::glob::{Glob, is_glob};

impl Lint<'_> {
    /// Keys of `tools`, `hide` and the sections.
    pub(super) fn names(&mut self) {
        self.look_alikes();
        self.hidden_entries();
        let raw = self.raw;
        self.shadowed(&raw.hide.names, "hides it already");
        for (name, tool) in &raw.tools {
            if let Some(message) = bracketed(name) {
                self.faults.key_warning(&tool.pointer, message);
            }
        }
        // A URI may hold brackets, and a template's has braces.
        let sections = [&raw.methods, &raw.prompts].into_iter().flatten();
        let listed = sections.flat_map(|section| section.allow.iter().chain(&section.deny));
        for (name, pointer) in raw.hide.names.iter().chain(listed) {
            if let Some(message) = bracketed(name) {
                self.faults.warn(pointer, message);
            }
        }
        for section in [&raw.methods, &raw.resources, &raw.prompts]
            .into_iter()
            .flatten()
        {
            self.section(section);
        }
    }

    /// Tools whose names differ only by case or by white space around them.
    fn look_alikes(&mut self) {
        let raw = self.raw;
        let mut seen: FxHashMap<String, &str> = FxHashMap::default();
        for (name, tool) in &raw.tools {
            let folded = name.trim().to_ascii_lowercase();
            match seen.get(&folded) {
                Some(first) => self.faults.key_warning(
                    &tool.pointer,
                    format!(
                        "`{name}` and `{first}` differ only by case or white space, and are two tools here: keep the one that the server has"
                    ),
                ),
                None if name.trim() != name => self.faults.key_warning(
                    &tool.pointer,
                    format!("`{name}` has white space around it, so `{}` is refused as its look-alike: remove the white space", name.trim()),
                ),
                None => {}
            }
            seen.entry(folded).or_insert(name);
        }
    }

    /// Whether nobody can call what a key of `tools` names, for it is hidden.
    pub(super) fn is_hidden(&self, key: &str) -> bool {
        let hidden = &self.policy.hidden;
        if !is_glob(key) {
            return hidden.hides(key);
        }
        let names = &self.raw.hide.names;
        let covered = || names.iter().any(|(name, _)| covers(name, key));
        hidden.all || covered()
    }

    fn hidden_entries(&mut self) {
        let policy = self.policy;
        for entry in policy.tools.entries() {
            let rules = !entry.rules.is_empty() || !entry.approvals.is_empty();
            if rules && !policy.shadow && self.is_hidden(&entry.key) {
                let at = self.at_entry(entry);
                let message = format!(
                    "`{}` is hidden, which denies every call, so these rules are never asked: take it out of `hide`, or remove them",
                    entry.key
                );
                self.faults.key_warning(&at, message);
            }
        }
    }

    /// Names of a list that a glob of the same list covers.
    fn shadowed(&mut self, names: &[(String, String)], already: &str) {
        let globs: Vec<&String> = names
            .iter()
            .map(|(n, _)| n)
            .filter(|n| is_glob(n))
            .collect();
        for (name, pointer) in names {
            if let Some(glob) = globs
                .iter()
                .find(|glob| **glob != name && covers(glob, name))
            {
                let message =
                    format!("`{name}` adds nothing: `{glob}` {already}; remove one of the two");
                self.faults.warn(pointer, message);
            }
        }
    }

    fn section(&mut self, section: &RawSection) {
        self.shadowed(&section.allow, "allows it already");
        self.shadowed(&section.deny, "denies it already");
        let open = section.default.or(self.raw.default) == Some(Posture::Allow);
        if open && section.deny.is_empty() && !section.allow.is_empty() {
            self.faults.key_warning(
                &section.pointer,
                "this allows what is not listed too, by the `default` of the policy or of its own: state `\"default\": \"deny\"` here",
            );
        }
        for (name, pointer) in &section.allow {
            // The same name in both is an error already.
            if let Some((denied, _)) = section
                .deny
                .iter()
                .find(|(d, _)| d != name && covers(d, name))
            {
                self.faults.warn(
                    pointer,
                    format!("this allows nothing: `{denied}` under `deny` covers it, and `deny` beats `allow`"),
                );
            }
        }
    }
}

/// What to say of a name with what other globs understand and these do not.
fn bracketed(name: &str) -> Option<String> {
    let pair = |open, close| {
        let rest = name.split_once(open).map(|(_, rest)| rest);
        rest.is_some_and(|rest| rest.contains(close))
    };
    (pair('[', ']') || pair('{', '}')).then(|| {
        format!(
            "`{name}` is for names with these very brackets: only `*` and `?` stand for other characters, so list each alternative on its own"
        )
    })
}

/// Whether every name that `inner` names is one that `outer` names.
fn covers(outer: &str, inner: &str) -> bool {
    match Glob::parse(outer) {
        Ok(outer) if is_glob(outer.as_str()) => outer.covers(inner),
        _ => outer == inner,
    }
}
