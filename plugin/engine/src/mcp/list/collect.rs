//! Collecting what is listed while the scan proves a response.

use super::ListError;
use crate::json::{Kind, RawStr, Sink, Value, folds_to};

/// What a list is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ListKind {
    Tools,
    Prompts,
    Resources,
    Templates,
}

const LISTS: [ListKind; 4] = [
    ListKind::Tools,
    ListKind::Prompts,
    ListKind::Resources,
    ListKind::Templates,
];

impl ListKind {
    /// The key in a result.
    fn key(self) -> &'static str {
        match self {
            Self::Tools => "tools",
            Self::Prompts => "prompts",
            Self::Resources => "resources",
            Self::Templates => "resourceTemplates",
        }
    }

    /// The key by which an entry is called for.
    fn entry_key(self) -> &'static str {
        match self {
            Self::Tools | Self::Prompts => "name",
            Self::Resources => "uri",
            Self::Templates => "uriTemplate",
        }
    }
}

/// One entry of a list.
#[derive(Debug)]
pub(super) struct Entry<'a> {
    pub(super) value: Value<'a>,
    /// The name or URI, when it is a string.
    pub(super) name: Option<RawStr<'a>>,
    /// Whether another key could be read as the one that holds the name.
    pub(super) ambiguous: bool,
}

/// One array under a list's key.
#[derive(Debug)]
pub(super) struct List<'a> {
    pub(super) kind: ListKind,
    pub(super) text: &'a str,
    pub(super) entries: Vec<Entry<'a>>,
}

/// One result that has a list.
#[derive(Debug, Default)]
pub(super) struct Listing<'a> {
    pub(super) lists: Vec<List<'a>>,
    pub(super) cache_scope: Option<Value<'a>>,
    pub(super) result_type: Option<Value<'a>>,
    scope_twin: Option<RawStr<'a>>,
}

/// A member of a message.
#[derive(Clone, Copy, Debug, Default)]
enum Member<'a> {
    Result,
    /// A key that only folds to `result`.
    Twin(RawStr<'a>),
    #[default]
    Other,
}

/// A member of a result.
#[derive(Clone, Copy, Debug, Default)]
enum Item<'a> {
    List(ListKind),
    /// A key that only folds to a list's.
    Twin(RawStr<'a>, ListKind),
    CacheScope,
    ResultType,
    #[default]
    Other,
}

/// The [`Sink`] that finds lists; read with [`Collector::finish`] once the scan has passed.
#[derive(Debug)]
pub(super) struct Collector<'a> {
    /// The depth of a message's members: 1, or 2 in a batch; 0 before the root is known.
    depth: usize,
    member: Member<'a>,
    item: Item<'a>,
    listing: Listing<'a>,
    /// The list that is open.
    list: Option<List<'a>>,
    /// Whether the entry's next value is its name.
    name_next: bool,
    name: Option<RawStr<'a>>,
    ambiguous: bool,
    /// Entries that may still come.
    room: usize,
    max_entries: usize,
    listings: Vec<Listing<'a>>,
    problem: Option<ListError>,
}

impl<'a> Collector<'a> {
    pub(super) fn new(max_entries: usize) -> Self {
        Self {
            depth: 0,
            member: Member::default(),
            item: Item::default(),
            listing: Listing::default(),
            list: None,
            name_next: false,
            name: None,
            ambiguous: false,
            room: max_entries,
            max_entries,
            listings: Vec::new(),
            problem: None,
        }
    }

    /// The results that have lists, in order. A look-alike of `cacheScope` counts only where
    /// caching does (`private`).
    pub(super) fn finish(self, private: bool) -> Result<Vec<Listing<'a>>, ListError> {
        if let Some(problem) = self.problem {
            return Err(problem);
        }
        let twin = self.listings.iter().find_map(|listing| listing.scope_twin);
        match twin.filter(|_| private) {
            Some(twin) => Err(look_alike(twin, "cacheScope")),
            None => Ok(self.listings),
        }
    }

    /// The first problem is the one that is told.
    fn refuse(&mut self, problem: ListError) {
        self.problem.get_or_insert(problem);
    }

    /// Which step below a message a depth is: 0 for its members, 1 for a result's members, 2 for
    /// entries, 3 for an entry's members. `None` above.
    fn step(&self, depth: usize) -> Option<usize> {
        (self.depth > 0)
            .then(|| depth.checked_sub(self.depth))
            .flatten()
    }

    /// Reads the key of a result's member.
    fn item(&mut self, key: RawStr<'a>) -> Item<'a> {
        for list in LISTS {
            if key.equals(list.key()) {
                return Item::List(list);
            }
            if folds_to(key, list.key()) {
                return Item::Twin(key, list);
            }
        }
        if key.equals("resultType") {
            return Item::ResultType;
        }
        if key.equals("cacheScope") {
            return Item::CacheScope;
        }
        if folds_to(key, "cacheScope") {
            self.listing.scope_twin = Some(key);
        }
        Item::Other
    }

    fn entry_key(&mut self, key: RawStr<'a>) {
        let Some(list) = &self.list else {
            return;
        };
        let known = list.kind.entry_key();
        self.name_next = key.equals(known);
        if !self.name_next && folds_to(key, known) {
            self.ambiguous = true;
        }
    }

    /// A member of a result is complete.
    fn item_value(&mut self, value: Value<'a>) {
        match (std::mem::take(&mut self.item), value.kind()) {
            (Item::List(_), Kind::Array) => {
                if let Some(mut list) = self.list.take() {
                    list.text = value.text();
                    self.listing.lists.push(list);
                }
            }
            // Servers in Go write an empty list so.
            (Item::List(_), Kind::Null) => {}
            (Item::List(list), kind) => self.refuse(ListError::NotAnArray {
                list: list.key(),
                kind,
            }),
            (Item::Twin(key, list), Kind::Array) => self.refuse(look_alike(key, list.key())),
            (Item::CacheScope, _) => self.listing.cache_scope = Some(value),
            (Item::ResultType, _) => self.listing.result_type = Some(value),
            (Item::Twin(..) | Item::Other, _) => {}
        }
    }

    fn entry_value(&mut self, value: Value<'a>) {
        let entry = Entry {
            value,
            name: self.name.take(),
            ambiguous: std::mem::take(&mut self.ambiguous),
        };
        let Some(list) = &mut self.list else {
            return;
        };
        match self.room.checked_sub(1) {
            Some(room) => {
                self.room = room;
                list.entries.push(entry);
            }
            None => self.refuse(ListError::TooMany(self.max_entries)),
        }
    }
}

impl<'a> Sink<'a> for Collector<'a> {
    fn key(&mut self, depth: usize, key: RawStr<'a>) {
        match (self.step(depth), self.member) {
            (Some(0), _) => {
                self.member = if key.equals("result") {
                    Member::Result
                } else if folds_to(key, "result") {
                    Member::Twin(key)
                } else {
                    Member::Other
                };
            }
            (Some(1), Member::Result) => self.item = self.item(key),
            (Some(1), Member::Twin(_)) => {
                let list = LISTS.into_iter().find(|list| folds_to(key, list.key()));
                self.item = list.map_or(Item::Other, Item::List);
            }
            (Some(3), _) => self.entry_key(key),
            _ => {}
        }
    }

    fn open(&mut self, depth: usize, kind: Kind) {
        if depth == 0 {
            self.depth = if kind == Kind::Array { 2 } else { 1 };
            return;
        }
        if self.step(depth) != Some(1) || kind != Kind::Array {
            return;
        }
        match (self.member, self.item) {
            (Member::Result, Item::List(kind)) => {
                self.list = Some(List {
                    kind,
                    text: "",
                    entries: Vec::new(),
                });
            }
            (Member::Twin(key), Item::List(_)) => self.refuse(look_alike(key, "result")),
            _ => {}
        }
    }

    fn value(&mut self, depth: usize, kind: Kind, text: &'a str) {
        let value = Value::proven(kind, text);
        match (self.step(depth), self.member) {
            (Some(0), _) => {
                let listing = std::mem::take(&mut self.listing);
                if !listing.lists.is_empty() {
                    self.listings.push(listing);
                }
                self.member = Member::Other;
            }
            (Some(1), Member::Result) => self.item_value(value),
            (Some(1), _) => self.item = Item::Other,
            (Some(2), _) => self.entry_value(value),
            (Some(3), _) if std::mem::take(&mut self.name_next) => self.name = value.raw_str(),
            _ => {}
        }
    }
}

fn look_alike(key: RawStr<'_>, known: &'static str) -> ListError {
    ListError::LookAlike {
        seen: key.chars().take(64).collect(),
        known,
    }
}
