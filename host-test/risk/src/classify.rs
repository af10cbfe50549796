//! From a definition to a verdict.

use crate::annotation::Hints;
use crate::description::Description;
use crate::lexicon::{self, Verb};
use crate::name::Name;
use crate::schema::Arguments;
use crate::signal::Raised;
use crate::{Category, Reason, Risk, SignalKind, Source, Tool, Verdict, poison};

/// Judges one tool. Total: every definition has a verdict, and what cannot be told is Execute.
#[must_use]
pub fn classify(tool: &Tool<'_>) -> Verdict {
    let mut case = Case {
        name: Name::read(tool.name, tool.server),
        description: Description::read(tool.description),
        arguments: Arguments::read(tool.input_schema),
        hints: Hints::read(tool.annotations),
        reasons: Vec::new(),
        raised: Raised::default(),
        on_its_word: false,
        contradicted: false,
    };
    let mut category = case.first();
    category = case.by_description(category);
    category = case.by_money(category);
    category = case.by_arguments(category);
    category = case.by_hints(category);
    case.signals(tool, category);
    let risk = case.risk(category);
    Verdict {
        category,
        risk,
        signals: case.raised.sorted(),
        reasons: case.reasons,
    }
}

/// One definition under judgement.
struct Case {
    name: Name,
    description: Description,
    arguments: Arguments,
    hints: Hints,
    reasons: Vec<Reason>,
    raised: Raised,
    /// Whether only a hint says that it reads.
    on_its_word: bool,
    /// Whether its hint says the opposite of everything else.
    contradicted: bool,
}

impl Case {
    fn because(&mut self, source: Source, text: impl Into<String>) {
        self.reasons.push(Reason::new(source, text));
    }

    /// What the name's verb says; without one, what the description says; else the worst that is
    /// likely.
    fn first(&mut self) -> Category {
        let lead = self.description.lead;
        if let Some(verb) = self
            .name
            .verb
            .filter(|verb| !verb.noun_too || lead.is_none())
        {
            self.because(Source::Name, is_a(&verb));
            return verb.category;
        }
        let said = self.description.lead.or(self.description.inner);
        if let Some(verb) = said {
            self.because(
                Source::Description,
                format!("{} (the name has no sure one)", is_a(&verb)),
            );
            return verb.category;
        }
        if self.hints.read_only == Some(true) {
            self.on_its_word = true;
            self.because(
                Source::Annotations,
                "`readOnlyHint`, with nothing for it and nothing against it",
            );
            return Category::Read;
        }
        self.because(
            Source::Name,
            "neither it nor the description has a verb that is known, so it may start anything",
        );
        Category::Execute
    }

    /// A description can make the verdict worse. It makes it better in one case: a query that it
    /// calls read-only.
    fn by_description(&mut self, category: Category) -> Category {
        let asks = self.is_query();
        if asks
            && self.description.read_only
            && category == Category::Execute
            && !self.takes(SignalKind::Command)
        {
            self.because(Source::Description, "a query that it says is read-only");
            return Category::Read;
        }
        let lead = self.description.lead;
        let excused = |verb: &Verb| {
            asks && self.description.read_only
                || verb.category == Category::Execute && self.description.searches
        };
        if let Some(verb) = lead.filter(|verb| worsens(category, verb) && !excused(verb)) {
            self.because(
                Source::Description,
                format!("{}, whatever the name says", is_a(&verb)),
            );
            return verb.category;
        }
        if category == Category::Write
            && let Some(word) = self.description.lasting
        {
            self.because(Source::Description, format!("`{word}`"));
            return Category::Destructive;
        }
        category
    }

    /// Whether it asks a question of a database or the like.
    fn is_query(&self) -> bool {
        let of_name = self.name.words.iter().map(String::as_str);
        let of_text = self.description.words.iter().take(12).map(String::as_str);
        let mut words = of_name.chain(of_text);
        words.any(|w| {
            matches!(
                w,
                "query" | "queries" | "sql" | "select" | "cypher" | "search" | "lookup"
            )
        })
    }

    fn takes(&self, kind: SignalKind) -> bool {
        self.arguments.has(kind).is_some()
    }

    fn by_money(&mut self, category: Category) -> Category {
        if category >= Category::Financial {
            return category;
        }
        if let Some(word) = self.name.money().map(str::to_owned) {
            self.because(Source::Name, format!("`{word}` is about money"));
            return Category::Financial;
        }
        if let (Some(amount), Some(payee), true) = (
            &self.arguments.amount,
            &self.arguments.payee,
            category > Category::Read,
        ) {
            let text = format!("the arguments `{amount}` and `{payee}` together move money");
            self.because(Source::Schema, text);
            return Category::Financial;
        }
        category
    }

    fn by_arguments(&mut self, category: Category) -> Category {
        if let Some((path, choice, worst)) = self.arguments.choice.clone()
            && worst > category
        {
            self.because(
                Source::Schema,
                format!(
                    "the argument `{path}` can ask for `{choice}`, which is {}",
                    adjective(worst)
                ),
            );
            return worst;
        }
        if category >= Category::Execute {
            return category;
        }
        if let Some(path) = self.arguments.http_method.clone() {
            self.because(
                Source::Schema,
                format!("the argument `{path}` lets it send requests that change things"),
            );
            return Category::Execute;
        }
        if self.arguments.unread {
            self.because(
                Source::Schema,
                "larger or deeper than is looked at, so it may hide anything",
            );
            return Category::Execute;
        }
        let said = self.description.read_only;
        for kind in [SignalKind::Command, SignalKind::Code, SignalKind::Sql] {
            let excused = match kind {
                SignalKind::Sql => said || category == Category::Write,
                SignalKind::Code => said && self.is_query() || category == Category::Write,
                _ => false,
            };
            if let Some(path) = self
                .arguments
                .has(kind)
                .filter(|_| !excused)
                .map(str::to_owned)
            {
                let what = match kind {
                    SignalKind::Command => "a command",
                    SignalKind::Code => "code",
                    _ => "a query language, which can change data",
                };
                self.because(
                    Source::Schema,
                    format!("the argument `{path}` takes {what}"),
                );
                return Category::Execute;
            }
        }
        category
    }

    fn by_hints(&mut self, category: Category) -> Category {
        match (self.hints.read_only, category) {
            (Some(true), Category::Read) => {
                if !self.on_its_word {
                    self.because(Source::Annotations, "`readOnlyHint` says the same");
                }
                if self.hints.destructive == Some(true) {
                    self.contradicted = true;
                    self.because(
                        Source::Annotations,
                        "`destructiveHint` and `readOnlyHint` exclude each other",
                    );
                    return Category::Destructive;
                }
                category
            }
            (Some(true), Category::Financial) if self.reads() => category,
            (Some(true), _) => {
                self.contradicted = true;
                self.because(
                    Source::Annotations,
                    "`readOnlyHint` contradicts the rest and is not believed",
                );
                category
            }
            (Some(false), Category::Read) => {
                self.because(
                    Source::Annotations,
                    "the server itself does not call it read-only",
                );
                Category::Write
            }
            _ => category,
        }
    }

    /// Whether its verb only reads.
    fn reads(&self) -> bool {
        let verb = self.name.verb.or(self.description.lead);
        verb.is_some_and(|verb| verb.category == Category::Read)
    }

    fn signals(&mut self, tool: &Tool<'_>, category: Category) {
        for (kind, path) in std::mem::take(&mut self.arguments.signals) {
            self.raised.raise(kind, Source::Schema, path);
        }
        for (_, word) in self.name.rest() {
            if lexicon::is_credential(word) {
                self.raised
                    .raise(SignalKind::Credentials, Source::Name, word);
            }
            if lexicon::is_personal(word) {
                self.raised
                    .raise(SignalKind::PersonalData, Source::Name, word);
            }
        }
        let verb = self.name.verb.or(self.description.lead);
        if let Some(verb) = verb {
            let object = self
                .name
                .rest()
                .map(|(_, word)| word)
                .find(|word| lexicon::is_message(word));
            let message = object.map(str::to_owned).or_else(|| {
                let mut words = self.description.words.iter().take(12);
                words.find(|word| lexicon::is_message(word)).cloned()
            });
            if lexicon::is_sending(verb.lemma)
                && (message.is_some() || lexicon::is_message(verb.lemma))
            {
                let what = message.unwrap_or_else(|| verb.lemma.to_owned());
                self.raised
                    .raise(SignalKind::SendsMessages, Source::Name, what);
            }
            if matches!(verb.lemma, "overwrite" | "upsert" | "replace" | "truncate") {
                self.raised
                    .raise(SignalKind::Overwrites, Source::Name, verb.lemma);
            }
        }
        if category != Category::Read {
            if self.description.overwrites {
                self.raised
                    .raise(SignalKind::Overwrites, Source::Description, "overwrite");
            }
            if self.hints.destructive == Some(true) && category == Category::Write {
                self.raised.raise(
                    SignalKind::Overwrites,
                    Source::Annotations,
                    "destructiveHint",
                );
            }
        }
        if category == Category::Financial && !self.reads() {
            let word = self.name.money().unwrap_or("money").to_owned();
            self.raised
                .raise(SignalKind::SpendsMoney, Source::Name, word);
        }
        let spoken = [
            (Source::Name, tool.name),
            (Source::Description, tool.description),
        ];
        for (source, text) in spoken {
            if let Some(found) = poison::found(text) {
                self.raised.raise(SignalKind::Instructions, source, found);
            }
        }
    }

    fn risk(&mut self, category: Category) -> Risk {
        let has = |kind| self.raised.has(kind).is_some();
        let runs = has(SignalKind::Code) || has(SignalKind::Command) || has(SignalKind::Sql);
        let secret = self
            .raised
            .has(SignalKind::Credentials)
            .is_some_and(|signal| signal.source == Source::Name);
        let risk = match category {
            Category::Read if runs || secret || self.on_its_word => Risk::Medium,
            Category::Read => Risk::Low,
            Category::Write if has(SignalKind::Overwrites) => Risk::High,
            Category::Write => Risk::Medium,
            Category::Execute if runs => Risk::Critical,
            Category::Execute => Risk::High,
            Category::Financial if self.reads() => Risk::High,
            Category::Financial | Category::Destructive => Risk::Critical,
        };
        if self.contradicted || has(SignalKind::Instructions) {
            return risk.max(Risk::High);
        }
        risk
    }
}

/// Whether a description's verb says worse than what is known so far. Between writing and executing
/// a name is believed; that something is taken away, or that a reader does more, is not overlooked.
fn worsens(category: Category, verb: &Verb) -> bool {
    let surely = !verb.noun_too;
    match category {
        Category::Read => surely && verb.category > Category::Read,
        _ => surely && verb.category > category && verb.category >= Category::Financial,
    }
}

fn is_a(verb: &Verb) -> String {
    let article = if verb.category == Category::Execute {
        "an"
    } else {
        "a"
    };
    format!(
        "`{}` is {article} {} verb",
        verb.lemma,
        adjective(verb.category)
    )
}

fn adjective(category: Category) -> &'static str {
    match category {
        Category::Read => "reading",
        Category::Write => "writing",
        Category::Execute => "executing",
        Category::Financial => "financial",
        Category::Destructive => "destructive",
    }
}
