//! docs/policy.md as blocks of code and tables of messages.

use std::path::{Path, PathBuf};

/// A fenced block: what its info string says, and what it holds.
#[derive(Debug)]
pub(crate) struct Block {
    /// `json`, `yaml`, `jsonl`, …
    pub(crate) language: String,
    /// The second word: what the block is.
    pub(crate) role: String,
    /// `name=…`.
    pub(crate) name: Option<String>,
    pub(crate) text: String,
    /// The line of the fence, from 1.
    pub(crate) line: usize,
}

/// A path within the repository.
pub(crate) fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)
}

pub(crate) fn read(path: &str) -> String {
    let file = repository(path);
    std::fs::read_to_string(&file).unwrap_or_else(|why| panic!("{}: {why}", file.display()))
}

/// Every fenced block of the reference, in order.
pub(crate) fn blocks() -> Vec<Block> {
    let text = read("docs/policy.md");
    let mut blocks: Vec<Block> = Vec::new();
    let mut open = false;
    for (index, line) in text.lines().enumerate() {
        let Some(info) = line.strip_prefix("```") else {
            if open {
                let block = blocks.last_mut().unwrap();
                block.text.push_str(line);
                block.text.push('\n');
            }
            continue;
        };
        open = !open;
        if open {
            let mut words = info.split_whitespace();
            blocks.push(Block {
                language: words.next().unwrap_or_default().to_owned(),
                role: words.next().unwrap_or_default().to_owned(),
                name: words
                    .next()
                    .and_then(|w| w.strip_prefix("name="))
                    .map(str::to_owned),
                text: String::new(),
                line: index + 1,
            });
        }
    }
    assert!(!open, "a block of docs/policy.md has no end");
    blocks
}

/// The messages that the table under `heading` lists: a text in which `‹…›` stands for anything.
pub(crate) fn messages(heading: &str) -> Vec<String> {
    let text = read("docs/policy.md");
    let (_, section) = text
        .split_once(&format!("\n{heading}\n"))
        .unwrap_or_else(|| panic!("docs/policy.md has no `{heading}`"));
    let section = section.split("\n#").next().unwrap();
    section
        .lines()
        .filter_map(|line| line.strip_prefix("| "))
        .filter_map(|row| row.split(" |").next())
        .map(|cell| cell.trim_matches('`').trim().replace("\\|", "|"))
        .filter(|cell| cell != "message" && !cell.starts_with("---"))
        .collect()
}

/// Whether `text` is `pattern`, in which `‹…›` stands for anything.
pub(crate) fn matches(pattern: &str, text: &str) -> bool {
    let mut parts = pattern
        .split('‹')
        .map(|part| part.split_once('›').map_or(part, |(_, literal)| literal));
    let Some(mut rest) = parts.next().and_then(|first| text.strip_prefix(first)) else {
        return false;
    };
    let mut tail = "";
    for part in parts {
        // The first place where a part could stand is as good as any: the last is checked below.
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
        tail = part;
    }
    rest.is_empty() || (pattern.contains('‹') && text.ends_with(tail))
}

#[test]
fn placeholders_stand_for_anything_but_nothing_else_does() {
    assert!(matches("a ‹x› b", "a 1 b"));
    assert!(matches("a ‹x› b", "a 1 b 2 b"));
    assert!(matches("‹x›", ""));
    assert!(matches("same", "same"));
    for text in ["a 1 c", "b 1 b", "a b", "a 1 b c"] {
        assert!(!matches("a ‹x› b", text), "{text}");
    }
    assert!(!matches("same", "same as"));
}
