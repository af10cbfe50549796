//! Event streams (`text/event-stream`, WHATWG HTML section 9.2.6): every event's data passes an
//! edit, everything else passes as it came, and nothing waits for more than its own event.
//!
//! Lines end and fields are read as the standard says. Readers that deviate from it (lines ended
//! by LF alone, or by whatever Unicode calls a line break; field names trimmed) must not find a
//! message in what the standard ignores either: see [`line::ambiguous`].

mod line;

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

use super::list::needle;
use line::{BYTE_ORDER_MARK, Field};

/// A buffer larger than this is given back once its event has left.
const KEPT_CAPACITY: usize = 64 * 1024;

/// What happens to an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Edit {
    /// It passes byte for byte.
    Keep,
    /// It passes with this data instead; its other lines stay, in order.
    Replace(String),
    /// It does not pass.
    Drop,
}

/// An event, or a single line, that is longer than the stream's bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooLong {
    /// The bound, in bytes.
    pub limit: usize,
}

impl fmt::Display for TooLong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "event in the stream is longer than {} bytes", self.limit)
    }
}

impl std::error::Error for TooLong {}

/// One body of type `text/event-stream` on its way through, chunk by chunk.
///
/// What comes out does not depend on where the chunks were cut.
#[derive(Debug)]
pub struct EventStream {
    limit: usize,
    /// The lines of the event that is not whole yet, then the line that is not.
    held: Vec<u8>,
    /// Where the line that is not whole begins in `held`; above 0 an event is pending.
    line_start: usize,
    /// The value of the pending event's first `data` line, in `held`.
    first_data: Option<Range<usize>>,
    /// How many it has.
    data_lines: usize,
    /// The value of the pending event's last `event` line, in `held`.
    name: Option<Range<usize>>,
    /// Where the line went that ended with a CR at the end of the last chunk: an LF that comes
    /// now belongs to it.
    open_cr: Option<Fate>,
    /// The last byte that was let out.
    last_out: Option<u8>,
    /// Whether the first line is still to come whole.
    at_start: bool,
    /// Whether the bound was passed: nothing comes out any more.
    ended: bool,
}

/// Where a line went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Held,
    Out,
    Gone,
}

impl EventStream {
    /// A stream that holds at most `limit` bytes of one event (its last line end not counted).
    #[must_use]
    pub fn new(limit: usize) -> Self {
        Self {
            limit,
            held: Vec::new(),
            line_start: 0,
            first_data: None,
            data_lines: 0,
            name: None,
            open_cr: None,
            last_out: None,
            at_start: true,
            ended: false,
        }
    }

    /// How many bytes wait for the rest of their event.
    #[must_use]
    pub fn held(&self) -> usize {
        self.held.len()
    }

    /// Takes the next bytes of the body and appends to `out` what may go on.
    ///
    /// `edit` is asked once for every event that has data, with the data and the event's name
    /// (`message` where the event does not say), invalid UTF-8 read as U+FFFD as clients do. At
    /// the `end` of the body the rest is treated as if its event were whole: clients that follow
    /// the standard discard it, others may not.
    ///
    /// # Errors
    /// [`TooLong`], from then on always. What is in `out` stands at the end of an event, so an
    /// event that tells the client may follow; nothing of the long event is in it.
    pub fn push(
        &mut self,
        chunk: &[u8],
        end: bool,
        edit: &mut dyn FnMut(&str, &str) -> Edit,
        out: &mut Vec<u8>,
    ) -> Result<(), TooLong> {
        if self.ended {
            return Err(TooLong { limit: self.limit });
        }
        let mut rest = chunk;
        if let Some((first, tail)) = chunk.split_first()
            && let Some(fate) = self.open_cr.take()
            && *first == b'\n'
        {
            self.line_feed(fate, out);
            rest = tail;
        }
        while let Some(at) = needle::first_of(rest, [b'\r', b'\n']) {
            let (content, tail) = rest.split_at_checked(at).unwrap_or_default();
            self.hold(content)?;
            let content_end = self.held.len();
            let line_end = if tail.starts_with(b"\r\n") { 2 } else { 1 };
            let (line_end, tail) = tail.split_at_checked(line_end).unwrap_or_default();
            self.held.extend_from_slice(line_end);
            let fate = self.line(content_end, edit, out);
            if tail.is_empty() && line_end == b"\r" {
                self.open_cr = Some(fate);
            }
            rest = tail;
        }
        self.hold(rest)?;
        if end {
            if self.held.len() > self.line_start {
                self.line(self.held.len(), edit, out);
            }
            if !self.held.is_empty() {
                self.dispatch(edit, out);
            }
            self.open_cr = None;
        }
        Ok(())
    }

    fn hold(&mut self, part: &[u8]) -> Result<(), TooLong> {
        if part.len() > self.limit.saturating_sub(self.held.len()) {
            self.ended = true;
            self.clear();
            return Err(TooLong { limit: self.limit });
        }
        self.held.extend_from_slice(part);
        Ok(())
    }

    /// The LF of a CRLF whose CR ended the chunk before.
    fn line_feed(&mut self, fate: Fate, out: &mut Vec<u8>) {
        match fate {
            Fate::Held => {
                self.held.push(b'\n');
                self.line_start = self.held.len();
            }
            Fate::Out => {
                out.push(b'\n');
                self.last_out = Some(b'\n');
            }
            Fate::Gone => {}
        }
    }

    /// The line at the end of `held` is whole, its characters up to `content_end`.
    fn line(
        &mut self,
        content_end: usize,
        edit: &mut dyn FnMut(&str, &str) -> Edit,
        out: &mut Vec<u8>,
    ) -> Fate {
        let mut content_end = content_end;
        if std::mem::take(&mut self.at_start) && self.held.starts_with(BYTE_ORDER_MARK) {
            out.extend_from_slice(BYTE_ORDER_MARK);
            self.held.drain(..BYTE_ORDER_MARK.len());
            content_end = content_end.saturating_sub(BYTE_ORDER_MARK.len());
        }
        let pending = self.line_start > 0;
        let content = self
            .held
            .get(self.line_start..content_end)
            .unwrap_or_default();
        if content.is_empty() {
            return if pending {
                self.dispatch(edit, out)
            } else {
                self.let_out(out)
            };
        }
        let before = match self.line_start.checked_sub(1) {
            Some(at) => self.held.get(at).copied(),
            None => self.last_out,
        };
        let (field, value) = line::read(content);
        let value = content_end.saturating_sub(value.len())..content_end;
        let ambiguous = line::ambiguous(field, content, before == Some(b'\r'));
        if ambiguous {
            // An empty comment: without any line here, the line ends around it could become one.
            self.held.splice(self.line_start..content_end, [b':']);
        }
        match field {
            _ if ambiguous && !pending => return self.let_out(out),
            _ if ambiguous => {}
            Field::Ignored if !pending => return self.let_out(out),
            Field::Data => {
                self.first_data.get_or_insert(value);
                self.data_lines = self.data_lines.saturating_add(1);
            }
            Field::Event => self.name = Some(value),
            Field::IdOrRetry | Field::Ignored => {}
        }
        self.line_start = self.held.len();
        Fate::Held
    }

    /// The pending event is whole.
    fn dispatch(&mut self, edit: &mut dyn FnMut(&str, &str) -> Edit, out: &mut Vec<u8>) -> Fate {
        let Some(data) = self.data() else {
            return self.let_out(out);
        };
        let name = self.name.clone().and_then(|name| self.held.get(name));
        let name = name.filter(|name| !name.is_empty()).unwrap_or(b"message");
        match edit(&data, &String::from_utf8_lossy(name)) {
            Edit::Keep => self.let_out(out),
            Edit::Replace(data) => {
                self.rewrite(&data, out);
                self.clear();
                Fate::Out
            }
            Edit::Drop => {
                self.clear();
                Fate::Gone
            }
        }
    }

    /// The pending event's data; `None` where it has no `data` line and so is none to a client.
    fn data(&self) -> Option<Cow<'_, str>> {
        let first = self.held.get(self.first_data.clone()?)?;
        let first = String::from_utf8_lossy(first);
        if self.data_lines == 1 {
            return Some(first);
        }
        // A line end is never part of a character, so lines may be decoded one by one.
        let mut joined = String::with_capacity(self.held.len());
        for line in line::lines(&self.held) {
            if let (Field::Data, value) = line::read(line.content) {
                joined.push_str(&String::from_utf8_lossy(value));
                joined.push('\n');
            }
        }
        joined.pop();
        Some(Cow::Owned(joined))
    }

    /// Lets the pending event out with other data where its last data stood, so that the blank
    /// line still follows the line it followed: a CR before its LF would swallow it.
    fn rewrite(&mut self, data: &str, out: &mut Vec<u8>) {
        let mut left = self.data_lines;
        for line in line::lines(&self.held) {
            if line::read(line.content).0 != Field::Data {
                out.extend_from_slice(line.content);
                out.extend_from_slice(line.end);
                continue;
            }
            left = left.saturating_sub(1);
            if left == 0 {
                line::write_data(data, line.end, out);
            }
        }
        self.last_out = out.last().copied();
    }

    /// Lets out all that is held.
    fn let_out(&mut self, out: &mut Vec<u8>) -> Fate {
        out.extend_from_slice(&self.held);
        self.last_out = self.held.last().copied().or(self.last_out);
        self.clear();
        Fate::Out
    }

    fn clear(&mut self) {
        self.held.clear();
        if self.held.capacity() > KEPT_CAPACITY {
            self.held = Vec::new();
        }
        self.line_start = 0;
        self.first_data = None;
        self.data_lines = 0;
        self.name = None;
    }
}
