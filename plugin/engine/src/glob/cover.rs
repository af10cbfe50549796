//! Whether one glob matches everything that another does.

use super::Glob;

impl Glob {
    /// Whether this matches every name that `inner`, a name or a glob, matches. True is
    /// certain; where a `?` here would have to take the end of a star there (`?*` and `*a`), it says
    /// false.
    #[must_use]
    pub fn covers(&self, inner: &str) -> bool {
        let (outer, inner) = (normal(self.as_str()), normal(inner));
        // Whether the rest of `outer` from each position covers the rest of `inner`, from its end
        // to its beginning.
        let mut below = covers_nothing(&outer);
        for have in inner.iter().rev() {
            let mut row = vec![false];
            for (want, cells) in outer.iter().zip(below.windows(2)).rev() {
                let &[same, next] = cells else { continue };
                let after = row.last() == Some(&true);
                row.push(match (want, have) {
                    // The star takes this, or ends.
                    ('*', _) => same || after,
                    ('?', c) if *c != '*' => next,
                    (a, b) => a == b && next,
                });
            }
            row.reverse();
            below = row;
        }
        below.first() == Some(&true)
    }
}

/// For each position of a glob: whether the rest matches the empty text.
fn covers_nothing(glob: &[char]) -> Vec<bool> {
    let mut row = vec![true];
    for c in glob.iter().rev() {
        row.push(*c == '*' && row.last() == Some(&true));
    }
    row.reverse();
    row
}

/// The characters of a glob, with each run of wildcards as its `?`s and then at most one `*`.
fn normal(glob: &str) -> Vec<char> {
    let mut out = Vec::with_capacity(glob.len());
    let mut star = false;
    for c in glob.chars() {
        match c {
            '*' => star = true,
            '?' => out.push('?'),
            c => {
                if std::mem::take(&mut star) {
                    out.push('*');
                }
                out.push(c);
            }
        }
    }
    if star {
        out.push('*');
    }
    out
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_glob_covers_what_it_always_matches() {
        for (outer, inner, covers) in [
            ("delete_*", "delete_all_*", true),
            ("delete_*", "delete_", true),
            ("delete_all_*", "delete_*", false),
            ("*", "*", true),
            ("*?", "?*", true),
            ("?*", "*", false),
            ("a*c", "abc", true),
            ("a*c", "a*bc", true),
            ("a?c", "a*c", false),
            ("*a*", "*ba*", true),
            ("*_admin", "x*_admin", true),
        ] {
            assert_eq!(
                Glob::parse(outer).unwrap().covers(inner),
                covers,
                "{outer} {inner}"
            );
        }
    }

    proptest! {
        #[test]
        fn what_is_covered_is_matched(outer in "[ab?*]{0,5}", inner in "[ab?*]{0,5}", name in "[abc]{0,6}") {
            let outer = Glob::parse(&outer).unwrap();
            let covered = outer.covers(&inner);
            if covered && Glob::parse(&inner).unwrap().matches(&name) {
                prop_assert!(outer.matches(&name));
            }
        }
    }
}
