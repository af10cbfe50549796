//! Lists in responses: what this caller may not see is cut out, everything else stays to the byte.
//!
//! Whatever was asked, any `result` with an array under `tools`, `prompts`, `resources` or
//! `resourceTemplates` is a list: on GET streams and after a resumption nobody can say which request a response answers
//! (`mcp-wire.md`, "Other channels"). A resource template is judged by its own text, as if it were a URI.

mod collect;
pub(super) mod needle;

use std::fmt;
use std::ops::Range;

use crate::json::{Kind, SyntaxError, Value, scan, sorted};

pub use crate::config::response::Limits;
use collect::{Collector, Entry, List, Listing};

/// What one caller gets to see.
pub trait View {
    /// Whether the tool called `name` is listed. Asked once for every tool that the server lists
    /// under a readable name, in order, seen or not, so this is also where definitions are learned;
    /// `tool` is the whole object. Nothing is asked about a text that is refused.
    fn shows_tool(&mut self, name: &str, tool: Value<'_>) -> bool;
    /// Whether the prompt called `name` is listed.
    fn shows_prompt(&mut self, name: &str) -> bool;
    /// Whether the resource at `uri` is listed, or the template that reads so.
    fn shows_resource(&mut self, uri: &str) -> bool;
    /// Whether another caller could see another list, so that no shared cache may keep this one
    /// (`cacheScope`, MCP 2026-07-28).
    fn private(&self) -> bool;
}

/// What became of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Filtered {
    /// Nothing in it had to change.
    Unchanged,
    /// What to send instead.
    Changed {
        /// The text without what the caller may not see.
        text: String,
        /// How many entries were cut out; 0 when only `cacheScope` changed.
        removed: usize,
    },
}

/// Why a text cannot be filtered, and so must not be sent on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ListError {
    /// Not JSON in the strict sense of [`crate::json`].
    NotJson(SyntaxError),
    /// Longer than [`Limits::bytes`], given here.
    TooLong(usize),
    /// More entries than [`Limits::entries`], given here.
    TooMany(usize),
    /// A list that is neither an array nor null.
    NotAnArray {
        /// `tools`, `prompts`, `resources` or `resourceTemplates`.
        list: &'static str,
        /// What it is instead.
        kind: Kind,
    },
    /// A key that some client would read as one that this filter reads.
    LookAlike {
        /// The key as decoded, shortened.
        seen: String,
        /// What it could be read as.
        known: &'static str,
    },
}

impl fmt::Display for ListError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotJson(error) => write!(f, "response is not strict JSON: {error}"),
            Self::TooLong(limit) => write!(f, "response is longer than {limit} bytes"),
            Self::TooMany(limit) => write!(f, "response lists more than {limit} entries"),
            Self::NotAnArray { list, kind } => {
                let kind = kind.with_article();
                write!(f, "`result.{list}` is {kind} where an array is expected")
            }
            Self::LookAlike { seen, known } => {
                write!(f, "key `{seen}` in a response could be read as `{known}`")
            }
        }
    }
}

impl std::error::Error for ListError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::NotJson(error) => Some(error),
            _ => None,
        }
    }
}

/// Whether [`filter`] could have anything to do with a text; one cheap pass that parses nothing.
///
/// False only where no key can be read as that of a list by anyone: neither in
/// any ASCII case, nor by an escape, nor with U+017F for `s`, nor in UTF-16 or UTF-32 (which cannot
/// do without a zero byte).
#[must_use]
pub fn may_hold_list(text: &[u8]) -> bool {
    needle::any_hint(text, |at| {
        let (before, from) = text.split_at_checked(at).unwrap_or_default();
        match from {
            [0, ..] | [0xC5, 0xBF, ..] => true,
            // The escapes of letters and of U+017F; servers in Go escape `<` everywhere.
            [b'\\', b'u', b'0', b'0', b'4'..=b'7', ..]
            | [b'\\', b'u', b'0', b'1', b'7', b'f' | b'F', ..] => true,
            [b's' | b'S', b'"', ..] => ends_list_key(before),
            _ => false,
        }
    })
}

/// Whether the last `s` and a quote would complete a list's key here, in any ASCII case.
fn ends_list_key(before: &[u8]) -> bool {
    [
        &b"\"tool"[..],
        b"\"prompt",
        b"\"resource",
        b"\"resourcetemplate",
    ]
    .iter()
    .any(|key| {
        let from = before.len().checked_sub(key.len());
        from.and_then(|from| before.get(from..))
            .is_some_and(|end| end.eq_ignore_ascii_case(key))
    })
}

/// Cuts out of a response, or a batch of them (MCP 2025-03-26), what `view` does not show.
///
/// Kept entries, unknown fields, order and `nextCursor` stay byte for byte. An entry whose name
/// two clients could read differently, or that has none, is cut out unasked. Where the view is
/// private, `cacheScope` of a result with a list becomes `"private"`, and is added where
/// `resultType` says that the result is of 2026-07-28.
///
/// # Errors
/// Whatever would let a client read another list than was filtered; see [`ListError`]. The text
/// must not be sent on then.
pub fn filter(text: &[u8], view: &mut dyn View, limits: Limits) -> Result<Filtered, ListError> {
    if text.len() > limits.bytes {
        return Err(ListError::TooLong(limits.bytes));
    }
    let mut collector = Collector::new(limits.entries);
    scan(text, &mut collector).map_err(ListError::NotJson)?;
    let listings = collector.finish(view.private())?;

    let text = std::str::from_utf8(text).unwrap_or_default();
    let mut cuts = Cuts::new(text);
    for listing in &listings {
        for list in &listing.lists {
            cuts.list(list, |entry| shows(view, list, entry));
        }
        if view.private() {
            cuts.make_private(listing);
        }
    }
    Ok(cuts.apply())
}

fn shows(view: &mut dyn View, list: &List<'_>, entry: &Entry<'_>) -> bool {
    let Some(name) = entry.name.filter(|_| !entry.ambiguous) else {
        return false;
    };
    let name = name.decode();
    match list.kind {
        collect::ListKind::Tools => view.shows_tool(&name, entry.value),
        collect::ListKind::Prompts => view.shows_prompt(&name),
        collect::ListKind::Resources | collect::ListKind::Templates => view.shows_resource(&name),
    }
}

/// One change to a text: what takes the place of the bytes from `start` to `end`. In the order of the text.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Edit {
    start: usize,
    end: usize,
    with: &'static str,
}

/// The changes to one text, by byte offsets.
struct Cuts<'a> {
    text: &'a str,
    edits: Vec<Edit>,
    removed: usize,
}

impl<'a> Cuts<'a> {
    fn new(text: &'a str) -> Self {
        Self {
            text,
            edits: Vec::new(),
            removed: 0,
        }
    }

    /// Where a slice of the text stands in it.
    fn place(&self, part: &str) -> Range<usize> {
        let start = part.as_ptr().addr().wrapping_sub(self.text.as_ptr().addr());
        start..start.wrapping_add(part.len())
    }

    fn edit(&mut self, place: Range<usize>, with: &'static str) {
        self.edits.push(Edit {
            start: place.start,
            end: place.end,
            with,
        });
    }

    /// Removes the entries that are not shown, each with one comma and the space at it.
    fn list(&mut self, list: &List<'_>, mut shows: impl FnMut(&Entry<'_>) -> bool) {
        let before = self.edits.len();
        let mut kept_any = false;
        let mut previous_end = 0;
        // A removed entry before the first kept one takes along what follows it.
        let mut leading: Option<usize> = None;
        for entry in &list.entries {
            let place = self.place(entry.value.text());
            if let Some(start) = leading.take() {
                self.edit(start..place.start, "");
            }
            let end = place.end;
            if shows(entry) {
                kept_any = true;
            } else {
                self.removed = self.removed.saturating_add(1);
                if kept_any {
                    self.edit(previous_end..place.end, "");
                } else {
                    leading = Some(place.start);
                }
            }
            previous_end = end;
        }
        if !kept_any && !list.entries.is_empty() {
            self.edits.truncate(before);
            let whole = self.place(list.text);
            let inside = whole.start.saturating_add(1)..whole.end.saturating_sub(1);
            self.edit(inside, "");
        }
    }

    fn make_private(&mut self, listing: &Listing<'_>) {
        match (listing.cache_scope, listing.result_type) {
            (Some(scope), _) => {
                if !scope.raw_str().is_some_and(|scope| scope.equals("private")) {
                    self.edit(self.place(scope.text()), "\"private\"");
                }
            }
            (None, Some(result_type)) => {
                let end = self.place(result_type.text()).end;
                self.edit(end..end, ",\"cacheScope\":\"private\"");
            }
            (None, None) => {}
        }
    }

    fn apply(self) -> Filtered {
        if self.edits.is_empty() {
            return Filtered::Unchanged;
        }
        let edits = sorted(self.edits);
        let room: usize = edits.iter().map(|edit| edit.with.len()).sum();
        let mut out = String::with_capacity(self.text.len().saturating_add(room));
        let mut from = 0;
        for edit in &edits {
            out.push_str(self.text.get(from..edit.start).unwrap_or_default());
            out.push_str(edit.with);
            from = edit.end;
        }
        out.push_str(self.text.get(from..).unwrap_or_default());
        Filtered::Changed {
            text: out,
            removed: self.removed,
        }
    }
}
