//! Checking arguments against a compiled schema, in bounded work.
//!
//! An answer is yes, no, or [`Stop`]: what cannot be told denies the call, wherever in the schema
//! it is met. For that, nothing that `not` or an alternative could turn around ends at the first no.

use crate::json::{Kind, Number, RawStr, Value, folds_to, sorted};

use super::explain::{Place, Step, push, quoted, shown};
use super::work::{Stop, Work};
use super::{Among, Ask, Bound, Counted, Id, MAX_DEPTH, Members, Name, Schema, Types};

/// What entering a schema costs beside the bytes that it looks at.
const ENTER: usize = 64;

/// How many bytes of a key are looked at before it is clear that it is another name.
const KEY: usize = 16;

/// The alternatives of which a message tells why they do not fit.
const EXPLAINED: usize = 3;

/// Checks arguments; the error says what is wrong with them.
pub(super) fn check(schema: &Schema, arguments: Value<'_>) -> Result<(), String> {
    let mut evaluation = Evaluation {
        schema,
        work: Work::default(),
        depth: 0,
        quiet: false,
        said: String::new(),
    };
    match evaluation.node(Id::ROOT, arguments, &Place::ROOT) {
        Ok(true) => Ok(()),
        Ok(false) => Err(evaluation.said),
        Err(Stop) => Err(evaluation.work.why),
    }
}

struct Evaluation<'s> {
    schema: &'s Schema,
    work: Work,
    depth: usize,
    /// Whether a no is not yet a denial: it is not explained, and does not end the search for
    /// what cannot be told.
    quiet: bool,
    /// What was wrong, once something was.
    said: String,
}

type Answer = Result<bool, Stop>;

impl Evaluation<'_> {
    fn node(&mut self, id: Id, value: Value<'_>, at: &Place<'_>) -> Answer {
        let asks = self.schema.node(id);
        if asks.is_empty() {
            return Ok(true);
        }
        self.work.spend(ENTER)?;
        if self.depth >= MAX_DEPTH {
            return self
                .work
                .stop("the arguments are nested too deeply to be checked against the policy");
        }
        if let Some(number) = value.as_number() {
            self.work.spend(value.text().len())?;
            if number.overflows_binary64() {
                self.work.overflow(value)?;
            }
        }
        self.depth = self.depth.saturating_add(1);
        let mut holds = true;
        for ask in asks {
            self.work.spend(1)?;
            holds &= self.ask(ask, value, at)?;
            if self.ends(holds) {
                if self.said.is_empty() {
                    self.say(at, &ask.failure(self.schema, value));
                }
                break;
            }
        }
        self.depth = self.depth.saturating_sub(1);
        Ok(holds)
    }

    fn ends(&self, holds: bool) -> bool {
        !holds && !self.quiet
    }

    #[inline(never)]
    fn say(&mut self, at: &Place<'_>, words: &str) {
        self.said = at.shown();
        push(&mut self.said, &[words]);
    }

    fn ask(&mut self, ask: &Ask, value: Value<'_>, at: &Place<'_>) -> Answer {
        Ok(match ask {
            Ask::Nothing => false,
            Ask::Type(types) => types.admits(value),
            Ask::Among(among) => self.among(among, value, at)?,
            Ask::Number(bound, limit) => match (value.as_number(), Number::parse(limit)) {
                (Some(number), Some(limit)) => match number.cmp_as_read(&limit) {
                    Some(order) => bound.admits(order),
                    None => self.work.too_close(at, value.text())?,
                },
                (number, _) => number.is_none(),
            },
            Ask::MultipleOf(divisor) => value.as_number().is_none_or(|n| divisor.divides(&n)),
            Ask::Count(counted, bound, limit) => self.count(*counted, *bound, *limit, value)?,
            Ask::Matches(pattern) => match value.as_str() {
                None => true,
                Some(text) => {
                    self.work.spend(pattern.size().saturating_mul(text.len()))?;
                    pattern.is_match(&text)
                }
            },
            Ask::Items(prefix, rest) => self.items(prefix, *rest, value, at)?,
            Ask::Unique => self.unique(value, at)?,
            Ask::Contains(id, least, most) => self.contains(*id, *least, *most, value, at)?,
            Ask::Members(members) => self.members(members, value, at)?,
            Ask::Names(id) => self.names(*id, value, at)?,
            Ask::All(ids) => {
                self.work.spend(ids.len())?;
                let mut holds = true;
                for id in ids {
                    holds &= self.node(*id, value, at)?;
                    if self.ends(holds) {
                        break;
                    }
                }
                holds
            }
            Ask::Any(ids) => self.fitting(ids, value, at)? > 0,
            Ask::One(ids) => self.fitting(ids, value, at)? == 1,
            Ask::Not(id) => !self.quietly(*id, value, at)?,
            Ask::If(condition, then, other) => {
                let there = self.quietly(*condition, value, at)?;
                match if there { then } else { other } {
                    Some(id) => self.node(*id, value, at)?,
                    None => true,
                }
            }
        })
    }

    fn quietly(&mut self, id: Id, value: Value<'_>, at: &Place<'_>) -> Answer {
        let before = std::mem::replace(&mut self.quiet, true);
        let answer = self.node(id, value, at);
        self.quiet = before;
        answer
    }

    /// How many alternatives a value fits. Where none does, says why, by asking once more aloud.
    fn fitting(&mut self, ids: &[Id], value: Value<'_>, at: &Place<'_>) -> Result<usize, Stop> {
        self.work.spend(ids.len())?;
        let mut fit = 0usize;
        for id in ids {
            fit = fit.saturating_add(usize::from(self.quietly(*id, value, at)?));
        }
        if fit == 0 && !self.quiet {
            let mut reasons = String::new();
            for id in ids.iter().take(EXPLAINED) {
                self.node(*id, value, at)?;
                let reason = std::mem::take(&mut self.said);
                if !reasons.contains(&reason) {
                    let before = if reasons.is_empty() { "" } else { "; or " };
                    push(&mut reasons, &[before, &reason]);
                }
            }
            self.said = shown(&reasons);
        }
        Ok(fit)
    }

    fn among(&mut self, among: &Among, value: Value<'_>, at: &Place<'_>) -> Answer {
        if !among.types.meets(Types::of(value.kind())) {
            return Ok(false);
        }
        let text = self.work.canonical(value)?;
        if among.values.binary_search(&text).is_ok() {
            return Ok(true);
        }
        for other in &among.values {
            self.work.told_apart(at, &text, other)?;
        }
        Ok(false)
    }

    fn count(&mut self, counted: Counted, bound: Bound, limit: u64, value: Value<'_>) -> Answer {
        self.work.spend(value.text().len())?;
        let count = match (counted, value.kind()) {
            (Counted::Characters, Kind::String) => {
                value.raw_str().map_or(0, |text| text.chars().count())
            }
            (Counted::Items, Kind::Array) => value.elements().count(),
            (Counted::Properties, Kind::Object) => value.members().count(),
            _ => return Ok(true),
        };
        Ok(bound.admits(u64::try_from(count).unwrap_or(u64::MAX).cmp(&limit)))
    }

    fn items(
        &mut self,
        prefix: &[Id],
        rest: Option<Id>,
        value: Value<'_>,
        at: &Place<'_>,
    ) -> Answer {
        self.work.spend(value.text().len())?;
        let mut holds = true;
        for (index, element) in value.elements().enumerate() {
            let Some(id) = prefix.get(index).copied().or(rest) else {
                break;
            };
            holds &= self.node(id, element, &at.below(Step::Index(index)))?;
            if self.ends(holds) {
                break;
            }
        }
        Ok(holds)
    }

    fn unique(&mut self, value: Value<'_>, at: &Place<'_>) -> Answer {
        let mut texts = Vec::new();
        self.work.spend(value.text().len())?;
        for element in value.elements() {
            texts.push(self.work.canonical(element)?);
        }
        // Sorting compares each text with about as many others as their number has bits.
        let bits = usize::BITS.saturating_sub(texts.len().leading_zeros());
        let bits = usize::try_from(bits).unwrap_or_default();
        self.work.spend(value.text().len().saturating_mul(bits))?;
        let texts = sorted(texts);
        let mut pairs = texts.iter().zip(texts.iter().skip(1));
        let equal = pairs.find(|(a, b)| a == b);
        if let Some((text, _)) = equal.filter(|_| !self.quiet) {
            let words = format!(" must have items that all differ, and has {text} twice");
            self.say(at, &shown(&words));
        }
        Ok(equal.is_none())
    }

    fn contains(
        &mut self,
        id: Id,
        least: u64,
        most: Option<u64>,
        value: Value<'_>,
        at: &Place<'_>,
    ) -> Answer {
        if value.kind() != Kind::Array {
            return Ok(true);
        }
        self.work.spend(value.text().len())?;
        let mut fit = 0u64;
        for element in value.elements() {
            fit = fit.saturating_add(u64::from(self.quietly(id, element, at)?));
        }
        Ok(fit >= least && most.is_none_or(|most| fit <= most))
    }

    fn members(&mut self, members: &Members, value: Value<'_>, at: &Place<'_>) -> Answer {
        if value.kind() != Kind::Object {
            return Ok(true);
        }
        self.work.spend(value.text().len())?;
        let (mut holds, mut required) = (true, 0usize);
        for (key, member) in value.members() {
            let at = at.below(Step::Key(key));
            let known = self.known(members, key, &at)?;
            required = required.saturating_add(usize::from(known.is_some_and(|n| n.required)));
            holds &= self.member(members, known.and_then(|n| n.schema), key, member, &at)?;
            if self.ends(holds) {
                return Ok(false);
            }
        }
        if required < members.required {
            holds = false;
            let mut names = members.names.iter().filter(|n| n.required);
            let absent = names.find(|n| value.get(&n.name).is_none());
            if let Some(name) = absent.filter(|_| !self.quiet) {
                self.say(&at.below(Step::Name(&name.name)), " is missing");
            }
        }
        Ok(holds)
    }

    /// What the schema says of a key by its name; a key that only folds to a name, which some
    /// servers would read it as, is not to be told.
    fn known<'m>(
        &mut self,
        members: &'m Members,
        key: RawStr<'_>,
        at: &Place<'_>,
    ) -> Result<Option<&'m Name>, Stop> {
        let names = &members.names;
        let each = key.raw().len().min(KEY).saturating_add(1);
        self.work.spend(names.len().saturating_mul(each))?;
        let exact = names.iter().find(|n| key.equals(&n.name));
        if exact.is_none()
            && let Some(name) = names.iter().find(|n| folds_to(key, &n.name))
        {
            let name = &name.name;
            let place = at.shown();
            return self
                .work
                .stop(&format!("{place} must be spelled \"{name}\""));
        }
        Ok(exact)
    }

    /// Asks a member what its name, the patterns, and else `additionalProperties` ask.
    fn member(
        &mut self,
        members: &Members,
        named: Option<Id>,
        key: RawStr<'_>,
        member: Value<'_>,
        at: &Place<'_>,
    ) -> Answer {
        let (mut holds, mut spoken_of) = (true, named.is_some());
        if let Some(id) = named {
            holds &= self.node(id, member, at)?;
        }
        for (pattern, id) in &members.patterns {
            let text = key.decode();
            self.work.spend(pattern.size().saturating_mul(text.len()))?;
            if pattern.is_match(&text) && !self.ends(holds) {
                spoken_of = true;
                holds &= self.node(*id, member, at)?;
            }
        }
        let rest = members.rest.filter(|_| !spoken_of);
        if let Some(rest) = rest {
            holds &= self.node(rest, member, at)?;
            let closed = matches!(self.schema.node(rest), [Ask::Nothing]);
            if self.ends(holds) && closed && members.patterns.is_empty() {
                let names = quoted(&members.names, |n| n.schema.is_some());
                push(&mut self.said, &["; allowed: ", &names]);
            }
        }
        Ok(holds)
    }

    fn names(&mut self, id: Id, value: Value<'_>, at: &Place<'_>) -> Answer {
        self.work.spend(value.text().len())?;
        let mut holds = true;
        for (key, _) in value.members() {
            let text = format!("\"{}\"", key.raw());
            let name = Value::proven(Kind::String, &text);
            holds &= self.node(id, name, &at.below(Step::NameOf(key)))?;
            if self.ends(holds) {
                break;
            }
        }
        Ok(holds)
    }
}
