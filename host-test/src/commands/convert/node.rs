//! A JSON document that can be changed, in which scalars keep their exact text and members their
//! order.

use toolgate_engine::json::{Kind, Value, push_json_string};

/// How wide a container may be to stand on one line.
const WIDTH: usize = 100;

/// A JSON value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Node {
    /// A string, number, boolean or null, as it is spelled.
    Scalar(String),
    List(Vec<Node>),
    Map(Vec<(String, Node)>),
}

impl Node {
    /// The value, as it is spelled.
    pub(super) fn of(value: Value<'_>) -> Node {
        match value.kind() {
            Kind::Object => {
                let members = value.members();
                let members =
                    members.map(|(key, value)| (key.decode().into_owned(), Node::of(value)));
                Node::Map(members.collect())
            }
            Kind::Array => Node::List(value.elements().map(Node::of).collect()),
            _ => Node::Scalar(value.text().to_owned()),
        }
    }

    pub(super) fn string(text: &str) -> Node {
        let mut json = String::new();
        push_json_string(&mut json, text);
        Node::Scalar(json)
    }

    pub(super) fn number(number: u64) -> Node {
        Node::Scalar(number.to_string())
    }

    /// The member of a map.
    pub(super) fn get_mut(&mut self, key: &str) -> Option<&mut Node> {
        let Node::Map(members) = self else {
            return None;
        };
        let mut members = members.iter_mut();
        members.find(|(k, _)| k == key).map(|(_, node)| node)
    }

    /// Takes a member out of a map.
    pub(super) fn take(&mut self, key: &str) -> Option<Node> {
        let Node::Map(members) = self else {
            return None;
        };
        let at = members.iter().position(|(k, _)| k == key)?;
        Some(members.remove(at).1)
    }

    /// Puts a member into a map, in the place of the one that has its key.
    pub(super) fn put(&mut self, key: &str, node: Node) {
        if let Some(old) = self.get_mut(key) {
            *old = node;
        } else if let Node::Map(members) = self {
            members.push((key.to_owned(), node));
        }
    }

    /// The elements of a list that is a member; it is made where there is none.
    pub(super) fn list_mut(&mut self, key: &str) -> Option<&mut Vec<Node>> {
        if self.get_mut(key).is_none() {
            self.put(key, Node::List(Vec::new()));
        }
        match self.get_mut(key) {
            Some(Node::List(elements)) => Some(elements),
            _ => None,
        }
    }

    /// The elements of a list, or the members of a map.
    pub(super) fn children_mut(&mut self) -> Vec<&mut Node> {
        match self {
            Node::Scalar(_) => Vec::new(),
            Node::List(elements) => elements.iter_mut().collect(),
            Node::Map(members) => members.iter_mut().map(|(_, node)| node).collect(),
        }
    }

    /// Puts the members of a map into the order of `keys`; others follow as they stand.
    pub(super) fn sort(&mut self, keys: &[&str]) {
        if let Node::Map(members) = self {
            members.sort_by_key(|(key, _)| {
                let known = keys.iter().position(|k| k == key);
                known.unwrap_or(keys.len())
            });
        }
    }

    /// The document as text of several lines.
    pub(super) fn pretty(&self) -> String {
        let mut out = String::new();
        self.write(&mut out, 0, 0);
        out.push('\n');
        out
    }

    /// `used` is how much of the line is taken.
    fn write(&self, out: &mut String, depth: usize, used: usize) {
        let line = self.on_one_line();
        let indent = depth.saturating_mul(2);
        let nested = self.children().next().is_some();
        let fits = line.chars().count().saturating_add(used) < WIDTH;
        let flat = self
            .children()
            .all(|(_, node)| matches!(node, Node::Scalar(_)));
        if !nested || (fits && (depth >= 2 || (depth == 1 && flat))) {
            out.push_str(&line);
            return;
        }
        let (open, close) = match self {
            Node::Map(_) => ('{', '}'),
            _ => ('[', ']'),
        };
        out.push(open);
        for (n, (key, node)) in self.children().enumerate() {
            out.push_str(if n > 0 { ",\n" } else { "\n" });
            out.push_str(&" ".repeat(indent.saturating_add(2)));
            let mut used = indent.saturating_add(2);
            if let Some(key) = key {
                push_json_string(out, key);
                out.push_str(": ");
                used = used.saturating_add(key.chars().count()).saturating_add(4);
            }
            node.write(out, depth.saturating_add(1), used);
        }
        out.push('\n');
        out.push_str(&" ".repeat(indent));
        out.push(close);
    }

    fn children(&self) -> Box<dyn Iterator<Item = (Option<&str>, &Node)> + '_> {
        match self {
            Node::Scalar(_) => Box::new(std::iter::empty()),
            Node::List(elements) => Box::new(elements.iter().map(|node| (None, node))),
            Node::Map(members) => {
                Box::new(members.iter().map(|(k, node)| (Some(k.as_str()), node)))
            }
        }
    }

    fn on_one_line(&self) -> String {
        let parts: Vec<String> = self
            .children()
            .map(|(key, node)| {
                let mut part = String::new();
                if let Some(key) = key {
                    push_json_string(&mut part, key);
                    part.push_str(": ");
                }
                part.push_str(&node.on_one_line());
                part
            })
            .collect();
        match self {
            Node::Scalar(text) => text.clone(),
            Node::List(_) => format!("[{}]", parts.join(", ")),
            Node::Map(_) if parts.is_empty() => "{}".to_owned(),
            Node::Map(_) => format!("{{ {} }}", parts.join(", ")),
        }
    }
}
