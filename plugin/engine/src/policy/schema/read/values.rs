//! Keywords about a value as a whole: its type, equality, numbers, strings.

use crate::config::{Faults, Field};
use crate::json::{Kind, Value};

use super::super::canonical;
use super::super::evaluate::Work;
use super::super::multiple::Multiple;
use super::super::{Among, Ask, Bound, Counted, Types};
use super::{Keywords, Place, Reader};

impl Reader<'_> {
    pub(super) fn values(&mut self, keywords: &Keywords<'_>, place: Place, asks: &mut Vec<Ask>) {
        if let Some(field) = keywords.get("type") {
            let types = self.types(field);
            if place == Place::Root && types.is_some_and(|t| !t.meets(Types::of(Kind::Object))) {
                self.faults.error(
                    &field.pointer,
                    "a call's arguments are an object: expected `object`",
                );
            }
            asks.extend(types.map(Ask::Type));
        }
        if let Some(field) = keywords.get("enum") {
            let values = field.elements(self.faults);
            if values.is_empty() && field.value.kind() == Kind::Array {
                self.faults
                    .error(&field.pointer, "expected at least one value in the list");
            }
            asks.push(Ask::Among(self.among(&values)));
        }
        if let Some(field) = keywords.get("const") {
            let values = std::slice::from_ref(field);
            asks.push(Ask::Among(self.among(values)));
        }
        for (keyword, bound) in [
            ("minimum", Bound::AtLeast),
            ("exclusiveMinimum", Bound::MoreThan),
            ("maximum", Bound::AtMost),
            ("exclusiveMaximum", Bound::LessThan),
        ] {
            let text = keywords.get(keyword).and_then(|f| number(f, self.faults));
            asks.extend(text.map(|text| Ask::Number(bound, text)));
        }
        if let Some(field) = keywords.get("multipleOf")
            && let Some(text) = number(field, self.faults)
            && let Some(divisor) = crate::json::Number::parse(&text)
        {
            match Multiple::of(&divisor) {
                Ok(multiple) => asks.push(Ask::MultipleOf(multiple)),
                Err(why) => self.faults.error(&field.pointer, why),
            }
        }
        self.counts(keywords, Counted::Characters, asks);
        if let Some(field) = keywords.get("pattern")
            && let Some(text) = field.string(self.faults)
        {
            let pattern = self.pattern(&text, &field.pointer);
            asks.extend(pattern.map(|pattern| Ask::Matches(Box::new(pattern))));
        }
    }

    fn types(&mut self, field: &Field<'_>) -> Option<Types> {
        let mut types = Types::default();
        let words = if field.value.kind() == Kind::Array {
            field.elements(self.faults)
        } else {
            vec![field.clone()]
        };
        for word in &words {
            let name = word.value.as_str();
            let Some(named) = name.as_deref().and_then(Types::named) else {
                let names = Types::NAMES.map(|(_, name, _)| name);
                let hint = name.map(|name| crate::config::hint(&name, names.into_iter()));
                let why = format!(
                    "{} is not a type{}; one of `{}`",
                    word.shown(),
                    hint.unwrap_or_default(),
                    names.join("`, `")
                );
                self.faults.error(&word.pointer, why);
                return None;
            };
            if types.meets(named) {
                let why = format!("{} stands twice in the list", word.shown());
                self.faults.error(&word.pointer, why);
            }
            types = types.and(named);
        }
        if words.is_empty() {
            self.faults
                .error(&field.pointer, "expected at least one type in the list");
        }
        Some(types)
    }

    fn among(&mut self, fields: &[Field<'_>]) -> Among {
        let mut values: Vec<String> = Vec::with_capacity(fields.len());
        let mut types = Types::default();
        for field in fields {
            let mut text = String::new();
            match canonical::write(field.value, &mut Work::default(), &mut text) {
                Ok(()) => values.push(text),
                Err(_) => self.faults.error(&field.pointer, TOO_LARGE),
            }
            types = types.and(Types::of(field.value.kind()));
        }
        values.sort_unstable();
        values.dedup();
        let shown: Vec<_> = fields.iter().map(|f| f.value).map(Value::text).collect();
        Among {
            values,
            types,
            shown: shown.join(", "),
        }
    }

    /// The least and the greatest number of something, each where it is given.
    pub(super) fn counts(
        &mut self,
        keywords: &Keywords<'_>,
        counted: Counted,
        asks: &mut Vec<Ask>,
    ) {
        let (least, most) = match counted {
            Counted::Characters => ("minLength", "maxLength"),
            Counted::Items => ("minItems", "maxItems"),
            Counted::Properties => ("minProperties", "maxProperties"),
        };
        let [least, most] = [least, most].map(|keyword| self.count(keywords, keyword));
        asks.extend(least.map(|n| Ask::Count(counted, Bound::AtLeast, n)));
        asks.extend(most.map(|n| Ask::Count(counted, Bound::AtMost, n)));
    }

    pub(super) fn count(&mut self, keywords: &Keywords<'_>, keyword: &str) -> Option<u64> {
        keywords.get(keyword)?.integer(0..=u64::MAX, self.faults)
    }
}

const TOO_LARGE: &str = "this number is too large for any server to read: keep below 1.8e308";

fn number(field: &Field<'_>, faults: &mut Faults) -> Option<String> {
    let Some(number) = field.value.as_number() else {
        field.wrong("a number", faults);
        return None;
    };
    if number.overflows_binary64() {
        faults.error(&field.pointer, TOO_LARGE);
        return None;
    }
    Some(field.value.text().to_owned())
}
