//! What agents wrote, as a person is shown it.

/// Whether a character shows nothing of itself, or moves or crosses out what stands around it:
/// Unicode's property `Default_Ignorable_Code_Point`, what directs writing or ends lines, blanks other
/// than the space, and marks that are drawn across letters or around them.
pub fn is_unseen(c: char) -> bool {
    if c.is_ascii() {
        return false;
    }
    c.is_whitespace()
        || matches!(
            c,
            '\u{ad}'
                | '\u{334}'..='\u{338}'
                | '\u{34f}'
                | '\u{488}'..='\u{489}'
                | '\u{61c}'
                | '\u{115f}'..='\u{1160}'
                | '\u{17b4}'..='\u{17b5}'
                | '\u{180b}'..='\u{180f}'
                | '\u{200b}'..='\u{200f}'
                | '\u{202a}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{20d0}'..='\u{20ff}'
                | '\u{2800}'
                | '\u{3164}'
                | '\u{fe00}'..='\u{fe0f}'
                | '\u{feff}'
                | '\u{ffa0}'
                | '\u{fff0}'..='\u{fffb}'
                | '\u{1bca0}'..='\u{1bca3}'
                | '\u{1d173}'..='\u{1d17a}'
                | '\u{e0000}'..='\u{e0fff}'
        )
}

/// So many spaces in a row are shown as they are: more could push what follows out of sight.
const SPACES: usize = 8;

/// A text of the agent's choice in which nothing can move or hide what stands around it.
pub fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut spaces = 0usize;
    for c in text.chars() {
        // Between the tokens of a JSON text these are spaces.
        let c = if matches!(c, '\n' | '\r' | '\t') {
            ' '
        } else {
            c
        };
        spaces = if c == ' ' {
            spaces.saturating_add(1)
        } else {
            0
        };
        if spaces > SPACES || c.is_control() || is_unseen(c) {
            out.extend(c.escape_unicode());
        } else {
            out.push(c);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::plain;

    #[test]
    fn what_a_person_reads_hides_nothing() {
        for (text, shown) in [
            ("50\u{34f}\u{fe0f}0 €", "50\\u{34f}\\u{fe0f}0 €"),
            (
                "a\u{e0161}b\u{3164}c\u{2800}",
                "a\\u{e0161}b\\u{3164}c\\u{2800}",
            ),
            ("x\n\u{202e}y\u{7f}", "x \\u{202e}y\\u{7f}"),
            ("é 日本 👍", "é 日本 👍"),
            // Struck out, encircled, and blanks that are not the space.
            ("1\u{336}50\u{20dd}", "1\\u{336}50\\u{20dd}"),
            ("a\u{a0}b\u{3000}c", "a\\u{a0}b\\u{3000}c"),
            ("        if x", "        if x"),
            ("a          b", "a        \\u{20}\\u{20}b"),
        ] {
            assert_eq!(plain(text), shown);
        }
    }
}
