//! Checking arguments against a compiled schema, in bounded work.
//!
//! An answer is yes, no, or [`Unclear`]: what cannot be told denies the call, wherever in the
//! schema it is met. For that, nothing that `not` or an alternative could turn around stops at the
//! first no.

use crate::json::{Kind, RawStr, Value, folds_to};

use super::canonical;
use super::explain::{Step, and, place, quoted_names, shown};
use super::{Among, Ask, Bound, Counted, Id, MAX_DEPTH, MAX_WORK, Members, Schema};

/// What entering a schema costs beside the bytes that it looks at.
const ENTER: usize = 16;

/// The alternatives of which a message tells why they do not fit.
const EXPLAINED: usize = 3;

/// Why a call is denied although no schema said no, in words for its caller.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Unclear(pub(super) String);

impl Unclear {
    /// A number that some servers read as infinite.
    pub(super) fn overflow(value: Value<'_>) -> Self {
        let number = shown(value.text());
        Self(format!(
            "the number {number} is too large for any server to read"
        ))
    }
}

/// How much work is left.
#[derive(Debug)]
pub(super) struct Work(usize);

impl Default for Work {
    fn default() -> Self {
        Self(MAX_WORK)
    }
}

impl Work {
    pub(super) fn spend(&mut self, units: usize) -> Result<(), Unclear> {
        let left = self.0.checked_sub(units);
        self.0 = left.ok_or_else(|| {
            Unclear("the arguments are too large to be checked against the policy's schema".into())
        })?;
        Ok(())
    }
}

/// Checks arguments; the error says what is wrong with them.
pub(super) fn check(schema: &Schema, arguments: Value<'_>) -> Result<(), String> {
    let mut evaluation = Evaluation {
        schema,
        work: Work::default(),
        depth: 0,
        path: Vec::new(),
        quiet: false,
        said: None,
    };
    match evaluation.node(Id::ROOT, arguments) {
        Ok(true) => Ok(()),
        Ok(false) => Err(evaluation.said.take().unwrap_or_default()),
        Err(Unclear(why)) => Err(why),
    }
}

struct Evaluation<'s, 'v> {
    schema: &'s Schema,
    work: Work,
    depth: usize,
    /// Where in the arguments.
    path: Vec<Step<'v>>,
    /// Whether a no is not yet a denial: it is not explained, and does not end the search for
    /// what is unclear.
    quiet: bool,
    /// What was wrong, once something was.
    said: Option<String>,
}

type Answer = Result<bool, Unclear>;

impl<'v> Evaluation<'_, 'v> {
    fn node(&mut self, id: Id, value: Value<'v>) -> Answer {
        let schema = self.schema;
        let asks = schema.node(id);
        if asks.is_empty() {
            return Ok(true);
        }
        self.work.spend(ENTER)?;
        if self.depth >= MAX_DEPTH {
            return Err(Unclear(
                "the arguments are nested too deeply to be checked against the policy's schema"
                    .into(),
            ));
        }
        if let Some(number) = value.as_number() {
            self.work.spend(value.text().len())?;
            if number.overflows_binary64() {
                return Err(Unclear::overflow(value));
            }
        }
        self.depth = self.depth.saturating_add(1);
        let mut holds = true;
        for ask in asks {
            holds &= self.answer(ask, value)?;
            if self.stops(holds) {
                break;
            }
        }
        self.depth = self.depth.saturating_sub(1);
        Ok(holds)
    }

    fn stops(&self, holds: bool) -> bool {
        !holds && !self.quiet
    }

    fn answer(&mut self, ask: &Ask, value: Value<'v>) -> Answer {
        self.work.spend(1)?;
        let holds = self.ask(ask, value)?;
        if self.stops(holds) && self.said.is_none() {
            let words = ask.failure(self.schema, value);
            self.say(&format!("{} {words}", place(&self.path)));
        }
        Ok(holds)
    }

    fn say(&mut self, words: &str) {
        self.said = Some(words.to_owned());
    }

    fn ask(&mut self, ask: &Ask, value: Value<'v>) -> Answer {
        match ask {
            Ask::Nothing => Ok(false),
            Ask::Type(types) => Ok(types.admits(value)),
            Ask::Among(among) => self.among(among, value),
            Ask::Number(bound, limit) => Ok(match (value.as_number(), limit_of(limit)) {
                (Some(number), Some(limit)) => bound.admits(number.cmp(&limit)),
                (number, _) => number.is_none(),
            }),
            Ask::MultipleOf(divisor) => Ok(value
                .as_number()
                .is_none_or(|number| divisor.divides(&number))),
            Ask::Count(counted, bound, limit) => self.count(*counted, *bound, *limit, value),
            Ask::Matches(pattern) => {
                let Some(text) = value.as_str() else {
                    return Ok(true);
                };
                self.work.spend(pattern.size().saturating_mul(text.len()))?;
                Ok(pattern.is_match(&text))
            }
            Ask::Items(prefix, rest) => self.items(prefix, *rest, value),
            Ask::Unique => self.unique(value),
            Ask::Contains(id, least, most) => self.contains(*id, *least, *most, value),
            Ask::Members(members) => self.members(members, value),
            Ask::Names(id) => self.names(*id, value),
            Ask::All(ids) => {
                self.work.spend(ids.len())?;
                let mut holds = true;
                for id in ids {
                    holds &= self.node(*id, value)?;
                    if self.stops(holds) {
                        break;
                    }
                }
                Ok(holds)
            }
            Ask::Any(ids) => {
                let fit = self.fitting(ids, value)?;
                self.explain_alternatives(fit, ids, value)?;
                Ok(fit > 0)
            }
            Ask::One(ids) => {
                let fit = self.fitting(ids, value)?;
                self.explain_alternatives(fit, ids, value)?;
                if fit > 1 && !self.quiet {
                    let place = place(&self.path);
                    self.say(&format!(
                        "{place} must fit exactly one of {} alternatives, and fits {fit}",
                        ids.len()
                    ));
                }
                Ok(fit == 1)
            }
            Ask::Not(id) => Ok(!self.quietly(*id, value)?),
            Ask::If(condition, then, other) => {
                let branch = if self.quietly(*condition, value)? {
                    then
                } else {
                    other
                };
                branch.map_or(Ok(true), |id| self.node(id, value))
            }
        }
    }

    fn quietly(&mut self, id: Id, value: Value<'v>) -> Answer {
        let before = std::mem::replace(&mut self.quiet, true);
        let answer = self.node(id, value);
        self.quiet = before;
        answer
    }

    /// How many of the schemas a value fits.
    fn fitting(&mut self, ids: &[Id], value: Value<'v>) -> Result<usize, Unclear> {
        self.work.spend(ids.len())?;
        let mut fit = 0usize;
        for id in ids {
            fit = fit.saturating_add(usize::from(self.quietly(*id, value)?));
        }
        Ok(fit)
    }

    /// Says why none of the alternatives fits, by asking them once more aloud.
    fn explain_alternatives(
        &mut self,
        fit: usize,
        ids: &[Id],
        value: Value<'v>,
    ) -> Result<(), Unclear> {
        if fit > 0 || self.quiet {
            return Ok(());
        }
        let mut reasons: Vec<String> = Vec::new();
        for id in ids {
            self.node(*id, value)?;
            let reason = self.said.take().unwrap_or_default();
            if !reasons.contains(&reason) {
                reasons.push(reason);
            }
            if reasons.len() >= EXPLAINED {
                break;
            }
        }
        let reasons = reasons.join("; or ");
        self.say(&shown(&reasons));
        Ok(())
    }

    fn among(&mut self, among: &Among, value: Value<'v>) -> Answer {
        if !among.types.meets(super::Types::of(value.kind())) {
            return Ok(false);
        }
        let mut text = String::new();
        canonical::write(value, &mut self.work, &mut text)?;
        Ok(among.values.binary_search(&text).is_ok())
    }

    fn count(&mut self, counted: Counted, bound: Bound, limit: u64, value: Value<'v>) -> Answer {
        let counts = match counted {
            Counted::Characters => Kind::String,
            Counted::Items => Kind::Array,
            Counted::Properties => Kind::Object,
        };
        if value.kind() != counts {
            return Ok(true);
        }
        self.work.spend(value.text().len())?;
        let count = match counted {
            Counted::Characters => value.raw_str().map_or(0, |text| text.chars().count()),
            Counted::Items => value.elements().count(),
            Counted::Properties => value.members().count(),
        };
        Ok(bound.admits(u64::try_from(count).unwrap_or(u64::MAX).cmp(&limit)))
    }

    fn items(&mut self, prefix: &[Id], rest: Option<Id>, value: Value<'v>) -> Answer {
        self.work.spend(value.text().len())?;
        let mut holds = true;
        for (index, element) in value.elements().enumerate() {
            let Some(id) = prefix.get(index).copied().or(rest) else {
                break;
            };
            self.path.push(Step::Index(index));
            holds &= self.node(id, element)?;
            self.path.pop();
            if self.stops(holds) {
                break;
            }
        }
        Ok(holds)
    }

    fn unique(&mut self, value: Value<'v>) -> Answer {
        self.work.spend(value.text().len())?;
        let mut texts = Vec::new();
        for (index, element) in value.elements().enumerate() {
            let mut text = String::new();
            canonical::write(element, &mut self.work, &mut text)?;
            texts.push((text, index));
        }
        // Sorting compares each text with about as many others as its number has bits.
        let bits = usize::try_from(texts.len().checked_ilog2().unwrap_or(0)).unwrap_or(0);
        self.work.spend(value.text().len().saturating_mul(bits))?;
        texts.sort_unstable();
        let pairs = texts.iter().zip(texts.iter().skip(1));
        let mut equal = pairs.filter(|((a, _), (b, _))| a == b);
        let first = equal.next().map(|((_, a), (_, b))| (*a, *b));
        if let Some((a, b)) = first.filter(|_| !self.quiet) {
            let place = place(&self.path);
            self.say(&format!(
                "{place} must not have equal items: [{a}] equals [{b}]"
            ));
        }
        Ok(first.is_none())
    }

    fn contains(&mut self, id: Id, least: u64, most: Option<u64>, value: Value<'v>) -> Answer {
        if value.kind() != Kind::Array {
            return Ok(true);
        }
        self.work.spend(value.text().len())?;
        let mut fit = 0u64;
        for element in value.elements() {
            fit = fit.saturating_add(u64::from(self.quietly(id, element)?));
        }
        Ok(fit >= least && most.is_none_or(|most| fit <= most))
    }

    fn members(&mut self, members: &Members, value: Value<'v>) -> Answer {
        if value.kind() != Kind::Object {
            return Ok(true);
        }
        self.work.spend(value.text().len())?;
        let (mut holds, mut required) = (true, 0usize);
        for (key, member) in value.members() {
            let known = self.known(members, key)?;
            required = required.saturating_add(usize::from(known.is_some_and(|n| n.required)));
            self.path.push(Step::Key(key));
            let mut spoken_of = false;
            if let Some(id) = known.and_then(|n| n.schema) {
                spoken_of = true;
                holds &= self.node(id, member)?;
            }
            for (pattern, id) in &members.patterns {
                let text = key.decode();
                self.work.spend(pattern.size().saturating_mul(text.len()))?;
                if !self.stops(holds) && pattern.is_match(&text) {
                    spoken_of = true;
                    holds &= self.node(*id, member)?;
                }
            }
            if let Some(rest) = members.rest.filter(|_| !spoken_of && !self.stops(holds)) {
                holds &= self.node(rest, member)?;
                if self.stops(holds) && matches!(self.schema.node(rest), [Ask::Nothing]) {
                    self.say(&format!(
                        "{} is not allowed{}",
                        place(&self.path),
                        allowed(members)
                    ));
                }
            }
            self.path.pop();
            if self.stops(holds) {
                return Ok(false);
            }
        }
        if required < members.required {
            holds = false;
            let mut names = members.names.iter().filter(|n| n.required);
            let absent = names.find(|n| value.get(&n.name).is_none());
            if let Some(name) = absent.filter(|_| !self.quiet) {
                self.path.push(Step::Name(name.name.clone()));
                self.say(&format!("{} is missing", place(&self.path)));
                self.path.pop();
            }
        }
        Ok(holds)
    }

    /// What the schema says of a key by its name.
    ///
    /// # Errors
    /// It only folds to a name, which some servers would read it as.
    fn known<'m>(
        &mut self,
        members: &'m Members,
        key: RawStr<'v>,
    ) -> Result<Option<&'m super::Name>, Unclear> {
        let names = &members.names;
        let each = key.raw().len().saturating_add(1);
        self.work
            .spend(names.len().saturating_mul(each.min(ENTER)))?;
        if let Some(name) = names.iter().find(|n| key.equals(&n.name)) {
            return Ok(Some(name));
        }
        let Some(name) = names.iter().find(|n| folds_to(key, &n.name)) else {
            return Ok(None);
        };
        self.path.push(Step::Key(key));
        let place = place(&self.path);
        let name = &name.name;
        Err(Unclear(format!("{place} must be spelled \"{name}\"")))
    }

    fn names(&mut self, id: Id, value: Value<'v>) -> Answer {
        self.work.spend(value.text().len())?;
        let mut holds = true;
        for (key, _) in value.members() {
            let text = format!("\"{}\"", key.raw());
            let name = Value::proven(Kind::String, &text);
            // The name is not part of the arguments, so it is checked by itself.
            let mut inner = Evaluation {
                schema: self.schema,
                work: std::mem::replace(&mut self.work, Work(0)),
                depth: self.depth,
                path: Vec::new(),
                quiet: self.quiet,
                said: None,
            };
            holds &= inner.node(id, name)?;
            let said = inner.said.take();
            self.work = inner.work;
            if self.stops(holds) {
                self.path.push(Step::Key(key));
                let place = place(&self.path);
                self.path.pop();
                let said = said.unwrap_or_default();
                self.say(&said.replace(super::explain::ROOT, &format!("the name of {place}")));
                break;
            }
        }
        Ok(holds)
    }
}

fn limit_of(text: &str) -> Option<crate::json::Number<'_>> {
    crate::json::Number::parse(text)
}

/// The names that are allowed, where patterns allow no others.
fn allowed(members: &Members) -> String {
    let names = members.names.iter().filter(|n| n.schema.is_some());
    let names = names.map(|n| n.name.as_str());
    let names = quoted_names(names);
    if names.is_empty() || !members.patterns.is_empty() {
        return String::new();
    }
    format!("; allowed: {}", shown(&and(&names)))
}
