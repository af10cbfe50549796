//! What a description says that its tool does.

use crate::Category;
use crate::lexicon::{self, Verb};
use crate::words::{self, Part};

/// Words before the verb that a description may begin with.
const FILLER: &[&str] = &[
    "a",
    "agent",
    "ai",
    "all",
    "allow",
    "allows",
    "an",
    "and",
    "api",
    "async",
    "batch",
    "be",
    "bulk",
    "can",
    "client",
    "easily",
    "enable",
    "enables",
    "for",
    "function",
    "helper",
    "it",
    "lets",
    "llm",
    "mcp",
    "method",
    "model",
    "perform",
    "performs",
    "permanently",
    "quickly",
    "safely",
    "simply",
    "that",
    "the",
    "this",
    "to",
    "tool",
    "use",
    "used",
    "useful",
    "user",
    "users",
    "utility",
    "we",
    "which",
    "will",
    "you",
    "your",
];

/// How far into a description its verb may stand, in words and marks.
const HEAD: usize = 60;

/// Words that say an effect stays, wherever they stand.
const LASTING: &[&str] = &[
    "irreversible",
    "irreversibly",
    "irrevocably",
    "unrecoverable",
];

/// What a description says.
#[derive(Debug, Default)]
pub(crate) struct Description {
    /// What it says to do first, the worst of what is joined (`Create or update`).
    pub(crate) lead: Option<Verb>,
    /// Where nothing leads: the first verb that says what it does (`... and returns`).
    pub(crate) inner: Option<Verb>,
    /// Whether what it says to perform is a search.
    pub(crate) searches: bool,
    /// Whether it says that nothing changes.
    pub(crate) read_only: bool,
    /// The words that say what is done cannot be undone.
    pub(crate) lasting: Option<&'static str>,
    /// Whether it says that something is overwritten.
    pub(crate) overwrites: bool,
    /// Its words, for signals.
    pub(crate) words: Vec<String>,
}

impl Description {
    pub(crate) fn read(text: &str) -> Self {
        let parts = words::of_text(text);
        let words: Vec<String> = parts
            .iter()
            .filter_map(Part::word)
            .map(str::to_owned)
            .collect();
        let lead = lead(&parts);
        Self {
            lead,
            inner: if lead.is_none() { inner(&parts) } else { None },
            searches: searches(&parts),
            read_only: read_only(&words),
            lasting: lasting(&words),
            overwrites: words.iter().any(|word| {
                matches!(
                    word.as_str(),
                    "overwrite" | "overwrites" | "overwriting" | "overwritten"
                )
            }),
            words,
        }
    }
}

/// The verb that a description begins with, the worst of those joined to it.
fn lead(parts: &[Part]) -> Option<Verb> {
    let mut rest = parts.iter().enumerate().take(HEAD);
    let (at, first) = rest.find_map(|(at, part)| {
        let word = part.word()?;
        let verb = lexicon::verb(word).or_else(|| lexicon::gerund(word));
        match verb {
            // `Use this tool to ...`, `Allows ...`
            _ if FILLER.contains(&word) => None,
            found => Some((at, found)),
        }
    })?;
    let first = first?;
    let mut worst = first;
    let mut may_join = false;
    for part in parts.iter().skip(at.saturating_add(1)).take(HEAD) {
        let word = match part {
            Part::Joint => {
                may_join = true;
                continue;
            }
            Part::Stop => break,
            Part::Word(word) => word.as_str(),
        };
        if matches!(word, "or" | "and" | "then") {
            may_join = true;
            continue;
        }
        let verb = lexicon::verb(word).filter(|verb| may_join && joins(verb, &first));
        if let Some(verb) = verb
            && verb.category > worst.category
        {
            worst = verb;
        }
        // `Create or update a page` joins; so does `Fetches the page and deletes it`.
        may_join = false;
    }
    Some(worst)
}

/// Whether a verb after `and` goes on with the first one, and is no noun.
fn joins(verb: &Verb, first: &Verb) -> bool {
    verb.third == first.third && !verb.noun_too
}

/// The first verb inside that says what a tool does: in the third person, after `to`, or a gerund
/// after `for`.
fn inner(parts: &[Part]) -> Option<Verb> {
    let before = std::iter::once(None).chain(parts.iter().map(Part::word));
    parts
        .iter()
        .zip(before)
        .take(HEAD)
        .find_map(|(part, before)| {
            let word = part.word()?;
            let verb = lexicon::verb(word).or_else(|| lexicon::gerund(word))?;
            let doing = match before {
                Some("to") => !verb.third,
                Some("for" | "by") => word.ends_with("ing"),
                _ => verb.third && !verb.noun_too,
            };
            doing.then_some(verb)
        })
}

/// Whether the first words run or perform a search, which reads however it is put.
fn searches(parts: &[Part]) -> bool {
    let sentence = parts.iter().take_while(|part| **part != Part::Stop);
    let mut words = sentence.filter_map(Part::word).take(8);
    words.any(|word| matches!(word, "search" | "searches" | "lookup" | "lookups"))
}

fn read_only(words: &[String]) -> bool {
    let one = words
        .iter()
        .any(|word| matches!(word.as_str(), "read-only" | "readonly"));
    let two = words.windows(2).any(|pair| {
        let pair: Vec<&str> = pair.iter().map(String::as_str).collect();
        matches!(pair.as_slice(), ["read", "only" | "mode"])
    });
    one || two
}

fn lasting(words: &[String]) -> Option<&'static str> {
    let one = LASTING
        .iter()
        .find(|known| words.iter().any(|word| word == *known));
    let undone = words.windows(3).any(|three| {
        let three: Vec<&str> = three.iter().map(String::as_str).collect();
        matches!(
            three.as_slice(),
            [
                "cannot" | "can't",
                "be",
                "undone" | "reversed" | "recovered"
            ]
        )
    });
    let gone = words.windows(2).any(|pair| {
        let [adverb, verb] = pair else { return false };
        adverb == "permanently"
            && lexicon::verb(verb).is_some_and(|verb| verb.category == Category::Destructive)
    });
    one.copied()
        .or(undone.then_some("cannot be undone"))
        .or(gone.then_some("permanently"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leads(text: &str) -> Option<&'static str> {
        Description::read(text).lead.map(|verb| verb.lemma)
    }

    #[test]
    fn the_leading_verb_is_the_worst_of_those_joined() {
        let cases = [
            ("Get a page", Some("get")),
            ("Retrieves the page", Some("retrieve")),
            ("This tool allows you to delete a page.", Some("delete")),
            ("Create, update, or delete a page", Some("delete")),
            ("Fetches the page and deletes it", Some("delete")),
            ("Get deleted pages", Some("get")),
            ("Search and filter events. Delete nothing.", Some("search")),
            ("Tool for deleting pages", Some("delete")),
            ("Claim an open job", None),
            ("", None),
        ];
        for (text, expected) in cases {
            assert_eq!(leads(text), expected, "{text}");
        }
    }

    #[test]
    fn where_nothing_leads_the_first_doing_does() {
        let inner = |text| Description::read(text).inner.map(|verb| verb.lemma);
        assert_eq!(
            inner("Claim an open job to start working on it."),
            Some("start")
        );
        assert_eq!(
            inner("A step. Blocks up to n seconds and returns the message."),
            Some("return")
        );
        assert_eq!(inner("Weather"), None);
    }

    #[test]
    fn what_lasts_and_what_only_reads_is_heard() {
        assert!(Description::read("Runs a read-only query").read_only);
        assert!(Description::read("Execute queries in read mode").read_only);
        assert!(!Description::read("Read a file").read_only);
        assert!(
            Description::read("This cannot be undone!")
                .lasting
                .is_some()
        );
        assert!(
            Description::read("It permanently removes it")
                .lasting
                .is_some()
        );
        assert!(Description::read("Store it permanently").lasting.is_none());
    }
}
