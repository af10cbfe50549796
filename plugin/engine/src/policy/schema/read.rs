//! From what the author wrote to a [`Schema`], every fault with its place.

mod containers;
mod values;

use super::cycle::{self, Reference};
use super::keyword::{self, About, DIALECT};
use super::{Ask, Id, MAX_BYTES, MAX_NESTING, MAX_NODES, MAX_PATTERNS, Node, Schema, Types};
use crate::config::{Faults, Field};
use crate::json::{Kind, Value};
use crate::pattern::Pattern;

/// Reads a schema; `None` when it is too large to be looked at.
pub(super) fn schema(field: &Field<'_>, faults: &mut Faults) -> Option<Schema> {
    let len = field.value.text().len();
    if len > MAX_BYTES {
        let why = format!("this schema has {len} bytes; at most {MAX_BYTES} are allowed");
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
    let definitions: Vec<_> = field
        .value
        .get("$defs")
        .map(|value| Field {
            pointer: format!("{}/$defs", field.pointer),
            value,
        })
        .map_or_else(Vec::new, |defs| defs.entries(reader.faults));
    for (name, definition) in &definitions {
        let id = reader.reserve(definition);
        reader.definitions.push((name.clone(), id));
    }
    reader.fill(root, field, Place::Root, 0);
    for (id, (_, definition)) in (1..).map(Id).zip(&definitions) {
        reader.fill(id, definition, Place::Same, 1);
    }
    if let Some(circle) = cycle::find(&reader.nodes, &reader.references) {
        reader.faults.error(
            &circle.pointer,
            "this reference leads back to itself without going into the value, so a check would never end",
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
    definitions: Vec<(String, Id)>,
    references: Vec<Reference>,
}

/// The members of a schema that is an object.
struct Keywords<'a> {
    members: Vec<(String, Field<'a>)>,
}

impl<'a> Keywords<'a> {
    fn get(&self, keyword: &str) -> Option<&Field<'a>> {
        let found = self.members.iter().find(|(word, _)| word == keyword);
        found.map(|(_, field)| field)
    }
}

impl Reader<'_> {
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
            let why = format!("more than {MAX_NODES} schemas stand inside this one");
            self.faults.error(&field.pointer, why);
        }
        self.nodes.push(Node::default());
        Id(id)
    }

    fn fill(&mut self, id: Id, field: &Field<'_>, place: Place, depth: usize) {
        let asks = match (field.value.kind(), field.value.as_bool()) {
            (_, Some(true)) => Vec::new(),
            (_, Some(false)) => vec![Ask::Nothing],
            (Kind::Object, _) if depth > MAX_NESTING => {
                let why = format!("more than {MAX_NESTING} schemas stand inside each other");
                self.faults.error(&field.pointer, why);
                return;
            }
            (Kind::Object, _) => self.keywords(id, field, place, depth),
            _ => {
                field.wrong("a schema: an object, true or false", self.faults);
                return;
            }
        };
        if let Some(node) = self.nodes.get_mut(id.0) {
            node.asks = asks;
        }
    }

    fn keywords(&mut self, id: Id, field: &Field<'_>, place: Place, depth: usize) -> Vec<Ask> {
        let keywords = Keywords {
            members: field.entries(self.faults),
        };
        for (keyword, member) in &keywords.members {
            let root_only = matches!(keyword.as_str(), "$defs" | "$schema");
            if keyword::about(keyword).is_none() {
                self.faults
                    .error(&member.pointer, keyword::refusal(keyword));
            } else if root_only && place != Place::Root {
                let why = format!("`{keyword}` may stand only at the root of the schema");
                self.faults.error(&member.pointer, why);
            }
        }
        if let Some(dialect) = keywords.get("$schema")
            && !dialect.value.raw_str().is_some_and(|s| s.equals(DIALECT))
        {
            let found = dialect.shown();
            let why = format!("expected `{DIALECT}`, found {found}");
            self.faults.error(&dialect.pointer, why);
        }
        let mut asks = Vec::new();
        self.values(&keywords, place, &mut asks);
        self.array(&keywords, depth, &mut asks);
        self.object(&keywords, depth, &mut asks);
        self.logic(id, &keywords, depth, &mut asks);
        self.warn(&keywords, place);
        asks
    }

    fn logic(&mut self, id: Id, keywords: &Keywords<'_>, depth: usize, asks: &mut Vec<Ask>) {
        if let Some(reference) = keywords.get("$ref") {
            self.references.push(Reference {
                from: id,
                pointer: reference.pointer.clone(),
            });
            asks.extend(self.target(reference).map(|id| Ask::All(vec![id])));
        }
        for (keyword, ask) in [
            ("allOf", Ask::All as fn(Vec<Id>) -> Ask),
            ("anyOf", Ask::Any),
            ("oneOf", Ask::One),
        ] {
            if let Some(list) = keywords.get(keyword) {
                asks.push(ask(self.list(list, Place::Same, depth)));
            }
        }
        if let Some(schema) = keywords.get("not") {
            asks.push(Ask::Not(self.node(schema, Place::Same, depth)));
        }
        let condition = keywords.get("if");
        let condition = condition.map(|f| self.node(f, Place::Same, depth));
        let [then, other] = ["then", "else"].map(|keyword| {
            let field = keywords.get(keyword)?;
            self.depends(field, keyword, "if", condition.is_some());
            Some(self.node(field, Place::Same, depth))
        });
        if let Some(condition) = condition {
            asks.push(Ask::If(condition, then, other));
        }
    }

    /// Schemas in an array, at least one.
    fn list(&mut self, list: &Field<'_>, place: Place, depth: usize) -> Vec<Id> {
        let elements = list.elements(self.faults);
        if elements.is_empty() && list.value.kind() == Kind::Array {
            self.faults
                .error(&list.pointer, "expected at least one schema in the list");
        }
        let ids = elements.iter().map(|e| self.node(e, place, depth));
        ids.collect()
    }

    /// Where a `$ref` leads.
    fn target(&mut self, reference: &Field<'_>) -> Option<Id> {
        let text = reference.string(self.faults)?;
        if text == "#" {
            return Some(Id::ROOT);
        }
        let name = text.strip_prefix("#/$defs/");
        let Some(name) = name.filter(|n| !n.contains(['/', '%'])) else {
            let why = format!(
                "`{text}` is not supported: expected `#`, or `#/$defs/NAME` (with `/` as `~1` and `~` as `~0`)"
            );
            self.faults.error(&reference.pointer, why);
            return None;
        };
        let name = name.replace("~1", "/").replace("~0", "~");
        let found = self.definitions.iter().find(|(known, _)| *known == name);
        if found.is_none() {
            let known = self.definitions.iter().map(|(known, _)| known.as_str());
            let hint = crate::config::hint(&name, known);
            let why = format!("`$defs` at the root of the schema has no `{name}`{hint}");
            self.faults.error(&reference.pointer, why);
        }
        found.map(|(_, id)| *id)
    }

    fn pattern(&mut self, text: &str, pointer: &str) -> Option<Pattern> {
        self.patterns = self.patterns.saturating_add(1);
        if self.patterns == MAX_PATTERNS.saturating_add(1) {
            let why = format!("more than {MAX_PATTERNS} regular expressions stand in this schema");
            self.faults.error(pointer, why);
        }
        if self.patterns > MAX_PATTERNS {
            return None;
        }
        Pattern::compile(text)
            .map_err(|why| self.faults.error(pointer, why.to_string()))
            .ok()
    }

    /// A keyword that means nothing without another is an error.
    fn depends(&mut self, field: &Field<'_>, keyword: &str, on: &str, fulfilled: bool) {
        if !fulfilled {
            let why = format!("`{keyword}` has no meaning without `{on}`");
            self.faults.error(&field.pointer, why);
        }
    }

    /// Warns of keywords that let pass what their author probably did not think of.
    fn warn(&mut self, keywords: &Keywords<'_>, place: Place) {
        let list = |value: Value<'_>| {
            let words = std::iter::once(value).chain(value.elements());
            let types = words.filter_map(|v| Types::named(&v.as_str()?));
            types.fold(Types::default(), Types::and)
        };
        let typed = keywords.get("type").map(|field| list(field.value));
        // Other keywords, or schemas around this one, may say the type.
        let elsewhere = ["enum", "const", "$ref", "allOf", "anyOf", "oneOf", "if"];
        let untyped = place == Place::Part
            && typed.is_none()
            && elsewhere.iter().all(|k| keywords.get(k).is_none());
        for (keyword, field) in &keywords.members {
            let about = keyword::about(keyword).unwrap_or(About::Any);
            let Some((types, article)) = keyword::types(about) else {
                continue;
            };
            if untyped {
                let why = format!(
                    "`{keyword}` lets everything pass that is not {article}, and a server may convert it: say which `type` it must be"
                );
                self.faults.warn(&field.pointer, why);
                return;
            }
            if typed.is_some_and(|typed| !typed.meets(types)) {
                let why = format!("`{keyword}` does nothing here: `type` does not admit {article}");
                self.faults.warn(&field.pointer, why);
            }
        }
    }
}
