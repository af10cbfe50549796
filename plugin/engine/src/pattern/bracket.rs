//! Classes in brackets, by RE2's rules: no set operations, and `[` inside is a character.

use super::PatternError;
use super::class::{Class, posix};
use super::escape;
use super::scan::Scanner;

/// A class in brackets, the first of which has been read.
pub(super) fn class(
    scanner: &mut Scanner<'_>,
    start: usize,
    fold: bool,
) -> Result<Class, PatternError> {
    let negated = scanner.eat("^");
    let mut class = Class::default();
    // A `]` that comes first is a character.
    let mut first = true;
    while first || !scanner.eat("]") {
        first = false;
        let item = scanner.position();
        if let Some(name) = scanner.posix_name() {
            let (bare, complement) = match name.strip_prefix('^') {
                Some(bare) => (bare, true),
                None => (name, false),
            };
            let Some(set) = posix(bare) else {
                let message = format!(
                    "`[:{name}:]` is not a class of RE2; there are `[:alpha:]`, `[:digit:]` and others"
                );
                return Err(scanner.error(item, &message));
            };
            class.extend(escape::maybe_negated(set, complement, fold).ranges());
            continue;
        }
        let low = if scanner.eat("\\") {
            if let Some(set) = escape::perl_class(scanner, fold) {
                class.extend(set.ranges());
                continue;
            }
            escape::refuse_unicode_class(scanner, item)?;
            escape::character(scanner, item)?
        } else {
            character(scanner, start)?
        };
        let mut high = low;
        // A `-` before the closing bracket is a character.
        let mut ahead = scanner.rest().chars();
        if ahead.next() == Some('-') && !matches!(ahead.next(), None | Some(']')) {
            scanner.next();
            high = character(scanner, start)?;
        }
        if high < low {
            let message = format!(
                "the range `{}` runs backwards; write `\\-` for the character",
                scanner.since(item)
            );
            return Err(scanner.error(item, &message));
        }
        class.extend(&[(low, high)]);
    }
    let class = if fold { class.folded() } else { class };
    Ok(if negated { class.negated() } else { class })
}

fn character(scanner: &mut Scanner<'_>, bracket: usize) -> Result<u32, PatternError> {
    let start = scanner.position();
    match scanner.next() {
        None => Err(scanner.error(
            bracket,
            "the class is never closed; add `]`, or write `\\[` for the character",
        )),
        Some('\\') => escape::character(scanner, start),
        Some(c) => Ok(c.into()),
    }
}
