//! The pre-check: fast on ordinary results, never wrong about a list.

use toolgate_engine::mcp::list::may_hold_list;

use super::cases::result;

#[test]
fn ordinary_results_are_not_parsed() {
    for text in [
        result(
            r#"{"content":[{"type":"text","text":"tools, \"tools\", resources \u003cb\u003e é \ud83d\ude00"}]}"#,
        ),
        result(r#"{"capabilities":{"tool":{}},"protocolVersion":"2025-11-25"}"#),
        "data that is not JSON".into(),
        String::new(),
    ] {
        assert!(!may_hold_list(text.as_bytes()), "{text}");
    }
    for text in [
        result(r#"{"tools":[]}"#),
        result(r#"{"PrompTs":[]}"#),
        result(r#"{"resourceſ":[]}"#),
        result(r#"{"to\u006Fls":[]}"#),
        result(r#"{"tool\u017F":[]}"#),
    ] {
        assert!(may_hold_list(text.as_bytes()), "{text}");
        let utf16: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert!(may_hold_list(&utf16));
    }
}

#[test]
fn every_letter_of_a_lists_key_may_be_upper_case_or_escaped() {
    for key in ["tools", "prompts", "resources", "resourceTemplates"] {
        for (at, letter) in key.char_indices() {
            for letter in [letter, letter.to_ascii_uppercase()] {
                let code = u32::from(letter);
                for escape in [
                    letter.to_string(),
                    format!("\\u{code:04x}"),
                    format!("\\u{code:04X}"),
                ] {
                    let text = format!("{{\"{}{escape}{}\":[]}}", &key[..at], &key[at + 1..]);
                    assert!(may_hold_list(text.as_bytes()), "{text}");
                }
            }
        }
    }
}

/// The pre-check knows one character beyond ASCII, so there must not be another.
#[test]
fn only_the_long_s_folds_into_a_lists_key() {
    for c in ('\u{80}'..=char::MAX).filter(|c| *c != '\u{17F}') {
        let folded: String = c.to_uppercase().flat_map(char::to_lowercase).collect();
        for key in ["tools", "prompts", "resources"] {
            assert!(!key.contains(&folded), "{c:?} folds to {folded}");
        }
    }
}
