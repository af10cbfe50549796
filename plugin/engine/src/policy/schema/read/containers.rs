//! Keywords about arrays and objects.

use crate::config::Field;
use crate::json::Kind;

use super::super::{Ask, Counted, Id, Members, Name, Node};
use super::{Keywords, Place, Reader};

/// The most names in one list.
const MAX_NAMES: usize = 1_000;

impl Reader<'_> {
    pub(super) fn array(&mut self, keywords: &Keywords<'_>, depth: usize, asks: &mut Vec<Ask>) {
        self.counts(keywords, Counted::Items, asks);
        let prefix = keywords.get("prefixItems");
        let prefix = prefix.map(|list| self.list(list, Place::Part, depth));
        let rest = keywords.get("items").map(|field| {
            if field.value.kind() == Kind::Array {
                self.faults.error(
                    &field.pointer,
                    "a list of schemas is written under `prefixItems`; `items` is one schema for all further items",
                );
            }
            self.node(field, Place::Part, depth)
        });
        if prefix.is_some() || rest.is_some() {
            asks.push(Ask::Items(prefix.unwrap_or_default(), rest));
        }
        if let Some(field) = keywords.get("uniqueItems")
            && field.boolean(self.faults) == Some(true)
        {
            asks.push(Ask::Unique);
        }
        let contains = keywords.get("contains");
        for keyword in ["minContains", "maxContains"] {
            if let Some(field) = keywords.get(keyword) {
                self.depends(field, keyword, "contains", contains.is_some());
            }
        }
        if let Some(contains) = contains {
            let id = self.node(contains, Place::Same, depth);
            let least = self.count(keywords, "minContains");
            let most = self.count(keywords, "maxContains");
            asks.push(Ask::Contains(id, least.unwrap_or(1), most));
        }
    }

    pub(super) fn object(&mut self, keywords: &Keywords<'_>, depth: usize, asks: &mut Vec<Ask>) {
        self.counts(keywords, Counted::Properties, asks);
        let mut members = Members::default();
        let schemas = self.entries(keywords, "properties");
        for (name, field) in schemas {
            members.names.push(Name {
                name,
                schema: Some(self.node(&field, Place::Part, depth)),
                required: false,
            });
        }
        if let Some(list) = keywords.get("required") {
            let names = self.names(list);
            members.require(names);
        }
        for (text, field) in self.entries(keywords, "patternProperties") {
            let id = self.node(&field, Place::Part, depth);
            let pattern = self.pattern(&text, &field.pointer);
            members
                .patterns
                .extend(pattern.map(|pattern| (pattern, id)));
        }
        let rest = keywords.get("additionalProperties");
        members.rest = rest.map(|f| self.node(f, Place::Part, depth));
        if members.asks() {
            asks.push(Ask::Members(Box::new(members)));
        }
        if let Some(field) = keywords.get("propertyNames") {
            asks.push(Ask::Names(self.node(field, Place::Same, depth)));
        }
        for (name, list) in self.entries(keywords, "dependentRequired") {
            let names = self.names(&list);
            let there = self.requires(&list, vec![name]);
            let then = self.requires(&list, names);
            asks.push(Ask::If(there, Some(then), None));
        }
        for (name, field) in self.entries(keywords, "dependentSchemas") {
            let there = self.requires(&field, vec![name]);
            let then = self.node(&field, Place::Same, depth);
            asks.push(Ask::If(there, Some(then), None));
        }
    }

    fn entries<'a>(&mut self, keywords: &Keywords<'a>, keyword: &str) -> Vec<(String, Field<'a>)> {
        let field = keywords.get(keyword);
        field.map_or_else(Vec::new, |field| field.entries(self.faults))
    }

    /// A list of names without repetition.
    fn names(&mut self, list: &Field<'_>) -> Vec<String> {
        let mut names = Vec::new();
        let elements = list.elements(self.faults);
        if elements.len() > MAX_NAMES {
            let why = format!("more than {MAX_NAMES} names are listed");
            self.faults.error(&list.pointer, why);
            return names;
        }
        for element in elements {
            let Some(name) = element.string(self.faults) else {
                continue;
            };
            if names.contains(&name) {
                let why = format!("`{name}` stands twice in the list");
                self.faults.error(&element.pointer, why);
            } else {
                names.push(name);
            }
        }
        names
    }

    /// A schema that asks for names, at `field` for want of a place of its own.
    fn requires(&mut self, field: &Field<'_>, names: Vec<String>) -> Id {
        let id = self.reserve(field);
        let mut members = Members::default();
        members.require(names);
        if let Some(node) = self.nodes.get_mut(id.0).filter(|_| members.asks()) {
            *node = Node {
                asks: vec![Ask::Members(Box::new(members))],
            };
        }
        id
    }
}

impl Members {
    fn require(&mut self, names: Vec<String>) {
        self.required = names.len();
        for name in names {
            match self.names.iter_mut().find(|known| known.name == name) {
                Some(known) => known.required = true,
                None => self.names.push(Name {
                    name,
                    schema: None,
                    required: true,
                }),
            }
        }
    }

    fn asks(&self) -> bool {
        !self.names.is_empty() || !self.patterns.is_empty() || self.rest.is_some()
    }
}
