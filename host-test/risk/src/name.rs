//! The verb in a tool's name, and what the name is about.

use crate::lexicon::{self, Verb};
use crate::{Category, words};

/// Nouns at the end of a name that make it a question about what stands before: `deploy_status`.
const ASKED: &[&str] = &[
    "count",
    "detail",
    "details",
    "diff",
    "docs",
    "documentation",
    "help",
    "history",
    "info",
    "information",
    "insight",
    "insights",
    "log",
    "logs",
    "metadata",
    "metrics",
    "results",
    "schema",
    "stats",
    "statistics",
    "status",
    "summary",
    "version",
    "versions",
];

/// What a name says.
#[derive(Debug)]
pub(crate) struct Name {
    /// Its words, without the server's at their head.
    pub(crate) words: Vec<String>,
    /// The words of the server, which are a part of what the tool is about (`list` of `invoices`).
    server: Vec<String>,
    /// The verb that counts.
    pub(crate) verb: Option<Verb>,
    /// Where the verb stands.
    at: Option<usize>,
}

impl Name {
    pub(crate) fn read(name: &str, server: Option<&str>) -> Self {
        let mut words = words::of_name(name);
        let server = words::of_name(server.unwrap_or_default());
        strip(&mut words, &server);
        let mut found = main_verb(&words);
        if let Some((_, verb)) = &mut found
            && verb.lemma == "close"
            && words.iter().any(|word| lexicon::is_view(word))
        {
            verb.category = Category::Execute;
        }
        Self {
            verb: found.map(|(_, verb)| verb),
            at: found.map(|(at, _)| at),
            words,
            server,
        }
    }

    /// The words other than the verb.
    pub(crate) fn rest(&self) -> impl Iterator<Item = (usize, &str)> {
        let rest = self.words.iter().enumerate();
        rest.filter(|(index, _)| Some(*index) != self.at)
            .map(|(index, word)| (index, word.as_str()))
    }

    /// The word that makes it a tool about money.
    pub(crate) fn money(&self) -> Option<&str> {
        let paid = |index: usize, word: &str| {
            let before = index.checked_sub(1).and_then(|index| self.words.get(index));
            !word.starts_with("subscription")
                || !before.is_some_and(|word| lexicon::is_unpaid(word))
        };
        let moves = self.verb.is_some_and(|verb| lexicon::is_moving(verb.lemma));
        let mut rest = self.rest();
        let found = rest.find(|(index, word)| {
            lexicon::is_money(word) && paid(*index, word) || moves && lexicon::is_fund(word)
        });
        let of_server = || self.server.iter().find(|word| lexicon::is_money(word));
        found
            .map(|(_, word)| word)
            .or_else(|| of_server().map(String::as_str))
    }
}

/// Takes the server's own words off the head, unless nothing would be left.
fn strip(words: &mut Vec<String>, server: &[String]) {
    let same = words
        .iter()
        .zip(server)
        .take_while(|(word, of_server)| word == of_server);
    let count = same.count();
    if count == server.len() && count < words.len() {
        words.drain(..count);
    }
}

/// The verb that counts: the worst of the first verb and those joined to it (`get_or_create`); a
/// verb that is a noun too counts only at the head or the end, and not in a question.
fn main_verb(words: &[String]) -> Option<(usize, Verb)> {
    let verbs: Vec<(usize, Verb)> = words
        .iter()
        .enumerate()
        .filter_map(|(index, word)| Some((index, lexicon::verb(word)?)))
        .collect();
    let last = words.len().checked_sub(1)?;
    let asked = words.len() > 1
        && words
            .last()
            .is_some_and(|word| ASKED.contains(&word.as_str()));
    if let Some((at, verb)) = verbs.iter().find(|(at, verb)| is_plain(*at, verb)) {
        return Some(joined(words, *at, *verb));
    }
    if asked {
        return None;
    }
    let noun_too = verbs
        .iter()
        .filter(|(_, verb)| verb.noun_too && !verb.third);
    let mut noun_too = noun_too.filter(|(at, _)| *at == 0 || *at == last);
    noun_too.next().copied()
}

/// A word that can only be a verb there: `deletes_x` is one, `x_lists` is not.
fn is_plain(at: usize, verb: &Verb) -> bool {
    !verb.noun_too && (!verb.third || at == 0)
}

/// Verbs after `or`, `and`, `then` join the first. One right after it may be a noun
/// (`get_merge_request`), but what may destroy is not overlooked (`get_delete_token`).
fn joined(words: &[String], at: usize, first: Verb) -> (usize, Verb) {
    let mut worst = (at, first);
    let mut joint = false;
    let mut adjacent = true;
    for (index, word) in words.iter().enumerate().skip(at.saturating_add(1)) {
        if matches!(word.as_str(), "or" | "and" | "then") {
            joint = true;
            continue;
        }
        let verb = lexicon::verb(word).filter(|verb| is_plain(index, verb));
        if let Some(verb) = verb
            && verb.category > worst.1.category
            && (joint || adjacent && verb.category == Category::Destructive)
        {
            worst = (index, verb);
        }
        adjacent &= verb.is_some();
        joint = false;
    }
    worst
}

/// The category of a word that an argument chooses from (`"action": "delete"`).
pub(crate) fn of_choice(choice: &str) -> Option<(Verb, Category)> {
    let verb = main_verb(&words::of_name(choice))?.1;
    Some((verb, verb.category))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verb(name: &str) -> Option<&'static str> {
        Name::read(name, None).verb.map(|verb| verb.lemma)
    }

    #[test]
    fn the_verb_is_found_wherever_names_put_it() {
        let cases = [
            ("create_pull_request", Some("create")),
            ("slack_post_message", Some("post")),
            ("issue_read", Some("read")),
            ("comment_delete", Some("delete")),
            ("arcane_job_run", Some("run")),
            ("mark_all_notifications_read", Some("mark")),
            ("get_workflow_run_logs", Some("get")),
            ("get_or_create_user", Some("create")),
            ("search_and_delete", Some("delete")),
            ("fetch_then_run", Some("run")),
            ("get_merge_request", Some("get")),
            ("get_delete_token", Some("delete")),
            ("request_code_review", Some("request")),
            ("build", Some("build")),
            ("build_status", None),
            ("logs", None),
            ("todo_lists", None),
            ("claim_job", None),
        ];
        for (name, expected) in cases {
            assert_eq!(verb(name), expected, "{name}");
        }
        assert!(
            Name::read("fetch", Some("fetch")).verb.is_some(),
            "nothing would be left"
        );
        assert_eq!(
            Name::read("run_list", Some("run")).verb.map(|v| v.lemma),
            Some("list")
        );
    }

    #[test]
    fn money_is_what_is_paid_or_moved() {
        let money = |name| Name::read(name, None).money().map(str::to_owned);
        for paid in [
            "list_invoices",
            "subscription",
            "create_paymentlink",
            "transfer_funds",
            "send_eth",
        ] {
            assert!(money(paid).is_some(), "{paid}");
        }
        assert!(Name::read("list", Some("invoices")).money().is_some());
        for free in [
            "manage_notification_subscription",
            "get_balance",
            "git_checkout",
            "transfer_issue",
        ] {
            assert_eq!(money(free), None, "{free}");
        }
    }
}
