//! What stands beside a keyword, where it is not a schema.

use crate::config::Field;
use crate::json::{Kind, Number, sorted};

use super::super::explain::push;
use super::super::multiple::Multiple;
use super::super::work::Work;
use super::super::{Among, Types};
use super::{Place, Reader};

/// The most names in one list.
const MAX_NAMES: usize = 1_000;

const TOO_LARGE: &str = "this number is too large for any server to read: keep below 1.8e308";

impl Reader<'_> {
    pub(super) fn types(&mut self, field: &Field<'_>, place: Place) -> Types {
        let mut types = Types::default();
        let words = if field.value.kind() == Kind::Array {
            self.not_empty(field);
            field.elements(self.faults)
        } else {
            vec![field.clone()]
        };
        for word in &words {
            let name = word.value.as_str().unwrap_or_default();
            match Types::named(&name) {
                Some(named) if types.meets(named) => self.error(word, &"this stands there twice"),
                Some(named) => types = types.and(named),
                None => {
                    let hint = crate::config::hint(&name, Types::NAMES.iter().map(|n| n.1));
                    let found = word.shown();
                    self.error(word, &format_args!(
                        "{found} is not a type{hint}; one of `string`, `integer`, `number`, `boolean`, `object`, `array`, `null`"
                    ));
                }
            }
        }
        let known = types != Types::default();
        if place == Place::Root && known && !types.meets(Types::of(Kind::Object)) {
            self.error(
                field,
                &"a call's arguments are an object: expected `object`",
            );
        }
        types
    }

    /// The values of `enum` and `const`.
    pub(super) fn among(&mut self, fields: &[Field<'_>]) -> Among {
        let mut values = Vec::with_capacity(fields.len());
        let mut types = Types::default();
        let mut shown = String::new();
        for field in fields {
            values.extend(self.canonical(field));
            types = types.and(Types::of(field.value.kind()));
            let before = if shown.is_empty() { "" } else { ", " };
            push(&mut shown, &[before, field.value.text()]);
        }
        let mut values = sorted(values);
        values.dedup();
        Among {
            values,
            types,
            shown,
        }
    }

    fn canonical(&mut self, field: &Field<'_>) -> Option<String> {
        let written = Work::default().canonical(field.value);
        if written.is_err() {
            self.error(field, &TOO_LARGE);
        }
        written.ok()
    }

    pub(super) fn number<'a>(&mut self, field: &Field<'a>) -> Option<Number<'a>> {
        let Some(number) = field.value.as_number() else {
            field.wrong("a number", self.faults);
            return None;
        };
        if number.overflows_binary64() {
            self.error(field, &TOO_LARGE);
        }
        Some(number)
    }

    pub(super) fn multiple(&mut self, field: &Field<'_>) -> Option<Multiple> {
        let divisor = self.number(field)?;
        match Multiple::of(&divisor) {
            Ok(divisor) => Some(divisor),
            Err(why) => {
                self.error(field, &why);
                None
            }
        }
    }

    /// A number of things; 0, which refuses the policy no less, where it is none.
    pub(super) fn count(&mut self, field: &Field<'_>) -> u64 {
        let count = field.integer(0..=u64::MAX, self.faults);
        count.unwrap_or_default()
    }

    /// A list of names without repetition.
    pub(super) fn names(&mut self, list: &Field<'_>) -> Vec<String> {
        let mut names = Vec::new();
        let elements = list.elements(self.faults);
        if elements.len() > MAX_NAMES {
            self.error(
                list,
                &format_args!("more than {MAX_NAMES} names are listed"),
            );
            return names;
        }
        for element in elements {
            let name = element.string(self.faults).unwrap_or_default();
            if names.contains(&name) {
                self.error(&element, &"this stands there twice");
            }
            names.push(name);
        }
        names
    }
}
