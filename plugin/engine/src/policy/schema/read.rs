//! From what the author wrote to a [`Schema`], every fault with its place.

use std::fmt;

use super::cycle;
use super::keyword::{self, DIALECT, Word};
use super::{
    Ask, Id, MAX_BYTES, MAX_NESTING, MAX_NODES, MAX_PATTERNS, Members, Node, Schema, Types,
};
use crate::config::{Faults, Field, below};
use crate::json::Kind;
use crate::pattern::Pattern;

mod operand;

/// Reads a schema; `None` when it is too large to be looked at.
pub(super) fn schema(field: &Field<'_>, faults: &mut Faults) -> Option<Schema> {
    if field.value.text().len() > MAX_BYTES {
        let why = format!("this schema is longer than {MAX_BYTES} bytes");
        faults.error(&field.pointer, why);
        return None;
    }
    let mut reader = Reader {
        faults,
        nodes: Vec::new(),
        patterns: 0,
        definitions: Vec::new(),
        references: Vec::new(),
    };
    let root = reader.reserve(field);
    let definitions = field.value.get("$defs").map(|value| Field {
        pointer: below(&field.pointer, "$defs"),
        value,
    });
    let definitions = definitions.map_or_else(Vec::new, |defs| defs.entries(reader.faults));
    for (name, definition) in &definitions {
        let id = reader.reserve(definition);
        reader.definitions.push((below("#/$defs", name), id));
    }
    reader.fill(root, field, Place::Root, 0);
    for (id, (_, definition)) in (1..).map(Id).zip(&definitions) {
        reader.fill(id, definition, Place::Same, 1);
    }
    if let Some(pointer) = cycle::find(&reader.nodes, &reader.references) {
        reader.faults.error(
            pointer,
            "this reference leads into a circle that does not go into the value, so a check would never end",
        );
    }
    Some(Schema {
        nodes: reader.nodes,
    })
}

/// How a schema's value relates to the value of the schema around it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// The arguments.
    Root,
    /// A part of it.
    Part,
    /// The same value, of which other schemas may say the type.
    Same,
}

struct Reader<'f> {
    faults: &'f mut Faults,
    nodes: Vec<Node>,
    patterns: usize,
    /// What a `$ref` to each says.
    definitions: Vec<(String, Id)>,
    /// The schema that each `$ref` stands in, and its pointer.
    references: Vec<(Id, String)>,
}

/// What is put together from several keywords of one schema.
#[derive(Default)]
struct Parts {
    asks: Vec<Ask>,
    members: Members,
    required: Vec<String>,
    prefix: Vec<Id>,
    items: Option<Id>,
    contains: Option<Id>,
    least: Option<u64>,
    most: Option<u64>,
    condition: Option<Id>,
    then: Option<Id>,
    otherwise: Option<Id>,
}

impl Reader<'_> {
    #[inline(never)]
    fn error(&mut self, field: &Field<'_>, why: &dyn fmt::Display) {
        self.faults.error(&field.pointer, why.to_string());
    }

    /// Reads a schema inside another.
    fn node(&mut self, field: &Field<'_>, place: Place, depth: usize) -> Id {
        let id = self.reserve(field);
        if id != Id::ROOT {
            self.fill(id, field, place, depth.saturating_add(1));
        }
        id
    }

    /// A place for a schema; the root's, which is taken, when there are too many.
    fn reserve(&mut self, field: &Field<'_>) -> Id {
        let id = self.nodes.len();
        if id > MAX_NODES {
            return Id::ROOT;
        }
        if id == MAX_NODES {
            self.error(
                field,
                &format_args!("more than {MAX_NODES} schemas stand in this one"),
            );
        }
        self.nodes.push(Node::default());
        Id(id)
    }

    fn fill(&mut self, id: Id, field: &Field<'_>, place: Place, depth: usize) {
        let asks = match (field.value.kind(), field.value.as_bool()) {
            (_, Some(true)) => Vec::new(),
            (_, Some(false)) => vec![Ask::Nothing],
            (Kind::Object, _) if depth <= MAX_NESTING => self.object(id, field, place, depth),
            (Kind::Object, _) => {
                return self.error(
                    field,
                    &format_args!("more than {MAX_NESTING} schemas stand inside each other"),
                );
            }
            _ => return field.wrong("a schema: an object, true or false", self.faults),
        };
        if let Some(node) = self.nodes.get_mut(id.0) {
            node.asks = asks;
        }
    }

    fn object(&mut self, id: Id, field: &Field<'_>, place: Place, depth: usize) -> Vec<Ask> {
        let mut parts = Parts::default();
        let members = field.entries(self.faults);
        for (text, member) in &members {
            match keyword::find(text) {
                None => self.error(member, &keyword::refusal(text)),
                Some((Word::Defs | Word::Dialect, _)) if place != Place::Root => {
                    self.error(member, &"this may stand only at the root of the schema");
                }
                Some((Word::Ref, _)) => {
                    self.references.push((id, member.pointer.clone()));
                    let target = self.target(member);
                    parts.asks.extend(target.map(|id| Ask::All(vec![id])));
                }
                Some((word, _)) => self.keyword(word, member, place, depth, &mut parts),
            }
        }
        for (text, needs, there) in [
            ("then", "if", parts.condition.is_some()),
            ("else", "if", parts.condition.is_some()),
            ("minContains", "contains", parts.contains.is_some()),
            ("maxContains", "contains", parts.contains.is_some()),
        ] {
            let alone = members.iter().find(|(key, _)| key == text && !there);
            if let Some((_, member)) = alone {
                self.error(
                    member,
                    &format_args!("`{text}` has no meaning without `{needs}`"),
                );
            }
        }
        self.warn(&members, place, &parts.asks);
        parts.asks()
    }

    fn keyword(
        &mut self,
        word: Word,
        field: &Field<'_>,
        place: Place,
        depth: usize,
        parts: &mut Parts,
    ) {
        let (same, part) = (Place::Same, Place::Part);
        let ask = match word {
            // A wrong type explains more than what follows from it, so it is asked first.
            Word::Type => {
                let types = self.types(field, place);
                return parts.asks.insert(0, Ask::Type(types));
            }
            Word::Enum => {
                let values = field.elements(self.faults);
                self.not_empty(field);
                Ask::Among(self.among(&values))
            }
            Word::Const => Ask::Among(self.among(std::slice::from_ref(field))),
            Word::Number(bound) => match self.number(field) {
                Some(_) => Ask::Number(bound, field.value.text().to_owned()),
                None => return,
            },
            Word::MultipleOf => match self.multiple(field) {
                Some(divisor) => Ask::MultipleOf(divisor),
                None => return,
            },
            Word::Count(counted, bound) => Ask::Count(counted, bound, self.count(field)),
            Word::Pattern => {
                let text = field.string(self.faults).unwrap_or_default();
                match self.pattern(&text, field) {
                    Some(pattern) => Ask::Matches(pattern),
                    None => return,
                }
            }
            Word::Properties => {
                for (name, field) in field.entries(self.faults) {
                    let id = self.node(&field, part, depth);
                    parts.members.name(name, Some(id));
                }
                return;
            }
            Word::PatternProperties => {
                for (text, field) in field.entries(self.faults) {
                    let id = self.node(&field, part, depth);
                    let pattern = self.pattern(&text, &field);
                    let pattern = pattern.map(|pattern| (pattern, id));
                    parts.members.patterns.extend(pattern);
                }
                return;
            }
            Word::AdditionalProperties => {
                parts.members.rest = Some(self.node(field, part, depth));
                return;
            }
            Word::PropertyNames => Ask::Names(self.node(field, same, depth)),
            Word::Required => {
                parts.required = self.names(field);
                return;
            }
            Word::DependentRequired | Word::DependentSchemas => {
                for (name, field) in field.entries(self.faults) {
                    let there = self.requires(&field, vec![name]);
                    let then = if word == Word::DependentRequired {
                        let names = self.names(&field);
                        self.requires(&field, names)
                    } else {
                        self.node(&field, same, depth)
                    };
                    parts.asks.push(Ask::If(there, Some(then), None));
                }
                return;
            }
            Word::PrefixItems => {
                parts.prefix = self.list(field, part, depth);
                return;
            }
            Word::Items if field.value.kind() == Kind::Array => {
                return self.error(field, &"a list of schemas is written under `prefixItems`; `items` is one schema, for all further items");
            }
            Word::Items => {
                parts.items = Some(self.node(field, part, depth));
                return;
            }
            Word::UniqueItems => match field.boolean(self.faults) {
                Some(true) => Ask::Unique,
                _ => return,
            },
            Word::Contains => {
                parts.contains = Some(self.node(field, same, depth));
                return;
            }
            Word::MinContains => {
                parts.least = Some(self.count(field));
                return;
            }
            Word::MaxContains => {
                parts.most = Some(self.count(field));
                return;
            }
            Word::AllOf => Ask::All(self.list(field, same, depth)),
            Word::AnyOf => Ask::Any(self.list(field, same, depth)),
            Word::OneOf => Ask::One(self.list(field, same, depth)),
            Word::Not => Ask::Not(self.node(field, same, depth)),
            Word::If => {
                parts.condition = Some(self.node(field, same, depth));
                return;
            }
            Word::Then => {
                parts.then = Some(self.node(field, same, depth));
                return;
            }
            Word::Else => {
                parts.otherwise = Some(self.node(field, same, depth));
                return;
            }
            Word::Dialect => {
                if !field.value.raw_str().is_some_and(|s| s.equals(DIALECT)) {
                    field.wrong(&format!("`{DIALECT}`"), self.faults);
                }
                return;
            }
            Word::Ref | Word::Defs | Word::Note => return,
        };
        parts.asks.push(ask);
    }

    /// Schemas in an array, at least one.
    fn list(&mut self, list: &Field<'_>, place: Place, depth: usize) -> Vec<Id> {
        let elements = list.elements(self.faults);
        self.not_empty(list);
        let mut ids = Vec::with_capacity(elements.len());
        for element in &elements {
            ids.push(self.node(element, place, depth));
        }
        ids
    }

    fn not_empty(&mut self, list: &Field<'_>) {
        if list.value.kind() == Kind::Array && list.value.elements().next().is_none() {
            self.error(list, &"expected a list that is not empty");
        }
    }

    /// Where a `$ref` leads.
    fn target(&mut self, reference: &Field<'_>) -> Option<Id> {
        let text = reference.string(self.faults)?;
        let found = self.definitions.iter().find(|(known, _)| *known == text);
        let found = found.map(|(_, id)| *id);
        let found = found.or_else(|| (text == "#").then_some(Id::ROOT));
        if found.is_none() {
            let known = self.definitions.iter().map(|(known, _)| known.as_str());
            let hint = crate::config::hint(&text, known);
            self.error(reference, &format_args!(
                "`{text}` leads nowhere{hint}; expected `#`, or `#/$defs/NAME` with a name under `$defs` at the root of the schema"
            ));
        }
        found
    }

    fn pattern(&mut self, text: &str, field: &Field<'_>) -> Option<Box<Pattern>> {
        self.patterns = self.patterns.saturating_add(1);
        if self.patterns > MAX_PATTERNS {
            self.error(
                field,
                &format_args!("more than {MAX_PATTERNS} regular expressions stand in this schema"),
            );
            return None;
        }
        match Pattern::compile(text) {
            Ok(pattern) => Some(Box::new(pattern)),
            Err(why) => {
                self.error(field, &why);
                None
            }
        }
    }

    /// A schema that asks for an object with these names, at `field` for want of a place of its own.
    fn requires(&mut self, field: &Field<'_>, names: Vec<String>) -> Id {
        let id = self.reserve(field);
        let parts = Parts {
            // `required` alone is satisfied by what is no object.
            asks: vec![Ask::Type(Types::of(Kind::Object))],
            required: names,
            ..Parts::default()
        };
        if let Some(node) = self.nodes.get_mut(id.0) {
            node.asks = parts.asks();
        }
        id
    }

    /// Warns of keywords that let pass what their author probably did not think of.
    fn warn(&mut self, members: &[(String, Field<'_>)], place: Place, asks: &[Ask]) {
        let types = asks.iter().find_map(|ask| match ask {
            Ask::Type(types) => Some(*types),
            _ => None,
        });
        // Other keywords, or the schemas around this one, may say the type.
        let elsewhere = |ask: &Ask| {
            matches!(
                ask,
                Ask::Among(_) | Ask::All(_) | Ask::Any(_) | Ask::One(_) | Ask::If(..)
            )
        };
        let untyped = place == Place::Part && types.is_none() && !asks.iter().any(elsewhere);
        for (keyword, field) in members {
            let Some((_, Some(kind))) = keyword::find(keyword) else {
                continue;
            };
            let article = kind.with_article();
            let about = Types::of(kind).and(if kind == Kind::Number {
                Types(Types::INTEGER)
            } else {
                Types::default()
            });
            if untyped {
                let why = format!(
                    "`{keyword}` lets everything pass that is not {article}, and a server may convert it: say which `type` it must be"
                );
                return self.faults.warn(&field.pointer, why);
            }
            if types.is_some_and(|types| !types.meets(about)) {
                let why = format!("`{keyword}` does nothing here: `type` does not admit {article}");
                self.faults.warn(&field.pointer, why);
            }
        }
    }
}

impl Parts {
    fn asks(mut self) -> Vec<Ask> {
        let mut members = self.members;
        members.required = self.required.len();
        for name in self.required {
            members.name(name, None);
        }
        if !members.names.is_empty() || !members.patterns.is_empty() || members.rest.is_some() {
            self.asks.push(Ask::Members(Box::new(members)));
        }
        if !self.prefix.is_empty() || self.items.is_some() {
            self.asks.push(Ask::Items(self.prefix, self.items));
        }
        if let Some(id) = self.contains {
            let least = self.least.unwrap_or(1);
            self.asks.push(Ask::Contains(id, least, self.most));
        }
        if let Some(condition) = self.condition {
            self.asks
                .push(Ask::If(condition, self.then, self.otherwise));
        }
        self.asks
    }
}

impl Members {
    /// Adds a name: with its schema, or as required.
    fn name(&mut self, name: String, schema: Option<Id>) {
        let required = schema.is_none();
        match self.names.iter_mut().find(|known| known.name == name) {
            Some(known) => known.required = required,
            None => self.names.push(super::Name {
                name,
                schema,
                required,
            }),
        }
    }
}
