//! Whether two globs share a name.

use super::Glob;

impl Glob {
    /// Whether some name matches both globs. Exact; the work is the product of the two lengths.
    #[must_use]
    pub fn overlaps(&self, other: &Glob) -> bool {
        let columns: Vec<char> = other.as_str().chars().collect();
        // One cell tells whether a beginning of `self` (the row) and a beginning of `other` (the
        // column) share a name. `above` is the previous row; the first has no character of `self`.
        let mut above = vec![true];
        above.extend(columns.iter().scan(true, |only_stars, column| {
            *only_stars = *only_stars && *column == '*';
            Some(*only_stars)
        }));
        for row in self.as_str().chars() {
            let mut left = row == '*' && above.first() == Some(&true);
            let mut current = Vec::with_capacity(above.len());
            current.push(left);
            for (column, cells) in columns.iter().zip(above.windows(2)) {
                let &[diagonal, up] = cells else { continue };
                left = match (row, *column) {
                    // The star stands for nothing, or takes what the other side ends with.
                    ('*', _) | (_, '*') => up || left,
                    ('?', _) | (_, '?') => diagonal,
                    (a, b) => a == b && diagonal,
                };
                current.push(left);
            }
            above = current;
        }
        above.last() == Some(&true)
    }
}
