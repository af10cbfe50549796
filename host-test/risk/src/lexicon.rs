//! The lexicon: what verbs do, and what nouns money, credentials and people are called by.
//!
//! It is general English of APIs and shells. No tool's whole name stands here.

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::Category;

/// What a verb does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Verb {
    /// As the lexicon has it.
    pub(crate) lemma: &'static str,
    pub(crate) category: Category,
    /// Whether it is also a common noun (`log`, `build`), so that it is a verb only where one stands.
    pub(crate) noun_too: bool,
    /// Whether the word was in the third person (`returns`), which is no noun after another verb.
    pub(crate) third: bool,
}

const READ: &str = "
    aggregate analyse analyze ask assess browse calculate capture cat check classify collect compare convert count decode
    describe detect determine diagnose discover display download encode enumerate estimate examine explain
    explore extract fetch find gather get grep identify inspect introspect investigate learn lint list lookup match
    ls parse monitor observe obtain outline paginate peek ping poll predict preview print provide rank read recall recommend
    research resolve retrieve return reveal sample scan score scrape crawl search see show sort stat suggest summarise summarize
    tail think transcribe translate traverse validate verify view walk whoami";
const READ_OR_NOUN: &str = "
    access audit compute diff document export filter glob head look map measure metrics output profile query
    report review screenshot snapshot status surface trace watch";
const WRITE: &str = "
    accept acknowledge add adjust allocate alter amend annotate append apply approve archive assign
    associate attach author ban bind bookmark click close configure connect copy create
    customise customize deactivate define detach disable disconnect dismiss drag duplicate edit emulate
    enable enter enroll expand extend favorite fill finalise finalize follow generate give grant hide
    hover import include increment init initialise initialize input insert invite join leave like
    link lock log_in login lower maintain manage mark memorize merge modify move mute notify
    organise organize overwrite persist pin populate post press promote publish push put react
    reassign record register reject remember rename reopen reorder reply resize respond restore
    revert save scroll send set share sign store stage stash star submit subscribe swap sync tap transfer tweet
    type unarchive unassign unfollow unhide unlink unlock unmark unmute unpin unstage unstar
    unsubscribe update upload upsert upvote vote write";
const WRITE_OR_NOUN: &str = "
    alias block branch change checkout clone comment commit email fork group label log message note patch rate
    request tag";
const EXECUTE: &str = "
    activate automate bootstrap boot continue debug delegate deploy dispatch eval evaluate exec execute
    goto halt ingest initiate install interrupt invoke kick launch load migrate navigate operate
    orchestrate pause process provision reboot rebuild recreate redeploy refresh reload rerun
    restart resume retry rollback run select send_keys shutdown simulate solve spawn start stop switch
    train transform trigger visit wait";
const EXECUTE_OR_NOUN: &str = "
    attack bash benchmark build call cmd command compile open play render schedule script shell test
    workflow";
const DESTRUCTIVE: &str = "
    abort cancel clean cleanup clear decommission delete deprovision destroy discard drop erase evict
    expunge kill nuke obliterate prune purge remove reset revoke rm rmdir scrub shred teardown terminate
    truncate undeploy uninstall wipe";
const DESTRUCTIVE_OR_NOUN: &str = "del empty flush format trash void";
const FINANCIAL: &str = "buy disburse donate pay reimburse sell spend withdraw";
const FINANCIAL_OR_NOUN: &str = "bill charge deposit invoice purchase refund trade";

/// Nouns of paying: a tool about one is about money whatever its verb.
const MONEY: &str = "
    bill billing charge chargeback checkout invoice payment payout payroll pricing purchase refund
    subscription wallet";
/// Stems that also count at the head of a longer word (`paymentmethods`, `chargebacks`).
const MONEY_STEMS: &[&str] = &[
    "billing", "charge", "invoice", "payment", "payout", "payroll", "pricing", "refund",
];
/// What a browser or a desktop has open: to close one is to navigate, not to change data.
const VIEWS: &str = "browser page tab window";
/// What makes a subscription one to news.
const UNPAID: &str = "alert channel email event feed mail message news newsletter notification push pubsub resource topic webhook";
/// Nouns that are money only where it is moved.
const FUNDS: &str = "balance bank cash coin credit crypto currency dollar eth euro fund funds gift money sol tip token usd usdc wire";
/// Verbs that move what they are given.
const MOVING: &str = "deposit give move place send swap trade transfer wire withdraw";

const CREDENTIALS: &str = "
    apikey authtoken bearer certificate cookie credential credentials env jwt keypair keyvault oauth passcode
    passphrase password passwd pat pin_code privatekey secret secrets token";
const PEOPLE: &str = "
    birthday birthdate contact customer dob email employee fullname guest lead member passport patient
    person people phone profile ssn surname user whoami";
const MESSAGES: &str = "
    announcement chat comment dm email invitation invite mail message newsletter notification reply slack sms
    tweet webhook";
const SENDING: &str = "announce broadcast dm email forward invite message notify post publish reply respond send text tweet";

static VERBS: LazyLock<HashMap<&'static str, (Category, bool)>> = LazyLock::new(|| {
    let lists = [
        (READ, Category::Read, false),
        (READ_OR_NOUN, Category::Read, true),
        (WRITE, Category::Write, false),
        (WRITE_OR_NOUN, Category::Write, true),
        (EXECUTE, Category::Execute, false),
        (EXECUTE_OR_NOUN, Category::Execute, true),
        (DESTRUCTIVE, Category::Destructive, false),
        (DESTRUCTIVE_OR_NOUN, Category::Destructive, true),
        (FINANCIAL, Category::Financial, false),
        (FINANCIAL_OR_NOUN, Category::Financial, true),
    ];
    let verbs = lists.into_iter();
    let verbs = verbs.flat_map(|(list, category, noun)| {
        let words = list.split_whitespace();
        words.map(move |word| (word, (category, noun)))
    });
    verbs.collect()
});

/// The verb that a word is: bare, or in the third person.
pub(crate) fn verb(word: &str) -> Option<Verb> {
    if let Some(verb) = bare(word, false) {
        return Some(verb);
    }
    let stem = word.strip_suffix('s')?;
    let ies = stem
        .strip_suffix("ie")
        .and_then(|stem| bare(&format!("{stem}y"), true));
    let es = stem.strip_suffix('e').and_then(|stem| bare(stem, true));
    bare(stem, true).or(ies).or(es)
}

/// The verb whose gerund a word is: `deleting`.
pub(crate) fn gerund(word: &str) -> Option<Verb> {
    let stem = word.strip_suffix("ing")?;
    let doubled = {
        let mut letters = stem.chars();
        let last = letters.next_back();
        let once = letters.as_str();
        (last.is_some() && once.chars().next_back() == last).then_some(once)
    };
    bare(stem, false)
        .or_else(|| bare(&format!("{stem}e"), false))
        .or_else(|| doubled.and_then(|stem| bare(stem, false)))
}

fn bare(word: &str, third: bool) -> Option<Verb> {
    let found = VERBS
        .get_key_value(word)
        .map(|(lemma, found)| (*lemma, *found));
    // Done again, or undone: `rerun`, `re-create`.
    let again = || {
        let stem = word.strip_prefix("re")?.trim_start_matches('-');
        let (lemma, found) = VERBS.get_key_value(stem)?;
        (found.0 != Category::Read && !found.1).then_some((*lemma, *found))
    };
    let (lemma, (category, noun_too)) = found.or_else(again)?;
    Some(Verb {
        lemma,
        category,
        noun_too,
        third,
    })
}

fn is_in(list: &str, word: &str) -> bool {
    let singular = word.strip_suffix('s').unwrap_or(word);
    list.split_whitespace()
        .any(|known| known == word || known == singular)
}

/// A word that makes a tool one about money.
pub(crate) fn is_money(word: &str) -> bool {
    is_in(MONEY, word) || MONEY_STEMS.iter().any(|stem| word.starts_with(stem))
}

/// A word before `subscription` that makes it one to news.
pub(crate) fn is_unpaid(word: &str) -> bool {
    is_in(UNPAID, word)
}

/// A word for what is money where it is moved.
pub(crate) fn is_fund(word: &str) -> bool {
    is_in(FUNDS, word)
}

/// A word for what is open on a screen.
pub(crate) fn is_view(word: &str) -> bool {
    is_in(VIEWS, word)
}

/// A verb that moves what it is given.
pub(crate) fn is_moving(verb: &str) -> bool {
    is_in(MOVING, verb)
}

/// A word for what opens a door.
pub(crate) fn is_credential(word: &str) -> bool {
    is_in(CREDENTIALS, word)
}

/// A word for people, or for what is known of one.
pub(crate) fn is_personal(word: &str) -> bool {
    is_in(PEOPLE, word)
}

/// A word for what is said to people.
pub(crate) fn is_message(word: &str) -> bool {
    is_in(MESSAGES, word)
}

/// A verb of saying.
pub(crate) fn is_sending(verb: &str) -> bool {
    is_in(SENDING, verb)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_verb_does_two_things() {
        let all = [
            READ,
            READ_OR_NOUN,
            WRITE,
            WRITE_OR_NOUN,
            EXECUTE,
            EXECUTE_OR_NOUN,
            DESTRUCTIVE,
            DESTRUCTIVE_OR_NOUN,
            FINANCIAL,
            FINANCIAL_OR_NOUN,
        ];
        let mut words: Vec<&str> = all
            .iter()
            .flat_map(|list| list.split_whitespace())
            .collect();
        let count = words.len();
        words.sort_unstable();
        let twice: Vec<_> = words
            .windows(2)
            .filter(|pair| pair.first() == pair.last())
            .collect();
        assert!(twice.is_empty(), "{twice:?}");
        assert_eq!(count, VERBS.len());
    }

    #[test]
    fn a_verb_is_known_in_its_forms() {
        let lemma = |word| verb(word).map(|verb| (verb.lemma, verb.third));
        assert_eq!(lemma("get"), Some(("get", false)));
        assert_eq!(lemma("retrieves"), Some(("retrieve", true)));
        assert_eq!(lemma("queries"), Some(("query", true)));
        assert_eq!(lemma("searches"), Some(("search", true)));
        assert_eq!(lemma("rerun"), Some(("rerun", false)));
        assert_eq!(lemma("resend"), Some(("send", false)));
        assert_eq!(lemma("read"), Some(("read", false)));
        assert_eq!(lemma("issue"), None);
        assert_eq!(gerund("deleting").map(|v| v.lemma), Some("delete"));
        assert_eq!(gerund("running").map(|v| v.lemma), Some("run"));
        assert_eq!(gerund("string"), None);
    }
}
