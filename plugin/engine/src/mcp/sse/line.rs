//! Lines of an event stream, by WHATWG HTML section 9.2.6.

/// Skipped by clients where the stream begins, a character like any other elsewhere.
pub(super) const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

/// What a line means to a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Field {
    /// `data`: a line of the message.
    Data,
    /// `event`: the event's name.
    Event,
    /// `id` or `retry`.
    IdOrRetry,
    /// Nothing: a comment, or a field that the standard does not know.
    Ignored,
}

/// Reads a line that is not blank: what it means, and its value, the last part of the line.
pub(super) fn read(content: &[u8]) -> (Field, &[u8]) {
    let (name, value) = split(content);
    let field = match name {
        b"data" => Field::Data,
        b"event" => Field::Event,
        b"id" | b"retry" => Field::IdOrRetry,
        _ => Field::Ignored,
    };
    (field, value)
}

/// The field's name and value; one space after the colon belongs to neither.
fn split(content: &[u8]) -> (&[u8], &[u8]) {
    let Some(colon) = content.iter().position(|byte| *byte == b':') else {
        return (content, &[]);
    };
    let (name, rest) = content.split_at_checked(colon).unwrap_or_default();
    match rest {
        [b':', b' ', value @ ..] | [b':', value @ ..] => (name, value),
        _ => (name, &[]),
    }
}

/// Whether a line that carries no data could be data, or part of it, to a reader that departs from
/// the standard, and so must not pass as it is. `after_lone_cr`: it follows a CR without LF.
///
/// Such readers end lines at LF only (Go's `bufio.ScanLines`: what follows a lone CR continues the
/// data before it), or also where Unicode sees a line break (Python's `str.splitlines`), or are
/// lax about the field's name, byte order marks included: one before a later line would become the
/// stream's own where the lines before it do not pass. Without a quote a line cannot hold a JSON key, so the usual
/// keep-alives always pass; a line after a lone CR that is read at all continues JSON, which the
/// known fields' names cannot.
pub(super) fn ambiguous(field: Field, content: &[u8], after_lone_cr: bool) -> bool {
    if content.starts_with(BYTE_ORDER_MARK) {
        return true;
    }
    if field == Field::Data || !content.contains(&b'"') {
        return false;
    }
    has_other_break(content)
        || (field == Field::Ignored && (after_lone_cr || resembles_data(content)))
}

/// Whether Python's `str.splitlines` would cut the line.
fn has_other_break(content: &[u8]) -> bool {
    let controls = |byte: &u8| matches!(byte, 0x0B | 0x0C | 0x1C..=0x1E);
    content.iter().any(controls)
        || content.windows(2).any(|pair| pair == b"\xC2\x85")
        || content
            .windows(3)
            .any(|three| three == b"\xE2\x80\xA8" || three == b"\xE2\x80\xA9")
}

fn resembles_data(content: &[u8]) -> bool {
    let name = String::from_utf8_lossy(split(content).0);
    let space = |c: char| c.is_whitespace() || c.is_control() || c == '\u{FEFF}';
    name.trim_matches(space).eq_ignore_ascii_case("data")
}

/// One line and what ended it: CR, LF, CRLF or, at the end of the text, nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Line<'a> {
    pub(super) content: &'a [u8],
    pub(super) end: &'a [u8],
}

/// The lines of `text`.
pub(super) fn lines(text: &[u8]) -> impl Iterator<Item = Line<'_>> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let at = super::needle::first_of(rest, [b'\r', b'\n']).unwrap_or(rest.len());
        let (content, tail) = rest.split_at_checked(at)?;
        let len = if tail.starts_with(b"\r\n") { 2 } else { 1 };
        let (end, tail) = tail.split_at_checked(len.min(tail.len()))?;
        rest = tail;
        Some(Line { content, end })
    })
}

/// Writes `data` as one `data` line, or several where it has line ends; each ends with `end`.
pub(super) fn write_data(data: &str, end: &[u8], out: &mut Vec<u8>) {
    let unified;
    let mut data = data;
    if data.contains("\r\n") {
        unified = data.replace("\r\n", "\n");
        data = &unified;
    }
    let between = if end.is_empty() { b"\n" } else { end };
    for (n, line) in data.split(['\r', '\n']).enumerate() {
        if n > 0 {
            out.extend_from_slice(between);
        }
        out.extend_from_slice(b"data: ");
        out.extend_from_slice(line.as_bytes());
    }
    out.extend_from_slice(end);
}
