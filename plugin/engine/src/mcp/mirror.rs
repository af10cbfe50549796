//! Whether `Mcp-Param-*` headers repeat arguments of the body: one pass over these, however many
//! headers there are and however deep the arguments.

use std::borrow::Cow;

use crate::json::{Kind, Number, RawStr, Sink, Value, scan, sorted};

/// The first header, by the part of its name after `Mcp-Param-`, whose value no scalar argument
/// has, at whatever depth; `decoded` reads a value. Which argument a header is for stands only in
/// the tool's schema; policy never reads these headers.
pub(super) fn without_argument<'h>(
    headers: &'h [(String, String)],
    decoded: impl Fn(&'h str) -> Option<Cow<'h, str>>,
    arguments: Option<Value<'_>>,
) -> Option<&'h str> {
    let (first, _) = headers.first()?;
    let mut wanted = Vec::with_capacity(headers.len());
    for (name, sent) in headers {
        let Some(sent) = decoded(sent) else {
            return Some(name);
        };
        wanted.push((name.as_str(), spellings(&sent)));
    }
    let mut search = Search::of(wanted.iter().flat_map(|(_, any)| any).cloned().collect());
    let Some(arguments) = arguments else {
        return Some(first);
    };
    if scan(arguments.text().as_bytes(), &mut search).is_err() {
        return Some(first);
    }
    let met = |spelling: &Vec<u8>| search.has_met(spelling);
    let missing = wanted.iter().find(|(_, any)| !any.iter().any(met));
    missing.map(|(name, _)| *name)
}

/// Every value that a header's text can stand for, each under one spelling.
fn spellings(sent: &str) -> Vec<Vec<u8>> {
    let mut any = vec![labelled(b's', sent)];
    if matches!(sent, "true" | "false") {
        any.push(labelled(b'b', sent));
    }
    if let Some(number) = Number::parse(sent) {
        let mut spelling = vec![b'n'];
        number.write_canonical(&mut spelling);
        any.push(spelling);
    }
    any
}

/// Values that are looked for, by their spellings in order, and whether each was met.
struct Search {
    wanted: Vec<(Vec<u8>, bool)>,
    spelling: Vec<u8>,
}

impl Search {
    fn of(wanted: Vec<Vec<u8>>) -> Self {
        let mut wanted = sorted(wanted);
        wanted.dedup();
        Self {
            wanted: wanted
                .into_iter()
                .map(|spelling| (spelling, false))
                .collect(),
            spelling: Vec::new(),
        }
    }

    fn place(&self, spelling: &[u8]) -> Option<usize> {
        let order = |(known, _): &(Vec<u8>, bool)| known.as_slice().cmp(spelling);
        self.wanted.binary_search_by(order).ok()
    }

    fn has_met(&self, spelling: &[u8]) -> bool {
        let known = self
            .place(spelling)
            .and_then(|place| self.wanted.get(place));
        known.is_some_and(|(_, met)| *met)
    }
}

impl<'a> Sink<'a> for Search {
    fn key(&mut self, _: usize, _: RawStr<'a>) {}

    fn open(&mut self, _: usize, _: Kind) {}

    fn value(&mut self, _: usize, kind: Kind, text: &'a str) {
        self.spelling.clear();
        match kind {
            Kind::String => {
                let decoded = Value::proven(kind, text).as_str().unwrap_or_default();
                self.spelling.push(b's');
                self.spelling.extend_from_slice(decoded.as_bytes());
            }
            Kind::Bool => {
                self.spelling.push(b'b');
                self.spelling.extend_from_slice(text.as_bytes());
            }
            Kind::Number => {
                self.spelling.push(b'n');
                if let Some(number) = Number::parse(text) {
                    number.write_canonical(&mut self.spelling);
                }
            }
            Kind::Null | Kind::Object | Kind::Array => return,
        }
        let place = self.place(&self.spelling);
        if let Some((_, met)) = place.and_then(|place| self.wanted.get_mut(place)) {
            *met = true;
        }
    }
}

fn labelled(label: u8, text: &str) -> Vec<u8> {
    let mut spelling = vec![label];
    spelling.extend_from_slice(text.as_bytes());
    spelling
}
