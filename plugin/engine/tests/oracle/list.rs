//! What clients make of lists in a response, and what a filter may change in it. What is hidden here is called `hidden…`.

use serde_json::value::RawValue;

use super::json::{elements, folded, last, members, string};

/// The keys of lists, and the keys by which their entries are called for.
pub const LISTS: [(&str, &str); 3] = [("tools", "name"), ("prompts", "name"), ("resources", "uri")];

/// Whether a client finds a hidden name in any list of a response, or of a batch of them, when it
/// matches keys by case folding, whichever of two equal keys it reads.
pub fn shows_hidden(text: &str) -> bool {
    let messages = elements(text).unwrap_or_else(|| {
        let one: Result<Box<RawValue>, _> = serde_json::from_str(text);
        one.into_iter().collect()
    });
    let mut names = Vec::new();
    for message in &messages {
        for result in under(message.get(), "result") {
            for (list, called) in LISTS {
                let lists = under(result.get(), list);
                let entries = lists.iter().filter_map(|list| elements(list.get()));
                let names_of = |entry: Box<RawValue>| under(entry.get(), called);
                names.extend(entries.flatten().flat_map(names_of));
            }
        }
    }
    let mut names = names.iter().filter_map(|name| string(name.get()));
    names.any(|name| name.starts_with("hidden"))
}

/// The values of all members whose key folds to `known`.
fn under(text: &str, known: &str) -> Vec<Box<RawValue>> {
    let all = members(text).unwrap_or_default().into_iter();
    let known = folded(known);
    all.filter(|(key, _)| folded(key) == known)
        .map(|(_, value)| value)
        .collect()
}

/// Whether `after` is `before` without the entries that are hidden (or that have no name that all
/// clients read alike), and where `private` with another `cacheScope`, and else to the byte.
///
/// # Errors
/// What differs.
pub fn only_hidden_is_gone(before: &str, after: &str, private: bool) -> Result<(), String> {
    let result = |before: &str, after: &str| same_result(before, after, private);
    match (elements(before), elements(after)) {
        (Some(before), Some(after)) if before.len() == after.len() => {
            let mut pairs = before.iter().zip(&after);
            pairs.try_for_each(|(b, a)| same_members(b.get(), a.get(), &["result"], &result))
        }
        (None, None) => same_members(before, after, &["result"], &result),
        _ => Err("the batch changed".to_owned()),
    }
}

type Compare<'f> = &'f dyn Fn(&str, &str) -> Result<(), String>;

/// Compares two objects member by member: those under `keys` by `compare`, others by their text.
fn same_members(
    before: &str,
    after: &str,
    keys: &[&str],
    compare: Compare<'_>,
) -> Result<(), String> {
    let (Some(all_before), Some(all_after)) = (members(before), members(after)) else {
        return same_text(before, after);
    };
    if all_before.len() != all_after.len() {
        return Err(format!("members came or went: {before} became {after}"));
    }
    for ((key, value), (key_after, value_after)) in all_before.iter().zip(&all_after) {
        if key != key_after {
            return Err(format!("`{key}` became `{key_after}`"));
        }
        if keys.contains(&key.as_str()) {
            compare(value.get(), value_after.get())?;
        } else {
            same_text(value.get(), value_after.get())?;
        }
    }
    Ok(())
}

fn same_text(before: &str, after: &str) -> Result<(), String> {
    if before == after {
        Ok(())
    } else {
        Err(format!("{before} became {after}"))
    }
}

fn same_result(before: &str, after: &str, private: bool) -> Result<(), String> {
    let (Some(all_before), Some(all_after)) = (members(before), members(after)) else {
        return same_text(before, after);
    };
    let has_list = all_before.iter().any(|(key, value)| {
        LISTS.iter().any(|(list, _)| list == key) && elements(value.get()).is_some()
    });
    let scope = |all: &[(String, Box<RawValue>)]| last(all, "cacheScope").map(str::to_owned);
    let must_be_private = private
        && has_list
        && (scope(&all_before).is_some() || last(&all_before, "resultType").is_some());
    let scope_after = scope(&all_after);
    if must_be_private {
        if scope_after.as_deref().and_then(string).as_deref() != Some("private") {
            return Err(format!("another may cache it: {after}"));
        }
    } else if scope(&all_before) != scope_after {
        return Err(format!("`cacheScope` changed: {after}"));
    }
    let rest = |all: Vec<(String, Box<RawValue>)>| {
        let all = all.into_iter().filter(|(key, _)| key != "cacheScope");
        all.collect::<Vec<_>>()
    };
    let (all_before, all_after) = (rest(all_before), rest(all_after));
    if all_before.len() != all_after.len() {
        return Err(format!("members came or went: {before} became {after}"));
    }
    for ((key, value), (key_after, value_after)) in all_before.iter().zip(&all_after) {
        if key != key_after {
            return Err(format!("`{key}` became `{key_after}`"));
        }
        match LISTS.iter().find(|(list, _)| list == key) {
            Some((_, called)) => same_list(value.get(), value_after.get(), called)?,
            None => same_text(value.get(), value_after.get())?,
        }
    }
    Ok(())
}

fn same_list(before: &str, after: &str, called: &str) -> Result<(), String> {
    let (Some(all_before), Some(all_after)) = (elements(before), elements(after)) else {
        return same_text(before, after);
    };
    let shown = all_before.iter().filter(|entry| shown(entry.get(), called));
    let want: Vec<&str> = shown.map(|entry| entry.get()).collect();
    let got: Vec<&str> = all_after.iter().map(|entry| entry.get()).collect();
    if want == got {
        Ok(())
    } else {
        Err(format!("of {before} is left {after}"))
    }
}

/// Whether an entry has exactly one name for every client, and it is not hidden.
fn shown(entry: &str, called: &str) -> bool {
    let names = under(entry, called);
    let exact = members(entry).unwrap_or_default();
    let name = last(&exact, called).and_then(string);
    names.len() == 1 && name.is_some_and(|name| !name.starts_with("hidden"))
}
